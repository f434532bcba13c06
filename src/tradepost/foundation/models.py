"""Tables both services stand on: people, tokens, domain time, the mail outbox and the audit log."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_operator=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Roles are per vendor (catalog.Membership) and per site (sites.Member)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True, max_length=254)
    name = models.CharField(max_length=100, blank=True)
    is_operator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    @property
    def is_staff(self) -> bool:
        """The back office is for operators."""
        return self.is_operator

    def __str__(self) -> str:
        return self.name or self.email


class ApiToken(models.Model):
    """A person's key to the REST API: shown once, kept as a hash, limited by scopes and expiry (machine time)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "created_at"])]


class ClockOffset(models.Model):
    """One row: how many seconds domain time is ahead of the machine's."""

    seconds = models.FloatField(default=0)


class OutgoingMail(models.Model):
    """A mail that a transaction decided on and the mail job delivers. `dedupe_key` makes deciding twice harmless."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.CharField(max_length=12)
    dedupe_key = models.CharField(max_length=200, unique=True)
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    decided_at = models.DateTimeField(help_text="domain time")
    due_at = models.DateTimeField(help_text="machine time")
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, help_text="machine time")
    given_up_at = models.DateTimeField(null=True, help_text="machine time")

    class Meta:
        indexes = [
            models.Index(
                fields=["service", "due_at"],
                name="mail_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
            models.Index(fields=["service", "-decided_at", "-id"], name="mail_listing"),
        ]


class AuditEntry(models.Model):
    """One change of state: who did what to which thing, when. Written in the transaction of the change.

    Partitioned by `at` (domain time), see foundation/partitions.py; `scope_id` is the vendor or the site it belongs to.
    """

    pk = models.CompositePrimaryKey("at", "id")
    id = models.UUIDField(default=uuid.uuid4)
    at = models.DateTimeField(help_text="domain time")
    recorded_at = models.DateTimeField(help_text="machine time")
    service = models.CharField(max_length=12)
    action = models.CharField(max_length=60)
    actor = models.CharField(max_length=254)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=64)
    scope_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["scope_id", "-at"], name="audit_scope"),
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="audit_subject"),
        ]


class HouseKeeping(models.Model):
    """When a service is to keep house next."""

    service = models.CharField(max_length=12, unique=True)
    due_at = models.DateTimeField(help_text="machine time")
