"""Host services and the sites they told us of."""

import uuid

from django.db import models

from tradepost.core.states import HostState


class HostService(models.Model):
    """A product that runs apps. Its one-time code and its credential are kept as hashes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=12, default=HostState.INVITED)
    base_url = models.CharField(max_length=500, blank=True)
    product = models.CharField(max_length=50, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_expires_at = models.DateTimeField(null=True, help_text="machine time")
    credential_digest = models.CharField(max_length=64, null=True, unique=True)
    linked_at = models.DateTimeField(null=True, help_text="domain time")
    last_seen_at = models.DateTimeField(null=True, help_text="domain time")

    def __str__(self) -> str:
        return self.name


class SiteRecord(models.Model):
    """A site as its host service describes it. `site` is the host's own identifier; two hosts may use the same."""

    id = models.BigAutoField(primary_key=True)
    host = models.ForeignKey(HostService, on_delete=models.CASCADE, related_name="sites")
    site = models.UUIDField()
    name = models.CharField(max_length=200)
    base_url = models.CharField(max_length=500)
    first_seen_at = models.DateTimeField(help_text="domain time")
    last_seen_at = models.DateTimeField(help_text="domain time, written in batches")
    product_edition = models.CharField(max_length=10, default="standard", help_text="of the site's own product")
    users = models.PositiveIntegerField(default=0, help_text="who may use the site, as its host counts them")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "site"], name="a_site_once_per_host")]


class HeldForHost(models.Model):
    """What a host is still to be told: the base of every table of such rows. A row goes when the host has taken it.

    `serial` rises with every change, so that one that comes while a push is under way is not lost. `attempts` counts
    answers that refused the batch the row was in; rows with few go first, so that one cannot hold up the others.
    """

    id = models.BigAutoField(primary_key=True)
    host = models.ForeignKey(HostService, on_delete=models.CASCADE, related_name="+")
    serial = models.BigIntegerField(default=1)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    @classmethod
    def table(cls) -> str:
        """The name of the table, for statements."""
        return cls._meta.db_table


class TurnOfHost(models.Model):
    """When a host may be told next, and who is telling it now: the base of one table for each kind of push.

    `problem` is empty while the host takes the pushes. A subclass names `host`, its key.
    """

    due_at = models.DateTimeField(help_text="machine time")
    attempts = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="machine time")
    problem = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True, help_text="machine time, of the last push that was taken")

    class Meta:
        abstract = True

    @classmethod
    def table(cls) -> str:
        """The name of the table, for statements."""
        return cls._meta.db_table
