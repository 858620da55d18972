"""The catalogue's sections: what their documents refer to, what is refused, and what `tocsin check` says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config import cycles
from tocsin.config.domain import Document, Finding, Kind, Level, Problem, Reference, Snapshot

SOURCES_NOT_READ = frozenset({"email"})  # accepted in a document, but no mail is taken in yet


def _service_references(_: str, document: Document) -> Iterator[Reference]:
    if isinstance(document, ServiceDocument):
        yield Reference(path=("team",), section="teams", name=document.team)
        if document.policy is not None:
            yield Reference(path=("policy",), section="policies", name=document.policy)
        if document.plan is not None:
            yield Reference(path=("plan",), section="plans", name=document.plan)
        for index, name in enumerate(document.depends_on):
            yield Reference(path=("depends_on", index), section="services", name=name)


def _no_dependency_cycle(snapshot: Snapshot) -> Iterator[Problem]:
    services = snapshot.all("services", ServiceDocument)
    for circle in cycles.find({name: service.depends_on for name, service in services.items()}):
        index = services[circle[0]].depends_on.index(circle[1])
        yield Problem(
            message=f"services depend on each other in a circle: {' → '.join(circle)}",
            fix="remove one of these dependencies",
            path=("services", circle[0], "depends_on", index),
        )


def _services_without_policy(snapshot: Snapshot, _: datetime) -> Iterator[Finding]:
    for name, service in snapshot.all("services", ServiceDocument).items():
        if service.policy is None:
            yield Finding(
                code="service-without-policy",
                level=Level.WARNING,
                section="services",
                name=name,
                message=f"service {name} has no escalation policy, so its problems page its whole team, then the administrators",
                fix="add `policy:` with the name of a policy",
            )


def _integration_references(_: str, document: Document) -> Iterator[Reference]:
    if isinstance(document, IntegrationDocument):
        yield Reference(path=("service",), section="services", name=document.service)


def _keys_in_use_once(snapshot: Snapshot) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, integration in snapshot.all("integrations", IntegrationDocument).items():
        other = first.setdefault(integration.key, name)
        if other != name:
            yield Problem(
                message=f"integration {name} has the same key as {other}; a key says which integration is meant",
                fix="make a key of its own with: openssl rand -hex 16",
                path=("integrations", name, "key"),
                code="key-used-twice",
            )


def _sources_nobody_reads(snapshot: Snapshot, _: datetime) -> Iterable[Finding]:
    for name, integration in snapshot.all("integrations", IntegrationDocument).items():
        if integration.source in SOURCES_NOT_READ:
            yield Finding(
                code="integration-source-not-implemented",
                level=Level.WARNING,
                section="integrations",
                name=name,
                path=("source",),
                message=f"integration {name} takes {integration.source}, which this version accepts but does not read",
                fix="use another source until a later version reads it",
            )


SERVICES = Kind(
    section="services",
    noun="service",
    model=ServiceDocument,
    order=30,
    references=_service_references,
    validate=_no_dependency_cycle,
    check=_services_without_policy,
    verbs={"depends_on": "depends on"},
)
INTEGRATIONS = Kind(
    section="integrations",
    noun="integration",
    model=IntegrationDocument,
    order=40,
    references=_integration_references,
    validate=_keys_in_use_once,
    check=_sources_nobody_reads,
)
