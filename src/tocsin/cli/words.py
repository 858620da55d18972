"""What the API answers, in words for people at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tocsin.kit import text
from tocsin.people.words import by_contact

Body = Mapping[str, Any]


def when(written: str | None, now: datetime) -> str:
    """How long ago, or how long until."""
    if not written:
        return ""
    seconds = int((now - parse(written)).total_seconds())
    rough = _rough(abs(seconds))
    return f"{rough} ago" if seconds >= 0 else f"in {rough}"


def local(written: str | None) -> str:
    """The instant on this machine's clock, to the second."""
    return f"{parse(written).astimezone():%Y-%m-%d %H:%M:%S}" if written else ""


def parse(written: str) -> datetime:
    """An instant as the API writes it."""
    return datetime.fromisoformat(written).astimezone(UTC)


def who(by: str) -> str:
    """`person:ann` is ann; the rest is said as it is."""
    return by.removeprefix("person:")


def fact(name: str, body: Body) -> str:
    """What happened, in one line."""
    say = _SENTENCES.get(name)
    if say is not None:
        return say(body)
    rest = {key: value for key, value in body.items() if key not in {"group", "by"} and value not in ("", None)}
    return " ".join([_spaced(name), *(f"{key}={value}" for key, value in rest.items())])


def _rough(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _spaced(name: str) -> str:
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def _because(body: Body) -> str:
    return f": {body['reason']}" if body.get("reason") else ""


def _way(body: Body) -> str:
    return by_contact(body["channel"], body.get("contact", ""))


def _step(body: Body) -> str:
    step = f"step {body['step']}" if body.get("step") else "last resort"
    cycle = f", round {body['cycle']}" if body.get("cycle", 1) > 1 else ""
    return f"{body.get('policy', '')} {step}{cycle}".strip()


_SENTENCES: dict[str, Callable[[Body], str]] = {
    "AlertGroupOpened": lambda body: f"pages ({body['urgency']}){_because(body)}",
    "AlertGroupSuppressed": lambda body: f"pages nobody{_because(body)}",
    "AlertJoined": lambda body: f"another alert: {text.cut(body['title'], 80)}",
    "AlertResolved": lambda body: f"one alert is over{_because(body)}",
    "AlertGroupAcknowledged": lambda body: f"acknowledged by {who(body['by'])}",
    "AlertGroupUnacknowledged": lambda body: f"not acknowledged any more{_because(body)}",
    "AlertGroupSnoozed": lambda body: f"snoozed by {who(body['by'])} until {local(body['until'])}",
    "AlertGroupResolved": lambda body: f"resolved by {who(body['by'])}{_because(body)}",
    "NoteAdded": lambda body: f"{who(body['by'])}: {body['text']}",
    "EscalationStarted": lambda body: (
        f"escalation by {body['policy'] or 'no policy'} ({body['urgency']}){_because(body)}"
    ),
    "EscalationStopped": lambda body: f"nobody else is woken{_because(body)}",
    "EscalationExhausted": lambda _: "everybody has been tried and nobody answered",
    "StepSkipped": lambda body: f"{_step(body)} skipped{_because(body)}",
    "PersonPaged": lambda body: f"{body['person']} paged, {body['reason']} ({_step(body)}): {', '.join(body['ways'])}",
    "PersonUnreachable": lambda body: f"{body['person']} cannot be reached{_because(body)}",
    "MessageDelivered": lambda body: f"{_way(body)} to {body['person']} handed over",
    "MessageFailing": lambda body: f"{_way(body)} to {body['person']} does not get through{_because(body)}",
}
