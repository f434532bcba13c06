"""Vendors, the people of a vendor, and listings."""

import uuid

from django.conf import settings
from django.db import models

from tradepost.core.states import ListingState


class Vendor(models.Model):
    """Who makes and lists apps."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    contact_email = models.EmailField(max_length=254)
    created_at = models.DateTimeField(help_text="domain time")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role at a vendor: an owner also manages people, a developer manages apps."""

    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=[("owner", "owner"), ("developer", "developer")])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vendor", "user"], name="one_role_per_vendor")]


class Environment(models.TextChoices):
    """What a listing is for. Only production can be public; each environment has a key of its own."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Source(models.TextChoices):
    """How versions of a listing come to be: somebody's descriptor is watched, or its vendor deploys manifests."""

    WATCHED = "watched"
    DEPLOYED = "deployed"


class Listing(models.Model):
    """An app's entry, known by its app key, and what watching its descriptor needs to know.

    `next_poll_at` is the due column (domain time), empty for a deployed app; the lease is machine time.
    `offered` is the newest offered version, `offer_serial` the value of OfferSerial when what is offered last changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="listings")
    app_key = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    state = models.CharField(max_length=12, default=ListingState.PRIVATE)
    created_at = models.DateTimeField(help_text="domain time")
    created_by = models.CharField(max_length=254)
    environment = models.CharField(max_length=11, default=Environment.PRODUCTION)
    source = models.CharField(max_length=8, default=Source.WATCHED)
    group = models.UUIDField(default=uuid.uuid4, help_text="shared by the listings of one app, one per environment")

    descriptor_url = models.CharField(max_length=500, blank=True)
    descriptor_host = models.CharField(max_length=300, blank=True, help_text="host:port, the unit of politeness")
    next_poll_at = models.DateTimeField(null=True, help_text="domain time")
    poll_started_at = models.DateTimeField(null=True, help_text="domain time, start of the last poll")
    poll_lease = models.UUIDField(null=True)
    poll_lease_until = models.DateTimeField(null=True, help_text="machine time")
    poll_failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    fetched_sha256 = models.CharField(max_length=64, blank=True, help_text="bytes last fetched and understood")
    problem = models.JSONField(null=True, help_text="{kind, text, problems: [{pointer, text}]} while polling fails")
    problem_since = models.DateTimeField(null=True, help_text="domain time")
    degraded_at = models.DateTimeField(null=True, help_text="domain time")
    held_at = models.DateTimeField(null=True, help_text="domain time; no version is made while held")
    held_reason = models.TextField(blank=True)
    resumed_at = models.DateTimeField(null=True, help_text="domain time; versions count towards a hold from here on")

    offered = models.ForeignKey("releases.AppVersion", null=True, on_delete=models.PROTECT, related_name="+")
    offer_serial = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "environment"], name="one_listing_per_environment")]
        indexes = [
            models.Index(fields=["next_poll_at"], name="listing_due"),
            models.Index(
                fields=["descriptor_host"],
                name="listing_leased",
                condition=models.Q(poll_lease__isnull=False),
            ),
            models.Index(fields=["offer_serial"], name="listing_offer_serial"),
            models.Index(fields=["vendor", "app_key"], name="listing_vendor"),
        ]

    def __str__(self) -> str:
        return self.app_key


class OfferSerial(models.Model):
    """One row, raised in every transaction that changes what is offered; in-process catalogues ask for what is newer.

    `epoch` is drawn when the row is made: a catalogue that knows another one belongs to another database.
    """

    value = models.BigIntegerField(default=0)
    epoch = models.UUIDField(default=uuid.uuid4)
