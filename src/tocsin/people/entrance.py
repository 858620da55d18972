"""The doors in front of the door: the first account, a forgotten password, a link from a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods

from tocsin.config.domain import Problem
from tocsin.kit import clock, db, secrets
from tocsin.kit.installation import installation
from tocsin.people import firstrun, links, queries
from tocsin.people.domain import LinkPurpose, ResetAsked, SetUpRefused
from tocsin.people.firstrun import Impossible, Newcomer
from tocsin.people.models import User
from tocsin.web import errors
from tocsin.web.pages import show

EMAIL_CHARS_MAX = 254
NAME_CHARS_MAX = 200
RATES = {"first_run": "10/m/ip,60/h/ip", "reset": "10/h/ip,3/h/key", "link": "20/m/ip"}
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRunPage:
    """The first account: what was typed, and what is wrong with it, by field."""

    name: str = ""
    email: str = ""
    timezone: str = "UTC"
    wrong: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenPage:
    """Asking for another password; `asked` once it was."""

    sends_mail: bool
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """Choosing a password by a link."""

    email: str
    token: str
    invited: bool
    wrong: tuple[str, ...] = ()


@form_methods
def sign_in(request: HttpRequest) -> HttpResponse:
    """Allauth's page; where nobody has an account yet, the first one is opened instead."""
    if request.method != "POST" and queries.is_empty():
        return HttpResponseRedirect(reverse("first_run"))
    answer: HttpResponse = account.login(request)
    return answer


@form_methods
def first_run(request: HttpRequest) -> HttpResponse:
    """The administrator's account, for whoever knows the installation's code."""
    if not queries.is_empty():
        return HttpResponseRedirect(reverse("account_login"))
    if request.method != "POST":
        return show(request, "people/first_run.html", FirstRunPage())
    if not _allowed(request, "first_run"):
        return errors.too_many(request)
    page = _typed(request)
    if not secrets.same(request.POST.get("code", ""), firstrun.code()):
        with db.transact(clock.now()) as tx:
            tx.record(SetUpRefused(address=get_adapter().get_client_ip(request)))
        page.wrong["code"] = ["This is not the code of this installation."]
    password = request.POST.get("password", "")
    page.wrong.update(_password_problems(password, page.email))
    if page.wrong:
        return show(request, "people/first_run.html", page, status=422)
    who = Newcomer(name=page.name, email=page.email, timezone=page.timezone, password=password)
    with db.transact(clock.now()) as tx:
        made = firstrun.open_first(tx, who)
    if isinstance(made, Impossible):
        page.wrong.update(_by_field(made.problems))
        return show(request, "people/first_run.html", page, status=422)
    if made is None:
        return HttpResponseRedirect(reverse("account_login"))
    return _let_in(request, made, _set_up_url())


@form_methods
def forgotten(request: HttpRequest) -> HttpResponse:
    """A link for another password goes to the address, if there is an account; the answer never says whether."""
    sends_mail = bool(installation().smtp_url)
    if request.method != "POST" or not sends_mail:
        return show(request, "people/forgotten.html", ForgottenPage(sends_mail=sends_mail))
    email = request.POST.get("email", "").strip().lower()[:EMAIL_CHARS_MAX]
    if not _allowed(request, "reset", email):
        return errors.too_many(request)
    with db.transact(clock.now()) as tx:
        tx.record(ResetAsked(email=email if "@" in email else "", address=get_adapter().get_client_ip(request)))
        user = queries.user_by_email(email)
        if user is not None and user.is_active:
            links.send_reset(tx, user, by=queries.actor_of(tx, user).by)
    return show(request, "people/forgotten.html", ForgottenPage(sends_mail=True, asked=True))


@form_methods
def choose_password(request: HttpRequest, token: str) -> HttpResponse:
    """The page a link leads to. Opening it changes nothing; sending the form uses the link up."""
    opened = links.look(db.reader(clock.now()), token)
    if opened is None:
        return show(request, "people/link_over.html", None, status=410)
    page = PasswordPage(email=opened.email, token=token, invited=opened.purpose is LinkPurpose.INVITATION)
    if request.method != "POST":
        return show(request, "people/choose_password.html", page)
    if not _allowed(request, "link"):
        return errors.too_many(request)
    password = request.POST.get("password", "")
    wrong = _password_problems(password, opened.email).get("password", [])
    if wrong:
        page = PasswordPage(email=page.email, token=token, invited=page.invited, wrong=tuple(wrong))
        return show(request, "people/choose_password.html", page, status=422)
    with db.transact(clock.now()) as tx:
        user = links.choose(tx, opened, password, by=queries.actor_of(tx, User.objects.get(id=opened.user_id)).by)
    if user is None:
        return show(request, "people/link_over.html", None, status=410)
    if page.invited:
        return _let_in(request, user, reverse("me"))
    get_adapter().forget_wrong_tries(request, user.email)
    messages.success(request, "You have another password, and are signed out everywhere. Sign in with it.")
    return HttpResponseRedirect(reverse("account_login"), status=303)


def _allowed(request: HttpRequest, action: str, key: str = "") -> bool:
    return ratelimit.consume(request, app="tocsin", action=action, config=RATES, key=key) is not None


def _typed(request: HttpRequest) -> FirstRunPage:
    return FirstRunPage(
        name=request.POST.get("name", "").strip()[:NAME_CHARS_MAX],
        email=request.POST.get("email", "").strip()[:EMAIL_CHARS_MAX],
        timezone=request.POST.get("timezone", "").strip() or "UTC",
    )


def _password_problems(password: str, email: str) -> dict[str, list[str]]:
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        return {"password": list(error.messages)}
    return {}


def _by_field(problems: Sequence[Problem]) -> dict[str, list[str]]:
    """What is wrong, at the field of the document it is about; the rest at the top."""
    found: dict[str, list[str]] = {}
    for one in problems:
        name = str(one.path[2]) if len(one.path) > 2 else "all"
        said = f"{one.message}: {one.fix}" if one.fix else one.message
        found.setdefault(name if name in ("name", "email", "timezone") else "all", []).append(said)
    return found


def _let_in(request: HttpRequest, user: User, to: str) -> HttpResponse:
    answer: HttpResponse = perform_login(request, user, email_verification="none", redirect_url=to)
    return answer


def _set_up_url() -> str:
    try:
        return reverse("setup")
    except NoReverseMatch:
        return reverse("now")
