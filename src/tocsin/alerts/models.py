"""Tables of the intake, alerts and groups."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tocsin.kit.fields import InstantField


class Envelope(models.Model):
    """One accepted request, as received, with the signals read from it; durable before its sender gets an answer."""

    id = models.BigAutoField(primary_key=True)
    integration = models.TextField()
    source = models.TextField()
    received_at = InstantField()
    body = models.BinaryField()
    signals = models.BinaryField()  # MessagePack list of sources.domain.Signal
    signal_count = models.IntegerField()
    reference = models.TextField(default="")  # what the sender was told to ask for it by
    problems = models.TextField(default="")

    class Meta:
        db_table = "alerts_envelope"
        indexes: ClassVar = [
            models.Index(fields=["reference"], name="alerts_envelope_reference", condition=~Q(reference="")),
        ]


class WaitingRow(models.Model):
    """An envelope that is not absorbed yet: written with it, gone with what became of its signals. Its id is the envelope's."""

    id = models.BigIntegerField(primary_key=True)
    signal_count = models.IntegerField()

    class Meta:
        db_table = "alerts_waiting"


class Receipt(models.Model):
    """How many signals one transaction took in, written with their envelopes: what the auditor counts these by."""

    id = models.BigAutoField(primary_key=True)
    signals = models.BigIntegerField()

    class Meta:
        db_table = "alerts_receipt"


class SignalRow(models.Model):
    """What became of one signal. Its id is its envelope's id and its place there, so it cannot be absorbed twice."""

    id = models.BigIntegerField(primary_key=True)
    integration = models.TextField()
    at = InstantField()
    action = models.TextField()
    dedup_key = models.TextField()
    outcome = models.TextField()
    reason = models.TextField()
    alert_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "alerts_signal"
        indexes: ClassVar = [
            models.Index(fields=["alert_id"], name="alerts_signal_alert", condition=Q(alert_id__isnull=False)),
            models.Index(fields=["integration", "id"], name="alerts_signal_integration"),
            models.Index(fields=["id"], name="alerts_signal_set_aside", condition=Q(outcome="set_aside")),
        ]


class AuditRow(models.Model):
    """How far the auditor has come. One row."""

    id = models.BigIntegerField(primary_key=True)
    complete_to = models.BigIntegerField()
    seen_to = models.BigIntegerField()
    second_to = models.BigIntegerField()
    lacking = models.TextField()  # JSON list of numbers of envelopes
    receipts = models.TextField(db_default="")  # JSON of receipts.Counted
    at = InstantField()

    class Meta:
        db_table = "alerts_audit"


class AlertRow(models.Model):
    """One problem, one dedup key."""

    id = models.BigAutoField(primary_key=True)
    identity = models.TextField()
    integration = models.TextField()
    dedup_key = models.TextField()
    service = models.TextField()
    group_id = models.BigIntegerField()
    status = models.TextField()
    severity = models.TextField()
    urgency = models.TextField()
    crc = models.BigIntegerField()
    title = models.TextField()
    description = models.TextField()
    labels = models.TextField()
    details = models.TextField()
    links = models.TextField()
    images = models.TextField()
    signal_count = models.IntegerField()
    opened_at = InstantField()
    started_at = InstantField()
    last_signal_at = InstantField()
    expires_at = InstantField(null=True)
    resolved_at = InstantField(null=True)
    silence_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "alerts_alert"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity"], name="alerts_alert_firing", condition=Q(status="firing")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["group_id"], name="alerts_alert_group"),
            models.Index(fields=["identity"], name="alerts_alert_identity"),
            models.Index(
                fields=["expires_at"],
                name="alerts_alert_expires",
                condition=Q(status="firing") & Q(expires_at__isnull=False),
            ),
            models.Index(
                fields=["silence_id"],
                name="alerts_alert_silence",
                condition=Q(status="firing") & Q(silence_id__isnull=False),
            ),
        ]


class GroupRow(models.Model):
    """What pages people."""

    id = models.BigAutoField(primary_key=True)
    identity = models.TextField()
    service = models.TextField()
    integration = models.TextField()
    key = models.TextField()
    title = models.TextField()
    status = models.TextField()
    urgency = models.TextField()
    severity = models.TextField()
    opened_at = InstantField()
    window_until = InstantField(null=True)
    reopen_until = InstantField(null=True)
    alert_count = models.IntegerField()
    firing_count = models.IntegerField()
    route = models.IntegerField(null=True)
    storm = models.BooleanField(default=False)
    suppressed_by = models.TextField(default="")
    resolving_at = InstantField(null=True)
    acknowledged_by = models.TextField(default="")
    acknowledged_at = InstantField(null=True)
    snoozed_until = InstantField(null=True)
    snoozed_alerts = models.IntegerField(null=True)
    resolved_at = InstantField(null=True)
    resolved_by = models.TextField(default="")
    resolve_after_s = models.FloatField(default=0)
    reopen_within_s = models.FloatField(default=0)

    class Meta:
        db_table = "alerts_group"
        indexes: ClassVar = [
            models.Index(fields=["identity"], name="alerts_group_live", condition=~Q(status="resolved")),
            models.Index(fields=["identity"], name="alerts_group_reopenable", condition=Q(reopen_until__isnull=False)),
            models.Index(fields=["status", "opened_at"], name="alerts_group_status"),
            models.Index(fields=["service", "opened_at"], name="alerts_group_service"),
        ]


class SilenceRow(models.Model):
    """While it is active, alerts that match page nobody."""

    id = models.BigAutoField(primary_key=True)
    matchers = models.TextField()
    starts_at = InstantField()
    ends_at = InstantField()
    author = models.TextField()
    comment = models.TextField()
    created_at = InstantField()

    class Meta:
        db_table = "alerts_silence"
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="alerts_silence_ends")]


class Change(models.Model):
    """A deployment or other change: shown beside alerts, never pages, kept 90 days."""

    id = models.BigAutoField(primary_key=True)
    integration = models.TextField()
    service = models.TextField()
    at = InstantField()
    summary = models.TextField()
    labels = models.TextField()
    details = models.TextField()
    links = models.TextField()

    class Meta:
        db_table = "alerts_change"
        indexes: ClassVar = [models.Index(fields=["service", "at"], name="alerts_change_service")]


class Heartbeat(models.Model):
    """One expected sign of life."""

    id = models.BigAutoField(primary_key=True)
    integration = models.TextField(unique=True)
    last_at = InstantField(null=True)
    due_at = InstantField()
    missed = models.BooleanField(default=False)

    class Meta:
        db_table = "alerts_heartbeat"


class SavedSearch(models.Model):
    """A search of the list of groups that somebody keeps under a name."""

    id = models.BigAutoField(primary_key=True)
    user_id = models.BigIntegerField()
    name = models.TextField()
    query = models.TextField()  # the address holds the whole search

    class Meta:
        db_table = "alerts_saved_search"
        indexes: ClassVar = [models.Index(fields=["user_id", "id"], name="alerts_saved_search_user")]
