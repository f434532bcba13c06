"""Customers, what their sites have licensed, every change of that, and what hosts are still to be told."""

import uuid

from django.db import models

from tradepost.core.license import Billing, LicenseType, Period
from tradepost.core.states import LicenseState
from tradepost.marketplace.hosts.models import HeldForHost, TurnOfHost


class Customer(models.Model):
    """Who owns sites and pays. `reference` is what a billing system calls them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    contact_email = models.EmailField(max_length=254, blank=True)
    billing = models.CharField(max_length=8, default=Billing.IMPROVED)
    reference = models.CharField(max_length=100, null=True, unique=True)
    created_at = models.DateTimeField(help_text="domain time")
    moved_at = models.DateTimeField(null=True, help_text="domain time, of the move to improved billing")

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="customer_name")]

    def __str__(self) -> str:
        return self.name


class OwnedSite(models.Model):
    """Whose a site is. A site without a row gets a customer of its own when it first needs one."""

    site = models.OneToOneField("hosts.SiteRecord", on_delete=models.CASCADE, primary_key=True, related_name="owned")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="sites")
    since = models.DateTimeField(help_text="domain time")


class SiteLicense(models.Model):
    """One site's license of one app. The fields from `state` to `falls_back_to` are core.license.LicenseTerms.

    `due_at` is the worker's question: time alone changes the license then. `revision` rises with everything that a host
    is told, access tokens and billing included; 0 is a row to which nothing has happened yet, like no row at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("hosts.SiteRecord", on_delete=models.CASCADE, related_name="licenses")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="licenses")
    entitlement_id = models.UUIDField(default=uuid.uuid4, unique=True)
    entitlement_number = models.CharField(max_length=30, unique=True)
    support_number = models.CharField(max_length=30, unique=True)
    state = models.CharField(max_length=13, default=LicenseState.NONE)
    kind = models.CharField(max_length=10, default=LicenseType.COMMERCIAL)
    period = models.CharField(max_length=7, default=Period.NONE)
    user_tier = models.PositiveIntegerField(null=True, help_text="most users it is for; empty for any number")
    trial_ends_at = models.DateTimeField(null=True, help_text="domain time")
    trial_used = models.BooleanField(default=False)
    anchor = models.DateTimeField(null=True, help_text="domain time: when the paid periods began")
    period_ends_at = models.DateTimeField(null=True, help_text="domain time")
    edition = models.CharField(max_length=20, null=True, help_text="empty until the site has one")
    next_edition = models.CharField(max_length=20, null=True, help_text="in force at the end of the period")
    edition_trial_ends_at = models.DateTimeField(null=True, help_text="domain time")
    edition_trial_used = models.BooleanField(default=False)
    falls_back_to = models.CharField(max_length=20, null=True)
    began_at = models.DateTimeField(null=True, help_text="domain time: first trial or purchase")
    changed_at = models.DateTimeField(help_text="domain time")
    due_at = models.DateTimeField(null=True, help_text="domain time")
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "listing"], name="one_license_per_site_and_app")]
        indexes = [
            models.Index(fields=["due_at"], name="license_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["listing", "-changed_at", "id"], name="license_listing"),
            models.Index(fields=["listing", "state"], name="license_state"),
            models.Index(fields=["-changed_at", "-id"], name="license_newest"),
            models.Index(fields=["state", "-changed_at", "-id"], name="license_newest_in_state"),
        ]


class LicenseChange(models.Model):
    """One change of a license: who, why, and the terms before and after. Never changed.

    `reference` is a billing system's own name of its act: the same act told twice is one change. `asked` is what it was
    told with, so that the same name with other content is found out. `number` rises from change to change of a license,
    also among those of one instant.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    license = models.ForeignKey(SiteLicense, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(help_text="domain time")
    event = models.CharField(max_length=30)
    actor = models.CharField(max_length=254)
    why = models.TextField(blank=True)
    before = models.JSONField()
    after = models.JSONField()
    reference = models.CharField(max_length=100, null=True)
    asked = models.JSONField(null=True)
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["license", "reference"], name="an_act_counts_once")]
        indexes = [models.Index(fields=["license", "-number"], name="license_change_number")]


class PendingPush(HeldForHost):
    """A host is to be told that what a site has licensed has changed."""

    site = models.ForeignKey("hosts.SiteRecord", on_delete=models.CASCADE, related_name="+")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "listing"], name="one_push_per_license")]
        indexes = [models.Index(fields=["host", "attempts", "id"], name="push_of_host")]


class PushTurn(TurnOfHost):
    """When a host service may be told of licenses next."""

    host = models.OneToOneField(
        "hosts.HostService", on_delete=models.CASCADE, primary_key=True, related_name="push_turn"
    )

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="push_turn_due")]
