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


def _integration(name: str, document: IntegrationDocument) -> IntegrationRules:
    return IntegrationRules(
        name=name,
        service=document.service,
        source=document.source,
        group_by=document.group_by,
        window=document.group_window,
        window_rolling=document.window_kind is WindowKind.ROLLING,
        reopen_within=document.reopen_within,
        resolve_after=document.resolve_after,
        hold=document.hold,
        auto_resolve_after=document.auto_resolve_after,
        heartbeat_within=document.every * document.misses + document.grace if document.every else None,
    )


def _service(name: str, document: ServiceDocument) -> ServiceRules:
    return ServiceRules(
        name=name,
        title=document.name,
        tier=document.tier,
        team=document.team,
        document=document,
        storm=None if document.storm == "off" else Storm(groups=document.storm.groups, within=document.storm.within),
        labels=document.labels,
    )
