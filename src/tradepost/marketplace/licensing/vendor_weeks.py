"""A vendor's licenses week by week: how many were active, on trial and over, reckoned back from today, as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from tradepost.core.license import PAID
from tradepost.core.states import LicenseState
from tradepost.marketplace.catalog.models import Vendor

from .vendor_drawing import GROUPS
from .vendor_queries import EditionCount

WEEK = timedelta(days=7)
WEEKS = 26
"""How far back is looked."""

MOST = 100_000
"""Licenses up to which the picture is drawn: its question reads their changes of half a year, 1 s for so many."""

TOP, TALL, FOOT = 18, 140, 24
"""Pixels: above the highest bar, of the highest bar, and below for the dates."""

GROUP_OF = {
    **dict.fromkeys(PAID, "active"),
    LicenseState.TRIAL: "trial",
    LicenseState.TRIAL_EXPIRED: "expired",
    LicenseState.EXPIRED: "expired",
}
MOVES = """
    SELECT floor(extract(epoch FROM %(now)s - change.at) / %(week)s)::int,
           change.before->>'state', change.after->>'state', count(*)
      FROM licensing_sitelicense license
      JOIN catalog_listing listing ON listing.id = license.listing_id
      JOIN licensing_licensechange change ON change.license_id = license.id
     WHERE listing.vendor_id = %(vendor)s AND (%(app)s = '' OR listing.app_key = %(app)s)
       AND change.at > %(since)s AND change.before->>'state' IS DISTINCT FROM change.after->>'state'
     GROUP BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class WeekCount:
    """How many licenses there were at an instant, by what they were."""

    at: datetime
    active: int
    trial: int
    expired: int

    @property
    def total(self) -> int:
        return self.active + self.trial + self.expired


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a column, in pixels from above."""

    y: float
    height: float
    colour: str
    title: str


@dataclass(frozen=True, slots=True)
class Column:
    """One week. `x` and `width` are hundredths of the picture."""

    x: float
    width: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Weeks:
    """The picture, and the numbers it is drawn from, the oldest first."""

    counts: tuple[WeekCount, ...]
    columns: tuple[Column, ...]
    most: int
    top: int = TOP
    bottom: int = TOP + TALL
    height: int = TOP + TALL + FOOT

    @property
    def newest_first(self) -> tuple[WeekCount, ...]:
        return self.counts[::-1]

    @property
    def first(self) -> datetime:
        return self.counts[0].at

    @property
    def last(self) -> datetime:
        return self.counts[-1].at


def weeks_of(vendor: Vendor, counted: Sequence[EditionCount], *, app: str, now: datetime) -> Weeks | None:
    """The picture of half a year; None where there is no license, or where there are too many to reckon back."""
    today = WeekCount(now, *(sum(getattr(each, name) for each in counted) for name, _ in GROUPS))
    if not 0 < today.total <= MOST:
        return None
    counts = reckon_back(today, _moves(vendor, app=app, now=now))
    most = max(each.total for each in counts)
    width = 100 / len(counts)
    columns = tuple(_column(each, place * width, width, most) for place, each in enumerate(counts))
    return Weeks(tuple(counts), columns, most)


def reckon_back(today: WeekCount, moves: Sequence[tuple[int, str, str, int]]) -> list[WeekCount]:
    """What there was at the end of each week, the oldest first, from what there is and what has moved since.

    A move is (whole weeks ago, state before, state after, how many). Weeks before the first license are left out, but
    for the last of them.
    """
    found = [today]
    for week in range(WEEKS):
        later = {name: getattr(found[-1], name) for name, _ in GROUPS}
        # A clock that was turned back leaves moves in the future; they belong to the first week.
        for _, before, after, many in (move for move in moves if max(move[0], 0) == week):
            for state, sign in ((before, 1), (after, -1)):
                if group := GROUP_OF.get(state):
                    later[group] = later[group] + sign * many
        found.append(WeekCount(today.at - (week + 1) * WEEK, *(max(later[name], 0) for name, _ in GROUPS)))
        if not found[-1].total:
            break
    return found[::-1]


def _moves(vendor: Vendor, *, app: str, now: datetime) -> list[tuple[int, str, str, int]]:
    asked = {"now": now, "week": WEEK.total_seconds(), "vendor": vendor.pk, "app": app, "since": now - WEEKS * WEEK}
    with connection.cursor() as cursor:
        cursor.execute(MOVES, asked)
        return list(cursor.fetchall())


def _column(count: WeekCount, x: float, width: float, most: int) -> Column:
    bottom, blocks = float(TOP + TALL), []
    for name, colour in GROUPS:
        many = getattr(count, name)
        if many:
            height = many * TALL / most
            bottom -= height
            blocks.append(Block(round(bottom, 1), round(height, 1), colour, f"{count.at:%Y-%m-%d}: {many} {name}"))
    return Column(round(x + width * 0.08, 2), round(width * 0.84, 2), tuple(blocks))
