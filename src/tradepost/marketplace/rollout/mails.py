"""What a vendor is told about the way of a version to the sites."""

from datetime import datetime

from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor
from tradepost.marketplace.releases.models import AppVersion


def tell_of_desertion(listing: Listing, version: AppVersion, *, now: datetime) -> None:
    """Tell, once per version, that no site runs it any more."""
    tell_vendor(
        listing,
        kind=NoticeKind.VERSION_LEFT,
        subject=f"{listing.name}: the last site has left version {version.number}",
        text=(
            f"No site runs version {version.number} of {listing.name} any more. What you kept in your service only "
            "for this version can go, unless an older version is still in use: the app's page shows which are."
        ),
        dedupe_key=f"version-left-{version.pk}",
        now=now,
    )


def tell_of_left_major(listing: Listing, major: int, *, now: datetime) -> None:
    """Tell, once per major of a deployed app, that no site runs any version of it any more."""
    tell_vendor(
        listing,
        kind=NoticeKind.VERSION_LEFT,
        subject=f"{listing.name}: the last site has left major {major}",
        text=(
            f"No site runs any version {major}.x of {listing.name} any more. What you kept in your service only for "
            "this major can go, and nothing needs to be backported to it."
        ),
        dedupe_key=f"major-left-{listing.pk}-{major}",
        now=now,
    )
