"""Tables of escalations and pages."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tocsin.kit.fields import InstantField


class EscalationRow(models.Model):
    """A policy running for a group."""

    id = models.BigAutoField(primary_key=True)
    group_id = models.BigIntegerField()
    service = models.TextField()
    plan = models.TextField()  # JSON of paging.domain.Plan, frozen
    urgency = models.TextField()
    status = models.TextField()
    position = models.IntegerField()
    turn = models.IntegerField()
    reason = models.TextField(default="")
    started_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        db_table = "paging_escalation"
        indexes: ClassVar = [
            models.Index(fields=["group_id"], name="paging_escalation_group"),
        ]


class PageRow(models.Model):
    """One person's attention asked."""

    id = models.BigAutoField(primary_key=True)
    escalation_id = models.BigIntegerField()
    group_id = models.BigIntegerField()
    person = models.TextField()
    position = models.IntegerField()
    status = models.TextField()
    reason = models.TextField()
    created_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        db_table = "paging_page"
        indexes: ClassVar = [
            models.Index(fields=["group_id"], name="paging_page_group"),
            models.Index(fields=["person", "id"], name="paging_page_person"),
            models.Index(fields=["escalation_id"], name="paging_page_active", condition=Q(status="active")),
        ]


class InboxNote(models.Model):
    """A message in a person's inbox inside Tocsin."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    at = InstantField()
    kind = models.TextField()
    subject = models.TextField()
    text = models.TextField()
    url = models.TextField(default="")
    acknowledge_url = models.TextField(default="")
    page_id = models.BigIntegerField(null=True)
    read_at = InstantField(null=True)

    class Meta:
        db_table = "paging_inbox_note"
        indexes: ClassVar = [
            models.Index(fields=["person", "id"], name="paging_inbox_person"),
            models.Index(fields=["person"], name="paging_inbox_unread", condition=Q(read_at__isnull=True)),
        ]


class RoundRobin(models.Model):
    """How many escalations a service has had: whose turn it is."""

    service = models.TextField(primary_key=True)
    turn = models.IntegerField(default=0)

    class Meta:
        db_table = "paging_round_robin"


class ContactState(models.Model):
    """What is known about a contact's address beyond its document: proven by a code, or found dead."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    address_key = models.TextField()
    verified_at = InstantField(null=True)
    disabled_at = InstantField(null=True)
    reason = models.TextField(default="")

    class Meta:
        db_table = "paging_contact_state"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "address_key"], name="paging_contact_state_once")
        ]


class ContactCode(models.Model):
    """The code sent last to prove an address, and when codes were sent there."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    address_key = models.TextField()
    hash = models.TextField()  # keyed; empty once it has been used
    expires_at = InstantField()
    tries = models.IntegerField(default=0)
    sent = models.TextField()  # JSON list of microseconds

    class Meta:
        db_table = "paging_contact_code"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "address_key"], name="paging_contact_code_once")
        ]


class DeviceRow(models.Model):
    """A browser or phone that takes push for its person."""

    id = models.BigAutoField(primary_key=True)
    person = models.TextField()
    endpoint = models.TextField(unique=True)  # of the browser's push service
    p256dh = models.TextField()
    auth = models.TextField()
    name = models.TextField()
    created_at = InstantField()
    used_at = InstantField(null=True)  # when the push service last took a message
    failed_at = InstantField(null=True)
    reason = models.TextField(default="")  # why it last failed

    class Meta:
        db_table = "paging_device"
        indexes: ClassVar = [models.Index(fields=["person"], name="paging_device_person")]


class PushKey(models.Model):
    """The installation's own key, by which push services know us: made once, shared by all nodes, kept encrypted."""

    id = models.IntegerField(primary_key=True)  # always 1
    kept = models.TextField()
    point = models.TextField()  # its public half, which browsers ask for
    created_at = InstantField()

    class Meta:
        db_table = "paging_push_key"


class Rehearsal(models.Model):
    """A test page to one person: their own, or one of a whole team's, which share `run`."""

    id = models.BigAutoField(primary_key=True)
    run = models.TextField()
    team = models.TextField(default="")
    person = models.TextField()
    group_id = models.BigIntegerField()
    at = InstantField()
    by = models.TextField()

    class Meta:
        db_table = "paging_rehearsal"
        indexes: ClassVar = [
            models.Index(fields=["person", "id"], name="paging_rehearsal_person"),
            models.Index(fields=["team", "id"], name="paging_rehearsal_team"),
        ]
