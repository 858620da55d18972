"""JSON, a form or plain text from anything that can post, read by a mapping and otherwise by what most tools say.

Two known shapes come to this source under their own addresses, so that their users move by changing one host name:
GoAlert's generic endpoint and incident.io's HTTP source. What a mapping says comes first, field by field; what it
leaves open is guessed from the names tools commonly use. An object nobody can make sense of still opens an alert
with itself as the title: it was sent for a reason. What holds nothing to read is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, guesses, identity, mapping, severities, times
from tocsin.sources.domain import (
    DETAIL_LABEL_CHARS_MAX,
    NAME_CHARS_MAX,
    PROBLEMS_MAX,
    SIGNALS_PER_REQUEST_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Reading,
    Reply,
    Request,
    Settings,
    Signal,
    Source,
)

GOALERT_PATH = "/api/v2/generic/incoming"
INCIDENT_IO_PATH = "/v2/alert_events/http/"
_KEY_FIELDS = ("token", "integrationKey", "integration_key", "key")  # GoAlert's, in its order
_FORM_FIELDS_MAX = 1000
_RAW_TITLE_CHARS_MAX = 200
_KEYS_TOLD_MAX = 100
_EMPTY = "the body is empty; send a JSON object with at least a title"


def key(request: Request) -> str | None:
    """The key wherever it is sent: to incident.io's address also as the last part of the path, to GoAlert's in a field."""
    found = credentials.key(request)
    if found is None and request.path.startswith(INCIDENT_IO_PATH):
        return credentials.bounded(request.path.removeprefix(INCIDENT_IO_PATH).strip("/"))
    if found is None and request.tail == GOALERT_PATH:
        return _goalert_key(request)
    return found


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - the clock does not matter
    """One signal per event of the body."""
    try:
        payload = _decode(request)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    return interpret(request, payload, settings)


def interpret(request: Request, payload: object, settings: Settings) -> Reading:
    """Read an already decoded payload; other sources hand theirs over when it is not in their own shape."""
    problems = [f"mapping.{each.field}: {each.message}" for each in mapping.check(settings.mapping)]
    events, cut = _events(payload, settings.mapping)
    signals: list[Signal] = []
    faults: list[str] = []
    for at, event in enumerate(events):
        if not isinstance(event, dict) or not event:
            faults.append(f"event {at}: title: there is nothing to read in it; it must be a JSON object with members")
            continue
        signals.append(_signal(event, settings, cut if not signals else 0))
    if cut:
        problems.append(f"only the first {SIGNALS_PER_REQUEST_MAX} events were taken, {cut} were left out")
    told = tuple((problems + faults)[:PROBLEMS_MAX])
    if not signals and (faults or not isinstance(payload, list)):
        return Reading(signals=(), reply=answers.problem(400, faults[0] if faults else _EMPTY), problems=told)
    return Reading(signals=tuple(signals), reply=_accept(request, signals), problems=told)


def unmatched(request: Request, mapped: Mapping[str, str]) -> list[mapping.Problem]:
    """Which fields of a sound mapping find nothing in the first event of this sample."""
    try:
        events, _ = _events(_decode(request), mapped)
    except clean.Unreadable:
        return []
    told = []
    for field, written in mapped.items():
        if field in ("each", "resolve_when", "acknowledge_when"):
            continue
        if not events or mapping.find(mapping.expression(written), events[0]) is None:
            told.append(mapping.Problem(field=field, message=f"{written!r} finds nothing in this sample"))
    return told


def _accept(request: Request, signals: list[Signal]) -> Reply:
    if request.tail == GOALERT_PATH:
        return Reply(status=204, content_type="text/plain; charset=utf-8")
    keys = [signal.dedup_key for signal in signals[:_KEYS_TOLD_MAX]]
    if request.path.startswith(INCIDENT_IO_PATH):
        body = {
            "deduplication_key": keys[0] if keys else "",
            "message": "Event accepted for processing",
            "status": "success",
        }
        return Reply(status=202, body=msgspec.json.encode(body))
    return Reply(
        status=202, body=msgspec.json.encode({"status": "accepted", "signals": len(signals), "dedup_keys": keys})
    )


def _decode(request: Request) -> object:
    kind = _kind(request)
    if _is_form(request) and (b"=" in request.body or not request.body.strip()):
        return _form(request.body, request)
    if not request.body.strip():
        fields = _form(b"", request)
        if not fields:
            raise clean.Unreadable(_EMPTY)
        return fields
    if (kind == "text/plain" or _is_form(request)) and request.body.lstrip()[:1] not in (b"{", b"["):
        written = clean.text(_written(request.body)).strip()
        return {"title": written.partition("\n")[0].strip(), "description": written}
    return clean.decode(request.body)


def _written(body: bytes) -> str:
    """Text in whatever encoding; what holds zero bytes is none, and nobody is woken by a compressed file."""
    if b"\x00" in body:
        raise clean.Unreadable("the body is binary, or compressed: send JSON, a form or plain text as it is")
    return body.decode("utf-8", "replace")


def _goalert_key(request: Request) -> str | None:
    try:
        posted = dict(_pairs(request.body)) if _is_form(request) else {}
    except clean.Unreadable:
        posted = {}
    fields = {**credentials.query(request), **posted}
    return credentials.bounded(next((fields[name] for name in _KEY_FIELDS if fields.get(name)), None))


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_form(request: Request) -> bool:
    return _kind(request) == "application/x-www-form-urlencoded" and request.body[:1] not in (b"{", b"[")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    written = _written(body)
    try:
        return parse_qsl(written, keep_blank_values=True, errors="replace", max_num_fields=_FORM_FIELDS_MAX)
    except ValueError:
        raise clean.Unreadable(f"a form has at most {_FORM_FIELDS_MAX} fields") from None


def _form(body: bytes, request: Request) -> dict[str, object]:
    """Form fields, with those of the query string behind them; GoAlert's `meta=name=value` becomes an object."""
    keys = _KEY_FIELDS if request.tail == GOALERT_PATH else ()
    fields: dict[str, object] = {
        name: value for name, value in credentials.query(request).items() if name not in ("token", "key", *keys)
    }
    meta: dict[str, object] = {}
    for name, value in _pairs(body):
        if name in keys:
            continue
        if name == "meta":
            label, _, held = value.partition("=")
            meta[label] = held
        else:
            fields[name] = value
    if meta:
        fields["meta"] = meta
    return fields


