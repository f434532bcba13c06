"""Reviews: an operator's decision on a listing that wants to be public, on a version that needs a look, on editions."""

import uuid

from django.db import models

from tradepost.core.states import ReviewState


class Review(models.Model):
    """`kind` is listing (the app wants to be public), version, or editions. `reasons` says why a review is due.

    Editions belong to a listing and outlive its versions, so theirs has no version; `draft` is what was submitted
    (`editions.drafts.Draft` as JSON).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="reviews")
    version = models.ForeignKey("releases.AppVersion", null=True, on_delete=models.CASCADE, related_name="reviews")
    kind = models.CharField(max_length=8)
    state = models.CharField(max_length=12, default=ReviewState.WAITING)
    reasons = models.JSONField(default=list)
    asked_at = models.DateTimeField(help_text="domain time")
    asked_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField(null=True, help_text="domain time")
    decided_by = models.CharField(max_length=254, blank=True)
    comment = models.TextField(blank=True)
    draft = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind"], name="one_open_review_per_kind", condition=models.Q(state="waiting")
            ),
            models.UniqueConstraint(
                fields=["listing"],
                name="one_open_review_of_editions",
                condition=models.Q(state="waiting", kind="editions"),
            ),
            models.CheckConstraint(
                name="only_a_review_of_editions_has_no_version",
                condition=models.Q(kind="editions", version=None) | models.Q(version__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="review_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["listing", "-asked_at"], name="review_listing"),
        ]

    @property
    def about(self) -> str:
        """What is looked at, in words."""
        if self.version is None:
            return f"the editions of {self.listing.name}"
        return f"{self.listing.name} {self.version.number}"
