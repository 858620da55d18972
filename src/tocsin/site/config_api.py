"""The JSON door to the configuration: documents, plans, versions, checks, what-if.

It stands here and not in `config` because whose document it is (a service is its team's) is known only to the slices
the documents belong to, and `config` knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest
from msgspec import structs
from ninja import Body, Query, Router

from tocsin.alerts import listing
from tocsin.catalog import ownership
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import actions, export, parse, plan, queries, registry, secrecy
from tocsin.config.actions import Applied, Author, Outcome, Outdated
from tocsin.config.domain import Kind, Snapshot
from tocsin.kit import clock, db
from tocsin.paging.standing import standing_at
from tocsin.people.api import permit, writing
from tocsin.people.rights import Actor, Right
from tocsin.simulate import values, whatif
from tocsin.simulate.whatif import NoSuchIntegration
from tocsin.site import checking
from tocsin.site.config_shapes import (
    AppliedOut,
    ApplyIn,
    CheckIn,
    CheckOut,
    DocumentOut,
    DocumentsOut,
    ExportOut,
    FileIn,
    PlanOut,
    PreviewOut,
    RollbackIn,
    SampleIn,
    VersionOut,
    WhatIfIn,
)
from tocsin.sources import registry as sources
from tocsin.web.problems import Mistake, Problem, not_found, wrong

router = Router(tags=["configuration"])
integrations_router = Router(tags=["configuration"])
whatif_router = Router(tags=["what-if"])
VERSIONS_DEFAULT, VERSIONS_MAX = 20, queries.VERSIONS_SHOWN_MAX
HIDDEN = plan.HIDDEN


Limit = Annotated[int, Query(ge=1, le=VERSIONS_MAX)]
DocumentBody = Annotated[dict[str, Any], Body()]


@router.post("/plan", response=PlanOut)
def make_plan(request: HttpRequest, body: ApplyIn) -> Any:
    """What an apply of these files would change. Nothing is changed."""
    permit(request, Right.CONFIGURE)
    reader = db.reader(clock.now())
    made = actions.plan_files(
        reader, _files(body.files), body.variables, scope=body.scope, alone=body.prune, force=body.force
    )
    return plan.as_values(made, registry.kinds())


@router.post("/apply", response=AppliedOut)
def apply(request: HttpRequest, body: ApplyIn) -> Any:
    """Make the configuration what the files say: all of it or nothing."""
    who = permit(request, Right.CONFIGURE)
    author = Author(by=who.by, message=body.message, base=body.base_version, force=body.force)
    with writing(who) as tx:
        outcome = actions.apply(tx, _files(body.files), body.variables, author, scope=body.scope, alone=body.prune)
    return _applied(outcome)


@router.post("/check", response=CheckOut)
def check(request: HttpRequest, body: CheckIn) -> Any:
    """What is allowed but will hurt, in what is in force or in what would be with these files."""
    permit(request, Right.SEE if not body.files else Right.CONFIGURE)
    reader = db.reader(clock.now())
    if not body.files:
        return checking.in_force(reader).as_json()
    return actions.check_files(reader, _files(body.files), body.variables).as_json()


@router.get("/export", response=ExportOut)
def export_all(request: HttpRequest, form: str = "yaml", redact: bool = True) -> Any:
    """The configuration in force as one file. With its secrets it is for administrators."""
    permit(request, Right.SEE if redact else Right.ADMINISTER)
    if form not in {"yaml", "json"}:
        raise wrong("form", "this is neither yaml nor json")
    snapshot = queries.current(db.reader(clock.now()))
    write = export.as_json if form == "json" else export.as_yaml
    return {"version": snapshot.version, "form": form, "content": write(snapshot, registry.kinds(), redact=redact)}


@router.get("/versions", response=dict[str, list[VersionOut]])
def versions(request: HttpRequest, before: int | None = None, limit: Limit = VERSIONS_DEFAULT) -> Any:
    """The versions of the configuration, newest first: when, who, why, what."""
    permit(request, Right.SEE)
    found = queries.versions(db.reader(clock.now()), before=before, limit=limit)
    return {"versions": [_version(one) for one in found]}


@router.get("/versions/{version}", response=VersionOut)
def version_(request: HttpRequest, version: int) -> Any:
    """One version."""
    permit(request, Right.SEE)
    found = queries.version(db.reader(clock.now()), version)
    if found is None:
        raise not_found(f"there is no version {version}")
    return _version(found)


@router.post("/rollback", response=AppliedOut)
def rollback(request: HttpRequest, body: RollbackIn) -> Any:
    """Make an earlier version hold again, as a new version."""
    who = permit(request, Right.CONFIGURE)
    message = body.message or f"back to version {body.version}"
    with writing(who) as tx:
        outcome = actions.roll_back(tx, body.version, Author(by=who.by, message=message, force=body.force))
    return _applied(outcome)


@router.get("/documents/{section}", response=DocumentsOut)
def documents(request: HttpRequest, section: str) -> Any:
    """All documents of a section."""
    permit(request, Right.SEE)
    kind = _kind(section)
    state = queries.state(db.reader(clock.now()))
    names = state.snapshot.sections.get(section, {})
    return {"version": state.snapshot.version, "documents": [_document(state, kind, name) for name in names]}


@router.get("/documents/{section}/{name}", response=DocumentOut)
def document(request: HttpRequest, section: str, name: str) -> Any:
    """One document."""
    permit(request, Right.SEE)
    kind = _kind(section)
    return _document(queries.state(db.reader(clock.now())), kind, name)


@router.put("/documents/{section}/{name}", response=AppliedOut)
def put_document(
    request: HttpRequest,
    section: str,
    name: str,
    body: DocumentBody,
    base_version: int | None = None,
    force: bool = False,
) -> Any:
    """Write one document; what a file manages is changed there. People may change how they themselves are reached."""
    who = permit(request, Right.SEE)
    _kind(section)
    snapshot = queries.current(db.reader(clock.now()))
    if section != "people" or not ownership.is_about_oneself(who, snapshot, name, body):
        before = ownership.team_of(snapshot, section, name)
        who = permit(request, Right.CONFIGURE, before or ownership.team_named(snapshot, section, body))
        _keep_in_team(who, snapshot, section, body)
    with writing(who) as tx:
        outcome = actions.put(tx, section, name, body, Author(by=who.by, base=base_version, force=force))
    return _applied(outcome)


@router.delete("/documents/{section}/{name}", response=AppliedOut)
def delete_document(
    request: HttpRequest, section: str, name: str, base_version: int | None = None, force: bool = False
) -> Any:
    """Take one document out; refused while another names it, or if a policy would reach nobody (unless `force`)."""
    permit(request, Right.SEE)
    snapshot = queries.current(db.reader(clock.now()))
    _document(queries.state(db.reader(clock.now())), _kind(section), name)
    who = permit(request, Right.CONFIGURE, ownership.team_of(snapshot, section, name))
    with writing(who) as tx:
        outcome = actions.remove(tx, section, name, Author(by=who.by, base=base_version, force=force))
    return _applied(outcome)


@integrations_router.post("/{name}/preview", response=PreviewOut)
def preview(request: HttpRequest, name: str, body: SampleIn) -> Any:
    """What an integration would read from a sample, with its mapping or another one."""
    permit(request, Right.SEE)
    document = queries.current(db.reader(clock.now())).all("integrations", IntegrationDocument).get(name)
    if document is None:
        raise not_found(f"there is no integration `{name}`")
    mapping = body.mapping if body.mapping is not None else document.mapping
    settings = structs.replace(document.reading, mapping=mapping, secret="")  # nobody signs a sample
    found = sources.preview(document.source, settings, body.body.encode(), body.headers, clock.now())
    return values.of_preview(found)


@whatif_router.post("", response=dict[str, Any])
def what_if(request: HttpRequest, body: WhatIfIn) -> Any:
    """What a signal would do at a time if nobody answered: every step, every person, every message, with reasons."""
    permit(request, Right.SEE)
    at = body.at or clock.now()
    reader = db.reader(clock.now())
    quiet = listing.silences_at(reader, at) if body.silences else ()
    try:
        found = whatif.what_if(
            standing_at(reader, at), body.integration, body.body.encode(), at, headers=body.headers, silences=quiet
        )
    except NoSuchIntegration as unknown:
        raise not_found(str(unknown)) from None
    return values.of_trace(found)


def _files(files: list[FileIn]) -> list[parse.File]:
    return [parse.File(name=one.name, content=one.content) for one in files]


def _applied(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Applied):
        return outcome.as_json(registry.kinds(), clock.now())
    if isinstance(outcome, Outdated):
        raise Problem(
            409,
            f"this was made from version {outcome.base}, but version {outcome.version} holds by now",
            more={"version": outcome.version},
        )
    found = [one.as_json() for one in outcome.problems]
    raise Problem(
        422,
        "the configuration cannot hold like this; nothing was changed",
        mistakes=[
            Mistake(
                message=one.message,
                fix=one.fix,
                field=".".join(str(part) for part in one.path),
                file=one.file,
                line=one.line,
            )
            for one in outcome.problems
        ],
        more={"problems": found},
    )


def _keep_in_team(who: Actor, snapshot: Snapshot, section: str, body: Mapping[str, Any]) -> None:
    """Who may configure a team only must not hand its documents to another."""
    after = ownership.team_named(snapshot, section, body)
    if not ownership.may_give_to(who, after):
        raise Problem(403, f"this needs the right to configure for team {after}", more={"right": Right.CONFIGURE.value})


def _kind(section: str) -> Kind:
    kind = registry.kind_of(section)
    if kind is None:
        known = ", ".join(one.section for one in registry.kinds())
        raise not_found(f"there is no section `{section}`; there are {known}")
    return kind


def _document(state: Any, kind: Kind, name: str) -> dict[str, Any]:
    found = state.snapshot.sections.get(kind.section, {}).get(name)
    if found is None:
        raise not_found(f"there is no {kind.noun} `{name}`")
    origin = state.origins[kind.section, name]
    return {
        "section": kind.section,
        "name": name,
        "version": state.snapshot.version,
        "managed_by": origin.managed_by.value,
        "file": origin.file,
        "document": secrecy.covered(secrecy.dump(found), secrecy.paths(found), lambda _path, _held: HIDDEN),
    }


def _version(one: queries.VersionInfo) -> dict[str, Any]:
    return {"version": one.number, "at": one.at, "by": one.by, "message": one.message, "changes": list(one.changes)}