def _events(payload: object, mapped: Mapping[str, str]) -> tuple[list[object], int]:
    found: object = payload
    each = _expression(mapped, "each")
    if each is not None:
        found = mapping.find(each, payload)
    elif not mapped and isinstance(payload, dict) and guesses.is_batch(payload.get("alerts")):
        found = payload["alerts"]
    events = clean.sequence(found) if isinstance(found, list) else [found]
    return events[:SIGNALS_PER_REQUEST_MAX], max(len(events) - SIGNALS_PER_REQUEST_MAX, 0)


def _signal(event: dict[str, object], settings: Settings, lost: int) -> Signal:
    said = _Said(event, settings.mapping)
    title = said.text("title", guesses.title) or _raw(event)
    dedup_key = said.text("dedup_key", guesses.dedup_key) or title
    return Signal(
        action=_action(said),
        dedup_key=identity.short(dedup_key),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=severities.from_word(said.text("severity", guesses.severity), settings.severity),
        labels=_labels(said),
        description=said.text("description", guesses.description),
        details=clean.details(said.value("details") or event),
        links=clean.links([(said.value("link"), ""), *guesses.links(event)]),
        started_at=times.instant(said.value("started_at")) or times.instant(guesses.started_at(event)),
        by=words.cut(said.text("by", guesses.by), NAME_CHARS_MAX),
        note=said.text("note", guesses.note),
        lost=lost,
    )


class _Said:
    """One event together with what the mapping says about it."""

    def __init__(self, event: dict[str, object], mapped: Mapping[str, str]) -> None:
        self.event = event
        self.mapped = mapped

    def value(self, field: str) -> object:
        sought = _expression(self.mapped, field)
        return None if sought is None else mapping.find(sought, self.event)

    def text(self, field: str, guess: Callable[[dict[str, object]], str]) -> str:
        found = clean.text(self.value(field)) if field in self.mapped else ""
        return found or guess(self.event)

    def holds(self, field: str) -> bool:
        try:
            return mapping.holds(mapping.condition(self.mapped[field]), self.event)
        except ValueError:
            return False


def _action(said: _Said) -> Action:
    if "resolve_when" in said.mapped and said.holds("resolve_when"):
        return Action.RESOLVE
    if "acknowledge_when" in said.mapped and said.holds("acknowledge_when"):
        return Action.ACKNOWLEDGE
    if "action" in said.mapped:
        return guesses.action_of(clean.text(said.value("action")))
    # Whoever wrote a condition for the end meant it to be the only one.
    return Action.TRIGGER if "resolve_when" in said.mapped else guesses.action(said.event)


def _labels(said: _Said) -> dict[str, str]:
    kept: dict[str, str] = {}
    for field in said.mapped:
        name = field.removeprefix(mapping.LABEL_PREFIX)
        if name != field and name:
            kept.update(clean.labels({name: said.value(field)}))
    clean.add_labels(kept, clean.mapping(said.value("labels")), DETAIL_LABEL_CHARS_MAX)
    clean.add_labels(kept, guesses.labels(said.event), DETAIL_LABEL_CHARS_MAX)
    return kept


def _expression(mapped: Mapping[str, str], field: str) -> mapping.Expression | None:
    if field not in mapped:
        return None
    try:
        return mapping.expression(mapped[field])
    except ValueError:
        return None  # `interpret` tells of it; the guess takes its place


def _raw(event: dict[str, object]) -> str:
    return words.cut(clean.text(msgspec.json.encode(clean.details(event)).decode()), _RAW_TITLE_CHARS_MAX)


SOURCE = Source(
    name="generic",
    title="Any tool that can post JSON",
    endpoints=(
        Endpoint(method="POST", path="/in/generic/"),
        Endpoint(method="PUT", path="/in/generic/"),
        Endpoint(method="POST", path=GOALERT_PATH),
        Endpoint(method="POST", path=INCIDENT_IO_PATH),
    ),
    key=key,
    read=read,
    refuse=answers.refuse,
    key_in_body=(GOALERT_PATH,),
)
