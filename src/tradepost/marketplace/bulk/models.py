"""Rollouts that a vendor starts: bringing sites of one major to another, by hand and within limits."""

import uuid

from django.db import models

from tradepost.core.states import BulkSiteState, BulkUpgradeState


class BulkUpgrade(models.Model):
    """One such rollout. `kind` is core.plan.Rollout: without new rights, or code ahead of permissions.

    Sites that run `from_major` are taken, at most `limit` of them. `eligible` is how many there were when it started,
    `ineligible` the versions whose sites were not, with the reasons. `capped` where its vendor asked for more sites
    than one rollout may take. Times are domain time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="bulk_upgrades")
    kind = models.CharField(max_length=8)
    from_major = models.IntegerField()
    to_version = models.ForeignKey("releases.AppVersion", on_delete=models.PROTECT, related_name="+")
    limit = models.IntegerField()
    capped = models.BooleanField(default=False)
    eligible = models.IntegerField()
    ineligible = models.JSONField(default=list, help_text="[{version, granted, sites, reasons}]")
    state = models.CharField(max_length=10, default=BulkUpgradeState.RUNNING)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=254)
    finished_at = models.DateTimeField(null=True)
    finished_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listing"], name="one_bulk_upgrade_runs", condition=models.Q(state="running")
            )
        ]
        indexes = [models.Index(fields=["listing", "-started_at"], name="bulk_upgrade_listing")]


class BulkSite(models.Model):
    """One site in a rollout, and what became of it. `at` is domain time, of the last change."""

    id = models.BigAutoField(primary_key=True)
    bulk = models.ForeignKey(BulkUpgrade, on_delete=models.CASCADE, related_name="sites")
    site = models.ForeignKey("hosts.SiteRecord", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, default=BulkSiteState.PENDING)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "site"], name="a_site_once_in_a_bulk_upgrade")]
        indexes = [
            models.Index(fields=["bulk", "state", "id"], name="bulk_site_state"),
            models.Index(fields=["site"], name="bulk_site_open", condition=models.Q(state__in=["pending", "failed"])),
        ]
