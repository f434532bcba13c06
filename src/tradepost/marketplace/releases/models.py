"""Versions of listed apps."""

import uuid

from django.db import models

from tradepost.core.states import VersionState


class AppVersion(models.Model):
    """One published state of an app: its number, its bytes, who made it and why. Never changed, but for its state.

    Of a deployed app `manifest` is what was deployed, and `document` the descriptor that it is on sites.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="versions")
    number = models.CharField(max_length=40)
    order_key = models.BigIntegerField()
    build = models.BigIntegerField(null=True, help_text="major*1_000_000 + minor*1_000 + patch, while it fits")
    state = models.CharField(max_length=12, default=VersionState.IN_REVIEW)
    document = models.ForeignKey("watching.Document", on_delete=models.PROTECT, related_name="+")
    manifest = models.ForeignKey("watching.Document", null=True, on_delete=models.PROTECT, related_name="+")
    base_url = models.CharField(max_length=200)
    api_version = models.IntegerField()
    paid = models.BooleanField()
    scopes = models.JSONField(help_text="as declared, canonical, sorted")
    change = models.CharField(max_length=8, help_text="first, patch, minor or major")
    consent = models.BooleanField(help_text="asked of a site that runs the version before")
    reasons = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    notes = models.TextField(blank=True, help_text="the vendor's release notes")
    made_at = models.DateTimeField(help_text="domain time")
    made_by = models.CharField(max_length=254, help_text="who or what: watching, or a person")
    offered_at = models.DateTimeField(null=True, help_text="domain time")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing", "number"], name="a_number_is_used_once"),
            models.UniqueConstraint(fields=["listing", "order_key"], name="one_version_per_order_key"),
        ]
        indexes = [
            models.Index(fields=["listing", "-order_key"], name="version_newest"),
            models.Index(fields=["listing", "-made_at"], name="version_made"),
        ]

    def __str__(self) -> str:
        return self.number
