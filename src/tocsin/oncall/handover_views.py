"""The HTML door to hand-overs: what happened in the shift, and whoever takes over says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.kit import clock, db
from tocsin.oncall import actions, queries, views
from tocsin.oncall.actions import CannotChange
from tocsin.oncall.viewer import viewer
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import back, show


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverPage:
    """The pager passes on."""

    id: int
    schedule: str
    url: str
    outgoing: str
    incoming: str
    at: datetime
    since: datetime
    summary: str
    accepted_by: str
    accepted_at: datetime | None
    may_accept: bool
    mine: bool


@require_safe
@permit(Right.SEE)
def handover(request: HttpRequest, actor: Actor, handover_id: int) -> HttpResponse:
    """One hand-over."""
    reader = db.reader(clock.now())
    found = queries.handover(reader, handover_id)
    if found is None:
        raise Http404
    seen = viewer(reader, actor)
    mine = actor.person in found.incoming
    page = HandoverPage(
        id=found.id,
        schedule=seen.title(found.schedule),
        url=views.schedule_url(found.schedule) if found.schedule in seen.schedules else "",
        outgoing=seen.all_of(found.outgoing) or "nobody",
        incoming=seen.all_of(found.incoming) or "nobody",
        at=found.at,
        since=found.since,
        summary=found.summary,
        accepted_by=people.name_of(seen.snapshot, found.accepted_by) if found.accepted_by else "",
        accepted_at=found.accepted_at,
        may_accept=mine and found.accepted_at is None and may(actor, Right.RESPOND),
        mine=mine,
    )
    return show(request, "oncall/handover.html", page)


@require_POST
@permit(Right.RESPOND)
def accept(request: HttpRequest, actor: Actor, handover_id: int) -> HttpResponse:
    """I have it."""
    try:
        with db.transact(clock.now()) as tx:
            actions.accept_handover(tx, handover_id, actor.person, actor.by)
    except CannotChange as why:
        if why.why is actions.WhyNot.NOT_THERE:
            raise Http404 from None
        messages.error(request, f"Nothing was changed: {why}.")
    else:
        messages.success(request, "You have the pager. Whoever had it before is told.")
    return back(request, reverse("handover", kwargs={"handover_id": handover_id}))
