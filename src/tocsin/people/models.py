"""Tables of accounts: who may sign in, and the tokens that act for them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from tocsin.kit.fields import InstantField


class Accounts(BaseUserManager["User"]):
    """How Django and allauth find an account."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """An account. What it may do follows from the person it belongs to; see rights.py."""

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(max_length=254, unique=True)  # always lower case
    person = models.TextField(default="", blank=True)  # a name in the configuration's section `people`, or empty
    role = models.TextField(default="viewer")  # counts only for an account without a person
    is_active = models.BooleanField(default=True)
    epoch = models.IntegerField(default=0)  # sessions of an earlier one are over
    created_at = InstantField()
    last_login = InstantField(null=True, blank=True)

    objects = Accounts()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "people_user"
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="people_user_email"),
            models.UniqueConstraint(fields=["person"], name="people_user_person", condition=~models.Q(person="")),
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to go on: the password it began with, and that it was not ended since."""
        begun_with = f"{self.password}:{self.epoch}" if self.epoch else self.password
        return salted_hmac("tocsin.people.session", begun_with, secret=secret, algorithm="sha256").hexdigest()


class Link(models.Model):
    """A link that was sent by mail and lets its reader choose a password, once. The link itself is signed, not kept."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="links")
    purpose = models.TextField()  # see domain.LinkPurpose
    created_at = InstantField()
    expires_at = InstantField()
    used_at = InstantField(null=True)
    ended_at = InstantField(null=True)  # withdrawn, or another one was sent

    class Meta:
        db_table = "people_link"


class CacheRow(models.Model):
    """What Django's cache keeps: how often somebody tried to come in. In the database, so that it counts on all nodes."""

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "people_cache"


class Token(models.Model):
    """A secret with which a program acts for an account; only its digest is kept."""

    id = models.BigAutoField(primary_key=True)
    hash = models.TextField(unique=True)
    name = models.TextField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    scopes = models.TextField()  # JSON list of rights
    created_at = InstantField()
    expires_at = InstantField(null=True)
    last_used_at = InstantField(null=True)
    revoked_at = InstantField(null=True)

    class Meta:
        db_table = "people_token"
