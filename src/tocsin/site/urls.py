"""Every address of the interface."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, register_converter

from tocsin.site import health_views
from tocsin.web.converters import NumberConverter

register_converter(NumberConverter, "number")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tocsin.paging.urls")),
    path("", include("tocsin.paging.me_urls")),
    path("", include("tocsin.oncall.urls")),
    path("", include("tocsin.alerts.urls")),
    path("", include("tocsin.people.urls")),
    path("", include("tocsin.admin.urls")),
    path("", include("tocsin.web.urls")),
    path("", include("tocsin.site.config_urls")),
    path("health", health_views.health_page, name="health_page"),
    path("", include("tocsin.site.doors")),
]
handler400 = "tocsin.web.errors.bad_request"
handler403 = "tocsin.web.errors.forbidden"
handler404 = "tocsin.web.errors.not_found"
handler429 = "tocsin.web.errors.too_many"  # allauth's limits answer with it
handler500 = "tocsin.web.errors.broken"
