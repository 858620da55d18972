"""The engine's tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tocsin.kit.fields import InstantField


class Timer(models.Model):
    """Something to do at an instant. At most one per (kind, ref); setting it again moves it."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    ref = models.BigIntegerField()
    due_at = InstantField()
    absolute = models.BooleanField(default=False)  # an instant a person named, not a wait: a broken clock moves it not
    payload = models.TextField(default="")
    attempts = models.IntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "engine_timer"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "ref"], name="engine_timer_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="engine_timer_due")]


class Delivery(models.Model):
    """One message through one channel."""

    id = models.BigAutoField(primary_key=True)
    lane = models.SmallIntegerField()
    state = models.TextField()
    channel = models.TextField()
    address = models.TextField()
    address_key = models.TextField()
    bucket = models.TextField()
    body = models.TextField()
    subject = models.TextField()
    created_at = InstantField()
    due_at = InstantField()
    give_up_at = InstantField()
    attempts = models.IntegerField(default=0)
    takeovers = models.IntegerField(default=0)  # leases that ran out: the message may have gone out twice
    failing = models.BooleanField(default=False)
    owner = models.TextField(default="")
    lease_until = InstantField(null=True)
    receipt = models.TextField(default="")
    reason = models.TextField(default="")
    settled_at = InstantField(null=True)

    class Meta:
        db_table = "engine_delivery"
        indexes: ClassVar = [
            models.Index(fields=["lane", "due_at"], name="engine_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["address_key"], name="engine_delivery_address", condition=Q(state="waiting")),
            models.Index(fields=["lease_until"], name="engine_delivery_lease", condition=Q(state="leased")),
            models.Index(fields=["subject"], name="engine_delivery_subject"),
            models.Index(fields=["id"], name="engine_delivery_twice", condition=Q(takeovers__gt=0)),
        ]


class Attempt(models.Model):
    """The receipt of one attempt to deliver."""

    id = models.BigAutoField(primary_key=True)
    delivery_id = models.BigIntegerField()
    at = InstantField()
    attempt = models.IntegerField()
    outcome = models.TextField()
    reason = models.TextField(default="")
    receipt = models.TextField(default="")

    class Meta:
        db_table = "engine_attempt"
        indexes: ClassVar = [models.Index(fields=["delivery_id"], name="engine_attempt_delivery")]


class AddressUse(models.Model):
    """When a limited address was last written to."""

    address_key = models.TextField(primary_key=True)
    sent = models.TextField()  # JSON list of microseconds, newest last

    class Meta:
        db_table = "engine_address_use"


class Beat(models.Model):
    """One row per engine process, and one named "clock" that holds the latest instant any of them has seen."""

    name = models.TextField(primary_key=True)
    at = InstantField()
    started_at = InstantField()
    about = models.TextField(default="")

    class Meta:
        db_table = "engine_beat"
