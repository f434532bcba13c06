"""Approvals: what a version asks of a site, and the administrator's answer."""

import uuid

from django.db import models

from tradepost.core.states import ApprovalState


class Approval(models.Model):
    """One ask of one installation, by its fingerprint. `version` is the newest that asks it; `covers` are its terms.

    `remind_at` (domain time) is the due column of the weekly reminder; it is empty unless the approval waits.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    installation = models.ForeignKey("installing.Installation", on_delete=models.CASCADE, related_name="approvals")
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="approvals")
    version = models.ForeignKey("installing.KnownVersion", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, default=ApprovalState.WAITING)
    fingerprint = models.CharField(max_length=64)
    ask = models.JSONField()
    covers = models.JSONField()
    asked_at = models.DateTimeField(help_text="domain time")
    decided_at = models.DateTimeField(null=True, help_text="domain time")
    decided_by = models.CharField(max_length=254, blank=True)
    remind_at = models.DateTimeField(null=True, help_text="domain time")
    reminders = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["installation", "fingerprint"],
                name="one_open_ask",
                condition=models.Q(state__in=["waiting", "approved", "declined"]),
            )
        ]
        indexes = [
            models.Index(fields=["remind_at"], name="approval_remind", condition=models.Q(remind_at__isnull=False)),
            models.Index(fields=["site", "state"], name="approval_site"),
        ]
