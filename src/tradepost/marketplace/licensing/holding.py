"""Getting hold of a license for a change: its owner, then its row, then its app's editions, always in this order."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.core.errors import ConflictError
from tradepost.core.license import LicenseTerms
from tradepost.core.license_decision import Standing
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.editions.queries import hold_live
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.wire.licenses import CHANGED_MEANWHILE

from .changes import settle_row
from .commands import lock
from .deciding import standing_of
from .models import SiteLicense


@dataclass(frozen=True, slots=True)
class Held:
    """A license that is locked and settled, and everything that decides what may be done with it."""

    row: SiteLicense
    standing: Standing

    @property
    def terms(self) -> LicenseTerms:
        return self.standing.terms


def hold(site: SiteRecord, listing: Listing, *, now: datetime, seen: int | None = None) -> Held:
    """Lock a license for a change, and keep its app's editions live if they are.

    Raises ConflictError where it is not at the revision that was `seen`.
    """
    row = lock(site, listing, now=now)
    check_seen(row, seen)
    return settled(row, now=now)


def check_seen(row: SiteLicense, seen: int | None) -> None:
    """Raise ConflictError unless a locked license is as somebody saw it; None has seen nothing in particular.

    Compare before settling: what time has done, whoever looked has seen done.
    """
    if seen is not None and row.revision != seen:
        text = "Somebody has changed this license meanwhile. Look at it again, then decide."
        raise ConflictError(text, CHANGED_MEANWHILE)


def settled(row: SiteLicense, *, now: datetime) -> Held:
    """A locked license as it is at `now`."""
    settle_row(row, now=now)
    hold_live(row.listing_id)
    return Held(row, standing_of(row.site, row.listing, now=now))
