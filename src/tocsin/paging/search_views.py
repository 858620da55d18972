"""The HTML door to the list of groups: the address holds the whole search, and people keep their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import listing, searches
from tocsin.alerts.domain import GroupStatus
from tocsin.alerts.listing import GroupFilter
from tocsin.alerts.searches import Search
from tocsin.alerts.views import Row, group_url, row, zone_of
from tocsin.catalog.domain import ServiceDocument
from tocsin.catalog.form_fields import Option
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.paging import queries
from tocsin.people.domain import PersonDocument, TeamDocument, Urgency
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.converters import DIGITS_MAX
from tocsin.web.pages import show

TEXT_CHARS_MAX = searches.VALUE_CHARS_MAX
UNRESOLVED = tuple(status for status in GroupStatus if status is not GroupStatus.RESOLVED)
STATUS_CHOICES = (
    ("", "Not resolved"),
    *((status.value, status.value.capitalize()) for status in GroupStatus),
    ("all", "All"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A search that whoever looks keeps."""

    search: Search
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPage:
    """The list of groups."""

    rows: tuple[Row, ...]
    text: str
    statuses: tuple[Option, ...]
    urgencies: tuple[Option, ...]
    services: tuple[Option, ...]
    teams: tuple[Option, ...]
    people: tuple[Option, ...]
    since: str
    until: str
    is_filtered: bool
    is_detailed: bool  # by what is seldom asked: service, team, person, time
    find: bool  # somebody wants to type a search at once
    newest_url: str
    older_url: str
    nothing_ever: bool
    kept: tuple[Kept, ...]
    query: str
    is_kept: bool


@require_safe
@permit(Right.SEE)
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Alert groups, newest first."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    asked = {name: request.GET.get(name, "")[:TEXT_CHARS_MAX] for name in searches.ASKED}
    reference = _reference(asked["q"])
    if reference is not None and listing.group(reader, reference) is not None:
        return HttpResponseRedirect(group_url(reference))
    before = request.GET.get("before", "")
    zone = zone_of(snapshot, actor)
    found = listing.groups(reader, _filter(snapshot, asked, zone, int(before) if _is_number(before) else None))
    given = {name: value for name, value in asked.items() if value}
    query = urlencode(given)
    kept = _kept(searches.of_user(reader, actor.user_id), query)
    page = GroupsPage(
        rows=tuple(row(snapshot, line) for line in found),
        text=asked["q"],
        statuses=tuple(Option(value=v, title=t, chosen=v == asked["status"]) for v, t in STATUS_CHOICES),
        urgencies=_choices("Any urgency", {one.value: one.value.capitalize() for one in Urgency}, asked["urgency"]),
        services=_choices("All services", _titles(snapshot, "services"), asked["service"]),
        teams=_choices("All teams", _titles(snapshot, "teams"), asked["team"]),
        people=_choices("Anybody", _titles(snapshot, "people"), asked["person"]),
        since=asked["from"] if _day(asked["from"]) else "",
        until=asked["to"] if _day(asked["to"]) else "",
        is_filtered=bool(given),
        is_detailed=any(asked[name] for name in ("service", "team", "person", "from", "to")),
        find="find" in request.GET,
        newest_url=_list_url(given) if before else "",
        older_url=_list_url({**given, "before": str(found[-1].id)}) if len(found) == listing.LIMIT_DEFAULT else "",
        nothing_ever=not found and not listing.groups(reader, GroupFilter(limit=1)),
        kept=kept,
        query=query,
        is_kept=any(one.is_current for one in kept),
    )
    return show(request, "alerts/groups.html", page)


@require_POST
@permit(Right.SEE)
def keep_search(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep the search under a name, for oneself."""
    name = request.POST.get("name", "").strip()
    query = searches.cleaned(request.POST.get("query", ""))
    if not name or not query:
        messages.error(request, "Nothing was kept: search for something, and give it a name.")
        return HttpResponseRedirect(_list_url(dict(parse_qsl(query))), status=303)
    with db.transact(clock.now()) as tx:
        is_kept = searches.keep(tx, actor.user_id, name, query)
    if not is_kept:
        messages.error(
            request, f"Nothing was kept: {searches.SEARCHES_MAX} searches are there already. Drop one first."
        )
    return HttpResponseRedirect(_list_url(dict(parse_qsl(query))), status=303)


@require_POST
@permit(Right.SEE)
def drop_search(request: HttpRequest, actor: Actor, search_id: int) -> HttpResponse:
    """Keep it no longer."""
    with db.transact(clock.now()) as tx:
        searches.drop(tx, actor.user_id, search_id)
    messages.success(request, "That search is not kept any more.")
    return HttpResponseRedirect(reverse("groups"), status=303)


def _kept(found: tuple[Search, ...], query: str) -> tuple[Kept, ...]:
    return tuple(
        Kept(search=one, url=f"{reverse('groups')}?{one.query}", is_current=one.query == query) for one in found
    )


def _filter(snapshot: Snapshot, asked: dict[str, str], zone: ZoneInfo, before: int | None) -> GroupFilter:
    status = asked["status"]
    chosen = tuple(GroupStatus) if status == "all" else UNRESOLVED
    if status in set(GroupStatus):
        chosen = (GroupStatus(status),)
    last = _day(asked["to"])
    return GroupFilter(
        status=() if status == "all" else chosen,
        services=_services(snapshot, asked["service"], asked["team"]),
        urgency=asked["urgency"] if asked["urgency"] in set(Urgency) else "",
        text=asked["q"].strip(),
        since=_midnight(_day(asked["from"]), zone),
        until=_midnight(last + timedelta(days=1), zone) if last else None,
        before=before,
        also=(queries.concerns(asked["person"]),) if asked["person"] else (),
    )


def _day(written: str) -> date | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if date(1971, 1, 1) < found < date(9000, 1, 1) else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone)


def _services(snapshot: Snapshot, service: str, team: str) -> tuple[str, ...] | None:
    if not service and not team:
        return None
    documents = snapshot.all("services", ServiceDocument)
    return tuple(
        name
        for name, document in documents.items()
        if (not service or name == service) and (not team or document.team == team)
    )


def _titles(snapshot: Snapshot, section: str) -> dict[str, str]:
    if section == "teams":
        return {name: team.name for name, team in snapshot.all("teams", TeamDocument).items()}
    if section == "people":
        return {name: person.name for name, person in snapshot.all("people", PersonDocument).items()}
    return {name: service.name for name, service in snapshot.all("services", ServiceDocument).items()}


def _choices(everything: str, titles: dict[str, str], chosen: str) -> tuple[Option, ...]:
    found = [Option(value=value, title=title, chosen=value == chosen) for value, title in titles.items()]
    found.sort(key=lambda choice: choice.title.casefold())
    return (Option(value="", title=everything, chosen=not chosen), *found)


def _list_url(query: dict[str, str]) -> str:
    return f"{reverse('groups')}?{urlencode(query)}" if query else reverse("groups")


def _reference(written: str) -> int | None:
    digits = written.strip().upper().removeprefix("AG-")
    return int(digits) if written.strip().upper().startswith("AG-") and _is_number(digits) else None


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= DIGITS_MAX
