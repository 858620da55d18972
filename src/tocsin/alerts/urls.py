from __future__ import annotations

from django.urls import path

from tocsin.alerts import silence_views, views

urlpatterns = [
    path("groups", views.groups, name="groups"),
    path("groups/<int:group_id>/acknowledgement", views.acknowledge, name="acknowledge"),
    path("groups/<int:group_id>/return", views.unacknowledge, name="unacknowledge"),
    path("groups/<int:group_id>/resolution", views.resolve, name="resolve"),
    path("groups/<int:group_id>/snooze", views.snooze, name="snooze"),
    path("groups/<int:group_id>/notes", views.note, name="note"),
    path("signals/<int:signal_id>", silence_views.signal, name="signal"),
    path("silences", silence_views.silences, name="silences"),
    path("silences/<int:silence_id>/end", silence_views.end_silence, name="end_silence"),
]
