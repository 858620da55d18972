from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from tocsin.admin import account_views, audit_views, people_views, team_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("people", people_views.people_list, name="people"),
    path("people/-/new", people_views.new_person, name="new_person"),
    path("people/<str:name>", people_views.person, name="person"),
    path("people/<str:name>/account", people_views.open_account, name="open_account"),
    path("people/<str:name>/removal", people_views.remove_person, name="remove_person"),
    path("accounts/<number:user_id>", account_views.account, name="account"),
    path("accounts/<number:user_id>/invitation", account_views.invite, name="invite"),
    path("accounts/<number:user_id>/invitation/withdrawal", account_views.withdraw, name="withdraw_invitation"),
    path("accounts/<number:user_id>/reset", account_views.reset, name="send_reset"),
    path("accounts/<number:user_id>/sign-out", account_views.sign_out, name="sign_out_everywhere"),
    path("accounts/<number:user_id>/closing", account_views.close, name="close_account"),
    path("accounts/<number:user_id>/opening", account_views.reopen, name="reopen_account"),
    path("audit", audit_views.audit, name="audit"),
    path("audit/export.csv", audit_views.export_csv, name="audit_csv"),
    path("audit/export.jsonl", audit_views.export_jsonl, name="audit_jsonl"),
    path("teams", team_views.teams, name="teams"),
    path("teams/-/new", team_views.new_team, name="new_team"),
    path("teams/<str:name>", team_views.team, name="team"),
    path("teams/<str:name>/removal", team_views.remove_team, name="remove_team"),
]
