from __future__ import annotations

from django.urls import path

from tocsin.alerts import integration_forms, integration_views, silence_views, views

urlpatterns = [
    path("groups/<number:group_id>/acknowledgement", views.acknowledge, name="acknowledge"),
    path("groups/<number:group_id>/return", views.unacknowledge, name="unacknowledge"),
    path("groups/<number:group_id>/resolution", views.resolve, name="resolve"),
    path("groups/<number:group_id>/snooze", views.snooze, name="snooze"),
    path("groups/<number:group_id>/notes", views.note, name="note"),
    path("signals/<number:signal_id>", silence_views.signal, name="signal"),
    path("silences", silence_views.silences, name="silences"),
    path("silences/<number:silence_id>/end", silence_views.end_silence, name="end_silence"),
    path("integrations", integration_views.integrations, name="integrations"),
    path("integrations/new", integration_forms.new_integration, name="new_integration"),
    path("integrations/<str:name>", integration_views.integration, name="integration"),
    path("integrations/<str:name>/change", integration_forms.edit_integration, name="edit_integration"),
    path("integrations/<str:name>/mapping", integration_forms.edit_mapping, name="edit_mapping"),
    path("integrations/<str:name>/test", integration_views.send_test, name="send_test"),
    path("integrations/<str:name>/key", integration_forms.rotate_key, name="rotate_key"),
    path("integrations/<str:name>/removal", integration_forms.remove_integration, name="remove_integration"),
]
