"""A site's switch for apps that are installed by their address."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_keeper


@transaction.atomic
def set_private_listings(site_id: UUID, *, allowed: bool, by: Caller, now: datetime) -> Site:
    """Allow apps to be installed by address, or no longer. Apps that are there stay and are kept up to date."""
    require_keeper(by, site_id)
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    if site.private_listings != allowed:
        site.private_listings = allowed
        site.save(update_fields=["private_listings"])
        audit.record(
            "site.private_listings_set", service="host", actor=by.actor, subject=("site", site.pk), now=now,
            scope_id=site.pk, allowed=allowed,
        )  # fmt: skip
    return site
