"""The JSON API, /api/v1: its routers, who may come in, and what is answered when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tocsin import __version__
from tocsin.admin import accounts_api
from tocsin.admin import api as audit
from tocsin.alerts import api as alerts
from tocsin.alerts import searches_api, testing_api
from tocsin.kit import db, text
from tocsin.oncall import api as oncall
from tocsin.oncall import calendar_api, desk_api
from tocsin.paging import api as paging
from tocsin.paging import duty_api, rehearsal_api
from tocsin.people import api as people
from tocsin.site import config_api
from tocsin.site.openapi import DescribedApi
from tocsin.web import problems
from tocsin.web.problems import Mistake, Problem

log = structlog.get_logger()
DATABASE_RETRY_S = 5
NAME_CHARS_MAX = 100
MISTAKES_MAX = 20
INVALID = "the request is not as it should be"
View = Callable[..., HttpResponseBase]
Operation = Callable[..., Any]
_GATHERING = frozenset({"body", "asked"})

api = DescribedApi(
    title="Tocsin",
    version=__version__,
    description="Alert groups, pages, schedules and the configuration. Errors are RFC 9457 problem details.",
    auth=[people.Bearer(), people.Session()],
    docs_url=None,
    urls_namespace="api",
)


def _strict(operation: Operation) -> Operation:
    """A parameter that nobody reads is a mistake of the sender's; whoever may not come in does not hear of it."""

    @wraps(operation)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> Any:
        known = api.parameters_at(request) if request.GET else []
        unknown = [name for name in request.GET if name not in known]
        if unknown:
            mistakes = [_unknown(text.cut(name, NAME_CHARS_MAX), known) for name in unknown[:MISTAKES_MAX]]
            raise Problem(422, INVALID, mistakes=mistakes)
        return operation(request, *args, **named)

    return answer


api.add_decorator(_strict)
api.add_router("/groups", alerts.router)
api.add_router("/groups", paging.groups_router)
api.add_router("/signals", alerts.signals_router)
api.add_router("/silences", alerts.silences_router)
api.add_router("/pages", paging.router)
api.add_router("/people", paging.contacts_router)
api.add_router("/people", rehearsal_api.people_router)
api.add_router("/teams", rehearsal_api.teams_router)
api.add_router("/oncall", oncall.router)
api.add_router("/schedules", oncall.schedules_router)
api.add_router("/schedules", duty_api.router)
api.add_router("/oncall", duty_api.findings_router)
api.add_router("/overrides", desk_api.overrides_router)
api.add_router("/swaps", desk_api.swaps_router)
api.add_router("/absences", desk_api.absences_router)
api.add_router("/handovers", desk_api.handovers_router)
api.add_router("/calendars", calendar_api.calendars_router)
api.add_router("/feeds", calendar_api.feeds_router)
api.add_router("/config", config_api.router)
api.add_router("/integrations", config_api.integrations_router)
api.add_router("/integrations", testing_api.router)
api.add_router("/searches", searches_api.router)
api.add_router("/accounts", accounts_api.router)
api.add_router("/people", accounts_api.people_router)
api.add_router("/what-if", config_api.whatif_router)
api.add_router("/audit", audit.router)
api.add_router("", people.router)


@csrf_exempt  # nothing is changed here, and a program is to hear that the address is wrong
def nowhere(request: HttpRequest) -> HttpResponse:
    """For addresses that only programs ask for and that are not there."""
    hint = "; see /api/v1/openapi.json" if request.path.startswith("/api/v1") else ""
    return problems.respond(Problem(404, f"there is nothing at {request.path}{hint}"))


def addresses() -> tuple[list[URLPattern | URLResolver], str, str]:
    """All addresses of the API, for `include`: a method that an address has not is a problem like any other."""
    found, app_name, namespace = api.urls
    for one in found:
        if isinstance(one, URLPattern):
            one.callback = nowhere if one.name == "api-root" else _answering(one.callback)
    return found, app_name, namespace


def _answering(view: View) -> View:
    """HEAD is GET without the body, which the server leaves out."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"
        response = view(request, *args, **named)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        allowed = response.headers["Allow"]
        return problems.respond(
            Problem(405, f"{request.method} is not for {request.path}; it takes {allowed}", headers={"Allow": allowed})
        )

    return answer


@api.exception_handler(Problem)
def _problem(_: HttpRequest, problem: Problem) -> HttpResponse:
    return problems.respond(problem)


@api.exception_handler(ValidationError)
def _invalid(_: HttpRequest, error: ValidationError) -> HttpResponse:
    mistakes = [_mistake(one) for one in error.errors]
    return problems.respond(Problem(422, INVALID, mistakes=mistakes))


@api.exception_handler(AuthenticationError)
def _stranger(_: HttpRequest, __: AuthenticationError) -> HttpResponse:
    detail = "sign in, or send an API token that is in force: Authorization: Bearer tsn_…"
    return problems.respond(Problem(401, detail, headers={"WWW-Authenticate": "Bearer"}))


@api.exception_handler(HttpError)
def _http(_: HttpRequest, error: HttpError) -> HttpResponse:
    unread = _unread(error.__cause__)
    return problems.respond(Problem(error.status_code, unread or str(error)))


@api.exception_handler(Http404)
def _missing(_: HttpRequest, __: Http404) -> HttpResponse:
    return problems.respond(Problem(404, "there is no such thing"))


@api.exception_handler(RequestDataTooBig)
def _too_big(_: HttpRequest, __: RequestDataTooBig) -> HttpResponse:
    most = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000_000} MB"
    return problems.respond(Problem(413, f"this is too large: the API takes {most} at once"))


@api.exception_handler(OverflowError)
@api.exception_handler(DataError)
def _beyond(request: HttpRequest, error: Exception) -> HttpResponse:
    """Nothing of ours is so large: a number beyond 64 bits, a time beyond the calendar, a text no database can hold."""
    log.info("api.beyond", path=request.path, error=type(error).__name__)
    return problems.respond(Problem(422, "a number, a time or a text in this request is beyond what there can be"))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    if isinstance(error, db.DatabaseGone):
        log.warning("api.database_gone", path=request.path)
        db.drop_connection()
        headers = {"Retry-After": str(DATABASE_RETRY_S)}
        return problems.respond(Problem(503, "the database is away for the moment", headers=headers))
    log.error("api.broken", path=request.path, exc_info=error)
    return problems.respond(Problem(500, "this broke, and it is our fault; the log says more"))


def _unread(cause: BaseException | None) -> str:
    """Why a request's body could not be read at all; empty if that is not what is wrong."""
    match cause:
        case json.JSONDecodeError():
            return f"the body is not JSON: {cause.msg} in line {cause.lineno}, column {cause.colno}"
        case UnicodeDecodeError():
            return f"the body is not JSON: what begins at byte {cause.start + 1} is not {cause.encoding.upper()}"
        case RecursionError():
            return "the body is nested too deep"
        case _:
            return ""


def _unknown(name: str, known: Sequence[str]) -> Mistake:
    near = get_close_matches(name, known, n=1)
    fix = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}" if known else "there are none here"
    return Mistake(field=name, message="there is no such parameter here", fix=fix)


def _mistake(error: dict[str, Any]) -> Mistake:
    """Where: without the part of the request, and without the parameter that gathers all its fields."""
    where = [str(part) for part in error["loc"]][1:]
    named = where[1:] if where[:1] and where[0] in _GATHERING else where
    message = str(error["msg"]).removeprefix("Value error, ")
    fix = str(error.get("ctx", {}).get("fix", ""))
    return Mistake(field=".".join(named), message=message[:1].lower() + message[1:], fix=fix)
