from __future__ import annotations

from django.urls import path

from tocsin.paging import me_views, rehearsal_views, worker_views

urlpatterns = [
    path("me", me_views.me, name="me"),
    path("me/contacts", me_views.add_contact, name="add_contact"),
    path("me/contacts/<str:contact>/code", me_views.send_code, name="send_code"),
    path("me/contacts/<str:contact>/proof", me_views.prove, name="prove_contact"),
    path("me/contacts/<str:contact>/test", me_views.try_contact, name="try_contact"),
    path("me/contacts/<str:contact>/name", me_views.rename_contact, name="rename_contact"),
    path("me/contacts/<str:contact>/removal", me_views.remove_contact, name="remove_contact"),
    path("me/rules", me_views.set_rules, name="set_rules"),
    path("me/profile", me_views.set_profile, name="set_profile"),
    path("me/page", me_views.page_me, name="page_me"),
    path("me/devices", me_views.add_device, name="add_device"),
    path("me/devices/<number:device_id>/removal", me_views.remove_device, name="remove_device"),
    path("teams/<str:team>/rehearsal", rehearsal_views.rehearse_team, name="rehearse_team"),
    path("sw.js", worker_views.worker, name="worker"),
    path("manifest.webmanifest", worker_views.manifest, name="manifest"),
    path("offline", worker_views.offline, name="offline"),
]
