"""What would happen if this signal came in at that time: every step, person and message, with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from tocsin.alerts import listing
from tocsin.alerts.documents import RouteDocument
from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db, text
from tocsin.paging import ladder
from tocsin.paging.documents import PolicyDocument
from tocsin.paging.standing import Standing, standing_at
from tocsin.people.domain import PersonDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.people.words import by_contact
from tocsin.simulate import whatif
from tocsin.simulate.trace import Paged, SignalTrace, StepTrace, Told, Trace
from tocsin.simulate.whatif import NoSuchIntegration
from tocsin.sources import samples
from tocsin.sources.domain import Action
from tocsin.web import times
from tocsin.web.pages import show

BODY_CHARS_MAX = 200_000
SIGNALS_SHOWN_MAX = 10
OTHERWISE_SHOWN_MAX = 30
LOOKED_AT_MAX = 100  # of the signals received last
AWAY_MAX = timedelta(days=5 * 366)
NIGHT_HOUR = 3
SHOWN_KEY = "the-key"
FATES = {
    "opened": "A new group opens",
    "held": "A group opens and waits before it pages",
    "suppressed": "A group opens that pages nobody",
    "joined": "It joins the group above",
    "refreshed": "It repeats what is already in the group above",
    "dropped": "It is dropped",
    "nothing": "Nothing happens",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An integration to choose."""

    name: str
    service: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The form. `at` is empty for now, else in the reader's zone."""

    integration: str
    body: str
    at: str = ""
    without_silences: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One person a step would page, and each message."""

    name: str
    why: str
    messages: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step that would be taken, or passed over and why."""

    at: datetime
    title: str
    targets: tuple[str, ...]
    people: tuple[PersonView, ...]
    skipped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """What would become of one signal."""

    title: str
    severity: str
    fate: str
    reason: str
    labels: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    policy: str
    policy_title: str
    steps: tuple[StepView, ...]
    exhausted_at: datetime | None
    urgent_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfPage:
    """The question, and the answer if there is one."""

    integrations: tuple[Choice, ...]
    asked: Asked
    zone_name: str
    policy: str = ""
    wrong_at: str = ""
    wrong_body: tuple[str, ...] = ()
    left_out: str = whatif.LEFT_OUT
    at: datetime | None = None
    signals: tuple[SignalView, ...] = ()
    unanswered: tuple[SignalView, ...] = ()
    more: int = 0
    otherwise: tuple[tuple[datetime, str], ...] = ()


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def what_if(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form, filled for an integration or a policy; a POST answers. Nothing is changed."""
    snapshot = configuration.current(db.reader(clock.now()))
    person = snapshot.all("people", PersonDocument).get(actor.person)
    page = WhatIfPage(
        integrations=tuple(_choices(snapshot)),
        asked=Asked(integration="", body=""),
        zone_name=person.timezone if person else "UTC",
    )
    if request.method != "POST":
        return show(request, "site/whatif.html", _opened(request, snapshot, page))
    asked = Asked(
        integration=request.POST.get("integration", ""),
        body=request.POST.get("body", "").replace("\r\n", "\n")[:BODY_CHARS_MAX],
        at=request.POST.get("at", "").strip()[:40],
        without_silences="without_silences" in request.POST,
    )
    match request.POST.get("do", ""):
        case "sample":
            return show(request, "site/whatif.html", replace(page, asked=replace(asked, body=_sample(snapshot, asked))))
        case "last":
            return show(request, "site/whatif.html", replace(page, asked=replace(asked, body=_last(asked))))
        case "night":
            asked = replace(asked, at=_next_night(ZoneInfo(page.zone_name)))
        case _:
            pass
    answered = _answered(snapshot, replace(page, asked=asked))
    is_wrong = answered.wrong_at or answered.at is None
    return show(request, "site/whatif.html", answered, status=422 if is_wrong else 200)


def _opened(request: HttpRequest, snapshot: Snapshot, page: WhatIfPage) -> WhatIfPage:
    """Filled for `?integration=` or `?policy=`, at `?at=03:00` or now, with a signal such as its sender sends."""
    policy = request.GET.get("policy", "")
    wanted = request.GET.get("integration", "") or _of_policy(snapshot, policy)
    known = [one.name for one in page.integrations]
    name = wanted if wanted in known else next(iter(known), "")
    at = _next_night(ZoneInfo(page.zone_name)) if request.GET.get("at") == "03:00" else ""
    asked = Asked(integration=name, body="", at=at)
    return replace(page, asked=replace(asked, body=_last(asked) or _sample(snapshot, asked)), policy=policy)


def _answered(snapshot: Snapshot, page: WhatIfPage) -> WhatIfPage:
    zone = ZoneInfo(page.zone_name)
    reader = db.reader(clock.now())
    try:
        at = datetime.fromisoformat(page.asked.at).replace(tzinfo=zone).astimezone(UTC) if page.asked.at else reader.now
    except (ValueError, OverflowError):
        return replace(page, wrong_at="This is not a time: write it like 2026-03-01T03:00.")
    if abs(at - reader.now) > AWAY_MAX:
        return replace(page, wrong_at="This is too far away: at most five years.")
    document = snapshot.all("integrations", IntegrationDocument).get(page.asked.integration)
    headers = _headers(document) if document is not None else {}
    body = page.asked.body.encode()
    here = standing_at(reader, at)
    quiet = () if page.asked.without_silences else listing.silences_at(reader, at)
    try:
        trace = whatif.what_if(here, page.asked.integration, body, at, headers=headers, silences=quiet)
    except NoSuchIntegration:
        return replace(page, wrong_body=("Choose an integration.",))
    return replace(
        page,
        at=at,
        wrong_body=_problems(trace),
        signals=tuple(_signal(here, one, zone, at) for one in trace.signals[:SIGNALS_SHOWN_MAX]),
        unanswered=tuple(_signal(here, one, zone, at) for one in trace.unanswered[:SIGNALS_SHOWN_MAX]),
        more=max(0, len(trace.signals) - SIGNALS_SHOWN_MAX),
        otherwise=tuple(_otherwise(here, trace))[:OTHERWISE_SHOWN_MAX],
    )


def _otherwise(here: Standing, trace: Trace) -> Iterator[tuple[datetime, str]]:
    """Messages that the steps do not tell of so: said again, with others in one, or late for the address's limit."""
    for one in trace.messages:
        together = f"{len(one.groups)} groups in one message" if len(one.groups) > 1 else ""
        waited = f"{times.lasting(one.at - one.due_at)} late, within the address’s limit" if one.at > one.due_at else ""
        again = "said again" if one.again else ""
        if again or together or waited:
            said = "; ".join(filter(None, (again, together, waited)))
            yield one.at, f"{here.people[one.person].name} {by_contact(one.channel, one.contact)}: {said}"


def _problems(trace: Trace) -> tuple[str, ...]:
    if trace.signals or trace.problems:
        return trace.problems
    return ("This integration reads no signal from that.",)


def _signal(here: Standing, trace: SignalTrace, zone: ZoneInfo, now: datetime) -> SignalView:
    policy = here.snapshot.all("policies", PolicyDocument).get(trace.policy)
    return SignalView(
        title=trace.title or trace.dedup_key,
        severity=trace.severity,
        fate=_fate(trace, now),
        reason=trace.reason,
        labels=tuple(sorted(trace.labels.items())),
        facts=tuple(_facts(here, trace, zone, now)),
        policy=trace.policy if policy is not None else "",
        policy_title=policy.name if policy is not None else "",
        steps=tuple(_step(here, one) for one in trace.steps),
        exhausted_at=trace.exhausted_at,
        urgent_from=trace.urgent_from,
    )


def _fate(trace: SignalTrace, now: datetime) -> str:
    if trace.storm and trace.outcome == "opened":
        return "A storm group opens, which pages once for all that follow"
    if trace.pages_from == now and trace.outcome in ("held", "suppressed"):
        return "A group opens, and pages at once for another problem in it"
    return FATES.get(trace.outcome, trace.outcome)


def _facts(here: Standing, trace: SignalTrace, zone: ZoneInfo, now: datetime) -> Iterator[tuple[str, str]]:
    yield "Route", _route_words(here.snapshot, trace.route)
    if trace.service:
        yield "Service", here.service_title(trace.service)
    if trace.group_labels is not None:
        keys = ", ".join(f'{name}="{held}"' for name, held in trace.group_labels.items())
        yield "Grouped by", keys or "nothing: each problem is a group of its own"
    if trace.dedup_key:
        yield "Known again by", trace.dedup_key
    if trace.urgency:
        until = f", high from {times.clock_time(trace.urgent_from, now, zone)} on" if trace.urgent_from else ""
        yield "Urgency", f"{trace.urgency}{until}"
    if trace.held_until is not None:
        yield "Waits until", times.clock_time(trace.held_until, now, zone)
    if trace.silence is not None:
        until = times.clock_time(trace.silence.ends_at, now, zone)
        yield "Silenced", f"until {until} by {trace.silence.author.removeprefix('person:')}: {trace.silence.comment}"
    if trace.why_policy:
        yield "Who is responsible", trace.why_policy
    if trace.acknowledgement_expires is not None:
        yield "An acknowledgement counts", times.lasting(trace.acknowledgement_expires)


def _route_words(snapshot: Snapshot, place: int | None) -> str:
    if place is None:
        return "none matches"
    routes = list(snapshot.all("routes", RouteDocument).values())
    when = routes[place - 1].when if place <= len(routes) else ()
    return f"{place}: {' and '.join(when) or 'everything'}"


def _step(here: Standing, step: StepTrace) -> StepView:
    policy = here.policies.get(step.policy)
    rung = f"step {step.step}" + (f", round {step.cycle}" if step.cycle > 1 else "") if step.step else "last resort"
    return StepView(
        at=step.at,
        title=f"{policy.name if policy else step.policy}, {rung}",
        targets=tuple(ladder.title_of(one, here)[1] for one in step.targets),
        people=tuple(_person(one) for one in step.paged),
        skipped=step.skipped,
    )


def _person(paged: Paged) -> PersonView:
    return PersonView(name=paged.name, why=paged.why, messages=tuple(_message(one) for one in paged.messages))


def _message(told: Told) -> tuple[datetime, str]:
    return told.at, by_contact(told.channel, told.contact)


def _choices(snapshot: Snapshot) -> Iterator[Choice]:
    services = snapshot.all("services", ServiceDocument)
    for name, one in snapshot.all("integrations", IntegrationDocument).items():
        title = services[one.service].name if one.service in services else one.service
        yield Choice(name=name, service=title, source=one.source)


def _of_policy(snapshot: Snapshot, policy: str) -> str:
    """An integration whose service pages by this policy."""
    services = snapshot.all("services", ServiceDocument)
    integrations = snapshot.all("integrations", IntegrationDocument).items()
    return next((name for name, one in integrations if services[one.service].policy == policy), "")


def _sample(snapshot: Snapshot, asked: Asked) -> str:
    """What its sender would send for a test."""
    document = snapshot.all("integrations", IntegrationDocument).get(asked.integration)
    if document is None:
        return ""
    try:
        return _readable(samples.sample(document.source, SHOWN_KEY, clock.now(), document.tool).body)
    except KeyError:
        return ""


def _headers(document: IntegrationDocument) -> Mapping[str, str]:
    """What its sender says around the signal, without any key."""
    try:
        sent = samples.sample(document.source, SHOWN_KEY, clock.now()).headers
    except KeyError:
        return {}
    return {name: value for name, value in sent.items() if name != "authorization"}


def _last(asked: Asked) -> str:
    """The last request of the integration that told of a problem; if there is none, the last one."""
    reader = db.reader(clock.now())
    newest = listing.signals(reader, integration=asked.integration, limit=LOOKED_AT_MAX) if asked.integration else []
    problems = [one for one in newest if one.action == Action.TRIGGER]
    kept = listing.raw_of(reader, (problems or newest)[0].id) if newest else None
    return _readable(kept[0].body) if kept else ""


def _readable(body: bytes) -> str:
    """JSON with line breaks; anything else as it is."""
    return text.indented(body.decode("utf-8", errors="replace")[:BODY_CHARS_MAX])


def _next_night(zone: ZoneInfo) -> str:
    local = clock.now().astimezone(zone)
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0, tzinfo=None)
    return (night if night > local.replace(tzinfo=None) else night + timedelta(days=1)).isoformat(timespec="minutes")
