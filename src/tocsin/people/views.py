"""The HTML door to the tokens that act in one's name."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.kit import clock, db, text
from tocsin.people import actions, queries
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One right a token may have."""

    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensPage:
    """The tokens that act in one's name."""

    tokens: tuple[TokenInfo, ...]
    scopes: tuple[Scope, ...]
    lifetimes: tuple[tuple[str, str], ...] = LIFETIMES
    new_token: str = ""
    wrong: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def tokens(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The tokens that act in one's name; a POST makes one."""
    return _create(request, actor) if request.method == "POST" else _show(request, actor)


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
    return HttpResponseRedirect(reverse("tokens"), status=303)


@require_POST
@permit(Right.SEE)
def end_session(request: HttpRequest, actor: Actor, session_id: int) -> HttpResponse:
    """One browser in which somebody is signed in has to sign in again."""
    found = UserSession.objects.filter(pk=session_id, user_id=actor.user_id).first()
    if found is None:
        raise Http404
    found.end()
    messages.success(request, "That browser is signed out.")
    return HttpResponseRedirect(reverse("usersessions_list"), status=303)


def _create(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A token in one's own name, told once, on the answer to this very form."""
    name = request.POST.get("name", "").strip()
    scopes = [scope for scope in request.POST.getlist("scope") if scope in set(Right)]
    lifetime = request.POST.get("lifetime", "")
    if not name or not scopes or lifetime not in dict(LIFETIMES):
        wrong = "Nothing was made: give the token a name and at least one right."
        return _show(request, actor, wrong=wrong, status=422)
    now = clock.now()
    expires_at = now + text.parse_duration(lifetime) if lifetime else None
    with db.transact(now) as tx:
        user = User.objects.get(id=actor.user_id)
        raw = actions.create_token(tx, user, name, scopes, expires_at, by=actor.by)
    return _show(request, actor, new_token=raw, status=201)


def _show(
    request: HttpRequest, actor: Actor, *, new_token: str = "", wrong: str = "", status: int = 200
) -> HttpResponse:
    held = queries.tokens_of(db.reader(clock.now()), actor.user_id)
    page = TokensPage(
        tokens=tuple(token for token in held if token.revoked_at is None),
        scopes=tuple(Scope(value=right, words=words) for right, words in SCOPE_WORDS.items() if may(actor, right)),
        new_token=new_token,
        wrong=wrong,
    )
    return show(request, "people/tokens.html", page, status=status)
