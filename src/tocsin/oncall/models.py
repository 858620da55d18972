"""Tables of what people do to schedules, and of calendars read and offered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tocsin.kit.fields import InstantField


class OverrideRow(models.Model):
    """A change of a schedule for a while. Never deleted: it says who was on call."""

    id = models.BigAutoField(primary_key=True)
    schedule = models.TextField()
    person_out = models.TextField(null=True)  # noqa: DJ001 - nobody is not the person with the empty name
    person_in = models.TextField(null=True)  # noqa: DJ001 - as above
    starts_at = InstantField()
    ends_at = InstantField()
    reason = models.TextField(default="")
    made_by = models.TextField()
    made_at = InstantField()
    swap_id = models.BigIntegerField(null=True)
    cancelled_at = InstantField(null=True)
    cancelled_by = models.TextField(default="")

    class Meta:
        db_table = "oncall_override"
        indexes: ClassVar = [
            models.Index(fields=["ends_at"], name="oncall_override_end"),
            models.Index(fields=["schedule", "ends_at"], name="oncall_override_schedule"),
        ]


class SwapRow(models.Model):
    """A shift on offer."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    to_person = models.TextField(null=True)  # noqa: DJ001 - as above
    schedule = models.TextField()
    starts_at = InstantField()
    ends_at = InstantField()
    wants_schedule = models.TextField(default="")
    wants_start = InstantField(null=True)
    wants_end = InstantField(null=True)
    status = models.TextField()
    message = models.TextField(default="")
    made_at = InstantField()
    expires_at = InstantField()
    decided_by = models.TextField(default="")
    decided_at = InstantField(null=True)
    reason = models.TextField(default="")

    class Meta:
        db_table = "oncall_swap"
        indexes: ClassVar = [models.Index(fields=["status", "id"], name="oncall_swap_status")]


class AbsenceRow(models.Model):
    """A time a person is away, as they said."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    starts_at = InstantField()
    ends_at = InstantField()
    about = models.TextField(default="")
    made_by = models.TextField()
    made_at = InstantField()
    cancelled_at = InstantField(null=True)

    class Meta:
        db_table = "oncall_absence"
        indexes: ClassVar = [
            models.Index(fields=["ends_at"], name="oncall_absence_end", condition=Q(cancelled_at=None))
        ]


class CalendarRow(models.Model):
    """A calendar kept elsewhere: what was last read of it, and how reading goes."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    owner = models.TextField()  # a schedule or a person
    url = models.TextField(default="")  # encrypted; of a schedule's, whose document holds it, the digest
    made_at = InstantField()
    ended_at = InstantField(null=True)
    next_at = InstantField()
    read_at = InstantField(null=True)
    tried_at = InstantField(null=True)
    expanded_at = InstantField(null=True)
    failing_since = InstantField(null=True)
    failures = models.IntegerField(default=0)
    error = models.TextField(default="")
    etag = models.TextField(default="")
    modified = models.TextField(default="")
    body = models.TextField(default="")  # the last good one
    booked = models.TextField(default="[]")  # JSON of desk.Booked; what has passed stays as it was
    problems = models.TextField(default="[]")
    revision = models.IntegerField(default=0)

    class Meta:
        db_table = "oncall_calendar"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "owner"], name="oncall_calendar_once", condition=Q(ended_at__isnull=True)
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="oncall_calendar_next", condition=Q(ended_at__isnull=True))
        ]


class FeedRow(models.Model):
    """A calendar of ours behind a secret address; only the digest of the secret is kept."""

    id = models.BigAutoField(primary_key=True)
    hash = models.TextField(unique=True)
    person = models.TextField(null=True)  # noqa: DJ001 - as above
    schedule = models.TextField(null=True)  # noqa: DJ001 - as above
    made_by = models.TextField()
    made_at = InstantField()
    used_at = InstantField(null=True)
    revoked_at = InstantField(null=True)

    class Meta:
        db_table = "oncall_feed"


class HandoverRow(models.Model):
    """The pager passed on."""

    id = models.BigAutoField(primary_key=True)
    schedule = models.TextField()
    at = InstantField()
    since = InstantField()
    outgoing = models.TextField()  # JSON list of persons
    incoming = models.TextField()
    summary = models.TextField(default="")
    accepted_by = models.TextField(default="")
    accepted_at = InstantField(null=True)

    class Meta:
        db_table = "oncall_handover"
        constraints: ClassVar = [models.UniqueConstraint(fields=["schedule", "at"], name="oncall_handover_once")]


class ToldRow(models.Model):
    """What somebody has been told, so that nobody is told twice."""

    key = models.TextField(primary_key=True)
    at = InstantField()

    class Meta:
        db_table = "oncall_told"
        indexes: ClassVar = [models.Index(fields=["at"], name="oncall_told_at")]
