"""Addresses of the configuration's pages."""

from __future__ import annotations

from django.urls import path

from tocsin.site import apply_views, config_views, editor_views, history_views, plan_views, route_views, whatif_views

urlpatterns = [
    path("what-if", whatif_views.what_if, name="what_if"),
    path("plans", plan_views.plans, name="plans"),
    path("routes", route_views.routes, name="routes"),
    path("routes/<number:number>/move", route_views.move_route, name="move_route"),
    path("configuration", config_views.configuration, name="configuration"),
    path("configuration/export", config_views.export_file, name="config_export"),
    path("configuration/apply", apply_views.apply, name="config_apply"),
    path("configuration/problems", editor_views.problems, name="config_problems"),
    path("configuration/new/<str:section>", editor_views.new, name="config_new"),
    path("configuration/edit/<str:section>/<str:name>", editor_views.edit, name="config_edit"),
    path("configuration/remove/<str:section>/<str:name>", config_views.remove, name="config_remove"),
    path("configuration/history", history_views.history, name="config_history"),
    path("configuration/history/<number:number>", history_views.version, name="config_version"),
    path("configuration/history/<number:number>/return", history_views.go_back, name="config_return"),
]
