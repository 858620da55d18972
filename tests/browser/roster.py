"""Schedules as a company has them, for pictures worth looking at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from serving import Served
from tocsin.kit import clock, db
from tocsin.oncall import store
from tocsin.oncall.desk import Handover
from tocsin.paging import duty
from tocsin.paging.standing import standing


def busy_roster(served: Served) -> int:
    """Schedules as a company has them: gaps, shadows, overrides, an absence, a swap; the number of the swap."""
    week = {"rotation": "weekly", "handoff": "Mon 09:00", "start": "2026-01-05"}
    day = {"rotation": "daily", "handoff": "08:00", "start": "2026-01-05"}
    people = {
        "fay": "Fay Lindqvist",
        "gil": "Gil Amar",
        "hana": "Hana Mori",
        "ivo": "Ivo Petrov",
        "jo": "Jo Nakamura-Smith",
    }
    for name, title in people.items():
        person = {"name": title, "email": f"{name}@acme.example", "contacts": {"inbox": {"inbox": True}}}
        assert served.api("ann", "PUT", f"/config/documents/people/{name}", person).status < 300
    rosters: dict[str, dict[str, Any]] = {
        "payments": {
            "name": "Payments, around the clock",
            "team": "shop",
            "layers": [
                {"name": "nights", **week, "people": ["fay", "gil", "hana"]},
                {
                    "name": "days",
                    **day,
                    "people": ["ann", "ivo", "jo"],
                    "between": ["08:00-20:00"],
                    "weekdays": ["Mon-Fri"],
                },
                {"name": "learning", **week, "people": ["cleo"], "shadow": True},
            ],
        },
        "office": {
            "name": "Office hours",
            "team": "platform",
            "layers": [
                {
                    "name": "desk",
                    **day,
                    "people": ["hana", "ivo", "bob"],
                    "between": ["08:00-18:00"],
                    "weekdays": ["Mon-Fri"],
                }
            ],
        },
        "pair": {
            "name": "Database pair",
            "layers": [{"name": "two", **week, "people": ["ann", "bob", "jo", "gil"], "at_once": 2}],
        },
    }
    for name, body in rosters.items():
        put = served.api(
            "ann", "PUT", f"/config/documents/schedules/{name}?force=true", {"timezone": "Europe/Berlin", **body}
        )
        assert put.status < 300, put.body
    now = clock.now().replace(minute=0, second=0, microsecond=0)

    def at(hours: int) -> str:
        return (now + timedelta(hours=hours)).isoformat()

    change = {
        "schedule": "payments",
        "person_in": "bob",
        "person_out": "*",
        "start": at(30),
        "end": at(54),
        "reason": "exam",
    }
    served.api("ann", "POST", "/overrides", change)
    served.api("ann", "POST", "/absences", {"start": at(24), "end": at(24 * 20), "about": "Sailing"})
    mine = served.api("ann", "GET", f"/schedules/first/shifts?from={_url(at(1))}&to={_url(at(24 * 20))}").body["shifts"]
    shift = next(one for one in mine if one["person"] == "ann")
    gives = {"schedule": "first", "start": shift["start"], "end": shift["end"]}
    made = served.api("ann", "POST", "/swaps", {"gives": gives, "to": "bob", "message": "My sister’s wedding"})
    assert made.status == 201, made.body
    return int(made.body["id"])


def handed_over(url: str) -> int:
    """The pager of the first schedule has passed from Ann to Bob, who has not said yet that he has it."""
    at = clock.now().replace(minute=0, second=0, microsecond=0)
    shift = Handover(
        id=0,
        schedule="first",
        at=at,
        since=at - timedelta(hours=12),
        outgoing=("ann",),
        incoming=("bob",),
        summary="",
        accepted_by="",
        accepted_at=None,
    )
    with db.transact(clock.now()) as tx:
        made = store.put_handover(tx, shift)
        assert made is not None
        said = duty.summary(tx, standing(tx), "first", shift.since, tx.now, shift.outgoing)
        store.put_summary(tx, made.id, said.words(url))
        return made.id


def _url(instant: str) -> str:
    return instant.replace("+", "%2B")
