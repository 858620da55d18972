"""The journal's one table."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tocsin.kit.fields import InstantField


class FactRow(models.Model):
    """One fact, never changed and never deleted but by retention."""

    id = models.BigAutoField(primary_key=True)
    at = InstantField()
    name = models.TextField()
    subject = models.TextField()
    actor = models.TextField()
    body = models.TextField()
    audited = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "journal_fact"
        indexes: ClassVar = [
            models.Index(fields=["subject", "id"], name="journal_fact_subject"),
            models.Index(fields=["id"], condition=models.Q(audited=True), name="journal_fact_audit"),
        ]
