"""Apps that their vendors deploy, and what was deployed."""

import uuid

from django.db import models


class DeployedApp(models.Model):
    """An app known by the `app.id` of its manifests. Its listings, one per environment, share `group`.

    A listing is made by the first deployment to its environment.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    vendor = models.ForeignKey("catalog.Vendor", on_delete=models.PROTECT, related_name="deployed_apps")
    app_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    group = models.UUIDField(unique=True, help_text="Listing.group")
    created_at = models.DateTimeField(help_text="domain time")
    created_by = models.CharField(max_length=254)

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="deployed_app_name"),
            models.Index(fields=["vendor", "name", "id"], name="deployed_app_vendor"),
        ]

    def __str__(self) -> str:
        return self.app_id


class Deployment(models.Model):
    """What somebody deployed, and the version it made. A deployment that was refused is in the audit log only.

    `by` is the person or the deploy token; `run_url` where a build runs that deployed it. `unrendered` lists the
    modules that sites keep and do not show. `major` is set by a deployment to an older major. `before` is the number
    of the version that it was compared with, empty for the first.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.ForeignKey(DeployedApp, on_delete=models.CASCADE, related_name="deployments")
    version = models.OneToOneField("releases.AppVersion", on_delete=models.CASCADE, related_name="deployment")
    environment = models.CharField(max_length=11)
    at = models.DateTimeField(help_text="domain time")
    by = models.CharField(max_length=254)
    before = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    run_url = models.CharField(max_length=500, blank=True)
    major = models.IntegerField(null=True)
    approved_major = models.BooleanField(default=False)
    unrendered = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["app", "environment", "-at"], name="deployment_environment")]
