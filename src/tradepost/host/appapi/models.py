"""What apps keep on a site, and the tokens by which they act as users."""

import uuid

from django.conf import settings
from django.db import models


class AppProperty(models.Model):
    """One property of an app on a site: any JSON value, kept as its text. It outlives an uninstall, unreadable."""

    installation = models.ForeignKey("installing.Installation", on_delete=models.CASCADE, related_name="properties")
    key = models.CharField(max_length=127)
    value = models.TextField(help_text="JSON, compact, at most 32 KB of UTF-8")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["installation", "key"], name="an_app_property_once")]


class ActingToken(models.Model):
    """An app's right to act as a user for some minutes. Kept as a hash; machine time.

    `installed_at` is that of the installation when the token was made: it does not outlive an uninstall.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    installation = models.ForeignKey("installing.Installation", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    scopes = models.JSONField(help_text="with what they imply, sorted")
    installed_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(help_text="machine time")
    expires_at = models.DateTimeField(help_text="machine time")

    class Meta:
        indexes = [models.Index(fields=["installation", "expires_at"], name="acting_token_end")]
