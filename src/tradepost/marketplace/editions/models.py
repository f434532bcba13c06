"""Editions of a listing: which features each has, what each costs, and which vendors may have editions already."""

import uuid

from django.db import models

from tradepost.core.states import EditionsState


class EarlyAccess(models.Model):
    """A vendor to whom editions were opened while they are not open to all."""

    vendor = models.OneToOneField("catalog.Vendor", on_delete=models.CASCADE, related_name="early_access")
    opened_at = models.DateTimeField(help_text="domain time")
    opened_by = models.CharField(max_length=254)


class ListingEditions(models.Model):
    """The editions of one listing. `live_at` is since when customers on improved billing have them.

    `features` and `prices` are what customers see while the editions are live, before that what their vendor drafts.
    `draft` is what is to become of live ones, once an operator has agreed: `drafts.Draft` as JSON, or nothing.
    """

    listing = models.OneToOneField("catalog.Listing", on_delete=models.CASCADE, related_name="editions")
    state = models.CharField(max_length=10, default=EditionsState.DRAFT)
    currency = models.CharField(max_length=3, default="USD")
    created_at = models.DateTimeField(help_text="domain time")
    submitted_at = models.DateTimeField(null=True, help_text="domain time")
    submitted_by = models.CharField(max_length=254, blank=True)
    live_at = models.DateTimeField(null=True, help_text="domain time")
    decided_by = models.CharField(max_length=254, blank=True)
    comment = models.TextField(blank=True, help_text="the operator's, of the last review")
    draft = models.JSONField(null=True, help_text="changes of live editions that are not live yet")
    revision = models.BigIntegerField(default=1)


class EditionPrice(models.Model):
    """What one user costs for one period of one edition, in the currency of the listing's editions."""

    editions = models.ForeignKey(ListingEditions, on_delete=models.CASCADE, related_name="prices")
    edition = models.CharField(max_length=20)
    period = models.CharField(max_length=7, help_text="monthly or annual")
    per_user = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["editions", "edition", "period"], name="one_price_per_period")]


class Feature(models.Model):
    """A feature as customers read it, the editions that have it, and the modules that make it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    editions = models.ForeignKey(ListingEditions, on_delete=models.CASCADE, related_name="features")
    name = models.CharField(max_length=100)
    text = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=7, default="product", help_text="product or service (support, hosting)")
    in_editions = models.JSONField(default=list, help_text="words of core.edition.Edition")
    modules = models.JSONField(default=list, help_text="keys of modules that make it")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["editions", "name"], name="a_feature_has_its_own_name")]
