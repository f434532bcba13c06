"""When paid periods end, in calendars that are never quite regular, and how many days are left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradepost.core.license import Period
from tradepost.core.license_time import LAST, days_left, later, next_period_end, period_end, periods_until

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
TICK = timedelta(microseconds=1)
paid_periods = st.sampled_from([Period.MONTHLY, Period.ANNUAL])
moments = st.datetimes(datetime(2000, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- zone added


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "period", "ends"),
    [
        ("2026-01-31", Period.MONTHLY, ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2026-01-30", Period.MONTHLY, ["2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"]),
        ("2026-01-29", Period.MONTHLY, ["2026-02-28", "2026-03-29", "2026-04-29", "2026-05-29"]),
        ("2028-01-31", Period.MONTHLY, ["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]),
        ("2028-02-29", Period.MONTHLY, ["2028-03-29", "2028-04-29", "2028-05-29", "2028-06-29"]),
        ("2026-11-30", Period.MONTHLY, ["2026-12-30", "2027-01-30", "2027-02-28", "2027-03-30"]),
        ("2028-02-29", Period.ANNUAL, ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("2096-02-29", Period.ANNUAL, ["2097-02-28", "2098-02-28", "2099-02-28", "2100-02-28"]),
        ("2026-12-31", Period.ANNUAL, ["2027-12-31", "2028-12-31", "2029-12-31", "2030-12-31"]),
    ],
)
def test_a_short_month_ends_a_period_on_its_last_day_and_does_not_shorten_the_next(anchor, period, ends):
    assert [period_end(utc(anchor), period, n) for n in range(5)] == [utc(anchor), *map(utc, ends)]


@pytest.mark.parametrize(
    ("bought", "zone", "ends"),
    [
        ("2026-02-28T23:30:00", BERLIN, "2026-03-28T22:30:00"),
        ("2026-02-28T01:30:00", BERLIN, "2026-03-28T00:30:00"),
        ("2026-09-25T02:30:00", BERLIN, "2026-10-25T00:30:00"),
        ("2026-02-08T02:30:00", NEW_YORK, "2026-03-08T07:30:00"),
        ("2026-10-01T01:30:00", NEW_YORK, "2026-11-01T05:30:00"),
        ("2026-09-04T02:15:00", LORD_HOWE, "2026-10-03T15:45:00"),
    ],
)
def test_a_month_bought_in_a_zone_that_changes_its_clock_is_a_month_of_utc(bought, zone, ends):
    anchor = datetime.fromisoformat(bought).replace(tzinfo=zone)

    end = period_end(anchor, Period.MONTHLY, 1)

    assert end == utc(ends)
    assert (end.hour, end.minute) == (anchor.astimezone(UTC).hour, anchor.astimezone(UTC).minute)


def test_a_night_on_which_an_hour_comes_twice_has_one_end_not_two():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)

    ends = [period_end(anchor, Period.MONTHLY, 1) for anchor in (first, second)]

    assert ends == [utc("2026-11-25T00:30:00"), utc("2026-11-25T01:30:00")]


def test_a_license_without_periods_has_no_end():
    assert period_end(utc("2026-01-31"), Period.NONE, 1) is None
    assert next_period_end(utc("2026-01-31"), Period.NONE, utc("2030-01-01")) is None
    assert periods_until(utc("2026-01-31"), Period.NONE, utc("2030-01-01")) == 0


@pytest.mark.parametrize("period", [Period.MONTHLY, Period.ANNUAL])
def test_what_would_end_after_the_calendar_never_ends(period):
    assert period_end(utc("9999-12-31"), period, 1) is None
    assert next_period_end(utc("2026-01-31"), period, LAST) is None
    assert later(utc("9999-12-31"), timedelta(days=30)) == LAST
    assert later(LAST, timedelta(0)) == LAST


@given(moments, paid_periods, moments)
@example(utc("2026-01-31"), Period.MONTHLY, utc("2026-02-28"))
@example(utc("2028-02-29"), Period.ANNUAL, utc("2029-02-28"))
@example(utc("2026-01-31"), Period.MONTHLY, utc("2020-02-28"))
def test_the_next_end_is_the_first_that_is_later(anchor, period, after):
    n = periods_until(anchor, period, after)
    end = next_period_end(anchor, period, after)

    assert end == period_end(anchor, period, n + 1)
    assert end > after
    assert n == 0 or period_end(anchor, period, n) <= after


@given(moments, paid_periods, st.integers(0, 300))
def test_ends_follow_each_other_and_keep_the_hour(anchor, period, n):
    first, second = (period_end(anchor, period, number) for number in (n, n + 1))
    shortest, longest = {Period.MONTHLY: (28, 31), Period.ANNUAL: (365, 366)}[period]

    assert timedelta(days=shortest) <= second - first <= timedelta(days=longest)
    assert first.time() == anchor.time()
    assert first.day in {anchor.day, 28, 29, 30}
    assert first.day <= anchor.day


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(0), 0),
        (-TICK, 0),
        (timedelta(days=-400), 0),
        (TICK, 1),
        (timedelta(days=1) - TICK, 1),
        (timedelta(days=1), 1),
        (timedelta(days=1) + TICK, 2),
        (timedelta(days=30), 30),
    ],
)
def test_a_day_begun_counts_whole(left, days):
    now = utc("2026-03-28T12:00:00")

    assert days_left(now + left, now) == days


@pytest.mark.parametrize(
    ("now", "until", "zone", "days"),
    [
        ("2026-03-28T12:00:00", "2026-03-29T12:00:00", BERLIN, 1),
        ("2026-03-28T12:00:00", "2026-03-29T12:30:00", BERLIN, 1),
        ("2026-10-24T12:00:00", "2026-10-25T12:00:00", BERLIN, 2),
        ("2026-10-24T12:00:00", "2026-10-25T11:00:00", BERLIN, 1),
        ("2026-03-07T12:00:00", "2026-03-08T13:00:00", NEW_YORK, 1),
        ("2026-04-04T12:00:00", "2026-04-05T12:00:00", LORD_HOWE, 2),
        ("2026-10-03T12:00:00", "2026-10-04T12:30:00", LORD_HOWE, 1),
    ],
)
def test_days_are_of_24_hours_on_nights_when_the_clock_changes_too(now, until, zone, days):
    here, there = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (now, until))

    assert days_left(there, here) == days


@given(moments, st.timedeltas(timedelta(days=-10), timedelta(days=4000)))
def test_days_left_fall_by_one_every_24_hours_and_are_none_only_at_the_end(now, left):
    until = now + left
    days = days_left(until, now)

    assert (days == 0) == (until <= now)
    assert days_left(until, now + timedelta(days=1)) == max(0, days - 1)
