from __future__ import annotations

from django.urls import path

from tocsin.web import manual_views

urlpatterns = [
    path("docs", manual_views.index, name="manual"),
    path("docs/images/<str:name>", manual_views.file, {"kind": "images"}, name="manual_picture"),
    path("docs/examples/<str:name>", manual_views.file, {"kind": "examples"}, name="manual_example"),
    path("docs/<path:slug>", manual_views.chapter, name="manual_chapter"),
]
