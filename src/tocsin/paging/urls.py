from __future__ import annotations

from django.urls import path

from tocsin.paging import group_views, views

urlpatterns = [
    path("", views.now, name="now"),
    path("groups/<number:group_id>", group_views.group, name="group"),
    path("groups/<number:group_id>/escalation", group_views.escalate, name="escalate"),
    path("a/<str:token>", views.answer, name="answer"),
    path("inbox", views.inbox, name="inbox"),
    path("inbox/read", views.read, name="inbox_read"),
]
