"""Addresses outside the API: the pages of on call, and the calendars of ours."""

from __future__ import annotations

from django.urls import URLPattern, path

from tocsin.oncall import (
    feed_views,
    handover_views,
    my_views,
    override_views,
    schedule_form_views,
    schedule_views,
    swap_views,
    views,
)

urlpatterns: list[URLPattern] = [
    path("oncall", views.on_call, name="oncall"),
    path("oncall/me", my_views.mine, name="my_oncall"),
    path("oncall/me/absences", my_views.note_absence, name="note_absence"),
    path("oncall/me/absences/<number:absence_id>/cancellation", my_views.cancel_absence, name="cancel_absence"),
    path("oncall/me/calendars", my_views.link_calendar, name="link_calendar"),
    path("oncall/me/calendars/<number:calendar_id>/end", my_views.unlink_calendar, name="unlink_calendar"),
    path("oncall/me/feeds", my_views.open_feed, name="open_my_feed"),
    path("oncall/feeds/<number:feed_id>/revocation", schedule_views.revoke_feed, name="revoke_feed"),
    path("oncall/overrides/<number:override_id>/cancellation", override_views.cancel, name="cancel_override"),
    path("oncall/swaps/new", swap_views.new, name="new_swap"),
    path("oncall/swaps/<number:swap_id>", swap_views.swap, name="swap"),
    path("oncall/swaps/<number:swap_id>/acceptance", swap_views.accept, name="accept_swap"),
    path("oncall/swaps/<number:swap_id>/refusal", swap_views.decline, name="decline_swap"),
    path("oncall/swaps/<number:swap_id>/withdrawal", swap_views.withdraw, name="withdraw_swap"),
    path("oncall/handovers/<number:handover_id>", handover_views.handover, name="handover"),
    path("oncall/handovers/<number:handover_id>/acceptance", handover_views.accept, name="accept_handover"),
    path("schedules", schedule_views.schedules, name="schedules"),
    path("schedules/new", schedule_form_views.new, name="new_schedule"),
    path("schedules/<str:name>/edit", schedule_form_views.edit, name="edit_schedule"),
    path("schedules/<str:name>/removal", schedule_form_views.remove, name="remove_schedule"),
    path("schedules/<str:name>", schedule_views.schedule, name="schedule"),
    path("schedules/<str:name>/override", override_views.new, name="new_override"),
    path("schedules/<str:name>/feeds", schedule_views.open_feed, name="open_feed"),
    path("cal/<str:secret>.ics", feed_views.feed, name="calendar_feed"),
]
