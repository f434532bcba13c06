"""What watching fetched, and what came of it."""

from django.db import models


class Document(models.Model):
    """The bytes of a descriptor as fetched, kept once, under their SHA-256."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    first_fetched_at = models.DateTimeField(help_text="domain time")


class PollEvent(models.Model):
    """A poll that found something: a change, a problem, a recovery, a hold. A poll that changes nothing writes none."""

    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="poll_events")
    at = models.DateTimeField(help_text="domain time")
    outcome = models.CharField(max_length=20)
    text = models.TextField()
    problems = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["listing", "-at"], name="poll_event_listing")]
