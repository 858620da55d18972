"""docs/reference/status-machines.md: what leads where, drawn from the tables."""

from __future__ import annotations

from enum import Enum

from tests.docs.writers import marks

from tocsin.alerts import rules
from tocsin.alerts.domain import GroupEvent, GroupStatus, Outcome, Reason
from tocsin.engine.domain import State
from tocsin.paging.domain import EscalationStatus, PageStatus, Why

_STAYS = "–"


def write() -> dict[str, str]:
    """The page."""
    return {
        "status-machines.md": marks.page(
            "Status machines",
            "## Alert group",
            "What is not drawn is refused: the API answers 409, and the message says why.",
            _drawn(),
            _table(),
            _meanings("Events", GroupEvent, "event"),
            "## Alert",
            "An alert is `firing` until its sender resolves it, it is not heard of again in time, or a person resolves"
            " its group: then it is `resolved`, for good. The same problem afterwards is a new alert.",
            "## Escalation",
            _statuses(EscalationStatus),
            "## Page",
            _statuses(PageStatus),
            "## Delivery",
            "One message through one channel. Its receipts are shown on the group's page.",
            _statuses(State),
            "## What becomes of a signal",
            "Every accepted signal ends as exactly one of these; `tocsin explain` tells which, and why.",
            marks.table(("outcome", "meaning"), _coded(Outcome)),
            "Reasons:",
            "\n".join(f"- {reason.value}" for reason in Reason),
            "## Why somebody is paged, or a step is skipped",
            "\n".join(f"- {why.value}" for why in Why),
        )
    }


def _drawn() -> str:
    lines = [
        f"    {before.value} --> {after.value}: {event.value}" for (before, event), after in rules.GROUP_MACHINE.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> open", "    [*] --> suppressed", *lines, "```"])


def _table() -> str:
    rows = [
        (
            marks.code(event.value),
            *(
                marks.code(after.value) if (after := rules.GROUP_MACHINE.get((status, event))) else _STAYS
                for status in GroupStatus
            ),
        )
        for event in GroupEvent
    ]
    return marks.table(("event", *(f"from `{status.value}`" for status in GroupStatus)), rows)


def _meanings(title: str, kind: type[Enum], head: str) -> str:
    rows = [(marks.code(value), said) for value, said in marks.members(kind) if said]
    return f"{title} that need a word:\n\n{marks.table((head, 'meaning'), rows)}"


def _statuses(kind: type[Enum]) -> str:
    return marks.table(("status", "meaning"), _coded(kind))


def _coded(kind: type[Enum]) -> list[tuple[str, str]]:
    return [(marks.code(value), said) for value, said in marks.members(kind)]
