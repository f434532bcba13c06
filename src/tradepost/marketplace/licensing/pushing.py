"""Telling hosts what their sites have licensed, when that has changed. See `hosts.pushing`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tradepost.marketplace.hosts import pushing
from tradepost.wire.licenses import MOST_QUESTIONS, LicenseDecisions

from .deciding import decisions_by_id
from .models import PendingPush, PushTurn


def compose(held: Sequence[PendingPush], now: datetime) -> LicenseDecisions:
    """What each site has licensed now, not when the change was noted."""
    return LicenseDecisions(decisions=decisions_by_id([(each.site_id, each.listing_id) for each in held], now=now))


LICENSES = pushing.PushKind(
    what="licenses",
    path="/licenses",
    held=PendingPush,
    turns=PushTurn,
    lock_order="p.site_id, p.listing_id",
    most=MOST_QUESTIONS,
    longest_pause=timedelta(hours=1),  # a host asks by itself, but only when its cache is old
    compose=compose,
)


def push_due(now: datetime) -> int:
    """Tell some hosts what has changed; return how many were told, or asked in vain."""
    return pushing.push_due(LICENSES, now)


next_due = pushing.next_due(LICENSES)
"""When a host is to be told next (machine time)."""
