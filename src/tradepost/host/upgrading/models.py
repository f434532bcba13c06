"""Upgrades and the lifecycle calls they made. Both grow: partitioned by time, with the site's id in their keys."""

import uuid

from django.db import models

from tradepost.core.states import UpgradeState


class Upgrade(models.Model):
    """Moving one installation to one version. `trigger` is install, automatic or approval. Times are domain time."""

    pk = models.CompositePrimaryKey("planned_at", "site_id", "id")
    id = models.UUIDField(default=uuid.uuid4)
    site_id = models.UUIDField()
    installation_id = models.UUIDField()
    app_key = models.CharField(max_length=64)
    from_number = models.CharField(max_length=40, blank=True)
    to_number = models.CharField(max_length=40)
    to_version_id = models.UUIDField()
    state = models.CharField(max_length=12, default=UpgradeState.SCHEDULED)
    trigger = models.CharField(max_length=10)
    by = models.CharField(max_length=254, help_text="who or what set it off")
    planned_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    last_failure = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["installation_id", "-planned_at"], name="upgrade_installation")]


class LifecycleCall(models.Model):
    """One call to an app, with request and response, so that a failure can be explained. Secrets are masked."""

    pk = models.CompositePrimaryKey("at", "site_id", "id")
    id = models.UUIDField(default=uuid.uuid4)
    site_id = models.UUIDField()
    installation_id = models.UUIDField()
    upgrade_id = models.UUIDField(null=True)
    event = models.CharField(max_length=12)
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(help_text="domain time")
    recorded_at = models.DateTimeField(help_text="machine time")
    url = models.CharField(max_length=1000)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    status = models.IntegerField(null=True)
    response_headers = models.JSONField(default=dict)
    response_excerpt = models.TextField(blank=True)
    error = models.TextField(blank=True)
    seconds = models.FloatField()
    succeeded = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["installation_id", "-at"], name="call_installation")]
