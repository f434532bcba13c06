"""What the marketplace decided about the license of an installation, kept for a while."""

from django.db import models


class CachedLicense(models.Model):
    """The last decision about one installation. `decision` is wire.licenses.LicenseDecision, null where there is none.

    It is asked anew when `fresh_until` has passed and somebody needs it, and at `due_at` although nobody does. While
    the marketplace does not answer it stands for a week from `answered_at`, then the app's license is inactive.
    `trial_wanted` until the marketplace has heard that the app was installed. `told` is the license that the app heard
    of last, as in its own entry (`spelling.license_object`); null before the first time.
    """

    installation = models.OneToOneField(
        "installing.Installation", on_delete=models.CASCADE, primary_key=True, related_name="cached_license"
    )
    decision = models.JSONField(null=True)
    revision = models.BigIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, help_text="domain time")
    fresh_until = models.DateTimeField(null=True, help_text="domain time")
    due_at = models.DateTimeField(null=True, help_text="domain time")
    tried_at = models.DateTimeField(null=True, help_text="machine time of the last try that failed, or empty")
    problem = models.TextField(blank=True, help_text="why the marketplace could not be asked last, or empty")
    trial_wanted = models.BooleanField(default=False)
    told = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="cached_license_due", condition=models.Q(due_at__isnull=False))]
