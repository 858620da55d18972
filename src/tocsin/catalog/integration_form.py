"""The form of an integration: its fields, and the document body that what was typed means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.catalog import form_fields
from tocsin.catalog.domain import ServiceDocument
from tocsin.catalog.form_fields import FormField, Typed
from tocsin.config.domain import Problem, Snapshot
from tocsin.sources.domain import Severity

SEVERITIES = {one.value: one.value.capitalize() for one in Severity}
WINDOW_DEFAULT = "fixed"
WINDOW_KINDS = {"fixed": "from the group's first alert", "rolling": "from its latest alert"}
# Fields that hold one text of the document as it is written there.
_PLAIN = (
    "description",
    "group_window",
    "reopen_within",
    "resolve_after",
    "hold",
    "auto_resolve_after",
    "severity",
    "rate_limit",
)
_OF_SOURCE = {
    "heartbeat": ("every", "grace", "misses"),
    "prometheus": ("resolve_timeout",),
    "sentry": ("secret",),
    "grafana": ("secret",),
}
AT = {name: name for name in (*_PLAIN, "service", "group_by", "window_kind")} | {
    name: name for names in _OF_SOURCE.values() for name in names
}


def field_of(problem: Problem) -> str | None:
    """The field that shows a problem of the document."""
    return form_fields.nearest(problem, AT)


def values(source: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What each field shows for a document as it is."""
    found = {name: str(body.get(name) or "") for name in (*_PLAIN, "service")}
    found["window_kind"] = str(body.get("window_kind") or WINDOW_DEFAULT)
    found["group_by"] = ", ".join(body.get("group_by", ()))
    for name in _OF_SOURCE.get(source, ()):
        found[name] = "" if name == "secret" else str(body.get(name) or "")
    return found


def typed_values(form: Typed) -> dict[str, str]:
    """What each field shows after it was sent: what was typed."""
    return {name: form_fields.typed(form, name) for name in (*AT, "name")}


def body(form: Typed, before: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The document that was typed; what the form does not know or was left as it was shown stays as it was."""
    made = dict(before)
    shown = values(source, before)
    sent = {name: form_fields.typed(form, name) for name in shown}
    left = {name for name in shown if form_fields.is_as_shown(shown[name], sent[name], lines=name == "description")}
    for name in _PLAIN:
        if name not in left:
            form_fields.put(made, name, sent[name])
    made["service"] = sent["service"]
    if "group_by" not in left:
        form_fields.put(made, "group_by", [one.strip() for one in sent["group_by"].split(",") if one.strip()])
    if "window_kind" not in left or not made.get("group_window"):
        kind = sent["window_kind"]
        form_fields.put(made, "window_kind", kind if made.get("group_window") and kind != WINDOW_DEFAULT else "")
    for name in _OF_SOURCE.get(source, ()):
        if name not in left:  # an empty field keeps the secret that is there
            form_fields.put(made, name, form_fields.whole(sent[name]) if name == "misses" else sent[name])
    return made


def form_parts(
    held: Mapping[str, str], snapshot: Snapshot, source: str, *, is_new: bool
) -> tuple[tuple[str, tuple[FormField, ...]], ...]:
    """The form in its parts, each with a heading."""
    services = {key: one.name for key, one in snapshot.all("services", ServiceDocument).items()}
    first: tuple[FormField, ...] = (
        form_fields.select("service", "Service", services, held["service"], nothing="Choose a service", hint=_WHOSE),
        FormField(name="description", label="Where the sender is to be found", value=held["description"], kind="area"),
    )
    if is_new:
        first = (
            FormField(name="name", label="Name", value=held.get("name", ""), hint=_NAME, placeholder=source),
            *first,
        )
    parts: tuple[tuple[str, tuple[FormField, ...]], ...] = (("What it is", first),)
    if source in _OF_SOURCE:
        parts += ((_HEADINGS[source], _of_source(source, held)),)
    return parts if source == "heartbeat" else (*parts, ("Alerts that belong together", _grouping(held)), *_noise(held))


_WHOSE = "What its signals are about. A route of the configuration may say otherwise."
_NAME = "Lower-case letters, digits, hyphens. Left empty, it is called after the service and the sender."
_HEADINGS = {"heartbeat": "When it must be heard", "prometheus": "Prometheus", "sentry": "Sentry", "grafana": "Grafana"}


def _of_source(source: str, held: Mapping[str, str]) -> tuple[FormField, ...]:
    if source == "heartbeat":
        return (
            FormField(name="every", label="How often", value=held.get("every", ""), placeholder="1d", required=True),
            FormField(
                name="grace",
                label="How late it may be",
                value=held.get("grace", ""),
                placeholder="30m",
                hint="A number and s, m, h, d or w: 30s, 5m, 1d.",
            ),
            FormField(
                name="misses", label="How many in a row must be missed", value=held.get("misses", ""), placeholder="1"
            ),
        )
    if source in ("sentry", "grafana"):
        return (
            FormField(
                name="secret",
                label="Client secret" if source == "sentry" else "HMAC secret",
                kind="password",
                placeholder="left empty: kept as it is",
                hint=f"With it, only requests that {source.capitalize()} has signed count.",
            ),
        )
    return (
        FormField(
            name="resolve_timeout",
            label="An alert without an end ends this long after its last push",
            value=held.get("resolve_timeout", ""),
            placeholder="5m",
        ),
    )


def _grouping(held: Mapping[str, str]) -> tuple[FormField, ...]:
    return (
        FormField(
            name="group_by",
            label="Labels whose equal values put alerts into one group",
            value=held["group_by"],
            placeholder="alertname, cluster",
            hint="Separated by commas. Left empty, each alert is a group of its own and pages by itself.",
        ),
        FormField(
            name="group_window",
            label="How long a group takes new alerts in",
            value=held["group_window"],
            placeholder="as long as it is open",
            hint="1m to 48h.",
        ),
        form_fields.select("window_kind", "Counted", WINDOW_KINDS, held["window_kind"]),
        FormField(
            name="reopen_within",
            label="A problem that comes back this soon reopens its group",
            value=held["reopen_within"],
            placeholder="10m",
        ),
    )


def _noise(held: Mapping[str, str]) -> tuple[tuple[str, tuple[FormField, ...]], ...]:
    noise = (
        FormField(
            name="hold",
            label="Wait before anyone is paged",
            value=held["hold"],
            placeholder="0s",
            hint="What resolves meanwhile pages nobody.",
        ),
        FormField(
            name="resolve_after",
            label="A resolve counts only after it has lasted",
            value=held["resolve_after"],
            placeholder="0s",
        ),
        FormField(
            name="auto_resolve_after",
            label="An alert nobody has repeated for this long is over",
            value=held["auto_resolve_after"],
            placeholder="never",
        ),
    )
    limits = (
        form_fields.select(
            "severity",
            "Severity where the sender says none",
            SEVERITIES,
            held["severity"],
            nothing="Nothing said: critical",
        ),
        FormField(
            name="rate_limit",
            label="At most this many requests",
            value=held["rate_limit"],
            placeholder="300000/m",
            hint="More are answered with 429, and the sender tries again.",
        ),
    )
    return (("Less noise", noise), ("Limits", limits))
