"""Reviews: an operator's decision on a listing that wants to be public, or on a version that needs a look."""

import uuid

from django.db import models

from tradepost.core.states import ReviewState


class Review(models.Model):
    """`kind` is listing (the app wants to be public) or version. `reasons` says why a review is due."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="reviews")
    version = models.ForeignKey("releases.AppVersion", on_delete=models.CASCADE, related_name="reviews")
    kind = models.CharField(max_length=8)
    state = models.CharField(max_length=12, default=ReviewState.WAITING)
    reasons = models.JSONField(default=list)
    asked_at = models.DateTimeField(help_text="domain time")
    asked_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField(null=True, help_text="domain time")
    decided_by = models.CharField(max_length=254, blank=True)
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], name="one_open_review_per_version", condition=models.Q(state="waiting")
            )
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="review_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["listing", "-asked_at"], name="review_listing"),
        ]
