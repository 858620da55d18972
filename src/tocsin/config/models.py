"""The configuration's tables: every version there was, and from which version until which each document held."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tocsin.kit.fields import InstantField


class Version(models.Model):
    """One accepted change of the configuration."""

    number = models.BigIntegerField(primary_key=True)
    token = models.TextField()  # tells this version from another of the same number, in a restored database say
    at = InstantField()
    by = models.TextField()
    message = models.TextField(default="")
    changes = models.TextField()  # JSON list of changes, without secrets

    class Meta:
        db_table = "config_version"


class Document(models.Model):
    """One document as it was from version `since` until (not including) version `until`; null while it holds."""

    id = models.BigAutoField(primary_key=True)
    section = models.TextField()
    name = models.TextField()
    position = models.IntegerField()
    body = models.TextField()  # JSON, secrets encrypted
    sealed = models.TextField(default="[]")  # JSON list of the paths in `body` that are encrypted
    managed_by = models.TextField()
    source_file = models.TextField(default="")
    scope = models.TextField(default="")
    since = models.BigIntegerField()
    until = models.BigIntegerField(null=True)

    class Meta:
        db_table = "config_document"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["section", "name"], condition=Q(until=None), name="config_document_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["section", "name", "since"], name="config_document_history"),
        ]
