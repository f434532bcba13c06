"""Installations: one app on one site; what is known of versions; and the keys that sign lifecycle calls."""

import uuid

from django.db import models

from tradepost.core.states import InstallationState
from tradepost.core.version import Version

MARKETPLACE, ADDRESS = "marketplace", "address"
"""Where a site has an app from."""


def bytes_of(*paths: str) -> tuple[str, ...]:
    """The large columns of versions at these paths, to be deferred; without any, those of a version itself."""
    return tuple(f"{path}__{name}" if path else name for path in paths or ("",) for name in ("descriptor", "manifest"))


class KnownVersion(models.Model):
    """A version the marketplace offered, with its descriptor's bytes. Never changed.

    With an `origin_site` the marketplace does not know it: that site reads the app's address itself and numbers it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    origin_site = models.ForeignKey("sites.Site", null=True, on_delete=models.CASCADE, related_name="+")
    app_key = models.CharField(max_length=64)
    number = models.CharField(max_length=40)
    order_key = models.BigIntegerField()
    build = models.BigIntegerField(null=True)
    descriptor = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    manifest = models.BinaryField(null=True, help_text="of a deployed app")
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=200)
    base_url = models.CharField(max_length=200)
    scopes = models.JSONField(help_text="as declared, canonical, sorted")
    paid = models.BooleanField()
    api_version = models.IntegerField()
    authentication = models.CharField(max_length=8)
    installed_path = models.CharField(max_length=500, blank=True)
    warnings = models.JSONField(default=list)
    reasons = models.JSONField(default=list, help_text="the marketplace's, as shown to administrators")
    notes = models.TextField(blank=True)
    made_at = models.DateTimeField(help_text="domain time, of the marketplace")
    fetched_at = models.DateTimeField(help_text="domain time")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["app_key", "number"],
                name="a_version_is_known_once",
                condition=models.Q(origin_site__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["origin_site", "app_key", "number"],
                name="a_version_by_address_is_known_once",
                condition=models.Q(origin_site__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["app_key", "-order_key"], name="known_newest")]

    def __str__(self) -> str:
        return f"{self.app_key} {self.number}"

    @property
    def is_deployed(self) -> bool:
        """Whether it was made by a deployment, and not of a descriptor that is watched."""
        return bool(self.manifest_sha256)

    @property
    def major(self) -> int:
        """The first part of its number."""
        return Version.parse(self.number).major


class Installation(models.Model):
    """One app on one site: what it runs, what it could run, and when to look at it next.

    `due_at` (domain time) is the worker's question: an upgrade is to be tried then. `because`, `until` and `text` say
    why it is not on the newest version. `sequence` rises with every change and orders the reports to the marketplace.
    Of deployed apps: `within` is the newest version of the major it runs, where `newest` is of another one; `granted`
    the version whose permissions the site has granted, where its code went ahead; `rollout` what the vendor started.
    The secret is encrypted; it and the client key stay the same over upgrades. `client_key` survives an uninstall.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="installations")
    app_key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default=InstallationState.INSTALLING)
    client_key = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=12, default=MARKETPLACE, help_text="marketplace or address")
    sealed_secret = models.TextField()
    sealed_pending_secret = models.TextField(
        blank=True, help_text="offered by a rotation or a return; counts once the app has taken it"
    )
    oauth_client_id = models.CharField(max_length=64)
    running = models.ForeignKey(KnownVersion, null=True, on_delete=models.PROTECT, related_name="+")
    newest = models.ForeignKey(KnownVersion, null=True, on_delete=models.PROTECT, related_name="+")
    within = models.ForeignKey(KnownVersion, null=True, on_delete=models.PROTECT, related_name="+")
    granted = models.ForeignKey(KnownVersion, null=True, on_delete=models.PROTECT, related_name="+")
    turn_at = models.DateTimeField(null=True, help_text="domain time: when `newest` may come by itself")
    rollout = models.CharField(max_length=8, blank=True, help_text="core.plan.Rollout, or empty")
    installed_at = models.DateTimeField(null=True, help_text="domain time")
    installed_by = models.CharField(max_length=254)

    because = models.CharField(max_length=12, blank=True, help_text="core.plan.Because, or empty")
    text = models.TextField(blank=True)
    until = models.DateTimeField(null=True, help_text="domain time; empty when a person ends the wait")
    since = models.DateTimeField(help_text="domain time: since when it is as it is")
    upgrade_id = models.UUIDField(null=True, help_text="the open upgrade (upgrading.Upgrade)")
    due_at = models.DateTimeField(null=True, help_text="domain time")
    due_since = models.DateTimeField(null=True, help_text="domain time: when the open upgrade first fell due")
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="machine time")
    sequence = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "app_key"], name="an_app_once_on_a_site")]
        indexes = [
            models.Index(fields=["due_at"], name="installation_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["app_key", "running"], name="installation_app"),
        ]

    @property
    def rights_version(self) -> KnownVersion | None:
        """The version whose rights and payment count: what the site has granted, which its code may be ahead of."""
        return self.granted if self.granted_id is not None else self.running


class SigningKey(models.Model):
    """An RSA key pair that signs lifecycle calls. Old public keys stay readable after a rotation."""

    kid = models.CharField(max_length=64, primary_key=True)
    public_pem = models.TextField()
    sealed_private_pem = models.TextField()
    created_at = models.DateTimeField(help_text="machine time")
    retired_at = models.DateTimeField(null=True, help_text="machine time")
