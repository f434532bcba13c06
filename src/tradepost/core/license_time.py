"""When paid periods end and how many days are left. Everything is reckoned in UTC, so no clock change moves it.

Source: domain.md 7.8 (trial of 30 days), 12 no. 11 (end of the period). What ends at an instant is over then.
"""

from datetime import UTC, datetime, timedelta

from .license import Period

DAY = timedelta(days=1)
LAST = datetime.max.replace(tzinfo=UTC)
"""The end of the calendar. What would end later ends here, or never."""

_MONTHS = {Period.MONTHLY: 1, Period.ANNUAL: 12}
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def period_end(anchor: datetime, period: Period, n: int) -> datetime | None:
    """The end of the `n`-th period (from 1; 0 is `anchor`), in UTC. None where it never ends, or after the year 9999.

    It is always reckoned from `anchor`, so a month with 28 days does not shorten the ones after it: Jan 31, Feb 28,
    Mar 31.
    """
    months = _MONTHS.get(period)
    if months is None:
        return None
    start = anchor.astimezone(UTC)
    years, month = divmod(start.month - 1 + n * months, 12)
    year = start.year + years
    if year > LAST.year:
        return None
    return start.replace(year=year, month=month + 1, day=min(start.day, _days_in(year, month + 1)))


def next_period_end(anchor: datetime, period: Period, after: datetime) -> datetime | None:
    """The first end of a period that is later than `after`. None as in `period_end`."""
    n = periods_until(anchor, period, after) + 1
    return period_end(anchor, period, n)


def periods_until(anchor: datetime, period: Period, moment: datetime) -> int:
    """How many periods are over at `moment`; 0 before the end of the first, and where there are none."""
    months = _MONTHS.get(period)
    if months is None:
        return 0
    start, then = anchor.astimezone(UTC), moment.astimezone(UTC)
    apart = (then.year - start.year) * 12 + then.month - start.month
    # The month alone says it but for one: in the month of the end, day and hour decide.
    n = max(0, apart // months)
    end = period_end(start, period, n)
    return max(0, n - 1) if end is not None and end > then else n


def days_left(until: datetime, now: datetime) -> int:
    """How many days of 24 hours are left, a day begun counted whole. 0 when it is over."""
    # Two times of one local zone would be subtracted as wall clocks, and be an hour wrong on the night of a change.
    left = until.astimezone(UTC) - now.astimezone(UTC)
    return max(0, -(-left // DAY))


def later(at: datetime, by: timedelta) -> datetime:
    """`at` plus `by`, and the end of the calendar where that is too late."""
    start = at.astimezone(UTC)
    return LAST if by > LAST - start else start + by


def _days_in(year: int, month: int) -> int:
    leaps = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + leaps
