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
    """An identity token that was exchanged, so that it is not exchanged twice: the SHA-256 of what its issuer signed.

    `expires_at` (machine time) is when it would be refused by its age anyway.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="used_identity_expires")]


class RefusedBuild(models.Model):
    """A build that was refused, for the eyes of the vendor: who sent the token hears nothing of why.

    `issuer` and `build` are empty where nobody signed the token. The same refusal again counts and is no new row.
    Times are the machine's.
    """

    app = models.ForeignKey("deployments.DeployedApp", on_delete=models.CASCADE, related_name="refused_builds")
    environment = models.CharField(max_length=11)
    digest = models.CharField(max_length=64, help_text="of issuer, build and why")
    issuer = models.CharField(max_length=300, blank=True)
    build = models.CharField(max_length=254, blank=True)
    why = models.JSONField(help_text="[sentence]")
    at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "environment", "digest"], name="one_row_per_refusal")]
        indexes = [
            models.Index(fields=["app", "-at"], name="refused_build_app"),
            models.Index(fields=["at"], name="refused_build_at"),
        ]
