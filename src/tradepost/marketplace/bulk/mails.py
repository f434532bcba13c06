"""What a vendor is told about a rollout that they started."""

from datetime import datetime

from tradepost.core.states import BulkUpgradeState
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor

from .models import BulkUpgrade
from .queries import Counts


def tell_of_end(bulk: BulkUpgrade, counts: Counts, *, now: datetime) -> None:
    """Tell, once, that a rollout has ended by itself, and what became of its sites."""
    listing, number = bulk.listing, bulk.to_version.number
    went_well = bulk.state == BulkUpgradeState.COMPLETED
    what = f"the rollout to {number} is over" if went_well else f"the rollout to {number} reached no site"
    tell_vendor(
        listing,
        kind=NoticeKind.ROLLOUT_ENDED,
        subject=f"{listing.name}: {what}",
        text=(
            f"The rollout of {listing.name} from {bulk.from_major}.x to {number} in {listing.environment} has ended: "
            f"{counts.upgraded} upgraded, {counts.failed} failed, {counts.left} left. Its page says at which sites it "
            "failed, and why. What remains can be taken by another rollout."
        ),
        dedupe_key=f"rollout-ended-{bulk.pk}",
        now=now,
    )
