"""The form of a service: its fields, and the document body that what was typed means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.catalog import form_fields
from tocsin.catalog.domain import STORM_GROUPS_DEFAULT, ServiceDocument
from tocsin.catalog.form_fields import FormField, Typed
from tocsin.config.domain import Problem, Snapshot
from tocsin.people.domain import TeamDocument

TIERS = {
    "1": "1: business-critical",
    "2": "2: important",
    "3": "3: ordinary",
    "4": "4: internal convenience",
}
URGENCIES = {
    "high": "High: wake somebody at once",
    "low": "Low: it can wait for working time",
    "hours": "High in support hours, low outside",
    "outside": "High outside support hours, low inside",
}
ALIKE = {  # offered only where a document says it: support hours that make no difference
    "high-alike": "High in support hours and outside them",
    "low-alike": "Low in support hours and outside them",
}
PAIRS = {  # inside, outside
    "hours": ("high", "low"),
    "outside": ("low", "high"),
    "high-alike": ("high", "high"),
    "low-alike": ("low", "low"),
}
TIER_DEFAULT = 3
DAYS = {one: one for one in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
STORMS = {"default": "On", "off": "Off"}
WORKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
LISTS = ("depends_on", "days")
LINES = ("description", "links")  # fields of several lines
# Which field shows a problem, by the innermost key of the problem's path.
AT = {
    "name": "title",
    "team": "team",
    "tier": "tier",
    "policy": "policy",
    "description": "description",
    "runbook": "runbook",
    "links": "links",
    "depends_on": "depends_on",
    "urgency": "urgency",
    "timezone": "zone",
    "days": "days",
    "between": "between",
    "storm": "storm",
    "groups": "storm_groups",
}


def field_of(problem: Problem) -> str | None:
    """The field that shows a problem of the document."""
    return form_fields.nearest(problem, AT)


def values(body: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """What each field shows for a document as it is; `zone` stands in for support hours that are not there."""
    urgency = body.get("urgency", "high")
    hours: Mapping[str, Any] = urgency.get("hours", {}) if isinstance(urgency, Mapping) else {}
    storm = body.get("storm", {})
    return {
        "title": body.get("name", ""),
        "team": body.get("team", ""),
        "tier": str(body.get("tier", TIER_DEFAULT)),
        "policy": body.get("policy") or "",
        "description": body.get("description", ""),
        "runbook": body.get("runbook") or "",
        "links": "\n".join(f"{title}: {url}" for title, url in body.get("links", {}).items()),
        "depends_on": list(body.get("depends_on", ())),
        "urgency": _urgency_word(urgency),
        "zone": hours.get("timezone", zone),
        "days": [day[:3].capitalize() for day in hours.get("days", WORKDAYS)],
        "between": ", ".join(hours.get("between", ("09:00-17:00",))),
        "storm": "off" if storm == "off" else "default",
        "storm_groups": str(storm.get("groups", "")) if isinstance(storm, Mapping) else "",
    }


def typed_values(form: Typed) -> dict[str, Any]:
    """What each field shows after it was sent: what was typed."""
    found: dict[str, Any] = {
        name: form_fields.typed(form, name) for name in dict.fromkeys(AT.values()) if name not in LISTS
    }
    return found | {name: form.getlist(name) for name in LISTS}


def body(form: Typed, before: Mapping[str, Any]) -> dict[str, Any]:
    """The document that was typed; what the form does not know or was left as it was shown stays as it was."""
    made = dict(before)
    sent = typed_values(form)
    touched = _touched(values(before, sent["zone"]), sent)
    for key, field in (("name", "title"), ("team", "team"), ("policy", "policy"), ("runbook", "runbook")):
        if field in touched:
            form_fields.put(made, key, sent[field])
    made.setdefault("name", "")
    made.setdefault("team", "")
    if "description" in touched:
        form_fields.put(made, "description", sent["description"])
    if "tier" in touched:
        made["tier"] = int(sent["tier"]) if sent["tier"] in TIERS else TIER_DEFAULT
    if "links" in touched:
        form_fields.put(made, "links", _links(sent["links"]))
    if "depends_on" in touched:
        form_fields.put(made, "depends_on", form_fields.ordered(sent["depends_on"], before.get("depends_on", ())))
    if "urgency" in touched or (sent["urgency"] in PAIRS and touched & {"zone", "days", "between"}):
        made["urgency"] = _urgency(sent)
    if touched & {"storm", "storm_groups"}:
        form_fields.put(made, "storm", _storm(sent, made.get("storm")))
    return made


def _touched(shown: Mapping[str, Any], sent: Mapping[str, Any]) -> set[str]:
    """The fields that are not as they were shown."""
    texts = {name for name in shown if name not in LISTS}
    found = {name for name in texts if not form_fields.is_as_shown(shown[name], sent[name], lines=name in LINES)}
    return found | {name for name in LISTS if set(shown[name]) != set(sent[name])}


def form_parts(held: Mapping[str, Any], snapshot: Snapshot, name: str) -> tuple[tuple[str, tuple[FormField, ...]], ...]:
    """The form in its parts, each with a heading."""
    teams = {key: team.name for key, team in snapshot.all("teams", TeamDocument).items()}
    policies = {key: getattr(one, "name", key) for key, one in snapshot.sections.get("policies", {}).items()}
    services = snapshot.all("services", ServiceDocument)
    others = {key: one.name for key, one in services.items() if key != name}
    return (
        ("What it is", _identity(held, teams)),
        ("Who is woken", _paging(held, policies)),
        ("What helps at night", _help(held, others)),
        ("When much breaks at once", _storm_fields(held)),
    )


def _identity(held: Mapping[str, Any], teams: Mapping[str, str]) -> tuple[FormField, ...]:
    return (
        FormField(name="title", label="Name", value=held["title"], required=True, placeholder="Card payments"),
        form_fields.select("team", "Team that owns it", teams, held["team"], nothing="Choose a team"),
        form_fields.select("tier", "Tier", TIERS, held["tier"], hint="How much depends on it."),
        FormField(
            name="description",
            label="What it does for whom",
            value=held["description"],
            kind="area",
            placeholder="Takes card payments for the shop",
        ),
    )


def _paging(held: Mapping[str, Any], policies: Mapping[str, str]) -> tuple[FormField, ...]:
    return (
        form_fields.select(
            "policy",
            "Escalation policy",
            policies,
            held["policy"],
            nothing="None: page the whole team",
            hint="Who is woken when it breaks, in which order.",
        ),
        form_fields.select("urgency", "Urgency", _urgencies(held["urgency"]), held["urgency"]),
        FormField(
            name="between",
            label="Support hours",
            value=held["between"],
            hint="Only where the urgency follows the hours. Several ranges are separated by commas.",
            placeholder="09:00-17:00",
        ),
        form_fields.ticks("days", "On these days", DAYS, held["days"]),
        FormField(name="zone", label="Time zone of the support hours", value=held["zone"], placeholder="Europe/Berlin"),
    )


def _help(held: Mapping[str, Any], others: Mapping[str, str]) -> tuple[FormField, ...]:
    return (
        FormField(
            name="runbook",
            label="Runbook",
            value=held["runbook"],
            kind="url",
            placeholder="https://wiki.example.org/runbooks/payments",
            hint="Where it is written what to do.",
        ),
        FormField(
            name="links",
            label="Other links",
            value=held["links"],
            kind="area",
            placeholder="Dashboard: https://grafana.example.org/d/payments",
            hint="One to a line: a title, a colon, the address.",
        ),
        form_fields.ticks("depends_on", "Cannot work without", others, held["depends_on"]),
    )


def _storm_fields(held: Mapping[str, Any]) -> tuple[FormField, ...]:
    return (
        form_fields.select(
            "storm",
            "Storm breaker",
            STORMS,
            held["storm"],
            hint="Too many new groups in a short time become one group, so that nobody is paged a hundred times.",
        ),
        FormField(
            name="storm_groups",
            label="New groups in a minute that make a storm",
            value=held["storm_groups"],
            placeholder=str(STORM_GROUPS_DEFAULT),
        ),
    )


def _urgencies(held: str) -> Mapping[str, str]:
    return {**URGENCIES, held: ALIKE[held]} if held in ALIKE else URGENCIES


def _urgency_word(urgency: object) -> str:
    if not isinstance(urgency, Mapping):
        return str(urgency)
    pair = (str(urgency.get("inside", "high")), str(urgency.get("outside", "low")))
    return next(word for word, one in PAIRS.items() if one == pair)


def _urgency(sent: Mapping[str, Any]) -> object:
    chosen = sent["urgency"]
    if chosen not in PAIRS:
        return chosen if chosen in URGENCIES else "high"
    hours: dict[str, object] = {"timezone": sent["zone"]}
    form_fields.put(hours, "days", sent["days"])
    form_fields.put(hours, "between", [one.strip() for one in sent["between"].split(",") if one.strip()])
    inside, outside = PAIRS[chosen]
    return {"hours": hours, "inside": inside, "outside": outside}


def _storm(text: Mapping[str, str], before: object) -> object:
    if text["storm"] == "off":
        return "off"
    held = dict(before) if isinstance(before, Mapping) else {}
    groups = text["storm_groups"]
    form_fields.put(held, "groups", form_fields.whole(groups))
    return held


def _links(written: str) -> dict[str, str]:
    found = {}
    for line in written.splitlines():
        title, colon, url = line.strip().rpartition(": ")  # a title may have a colon, an address has no space
        if colon:
            found[title.strip()] = url.strip()
        elif url:
            found[url] = ""  # an address that is missing is told at the field
    return found
