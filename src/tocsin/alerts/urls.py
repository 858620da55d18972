from __future__ import annotations

from django.urls import path

from tocsin.alerts import silence_views, views

urlpatterns = [
    path("groups", views.groups, name="groups"),
    path("groups/<number:group_id>/acknowledgement", views.acknowledge, name="acknowledge"),
    path("groups/<number:group_id>/return", views.unacknowledge, name="unacknowledge"),
    path("groups/<number:group_id>/resolution", views.resolve, name="resolve"),
    path("groups/<number:group_id>/snooze", views.snooze, name="snooze"),
    path("groups/<number:group_id>/notes", views.note, name="note"),
    path("signals/<number:signal_id>", silence_views.signal, name="signal"),
    path("silences", silence_views.silences, name="silences"),
    path("silences/<number:silence_id>/end", silence_views.end_silence, name="end_silence"),
]
