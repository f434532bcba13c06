"""Who may deploy without a person: deploy tokens, and builds that prove who they are."""

import uuid

from django.db import models


class TrustedBuild(models.Model):
    """Builds with these claims in an identity token of this issuer may deploy an app to one environment.

    `claims` are names and exact values that the token must have, `sub` among them or enough others.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.ForeignKey("deployments.DeployedApp", on_delete=models.CASCADE, related_name="trusted_builds")
    environment = models.CharField(max_length=11)
    issuer = models.CharField(max_length=300)
    claims = models.JSONField()
    made_at = models.DateTimeField(help_text="domain time")
    made_by = models.CharField(max_length=254)
    last_used_at = models.DateTimeField(null=True, help_text="machine time")

    class Meta:
        indexes = [models.Index(fields=["issuer"], name="trusted_build_issuer")]


class DeployToken(models.Model):
    """A key that deploys one app to one environment and reads what became of it, and can nothing else.

    Shown once, kept as a hash. One with `trusted` was exchanged for an identity token and lives for minutes; `run`
    is what that token said of the build. Times are the machine's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.ForeignKey("deployments.DeployedApp", on_delete=models.CASCADE, related_name="deploy_tokens")
    environment = models.CharField(max_length=11)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    trusted = models.ForeignKey(TrustedBuild, null=True, on_delete=models.CASCADE, related_name="tokens")
    run = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["app", "environment", "-created_at"], name="deploy_token_app"),
            models.Index(fields=["expires_at"], name="deploy_token_expires"),
        ]


class UsedIdentity(models.Model):
    """An identity token that was exchanged (the SHA-256 of it), so that it is not exchanged twice. Machine time."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="used_identity_expires")]
