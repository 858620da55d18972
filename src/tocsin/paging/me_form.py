"""What people change about how they are reached: from a form to the document that is to hold. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tocsin.channels.registry import CHANNELS
from tocsin.kit import text
from tocsin.people.domain import OWN, Urgency

Body = dict[str, Any]
NEW_RULES = 2  # empty lines a form offers
DELAYS = ("0s", "1m", "2m", "3m", "5m", "10m", "15m", "30m", "1h")
CONTACT_NAME_CHARS_MAX = 40
SHIFT_STARTS = ("1d", "12h", "1h", "30m", "0s")
SHIFT_ENDS = ("1h", "30m", "0s")
SECRET_OPTIONS = ("secret", "token", "user", "password")


class Wrong(ValueError):
    """What was typed cannot be; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def with_contact(body: Mapping[str, Any], typed: Mapping[str, str]) -> tuple[Body, str]:
    """The document with one more contact, and the contact's name. Raises Wrong."""
    channel = typed.get("channel", "")
    if channel not in CHANNELS:
        raise Wrong("channel", "choose one of the ways")
    address = typed.get("address", "").strip()
    contact: Body = {channel: True} if channel in OWN else {channel: address}
    if channel not in OWN:
        wrong = CHANNELS[channel].check(address) if address else "write where it leads"
        if wrong is not None:
            raise Wrong("address", wrong)
    for option in SECRET_OPTIONS:
        value = typed.get(option, "").strip()
        if value and option in CHANNELS[channel].options:
            contact[option] = value
    if typed.get("detail") == "full" and "detail" in CHANNELS[channel].options:
        contact["detail"] = "full"
    made = copy.deepcopy(dict(body))
    contacts = made.setdefault("contacts", {})
    name = _name(typed.get("name", ""), channel, contacts)
    contacts[name] = contact
    return made, name


def without_contact(body: Mapping[str, Any], name: str) -> Body:
    """The document without this contact, and without the rules that name it."""
    made = copy.deepcopy(dict(body))
    made.get("contacts", {}).pop(name, None)
    for urgency in Urgency:
        rules = made.get("notify", {}).get(urgency.value)
        if rules is not None:
            _set_rules(made, urgency, [rule for rule in rules if rule["via"] != name])
    return made


def renamed(body: Mapping[str, Any], name: str, new: str) -> Body:
    """The document with another name for a contact, in its rules too. Raises Wrong."""
    made = copy.deepcopy(dict(body))
    contacts = made.get("contacts", {})
    called = text.slug(new, CONTACT_NAME_CHARS_MAX)
    if not called:
        raise Wrong("name", "a name has letters or digits")
    if called != name and called in contacts:
        raise Wrong("name", f"there is a contact called {called} already")
    made["contacts"] = {called if key == name else key: contact for key, contact in contacts.items()}
    for urgency in Urgency:
        for rule in made.get("notify", {}).get(urgency.value) or ():
            if rule["via"] == name:
                rule["via"] = called
    return made


def with_rules(body: Mapping[str, Any], typed: Mapping[str, Sequence[str]]) -> Body:
    """The document with the notification rules and shift notices of the form. Raises Wrong."""
    made = copy.deepcopy(dict(body))
    for urgency in Urgency:
        via, after = typed.get(f"{urgency}-via", ()), typed.get(f"{urgency}-after", ())
        lines = [
            {"after": _delay(wait, f"{urgency}-after"), "via": name}
            for name, wait in zip(via, after, strict=False)
            if name
        ]
        _set_rules(made, urgency, sorted(lines, key=lambda line: text.parse_duration(line["after"])))
    shifts = {
        "start": [_delay(one, "shift-start") for one in typed.get("shift-start", ())],
        "end": [_delay(one, "shift-end") for one in typed.get("shift-end", ())],
    }
    made.setdefault("notify", {})["shifts"] = shifts
    return made


def with_profile(body: Mapping[str, Any], name: str, timezone: str) -> Body:
    """The document with another spelling of the name and another time zone."""
    return {**body, "name": name.strip(), "timezone": timezone.strip()}


def _set_rules(body: Body, urgency: Urgency, rules: list[dict[str, str]]) -> None:
    """No rules means: at once by every contact, which is what an absent list says."""
    notify = body.setdefault("notify", {})
    if rules:
        notify[urgency.value] = rules
    else:
        notify.pop(urgency.value, None)


def _delay(written: str, field: str) -> str:
    try:
        span = text.parse_duration(written)
    except ValueError as error:
        raise Wrong(field, str(error)) from None
    if span < timedelta(0):
        raise Wrong(field, "this lies in the past")
    return text.format_duration(span)


def _name(typed: str, channel: str, taken: Mapping[str, object]) -> str:
    wanted = text.slug(typed, CONTACT_NAME_CHARS_MAX) or {"email": "mail", "sms": "text"}.get(channel, channel)
    if typed.strip() and wanted in taken:
        raise Wrong("name", f"there is a contact called {wanted} already")
    number, name = 2, wanted
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
