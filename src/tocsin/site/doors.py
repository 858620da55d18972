"""Addresses for programs: the API, vendors' read APIs, health and metrics."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from tocsin.alerts import compat
from tocsin.site import api, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.api.urls),
    re_path(r"^api/v1(?:/.*)?$", api.nowhere),
    path("-/healthy", health.healthy),
    path("-/ready", health.ready),
    path("metrics", health.metrics),
    path("api/v2/alerts", compat.alertmanager_alerts),
    path("api/v2/status", compat.alertmanager_status),
    path(
        "in/prometheus/<str:key>/api/v2/alerts", compat.alertmanager_alerts
    ),  # with the key as Prometheus's path prefix
    re_path(r"^in/prometheus/[^/]+/api/v2/status$", compat.alertmanager_status),
    re_path(r"^in/prometheus/[^/]+/-/healthy$", health.healthy),
    re_path(r"^in/prometheus/[^/]+/-/ready$", health.ready),
    path("v2/alerts", compat.opsgenie_list),
    path("v2/alerts/", compat.opsgenie_list),
    path("v2/alerts/count", compat.opsgenie_count),
    path("v2/alerts/requests/<path:request_id>", compat.opsgenie_request),
    path("v2/alerts/<path:identifier>", compat.opsgenie_alert),
]
