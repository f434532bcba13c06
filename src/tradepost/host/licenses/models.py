"""What the marketplace decided about the license of an installation, kept for a while."""

from django.db import models


class CachedLicense(models.Model):
    """The last decision about one installation. `decision` is wire.messages.LicenseDecision.

    It is asked anew when `fresh_until` has passed and somebody needs it. While the marketplace does not answer it
    stands for a week from `answered_at`, then the app counts as unlicensed. `tried_at` keeps a marketplace that is down
    from being asked by every page.
    """

    installation = models.OneToOneField(
        "installing.Installation", on_delete=models.CASCADE, primary_key=True, related_name="cached_license"
    )
    decision = models.JSONField(null=True)
    revision = models.BigIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, help_text="domain time")
    fresh_until = models.DateTimeField(null=True, help_text="domain time")
    tried_at = models.DateTimeField(null=True, help_text="machine time")
    problem = models.TextField(blank=True, help_text="why the marketplace could not be asked last, or empty")
