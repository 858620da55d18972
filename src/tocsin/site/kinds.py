"""All kinds of documents: every section a configuration file can have.

What only a later slice can know about an earlier one's documents is put together here: whether a channel can use a
contact is known to `paging`, which sees both people and channels.
"""

from __future__ import annotations

from dataclasses import replace

from tocsin.alerts import documents as alerts
from tocsin.catalog import kinds as catalog
from tocsin.config.domain import Kind
from tocsin.incidents import domain as incidents
from tocsin.oncall import kind as oncall
from tocsin.paging import check
from tocsin.paging import documents as paging
from tocsin.people import kinds as people

KINDS: tuple[Kind, ...] = (
    replace(people.PEOPLE, validate=check.contact_problems),
    people.TEAMS,
    catalog.SERVICES,
    catalog.INTEGRATIONS,
    alerts.KIND,
    oncall.KIND,
    replace(paging.KIND, check=check.findings),
    incidents.KIND,
)
