"""The HTML doors to oneself: contacts and rules, which are the person's document; codes, devices and tests, which are
not, so they work as well for somebody whose document a file manages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.catalog import editing
from tocsin.channels.registry import CHANNELS
from tocsin.config import actions as configuring
from tocsin.config import drafts, secrecy
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Refused
from tocsin.kit import clock, db
from tocsin.paging import codes, devices, me_form, me_page, pushkey, rehearsal, trying
from tocsin.paging.me_page import Draft, Slip
from tocsin.people.domain import Contact, PersonDocument
from tocsin.people.kinds import PEOPLE
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show

TYPED_CHARS_MAX = 2000
Body = Mapping[str, Any]


@require_safe
@permit(Right.SEE)
def me(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who one is here, how one is reached, and whether that works."""
    if actor.person and not pushkey.is_ready(db.reader(clock.now())):
        with db.transact(clock.now()) as tx:
            pushkey.ensure(tx)
    return _show(request, actor)


@require_POST
@permit(Right.SEE)
def add_contact(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One more way to be reached; where it has to be proven, a code is sent at once."""
    typed = _typed(request)
    try:
        body, name = me_form.with_contact(_body(actor), typed)
    except me_form.Wrong as wrong:
        return _slip(request, actor, Slip(form="add", message=f"{wrong}.", field=wrong.field, typed=typed))
    refused = _save_own_document(request, actor, body, "add", typed)
    if refused is not None:
        return refused
    channel = CHANNELS[typed["channel"]]
    if not channel.implemented:
        messages.warning(request, f"{name} was added. This version does not send there yet.")
    elif channel.needs_verification:
        return _send_code(request, actor, name)
    else:
        messages.success(request, f"{name} was added.")
    return _back(f"contact-{name}")


@require_POST
@permit(Right.SEE)
def send_code(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    """Send a code through a contact."""
    _contact(actor, contact)
    return _send_code(request, actor, contact)


@require_POST
@permit(Right.SEE)
def prove(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    """The code that came says that the contact leads to its person."""
    _contact(actor, contact)
    typed = request.POST.get("code", "").strip().replace(" ", "")[:20]
    with db.transact(clock.now()) as tx:
        outcome = codes.confirm(tx, actor.person, contact, typed)
    if outcome is not codes.Outcome.PROVEN:
        words = f"{outcome.value[0].upper()}{outcome.value[1:]}."
        return _slip(request, actor, Slip(form=f"code-{contact}", message=words))
    messages.success(request, f"{contact} is proven: pages can go there.")
    return _back(f"contact-{contact}")


@require_POST
@permit(Right.SEE)
def try_contact(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    """One test message through a contact that counts as the person's."""
    _contact(actor, contact)
    known = {line.contact: codes.Proof(line.state) for line in codes.contacts(db.reader(clock.now()), actor.person)}
    if known[contact] not in me_page.GOOD:
        messages.warning(request, f"Nothing was sent: {contact} is {me_page.STATE_WORDS[known[contact]]}.")
        return _back(f"contact-{contact}")
    try:
        with db.transact(clock.now()) as tx:
            trying.send(tx, actor.person, contact)
    except trying.TooOften as often:
        messages.warning(request, f"Nothing was sent: {often}.")
    else:
        messages.success(request, f"A test message is on its way to {contact}.")
    return _back(f"contact-{contact}")


@require_POST
@permit(Right.SEE)
def rename_contact(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    """Another name for a contact, in the rules too."""
    _contact(actor, contact)
    form = f"name-{contact}"
    try:
        body = me_form.renamed(_body(actor), contact, _typed(request).get("name", ""))
    except me_form.Wrong as wrong:
        return _slip(request, actor, Slip(form=form, message=f"{wrong}."))
    return _save_own_document(request, actor, body, form) or _succeeded(request, "It has another name now.", "contacts")


@require_POST
@permit(Right.SEE)
def remove_contact(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    """A contact is used no more, and no rule names it."""
    _contact(actor, contact)
    body = me_form.without_contact(_body(actor), contact)
    return _save_own_document(request, actor, body, f"name-{contact}") or _succeeded(
        request, f"{contact} was removed.", "contacts"
    )


@require_POST
@permit(Right.SEE)
def set_rules(request: HttpRequest, actor: Actor) -> HttpResponse:
    """When one is told by what, and of shifts how long ahead."""
    document = _person(actor)
    if request.POST.get("stamp", "") != me_page.stamp(document):
        words = "Your contacts or rules were changed in the meantime. This is what holds now; change it again."
        return _slip(request, actor, Slip(form="rules", message=words), status=409)
    typed = {name: [one[:TYPED_CHARS_MAX] for one in request.POST.getlist(name)] for name in request.POST}
    try:
        body = me_form.with_rules(_body(actor), typed)
    except me_form.Wrong as wrong:
        return _slip(request, actor, Slip(form="rules", message=f"{wrong}.", field=wrong.field))
    if "preview" in request.POST:
        return _previewed(request, actor, body)
    return _save_own_document(request, actor, body, "rules") or _succeeded(request, "Your rules are changed.", "rules")


@require_POST
@permit(Right.SEE)
def set_profile(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How the name is spelt, and the zone in which times are shown."""
    typed = _typed(request)
    body = me_form.with_profile(_body(actor), typed.get("name", ""), typed.get("timezone", ""))
    return _save_own_document(request, actor, body, "profile", typed) or _succeeded(request, "Changed.", "profile")


@require_POST
@permit(Right.SEE)
def page_me(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A real page, now, to oneself, marked as a test."""
    _person(actor)
    try:
        with db.transact(clock.now()) as tx:
            rehearsal.start(tx, [actor.person], by=actor.by)
    except rehearsal.TooManyTests as often:
        messages.warning(request, f"You were not paged: {often}.")
    return _back("test")


@require_POST
@permit(Right.SEE)
def add_device(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A browser takes push from now on; if the person has no push contact yet, it is made."""
    _person(actor)
    typed = _typed(request)
    try:
        with db.transact(clock.now()) as tx:
            devices.register(
                tx,
                actor.person,
                typed.get("name", ""),
                typed.get("endpoint", ""),
                (typed.get("p256dh", ""), typed.get("auth", "")),
            )
    except (devices.WrongSubscription, devices.TooManyDevices) as wrong:
        return _slip(request, actor, Slip(form="device", message=f"This device was not registered: {wrong}."))
    messages.success(request, "This device takes push from now on.")
    return _ensure_push_contact(request, actor) or _back("devices")


@require_POST
@permit(Right.SEE)
def remove_device(request: HttpRequest, actor: Actor, device_id: int) -> HttpResponse:
    """It takes no push any more."""
    with db.transact(clock.now()) as tx:
        if not devices.remove(tx, actor.person, device_id, actor.by):
            raise Http404
    return _succeeded(request, "That device takes no push any more.", "devices")


def _ensure_push_contact(request: HttpRequest, actor: Actor) -> HttpResponse | None:
    """Whoever turns push on wants to be reached by it; a file that manages the document is left alone."""
    if any(contact.channel == devices.CHANNEL for contact in _person(actor).contacts.values()):
        return None
    file = me_page.managing_file(db.reader(clock.now()), actor.person)
    if file:
        messages.warning(
            request, f"{file} manages your contacts: add `push: {{push: true}}` there, or nothing is sent."
        )
        return None
    body, _ = me_form.with_contact(_body(actor), {"channel": devices.CHANNEL})
    return _save_own_document(request, actor, body, "device")


def _send_code(request: HttpRequest, actor: Actor, contact: str) -> HttpResponse:
    try:
        with db.transact(clock.now()) as tx:
            codes.send(tx, actor.person, contact)
    except codes.TooMany as often:
        messages.warning(request, f"No code was sent: {often}.")
    else:
        messages.success(request, f"A code is on its way to {contact}. It counts for 10 minutes.")
    return _back(f"contact-{contact}")


def _previewed(request: HttpRequest, actor: Actor, body: Body) -> HttpResponse:
    """What saving these rules would mean for oneself and others; nothing is saved."""
    reader = db.reader(clock.now())
    meant = drafts.of_body(reader, PEOPLE, actor.person, body)
    read = configuring.read(configuration.state(reader), PEOPLE, actor.person, body)
    if meant.problems or not isinstance(read, PersonDocument):
        said = " ".join(f"{one.message}." for one in meant.problems)
        return _slip(request, actor, Slip(form="rules", message=said))
    return _show(request, actor, draft=Draft(document=read, meant=meant))


def _save_own_document(
    request: HttpRequest, actor: Actor, body: Body, form: str, typed: Mapping[str, str] | None = None
) -> HttpResponse | None:
    """Write one's own document; None if it holds now, else the page that says why not."""
    outcome = editing.put(actor, "people", actor.person, body)
    match outcome:
        case Applied():
            return None
        case Refused():
            said = " ".join(f"{one.message}{f': {one.fix}' if one.fix else ''}." for one in outcome.problems)
            words = f"{said[0].upper()}{said[1:]}"
        case _:
            words = "The configuration was changed at this very moment; try again."
    return _slip(request, actor, Slip(form=form, message=words, typed=typed or {}))


def _show(
    request: HttpRequest, actor: Actor, *, slip: Slip | None = None, draft: Draft | None = None, status: int = 200
) -> HttpResponse:
    email = str(getattr(request.user, "email", ""))
    page = me_page.page(db.reader(clock.now()), actor, email, slip=slip, draft=draft)
    return show(request, "paging/me.html", page, status=status)


def _slip(request: HttpRequest, actor: Actor, slip: Slip, status: int = 422) -> HttpResponse:
    return _show(request, actor, slip=slip, status=status)


def _succeeded(request: HttpRequest, words: str, place: str) -> HttpResponse:
    messages.success(request, words)
    return _back(place)


def _back(place: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('me')}#{place}", status=303)


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: str(value)[:TYPED_CHARS_MAX] for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}


def _person(actor: Actor) -> PersonDocument:
    found = configuration.current(db.reader(clock.now())).all("people", PersonDocument).get(actor.person)
    if found is None:
        raise Http404
    return found


def _contact(actor: Actor, name: str) -> Contact:
    found = _person(actor).contacts.get(name)
    if found is None:
        raise Http404
    return found


def _body(actor: Actor) -> dict[str, Any]:
    return secrecy.dump(_person(actor))
