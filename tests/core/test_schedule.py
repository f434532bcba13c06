"""When to look again: never later than promised, evenly spread, the same answer every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.schedule import (
    DEFAULT_SCHEDULE,
    SHORTEST_PAUSE,
    SchedulePolicy,
    backoff,
    first_start,
    next_check,
    next_poll,
    next_start,
    retry_lifecycle,
)
from tradepost.core.window import MAX_WINDOW_WAIT

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STARTED = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
ROUNDING = timedelta.resolution

instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
intervals = st.timedeltas(timedelta(seconds=1), timedelta(days=400))
any_length = st.timedeltas(timedelta.resolution, timedelta(days=400))
seeds = st.text(st.characters(codec="utf-8"), max_size=20)
failure_counts = st.one_of(st.integers(1, 40), st.integers(1, 10**30))


def test_five_and_twenty_four_and_four_are_thirty_three_hours() -> None:
    policy = SchedulePolicy()

    assert policy.promise == timedelta(hours=33)
    assert (policy.poll_interval, policy.check_interval) == (5 * HOUR, 24 * HOUR)
    assert policy.longest_window_wait == MAX_WINDOW_WAIT == 4 * HOUR


@given(instants, any_length, seeds, st.floats(0, 0.999))
def test_jitter_only_shortens(started: datetime, interval: timedelta, seed: str, jitter: float) -> None:
    pause = next_start(started, interval=interval, seed=seed, jitter=jitter) - started

    assert interval * (1 - jitter) - ROUNDING <= pause <= interval


@given(instants, intervals, seeds)
def test_the_same_question_has_the_same_answer_in_whatever_zone_it_is_asked(
    started: datetime, interval: timedelta, seed: str
) -> None:
    asked_in_apia = started.astimezone(ZoneInfo("Pacific/Apia"))

    assert next_start(started, interval=interval, seed=seed) == next_start(asked_in_apia, interval=interval, seed=seed)
    assert first_start(started, interval=interval, seed=seed) == first_start(
        asked_in_apia, interval=interval, seed=seed
    )


def test_the_answer_is_the_same_on_every_machine_and_in_every_year() -> None:
    # Fixed numbers: a change of the recipe would move every site at once, and should be meant.
    assert next_start(STARTED, interval=5 * HOUR, seed="a") == datetime.fromisoformat(
        "2026-03-29T00:39:18.939033+00:00"
    )
    assert first_start(STARTED, interval=5 * HOUR, seed="a") == datetime.fromisoformat(
        "2026-03-28T21:16:21.114426+00:00"
    )
    assert backoff(3, first=MINUTE, cap=HOUR, seed="a") == timedelta(microseconds=192_846_983)


def test_an_interval_is_elapsed_time_also_over_a_change_of_clocks() -> None:
    in_berlin = STARTED.astimezone(ZoneInfo("Europe/Berlin"))

    answer = next_start(in_berlin, interval=24 * HOUR, seed="a", jitter=0)

    assert answer == STARTED + 24 * HOUR
    assert answer.tzinfo is UTC


def test_a_worker_that_looks_once_a_minute_still_starts_within_the_interval() -> None:
    latest_poll = max(next_poll(STARTED, failures=n, seed=f"{s}") for n in range(12) for s in range(200))
    latest_check = max(next_check(STARTED, failures=n, seed=f"{s}") for n in range(12) for s in range(200))

    assert latest_poll + MINUTE <= STARTED + 5 * HOUR
    assert latest_check + MINUTE <= STARTED + 24 * HOUR


def test_a_thousand_that_started_together_start_again_evenly_over_the_jitter() -> None:
    moments = [next_start(STARTED, interval=5 * HOUR, seed=f"listing {n}") for n in range(1000)]

    assert len(set(moments)) == 1000
    tenths = Counter((moment - STARTED - 4.5 * HOUR) // (3 * MINUTE) for moment in moments)
    assert set(tenths) == set(range(9))  # the last 3 minutes are kept for the worker
    assert all(70 <= count <= 155 for count in tenths.values())


def test_those_who_started_together_do_not_keep_their_distance_for_ever() -> None:
    def pause(started: datetime) -> timedelta:
        return next_start(started, interval=5 * HOUR, seed="a") - started

    assert len({pause(STARTED + n * HOUR) for n in range(50)}) == 50


@given(instants, any_length, seeds)
def test_a_newcomer_starts_after_now_and_within_one_interval(now: datetime, interval: timedelta, seed: str) -> None:
    assert now < first_start(now, interval=interval, seed=seed) <= now + interval


def test_a_thousand_newcomers_are_spread_evenly_over_the_interval() -> None:
    moments = [first_start(STARTED, interval=24 * HOUR, seed=f"site {n}") for n in range(2400)]

    hours = Counter((moment - STARTED) // HOUR for moment in moments)
    assert set(hours) == set(range(24))
    assert all(60 <= count <= 145 for count in hours.values())


@given(failure_counts, any_length, intervals, seeds)
def test_a_pause_is_at_most_a_fifth_shorter_than_its_double_and_never_over_the_cap(
    failures: int, first: timedelta, cap: timedelta, seed: str
) -> None:
    pause = backoff(failures, first=first, cap=cap, seed=seed)

    whole = cap if failures > 100 else min(cap, timedelta.resolution * whole_steps(first, failures, cap))
    assert max(SHORTEST_PAUSE, whole * 0.8 - ROUNDING) <= pause <= max(SHORTEST_PAUSE, whole) <= cap


def whole_steps(first: timedelta, failures: int, cap: timedelta) -> int:
    return min(first // timedelta.resolution * 2 ** (failures - 1), cap // timedelta.resolution)


def test_the_pause_doubles_until_the_cap() -> None:
    pauses = [retry_lifecycle(attempts, seed="site 1") for attempts in range(1, 10)]

    for pause, minutes in zip(pauses, (5, 10, 20, 40, 80, 160, 320, 360, 360), strict=True):
        assert 0.8 * minutes * MINUTE <= pause <= minutes * MINUTE


def test_sites_that_failed_together_come_back_spread() -> None:
    pauses = {retry_lifecycle(8, seed=f"site {n}") for n in range(1000)}

    assert len(pauses) == 1000
    assert max(pauses) - min(pauses) > HOUR


@given(instants, st.one_of(st.just(0), failure_counts), seeds)
def test_polls_are_never_more_than_five_hours_apart_and_checks_never_more_than_a_day(
    started: datetime, failures: int, seed: str
) -> None:
    poll = next_poll(started, failures=failures, seed=seed) - started
    check = next_check(started, failures=failures, seed=seed) - started

    assert timedelta(0) < poll <= 5 * HOUR
    assert timedelta(0) < check <= 24 * HOUR


def test_after_a_failure_it_is_tried_sooner_and_the_pauses_grow() -> None:
    polls = [next_poll(STARTED, failures=n, seed="a") - STARTED for n in range(1, 6)]
    checks = [next_check(STARTED, failures=n, seed="a") - STARTED for n in range(1, 9)]

    assert polls == sorted(polls)
    assert checks == sorted(checks)
    assert 12 * MINUTE <= polls[0] <= 15 * MINUTE
    assert 8 * MINUTE <= checks[0] <= 10 * MINUTE
    assert next_poll(STARTED, failures=0, seed="a") - STARTED >= 4.5 * HOUR


def test_an_operator_may_set_every_interval() -> None:
    poll = next_poll(STARTED, failures=0, seed="a", interval=MINUTE)
    retried = next_check(STARTED, failures=3, seed="a", interval=MINUTE, first_retry=10 * MINUTE)

    assert STARTED + 54 * timedelta(seconds=1) <= poll <= STARTED + MINUTE
    assert STARTED < retried <= STARTED + MINUTE
    assert SchedulePolicy(poll_interval=HOUR).promise == 29 * HOUR
    assert SchedulePolicy() == DEFAULT_SCHEDULE


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        next_start(STARTED, interval=timedelta(0), seed="a")
    with pytest.raises(ValueError, match="longer than nothing"):
        first_start(STARTED, interval=-HOUR, seed="a")
    with pytest.raises(ValueError, match="jitter is a share"):
        next_start(STARTED, interval=HOUR, seed="a", jitter=1)
    with pytest.raises(ValueError, match="no pause after 0 failures"):
        backoff(0, first=MINUTE, cap=HOUR, seed="a")
    with pytest.raises(ValueError, match="no pause after -1 failures"):
        next_poll(STARTED, failures=-1, seed="a")
    with pytest.raises(ValueError, match="make no sense"):
        backoff(1, first=timedelta(0), cap=HOUR, seed="a")
    with pytest.raises(ValueError, match="make no sense"):
        backoff(1, first=MINUTE, cap=timedelta(milliseconds=999), seed="a")
    with pytest.raises(ValueError, match="needs a zone"):
        next_start(STARTED.replace(tzinfo=None), interval=HOUR, seed="a")
