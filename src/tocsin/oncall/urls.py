"""Addresses outside the API: the calendars of ours."""

from __future__ import annotations

from django.urls import URLPattern, path

from tocsin.oncall import feed_views

urlpatterns: list[URLPattern] = [
    path("cal/<str:secret>.ics", feed_views.feed, name="calendar_feed"),
]
