"""Access tokens: a vendor's test licenses, each for one app and one site."""

import uuid

from django.db import models

from tradepost.core.edition import Edition
from tradepost.core.license import Simulated
from tradepost.core.states import AccessTokenState


class AccessToken(models.Model):
    """A test license. The token itself is shown once; what is kept is its digest and its first characters.

    Bound, it belongs to its site for ever; `applied` says whether that site uses it now. `simulated` and `edition` are
    what the site and its app are told.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100, blank=True, help_text="for whom, in the vendor's words")
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    state = models.CharField(max_length=8, default=AccessTokenState.UNBOUND)
    created_at = models.DateTimeField(help_text="domain time")
    created_by = models.CharField(max_length=254)
    expires_at = models.DateTimeField(null=True, help_text="domain time: of no use after it unless bound before")
    site = models.ForeignKey("hosts.SiteRecord", null=True, on_delete=models.PROTECT, related_name="access_tokens")
    bound_at = models.DateTimeField(null=True, help_text="domain time")
    bound_by = models.CharField(max_length=254, blank=True)
    applied = models.BooleanField(default=False)
    simulated = models.CharField(max_length=30, default=Simulated.TRIAL)
    edition = models.CharField(max_length=20, default=Edition.STANDARD)
    removed_at = models.DateTimeField(null=True, help_text="domain time")
    removed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "listing"], name="one_applied_token", condition=models.Q(applied=True)
            ),
            models.CheckConstraint(
                name="only_a_bound_token_applies",
                condition=models.Q(applied=False) | models.Q(state=AccessTokenState.BOUND, site__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["listing", "-created_at"], name="token_listing"),
            models.Index(fields=["site", "listing"], name="token_site"),
            models.Index(fields=["expires_at"], name="token_over", condition=models.Q(state="unbound")),
        ]
