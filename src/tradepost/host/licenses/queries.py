"""Which installations the marketplace is asked about, and when."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Q, QuerySet

from tradepost.core.states import InstallationState
from tradepost.foundation import due
from tradepost.foundation.clock import machine_now
from tradepost.host.installing.models import MARKETPLACE, Installation
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.upgrading.queries import with_versions

from .models import CachedLicense

PRESENT = (InstallationState.INSTALLING, InstallationState.ENABLED, InstallationState.DISABLED)
_PAID = Q(granted__paid=True) | Q(granted__isnull=True, running__paid=True) | Q(running__isnull=True, newest__paid=True)
_KNOWN = Q(cached_license__decision__isnull=False)
ASKED = Q(state__in=PRESENT) & (_KNOWN | Q(source=MARKETPLACE) & _PAID)
"""Apps that cost something; and whatever the marketplace has once decided about, such as an app that a site has by its
address and applied an access token to. Of all others the marketplace need not know.
"""


def find_stale(site_ids: Collection[UUID], *, now: datetime) -> QuerySet[Installation]:
    """The apps of sites about which somebody who looks now must ask."""
    return with_versions(Installation.objects.filter(_stale(now), ASKED, site_id__in=site_ids)).order_by("pk")


def stale_among(ids: Collection[UUID], *, now: datetime) -> QuerySet[Installation]:
    """Those of some installations about which somebody who looks now must ask."""
    return with_versions(Installation.objects.filter(_stale(now), ASKED, pk__in=ids)).order_by("pk")


def find_asked(ids: Collection[UUID]) -> QuerySet[Installation]:
    """Those of some installations about which the marketplace is asked at all."""
    return with_versions(Installation.objects.filter(ASKED, pk__in=ids)).order_by("pk")


def find_by_pairs(pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Installation]:
    """What sites have, by site and app key; what was uninstalled is not there."""
    if not pairs:
        return {}
    rows = Installation.objects.filter(site_id__in={site for site, _ in pairs}, app_key__in={app for _, app in pairs})
    found = with_versions(rows.exclude(state=InstallationState.UNINSTALLED))
    return {pair: each for each in found if (pair := (each.site_id, each.app_key)) in pairs}


def find_link_to_ask() -> MarketplaceLink | None:
    """The link to the marketplace; None where there is none, or where it did not answer a moment ago."""
    link = MarketplaceLink.objects.first()
    if link is None or (link.license_held_until is not None and machine_now() < link.license_held_until):
        return None
    return link


@due.earliest("due_at")
def find_next_due(machine: datetime) -> QuerySet[CachedLicense]:
    """When the next decision is to be asked for although nobody looks (domain time)."""
    answers = Q(license_held_until=None) | Q(license_held_until__lte=machine)
    return CachedLicense.objects.filter(Exists(MarketplaceLink.objects.filter(answers)))


def _stale(now: datetime) -> Q:
    return (
        Q(cached_license__isnull=True) | Q(cached_license__fresh_until=None) | Q(cached_license__fresh_until__lte=now)
    )
