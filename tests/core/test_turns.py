"""Whose turn it is when an app reaches one site after the other: steadily, and always the same order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.schedule import SchedulePolicy, turn_of

BEGAN = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPREAD = SchedulePolicy().crossing_spread
SITES = [f"site-{number}" for number in range(4000)]


def test_turns_check_and_window_together_stay_within_120_hours():
    policy = SchedulePolicy()

    assert policy.crossing_spread + policy.check_interval + policy.longest_window_wait == timedelta(hours=120)


def test_intervals_longer_than_the_promise_leave_no_spread_at_all():
    assert SchedulePolicy(check_interval=timedelta(days=9)).crossing_spread == timedelta(0)


@given(st.text(max_size=40), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_every_turn_is_within_the_spread(site, spread):
    assert BEGAN <= turn_of(site, began=BEGAN, spread=spread) <= BEGAN + spread


@given(st.lists(st.text(max_size=20), unique=True, max_size=20), st.datetimes(timezones=st.just(UTC)).filter(
    lambda at: datetime(1990, 1, 1, tzinfo=UTC) < at < datetime(2090, 1, 1, tzinfo=UTC)
))  # fmt: skip
def test_the_same_site_is_always_early_or_late(sites, later):
    def in_order(began):
        return sorted(sites, key=lambda site: (turn_of(site, began=began, spread=SPREAD), site))

    assert in_order(BEGAN) == in_order(later)


def test_the_rollout_goes_on_steadily():
    tenths = [int((turn_of(site, began=BEGAN, spread=SPREAD) - BEGAN) / SPREAD * 10) for site in SITES]

    assert all(340 <= tenths.count(tenth) <= 460 for tenth in range(10))


def test_without_a_spread_it_is_everybodys_turn_at_once():
    assert turn_of("any", began=BEGAN, spread=timedelta(0)) == BEGAN


def test_a_spread_below_zero_and_a_naive_time_are_refused():
    with pytest.raises(ValueError, match="not spread over"):
        turn_of("any", began=BEGAN, spread=timedelta(seconds=-1))
    with pytest.raises(ValueError, match="needs a zone"):
        turn_of("any", began=BEGAN.replace(tzinfo=None), spread=SPREAD)
