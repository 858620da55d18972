"""All kinds of documents: every section a configuration file can have.

What only a later slice can know about an earlier one's documents is put together here: whether a channel can use a
contact is known to `paging`, which sees both people and channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tocsin.alerts import documents as alerts
from tocsin.catalog import kinds as catalog
from tocsin.config.domain import Kind, Problem, Snapshot
from tocsin.incidents import domain as incidents
from tocsin.oncall import kind as oncall
from tocsin.paging import check
from tocsin.paging import documents as paging
from tocsin.people import kinds as people


def _people_problems(snapshot: Snapshot) -> Iterator[Problem]:
    yield from people.PEOPLE.validate(snapshot)
    yield from check.contact_problems(snapshot)


KINDS: tuple[Kind, ...] = (
    replace(people.PEOPLE, validate=_people_problems),
    people.TEAMS,
    catalog.SERVICES,
    catalog.INTEGRATIONS,
    alerts.KIND,
    oncall.KIND,
    replace(paging.KIND, check=check.findings),
    incidents.KIND,
)
