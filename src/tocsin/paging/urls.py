from __future__ import annotations

from django.urls import path

from tocsin.paging import answer_views, group_views, policy_views, search_views, service_views, setup_views, views

urlpatterns = [
    path("", views.now, name="now"),
    path("groups", search_views.groups, name="groups"),
    path("groups/searches", search_views.keep_search, name="keep_search"),
    path("groups/searches/<number:search_id>/removal", search_views.drop_search, name="drop_search"),
    path("groups/<number:group_id>", group_views.group, name="group"),
    path("groups/<number:group_id>/escalation", group_views.escalate, name="escalate"),
    path("a/<str:token>", answer_views.answer, name="answer"),
    path("policies", policy_views.policies, name="policies"),
    path("policies/new", policy_views.new_policy, name="new_policy"),
    path("policies/<str:name>", policy_views.policy, name="policy"),
    path("policies/<str:name>/edit", policy_views.edit_policy, name="edit_policy"),
    path("inbox", views.inbox, name="inbox"),
    path("inbox/read", views.read, name="inbox_read"),
    path("setup", setup_views.setup, name="setup"),
    path("services", service_views.services, name="services"),
    path("services/new", service_views.new_service, name="new_service"),
    path("services/<str:name>", service_views.service, name="service"),
    path("services/<str:name>/change", service_views.edit_service, name="edit_service"),
    path("services/<str:name>/removal", service_views.remove_service, name="remove_service"),
]
