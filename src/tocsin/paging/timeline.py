"""The journal of one alert group in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.journal.domain import Entry
from tocsin.kit import clock, text
from tocsin.people.words import by_contact

Body = dict[str, Any]
Name = Callable[[str], str]
"""How people call an actor, a person or a policy: "person:ann" -> "Ann Lee"."""

NOTE_NAMES = frozenset({"NoteAdded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline."""

    id: int
    at: datetime
    icon: str
    words: str
    why: str = ""
    quote: str = ""


def timeline(entries: Iterable[Entry], name: Name, in_words: Callable[[str], str]) -> list[Moment]:
    """Newest first. `in_words` says a reason as people read it."""
    found = [_moment(entry, name, in_words) for entry in entries]
    found.reverse()
    return found


def _moment(entry: Entry, name: Name, in_words: Callable[[str], str]) -> Moment:
    icon, words = _WORDS.get(entry.name, ("dot", lambda _body, _name, _by: entry.name))
    return Moment(
        id=entry.id,
        at=clock.from_us(entry.at_us),
        icon=icon,
        words=words(entry.body, name, entry.actor),
        why=in_words(_why(entry.body)),
        quote=entry.body.get("text", "") if entry.name in NOTE_NAMES else "",
    )


def _why(body: Body) -> str:
    reason = str(body.get("reason", "") or "")
    return "" if reason == "a person did it" else reason


def _opened(body: Body, _name: Name, _by: str) -> str:
    kind = "Storm group opened" if body.get("storm") else "Opened"
    return f"{kind} with {body['urgency']} urgency"


def _acknowledged(body: Body, name: Name, by: str) -> str:
    return f"Acknowledged by {name(by)}{_via(body)}"


def _resolved(body: Body, name: Name, by: str) -> str:
    return f"Resolved by {name(by)}{_via(body)}" if by.startswith(("person:", "user:", "token:")) else "Resolved"


def _via(body: Body) -> str:
    via = body.get("via")
    return f" by {via}" if via else ""


def _step(body: Body) -> str:
    number = "last resort" if not body["step"] else f"step {body['step']}"
    return number if body["cycle"] == 1 else f"{number}, round {body['cycle']}"


def _paged(body: Body, name: Name, _by: str) -> str:
    ways = ", ".join(body.get("ways", ()))
    return f"{name('person:' + body['person'])} is paged ({_step(body)}): {ways}"


def _started(body: Body, name: Name, _by: str) -> str:
    return f"Escalation by policy {name('policy:' + body['policy'])} starts" if body["policy"] else "Escalation starts"


def _message(body: Body, name: Name) -> str:
    way = by_contact(body["channel"], body.get("contact", ""))
    return f"{way[:1].upper()}{way[1:]} to {name('person:' + body['person'])}"


_WORDS: dict[str, tuple[str, Callable[[Body, Name, str], str]]] = {
    "AlertGroupOpened": ("bell", _opened),
    "AlertGroupSuppressed": ("silence", lambda _b, _n, _by: "Suppressed: pages nobody"),
    "AlertJoined": ("groups", lambda b, _n, _by: f"Another alert joined: {text.cut(b['title'], 120)}"),
    "AlertResolved": ("check", lambda _b, _n, _by: "One of its alerts is over"),
    "AlertGroupAcknowledged": ("check", _acknowledged),
    "AlertGroupUnacknowledged": ("undo", lambda _b, n, by: f"Acknowledgement taken back by {n(by)}"),
    "AlertGroupSnoozed": (
        "snooze",
        lambda b, n, by: f"Snoozed by {n(by)} until {b['until'][:16].replace('T', ' ')} UTC",
    ),
    "AlertGroupResolved": ("check", _resolved),
    "NoteAdded": ("note", lambda _b, n, by: f"{n(by)} wrote"),
    "EscalationStarted": ("up", _started),
    "StepSkipped": ("skip", lambda b, _n, _by: f"{_step(b).capitalize()} skipped"),
    "PersonPaged": ("send", _paged),
    "PersonUnreachable": ("warning", lambda b, n, _by: f"{n('person:' + b['person'])} cannot be reached"),
    "MessageDelivered": ("mail", lambda b, n, _by: f"{_message(b, n)} delivered"),
    "MessageFailing": (
        "warning",
        lambda b, n, _by: f"{_message(b, n)} does not get through",
    ),
    "EscalationStopped": ("cross", lambda _b, _n, _by: "Nobody else is woken"),
    "EscalationExhausted": ("warning", lambda _b, _n, _by: "Everybody has been tried and nobody answered"),
}
