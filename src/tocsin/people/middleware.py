"""Who stands at a door of the interface, and whether they may come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from tocsin.kit import clock, db
from tocsin.people import queries
from tocsin.people.models import User
from tocsin.people.rights import Actor, Right, may_anywhere

P = ParamSpec("P")
Door = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_ASKED = "tocsin_actor"


class WhoIsThere:
    """Remembers on the request who is there, found out when first asked by `visitor`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        setattr(request, _ASKED, _Asked(request))
        return self.get_response(request)


class _Asked:
    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._looked = False
        self._found: Actor | None = None

    def actor(self) -> Actor | None:
        if not self._looked:
            user = self._request.user
            self._found = queries.actor_of(db.reader(clock.now()), user) if isinstance(user, User) else None
            self._looked = True
        return self._found


def visitor(request: HttpRequest) -> Actor | None:
    """Whoever is signed in, or None."""
    asked = getattr(request, _ASKED, None)
    return asked.actor() if isinstance(asked, _Asked) else None


def permit(right: Right) -> Callable[[Door[P]], View[P]]:
    """Guards a view: strangers are sent to sign in, people without the right are told so.

    A right that is given per team opens the door to whoever has it for any team; the view then asks for the team.
    """

    def guard(door: Door[P]) -> View[P]:
        @wraps(door)
        def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            actor = visitor(request)
            if actor is None:
                return _to_sign_in(request)
            if not may_anywhere(actor, right):
                raise PermissionDenied(right.value)
            return door(request, actor, *args, **kwargs)

        return view

    return guard


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("now")
    return redirect_to_login(back, reverse("account_login"))
