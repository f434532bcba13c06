"""Webhook deliveries: each event for each app that wants it, until it was taken or a day has passed."""

import uuid

from django.db import models


class Delivery(models.Model):
    """One event for one app. Partitioned by `made_at` (domain time), with the site's id in its key.

    `sequence` orders the deliveries of one app about one entity. A delivery whose first try failed has left that order
    (`attempts` > 0) and is tried again alone. `state` is waiting, delivered, given_up or dropped.
    """

    pk = models.CompositePrimaryKey("made_at", "site_id", "id")
    id = models.UUIDField(default=uuid.uuid4)
    made_at = models.DateTimeField()
    site_id = models.UUIDField()
    installation_id = models.UUIDField()
    app_key = models.CharField(max_length=64)
    event = models.CharField(max_length=100)
    entity = models.CharField(max_length=100, help_text="what it is about, as kind:id")
    sequence = models.BigIntegerField()
    path = models.TextField(help_text="relative to the app's base URL, variables filled in")
    body = models.TextField(blank=True)
    replay_of = models.UUIDField(null=True)
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(help_text="domain time")
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="machine time")
    finished_at = models.DateTimeField(null=True, help_text="domain time")
    url = models.TextField(blank=True, help_text="of the last try")
    status = models.IntegerField(null=True)
    response_excerpt = models.TextField(blank=True)
    error = models.TextField(blank=True)
    seconds = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=models.Q(state="waiting")),
            models.Index(
                fields=["installation_id", "entity", "sequence"],
                name="delivery_order",
                condition=models.Q(state="waiting", attempts=0),
            ),
            models.Index(fields=["installation_id", "-made_at"], name="delivery_log"),
        ]
