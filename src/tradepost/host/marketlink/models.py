"""The host service's link to the marketplace, and the reports that wait to be sent."""

import uuid

from django.db import models


class MarketplaceLink(models.Model):
    """One row: which marketplace, who we are there, and our credential, encrypted."""

    url = models.CharField(max_length=500)
    host_id = models.UUIDField()
    name = models.CharField(max_length=100)
    sealed_credential = models.TextField()
    enrolled_at = models.DateTimeField(help_text="domain time")
    problem = models.TextField(blank=True, help_text="why the marketplace last refused us, or empty")
    license_held_until = models.DateTimeField(
        null=True, help_text="machine time until which nobody asks about licenses, after a failure"
    )


class PendingReport(models.Model):
    """A report of a change, written in its transaction, deleted when the marketplace has taken it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    installation = models.ForeignKey("installing.Installation", on_delete=models.CASCADE, related_name="+")
    sequence = models.BigIntegerField()
    message = models.JSONField(help_text="wire.messages.Report")
    due_at = models.DateTimeField(help_text="machine time")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["due_at", "sequence"], name="report_due")]
