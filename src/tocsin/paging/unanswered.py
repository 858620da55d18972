"""That nobody answered, as Tocsin's own alert tells the administrators. Pure: the engine says it, the what-if foresees it."""

from __future__ import annotations

from tocsin.alerts import own
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Signal


def key(group_id: int) -> str:
    """The alert's key, by the group that nobody answered."""
    return f"exhausted {group_id}"


def alert(group_id: int, title: str, urgency: Urgency, *, reached: bool, reference: str = "") -> Signal:
    """Everybody has been tried. What could wait for the morning can wait for the administrators too, unless no message
    got through to anybody at all.
    """
    return own.trouble(
        key=key(group_id),
        title=f"Nobody answered {reference}".rstrip() + f": {title}",
        description="Everybody its policy names has been tried."
        + ("" if reached else " No message got through to anybody."),
        can_wait=reached and urgency is Urgency.LOW,
    )
