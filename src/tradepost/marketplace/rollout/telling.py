"""Telling hosts of news: which majors of which apps have something new, so that their sites ask soon."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tradepost.marketplace.hosts import pushing
from tradepost.wire.messages import MOST_NEWS, AppNews, News

from .models import NewsTurn, PendingNews


def compose(held: Sequence[PendingNews], _now: datetime) -> News:
    """The hint alone: what is new, each site hears in its check."""
    return News(apps=[AppNews(app=each.listing.app_key, major=each.major) for each in held])


NEWS = pushing.PushKind(
    what="news",
    path="/news",
    held=PendingNews,
    turns=NewsTurn,
    lock_order="p.listing_id, p.major",
    most=MOST_NEWS,
    longest_pause=timedelta(minutes=5),  # a minor is promised within minutes, to a host that was down as well
    compose=compose,
    related=("listing",),
)


def push_due(now: datetime) -> int:
    """Tell some hosts what is new; return how many were told, or asked in vain."""
    return pushing.push_due(NEWS, now)


next_due = pushing.next_due(NEWS)
"""When a host is to be told next (machine time)."""
