"""Which site runs which version, what it waits for, and how that came about."""

import uuid

from django.db import models

from tradepost.marketplace.hosts.models import HeldForHost, TurnOfHost


class InstallationRecord(models.Model):
    """The newest report of one installation. `sequence` is the host's; older reports are refused by it.

    `state` is one of the words of the wire (`Report.state`); `since` when it began, `until` when the wait ends.
    `granted` is set while the code that the site runs is ahead of the permissions it has granted.
    """

    id = models.BigAutoField(primary_key=True)
    site = models.ForeignKey("hosts.SiteRecord", on_delete=models.CASCADE, related_name="installations")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="installations")
    running = models.ForeignKey("releases.AppVersion", null=True, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("releases.AppVersion", null=True, on_delete=models.PROTECT, related_name="+")
    granted = models.ForeignKey("releases.AppVersion", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20)
    enabled = models.BooleanField(default=True)
    since = models.DateTimeField(help_text="domain time")
    until = models.DateTimeField(null=True, help_text="domain time")
    text = models.TextField(blank=True)
    sequence = models.BigIntegerField(default=0)
    reported_at = models.DateTimeField(help_text="domain time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "listing"], name="an_app_once_per_site")]
        indexes = [
            models.Index(fields=["listing", "running", "state"], name="rollout_running"),
            models.Index(fields=["listing", "target", "state"], name="rollout_target"),
        ]


class RolloutEvent(models.Model):
    """A site came to run a version, or left one; for the picture over time. Partitioned by `at` (domain time)."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.UUIDField(default=uuid.uuid4)
    at = models.DateTimeField(help_text="domain time")
    listing_id = models.UUIDField()
    site_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, help_text="arrived or left")
    version_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["listing_id", "at"], name="rollout_event_listing")]


class PendingNews(HeldForHost):
    """A host is to be told that there is something new for its sites that run this major of a deployed app."""

    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="+")
    major = models.IntegerField()
    noted_at = models.DateTimeField(help_text="domain time, of the newest of the news")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "listing", "major"], name="news_once_per_host")]
        indexes = [models.Index(fields=["host", "attempts", "id"], name="news_of_host")]


class NewsTurn(TurnOfHost):
    """When a host may be told of news next. Apart from licenses, so that a host that refuses news gets those."""

    host = models.OneToOneField("hosts.HostService", on_delete=models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="news_turn_due")]
