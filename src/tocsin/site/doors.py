"""Addresses for programs: the API, vendors' read APIs, health and metrics."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from tocsin.alerts import compat_alertmanager as alertmanager
from tocsin.alerts import compat_opsgenie as opsgenie
from tocsin.site import api, health


def _alertmanager(prefix: str) -> list[URLPattern]:
    return [
        path(f"{prefix}alerts", alertmanager.alerts),
        path(f"{prefix}alerts/groups", alertmanager.groups),
        path(f"{prefix}receivers", alertmanager.receivers),
        path(f"{prefix}silences", alertmanager.silences),
        path(f"{prefix}silence/<str:silence_id>", alertmanager.silence),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.addresses()),
    re_path(r"^api/v1(?:/.*)?$", api.nowhere),
    path("-/healthy", health.healthy),
    path("-/ready", health.ready),
    path("metrics", health.metrics),
    *_alertmanager("api/v2/"),
    *_alertmanager("in/prometheus/<str:key>/api/v2/"),  # with the key as Prometheus's path prefix
    path("api/v2/status", alertmanager.status),
    re_path(r"^in/prometheus/[^/]+/api/v2/status$", alertmanager.status),
    re_path(r"^in/prometheus/[^/]+/-/healthy$", health.healthy),
    re_path(r"^in/prometheus/[^/]+/-/ready$", health.ready),
    path("v2/alerts", opsgenie.alerts),
    path("v2/alerts/", opsgenie.alerts),
    path("v2/alerts/count", opsgenie.count),
    path("v2/alerts/requests/<path:request_id>", opsgenie.request_status),
    path("v2/alerts/<path:identifier>", opsgenie.alert),
    re_path(r"^(?:api|in|v1|v2)(?:/.*)?$", api.nowhere),
]
