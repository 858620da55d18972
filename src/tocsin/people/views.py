"""The HTML door to one's own account: how one is reached, tokens, signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.config import queries as configuration
from tocsin.kit import clock, db, text
from tocsin.people import actions, queries
from tocsin.people.domain import PersonDocument, TeamDocument, Urgency
from tocsin.people.middleware import permit
from tocsin.people.models import User
from tocsin.people.queries import TokenInfo
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show

LIFETIMES = (("30d", "30 days"), ("90d", "90 days"), ("365d", "1 year"), ("", "No end"))
SCOPE_WORDS = {
    Right.SEE: "read everything",
    Right.RESPOND: "acknowledge, resolve, snooze, escalate, page people",
    Right.SILENCE: "create and end silences",
    Right.CONFIGURE: "change the configuration",
    Right.ADMINISTER: "administer accounts",
}
CHANNEL_WORDS = {
    "email": "mail",
    "push": "push",
    "sms": "text message",
    "voice": "call",
    "ntfy": "push by ntfy",
    "webhook": "webhook",
    "inbox": "inbox in Tocsin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """One way to reach somebody."""

    name: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One notification rule as a sentence: `At once: push by ntfy.`"""

    when: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One right a token may have."""

    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MePage:
    """One's own account."""

    email: str
    person: PersonDocument | None
    role: str
    teams: tuple[str, ...]
    contacts: tuple[ContactLine, ...]
    high: tuple[RuleLine, ...]
    low: tuple[RuleLine, ...]
    tokens: tuple[TokenInfo, ...]
    scopes: tuple[Scope, ...]
    lifetimes: tuple[tuple[str, str], ...] = LIFETIMES
    new_token: str = ""
    wrong: str = ""


@require_safe
@permit(Right.SEE)
def me(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who one is here, how one is reached, and the tokens that act in one's name."""
    return show(request, "people/me.html", _page(request, actor))


@require_POST
@permit(Right.SEE)
def create_token(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A token in one's own name, told once, on the answer to this very form."""
    name = request.POST.get("name", "").strip()
    scopes = [scope for scope in request.POST.getlist("scope") if scope in set(Right)]
    lifetime = request.POST.get("lifetime", "")
    if not name or not scopes or lifetime not in dict(LIFETIMES):
        wrong = "Nothing was made: give the token a name and at least one right."
        return show(request, "people/me.html", _page(request, actor, wrong=wrong), status=422)
    now = clock.now()
    expires_at = now + text.parse_duration(lifetime) if lifetime else None
    with db.transact(now) as tx:
        user = User.objects.get(id=actor.user_id)
        raw = actions.create_token(tx, user, name, scopes, expires_at, by=actor.by)
    return show(request, "people/me.html", _page(request, actor, new_token=raw), status=201)


@require_POST
@permit(Right.SEE)
def revoke_token(request: HttpRequest, actor: Actor, token_id: int) -> HttpResponse:
    """One's own token is worth nothing any more."""
    mine = {token.id for token in queries.tokens_of(db.reader(clock.now()), actor.user_id)}
    if token_id not in mine:
        raise Http404
    with db.transact(clock.now()) as tx:
        actions.revoke(tx, token_id, by=actor.by)
    messages.success(request, "The token is worth nothing any more.")
    return HttpResponseRedirect(reverse("me"), status=303)


def _page(request: HttpRequest, actor: Actor, *, new_token: str = "", wrong: str = "") -> MePage:
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    person = snapshot.all("people", PersonDocument).get(actor.person)
    teams = snapshot.all("teams", TeamDocument)
    return MePage(
        email=str(getattr(request.user, "email", "")),
        person=person,
        role=actor.role.value if actor.role else "",
        teams=tuple(
            f"{teams[name].name} (manages)" if name in actor.managed_teams else teams[name].name
            for name in sorted(actor.teams | actor.managed_teams)
        ),
        contacts=_contacts(person),
        high=_rules(person, Urgency.HIGH),
        low=_rules(person, Urgency.LOW),
        tokens=tuple(token for token in queries.tokens_of(reader, actor.user_id) if token.revoked_at is None),
        scopes=tuple(Scope(value=right, words=words) for right, words in SCOPE_WORDS.items() if may(actor, right)),
        new_token=new_token,
        wrong=wrong,
    )


def _contacts(person: PersonDocument | None) -> tuple[ContactLine, ...]:
    if person is None:
        return ()
    return tuple(
        ContactLine(name=name, channel=CHANNEL_WORDS[contact.channel], address=contact.address)
        for name, contact in person.contacts.items()
    )


def _rules(person: PersonDocument | None, urgency: Urgency) -> tuple[RuleLine, ...]:
    if person is None:
        return ()
    return tuple(
        RuleLine(
            when=f"After {text.format_duration(rule.after)}" if rule.after > timedelta(0) else "At once",
            how=f"{CHANNEL_WORDS[person.contacts[rule.via].channel]} ({rule.via})",
        )
        for rule in person.rules(urgency)
    )
