"""The configuration as the alert rules need it, compiled once per version."""

from __future__ import annotations

from functools import lru_cache

from tocsin.alerts.documents import RouteDocument
from tocsin.alerts.domain import IntegrationRules, Route, ServiceRules, Storm
from tocsin.alerts.rules import Rulebook
from tocsin.catalog.domain import IntegrationDocument, ServiceDocument, WindowKind
from tocsin.config.domain import Snapshot


@lru_cache(maxsize=8)
def compile_rulebook(snapshot: Snapshot) -> Rulebook:
    """Every route, integration and service of this version."""
    routes = snapshot.all("routes", RouteDocument)
    return Rulebook(
        routes=tuple(_route(place, route) for place, route in enumerate(routes.values(), start=1)),
        integrations={
            name: _integration(name, one) for name, one in snapshot.all("integrations", IntegrationDocument).items()
        },
        services={name: _service(name, one) for name, one in snapshot.all("services", ServiceDocument).items()},
    )


def _route(place: int, route: RouteDocument) -> Route:
    return Route(
        place=place,
        when=route.conditions,
        service=route.service,
        urgency=route.urgency,
        severity=route.severity,
        drop=route.drop,
        suppress=route.suppress,
        group_by=tuple(route.group_by) if route.group_by is not None else None,
        hold=route.hold,
    )


def _integration(name: str, one: IntegrationDocument) -> IntegrationRules:
    return IntegrationRules(
        name=name,
        service=one.service,
        source=one.source,
        group_by=one.group_by,
        window=one.group_window,
        window_rolling=one.window_kind is WindowKind.ROLLING,
        reopen_within=one.reopen_within,
        resolve_after=one.resolve_after,
        hold=one.hold,
        auto_resolve_after=one.auto_resolve_after,
        heartbeat_within=one.every * one.misses + one.grace if one.every else None,
    )


def _service(name: str, one: ServiceDocument) -> ServiceRules:
    return ServiceRules(
        name=name,
        title=one.name,
        tier=one.tier,
        team=one.team,
        document=one,
        storm=None if one.storm == "off" else Storm(groups=one.storm.groups, within=one.storm.within),
        labels=one.labels,
    )
