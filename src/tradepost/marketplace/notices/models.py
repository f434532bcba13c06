"""What a vendor was told."""

from django.db import models


class Notice(models.Model):
    """One thing told to a vendor, on their page and by mail. `dedupe_key` makes telling twice harmless."""

    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="notices")
    at = models.DateTimeField(help_text="domain time")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    dedupe_key = models.CharField(max_length=200, unique=True)

    class Meta:
        indexes = [models.Index(fields=["listing", "-at"], name="notice_listing")]
