"""Apps that one site has by their descriptor's address, and what was asked through UPM's REST interface."""

import uuid

from django.conf import settings
from django.db import models


class AddressListing(models.Model):
    """Where a site reads an app that the marketplace does not know, and how the last polls went.

    `next_poll_at` (domain time) is the worker's question. While `held_at` is set no version is made of it.
    """

    installation = models.OneToOneField(
        "installing.Installation", on_delete=models.CASCADE, primary_key=True, related_name="address"
    )
    url = models.CharField(max_length=2000)
    host = models.CharField(max_length=270, help_text="host and port of the address")
    next_poll_at = models.DateTimeField(help_text="domain time")
    poll_lease = models.UUIDField(null=True)
    poll_lease_until = models.DateTimeField(null=True, help_text="machine time")
    poll_failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    fetched_sha256 = models.CharField(max_length=64, blank=True, help_text="of the bytes last understood")
    problem = models.JSONField(null=True)
    problem_since = models.DateTimeField(null=True, help_text="domain time")
    held_at = models.DateTimeField(null=True, help_text="domain time")
    held_reason = models.TextField(blank=True)
    resumed_at = models.DateTimeField(help_text="domain time: when an administrator last asked for the address")

    class Meta:
        indexes = [
            models.Index(fields=["next_poll_at"], name="address_due", condition=models.Q(held_at__isnull=True)),
            models.Index(fields=["host"], name="address_host", condition=models.Q(poll_lease__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.url


class InstallRequest(models.Model):
    """An administrator's wish to have the app at an address; what UPM calls a pending task. Kept for a day.

    `state` is a word of `states.RequestState`. Where the app is called, `upgrade_id` names the upgrade that does it, or
    `delivery` the call that tells it again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=2000)
    asked_at = models.DateTimeField(help_text="domain time")
    state = models.CharField(max_length=10, default="waiting")
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="machine time")
    installation = models.ForeignKey("installing.Installation", null=True, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey("installing.KnownVersion", null=True, on_delete=models.PROTECT, related_name="+")
    upgrade_id = models.UUIDField(null=True)
    delivery = models.UUIDField(null=True)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="install_request_open", condition=models.Q(state="waiting")),
            models.Index(fields=["site", "asked_at"], name="install_request_site"),
        ]
