"""Every kind of document there is."""

from __future__ import annotations

from tocsin.alerts import documents as alerts
from tocsin.catalog import kinds as catalog
from tocsin.config.domain import Kind
from tocsin.incidents import domain as incidents
from tocsin.oncall import kind as oncall
from tocsin.paging import documents as paging
from tocsin.people import kinds as people

KINDS: tuple[Kind, ...] = (
    people.PEOPLE,
    people.TEAMS,
    catalog.SERVICES,
    catalog.INTEGRATIONS,
    alerts.KIND,
    oncall.KIND,
    paging.KIND,
    incidents.KIND,
)
