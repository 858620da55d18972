"""Pages for what went wrong: what happened, what was kept, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template import loader


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """One page."""

    status: int
    title: str
    what: str
    do: str


BAD_REQUEST = ErrorPage(
    status=400,
    title="That request makes no sense to us",
    what="Something in the address or the form is not as it should be. Nothing was changed.",
    do="Go back, reload the page and try again.",
)
FORBIDDEN = ErrorPage(
    status=403,
    title="This is not for your role",
    what="Only people with another role may see or do this. Nothing was changed.",
    do="An administrator can give you the right: roles stand with the people in the configuration.",
)
FORGED = ErrorPage(
    status=403,
    title="This form is not fresh any more",
    what="It was opened long ago, in another session, or did not come from here. Nothing was changed.",
    do="Go back, reload the page and press the button once more.",
)
NOT_FOUND = ErrorPage(
    status=404,
    title="There is nothing here",
    what="The address is wrong, or what it showed is older than what we keep.",
    do="Look for it among the alert groups.",
)
WRONG_METHOD = ErrorPage(
    status=405,
    title="This address only takes a press of a button",
    what="It was opened as a link, or after a sign-in that came in between. Nothing was changed.",
    do="Go back to the page with the button and press it once more.",
)
BROKEN = ErrorPage(
    status=500,
    title="That broke, and it is our fault",
    what="The page could not be made. Signals are taken in and people are paged all the same.",
    do="Try again. If it stays, `tocsin doctor` and the log say more.",
)

SIGN_ON_ONLY = ErrorPage(
    status=403,
    title="Come by single sign-on",
    what="Everybody signs in here through your organisation's provider.",
    do="Go to the sign-in page and press its button.",
)
TOO_MANY = ErrorPage(
    status=429,
    title="That was tried too often",
    what="Too many attempts came from here, or for this address, within a short time. Nothing was changed.",
    do="Wait some minutes and try again.",
)


def page(request: HttpRequest, error: ErrorPage) -> HttpResponse:
    """The page for an error; made without the database, so that it works when little else does."""
    body = loader.render_to_string("web/error.html", {"page": error})
    return HttpResponse(b"" if request.method == "HEAD" else body, status=error.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, NOT_FOUND)


def broken(request: HttpRequest) -> HttpResponse:
    return page(request, BROKEN)


def too_many(request: HttpRequest) -> HttpResponse:
    return page(request, TOO_MANY)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, FORGED)
