"""Upgrades, calls to apps that are due, and the log of all calls.

Upgrades and the log grow: they are partitioned by time, with the site's id in their keys.
"""

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
    keeps_grant = models.BooleanField(default=False, help_text="code only: permissions stay what they are")

    class Meta:
        indexes = [models.Index(fields=["installation_id", "-planned_at"], name="upgrade_installation")]


class LifecycleCall(models.Model):
    """One call to an app, with request and response, so that a failure can be explained. Secrets are masked.

    `cause` is why it was made (queueing.CallCause); `delivery` is the same for all attempts of
    one queued call, `replay_of` the call that a person had sent anew.
    """

    pk = models.CompositePrimaryKey("at", "site_id", "id")
    id = models.UUIDField(default=uuid.uuid4)
    site_id = models.UUIDField()
    installation_id = models.UUIDField()
    upgrade_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=10, default="upgrade")
    delivery = models.UUIDField(null=True)
    replay_of = models.UUIDField(null=True)
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


class QueuedCall(models.Model):
    """A call to an app that is to be made, apart from those of upgrades. It goes when it is over; the log keeps it.

    The calls of one installation are made one at a time, under the installation's lease, those that are due in the
    order of `id`. `version` says where the app is. `by` is the person who acts, or empty. `is_unclear` once an answer
    was lost: the app may have acted on it.
    """

    id = models.BigAutoField(primary_key=True)
    delivery = models.UUIDField(default=uuid.uuid4, unique=True)
    installation = models.ForeignKey("installing.Installation", on_delete=models.CASCADE, related_name="queued_calls")
    version = models.ForeignKey("installing.KnownVersion", on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=12)
    cause = models.CharField(max_length=10)
    by = models.CharField(max_length=254, blank=True)
    replay_of = models.UUIDField(null=True)
    made_at = models.DateTimeField(help_text="domain time")
    due_at = models.DateTimeField(help_text="domain time")
    attempts = models.PositiveIntegerField(default=0)
    is_unclear = models.BooleanField(default=False)
    last_failure = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="queued_call_due"),
            models.Index(fields=["installation", "id"], name="queued_call_order"),
        ]
