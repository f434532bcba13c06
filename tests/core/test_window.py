"""When a site must not be touched, on ordinary nights and on those when clocks change."""

from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from functools import cache, partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradepost.core.errors import InvalidInputError
from tradepost.core.window import (
    DEFAULT_WINDOW,
    LONGEST_WINDOW,
    MAX_WINDOW_WAIT,
    NO_WINDOW,
    MaintenanceWindow,
    is_closed,
    touchable_at,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
HAVANA = ZoneInfo("America/Havana")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(text: str) -> MaintenanceWindow:
    return MaintenanceWindow.parse(text)


def waits_until(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    return touchable_at(window(text), now=now, zone=zone, due_since=now)


def test_a_site_that_chose_nothing_has_its_window_from_one_to_three() -> None:
    assert window("01:00-03:00") == DEFAULT_WINDOW
    assert DEFAULT_WINDOW.length == 2 * HOUR


def test_what_is_written_is_read_back() -> None:
    assert str(window(" 23:30 - 01:05 ")) == "23:30-01:05"


@given(st.integers(0, 1439), st.integers(0, 240))
def test_every_window_up_to_four_hours_can_be_written_and_read(start: int, length: int) -> None:
    made = MaintenanceWindow(clock_at(start), clock_at(start + length))

    assert MaintenanceWindow.parse(str(made)) == made
    assert made.length == length * MINUTE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01:00",
        "1:00-3:00",
        "01:00-24:00",
        "01:60-03:00",
        "01:00:00-03:00:00",
        "01:00/03:00",
        "01:00-03:00 UTC",
        "01:00-03:00\n04:00",
        "\u0660\u0661:00-03:00",  # digits, but not those a clock is written with here
    ],
)
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match="HH:MM-HH:MM, for example 01:00-03:00") as refused:
        MaintenanceWindow.parse(text, pointer="/window")

    assert refused.value.pointer == "/window"


@pytest.mark.parametrize("text", ["01:00-05:01", "22:00-02:01", "03:00-01:00"])
def test_a_window_longer_than_four_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=f"at most 4 hours long, but {text} is longer") as refused:
        MaintenanceWindow.parse(text, pointer="/window")

    assert refused.value.pointer == "/window"


def test_a_window_of_four_hours_may_be_set_also_over_midnight() -> None:
    assert window("01:00-05:00").length == window("22:00-02:00").length == LONGEST_WINDOW


@pytest.mark.parametrize("edge", [time(1, 0, 30), time(1, 0, 0, 1), time(1, tzinfo=UTC)])
def test_a_window_starts_and_ends_on_a_whole_minute_of_the_sites_own_clock(edge: time) -> None:
    with pytest.raises(InvalidInputError):
        MaintenanceWindow(start=edge, end=time(3))
    with pytest.raises(InvalidInputError):
        MaintenanceWindow(start=time(0), end=edge)


def test_the_first_minute_is_inside_and_the_end_is_outside() -> None:
    closed = [
        is_closed(DEFAULT_WINDOW, moment, BERLIN)
        for moment in (
            utc("2026-01-10T00:00") - timedelta.resolution,
            utc("2026-01-10T00:00"),
            utc("2026-01-10T02:00") - timedelta.resolution,
            utc("2026-01-10T02:00"),
        )
    ]

    assert closed == [False, True, True, False]


def test_outside_the_window_the_site_may_be_touched_now() -> None:
    assert waits_until("01:00-03:00", utc("2026-01-10T12:00"), BERLIN) is None


def test_inside_the_window_the_upgrade_waits_for_its_end() -> None:
    now = utc("2026-01-10T00:20") + timedelta(seconds=7, microseconds=5)

    assert waits_until("01:00-03:00", now, BERLIN) == utc("2026-01-10T02:00")


def test_the_same_time_twice_means_no_window() -> None:
    assert window("00:00-00:00") == NO_WINDOW
    assert not is_closed(window("01:00-01:00"), utc("2026-01-10T00:00"), BERLIN)
    assert waits_until("01:00-01:00", utc("2026-01-10T00:00"), BERLIN) is None


@pytest.mark.parametrize("now", ["2026-01-09T22:00", "2026-01-09T23:00", "2026-01-10T00:59"])
def test_a_window_may_go_over_midnight(now: str) -> None:
    assert waits_until("23:00-02:00", utc(now), BERLIN) == utc("2026-01-10T01:00")


def test_no_upgrade_waits_more_than_four_hours_from_when_it_fell_due() -> None:
    inside = utc("2026-01-10T00:30")

    def answer(due_since: datetime) -> datetime | None:
        return touchable_at(DEFAULT_WINDOW, now=inside, zone=BERLIN, due_since=due_since)

    assert answer(inside - 3 * HOUR) == inside + HOUR
    assert answer(inside - MAX_WINDOW_WAIT + MINUTE) == inside + MINUTE
    assert answer(inside - MAX_WINDOW_WAIT) is None
    assert answer(inside - 30 * HOUR) is None
    assert (
        touchable_at(DEFAULT_WINDOW, now=inside, zone=BERLIN, due_since=inside, longest_wait=MINUTE) == inside + MINUTE
    )


def test_in_spring_the_window_is_an_hour_shorter() -> None:
    # 2026-03-29 in Berlin: after 01:59 comes 03:00, at 01:00 UTC.
    assert waits_until("01:00-03:00", utc("2026-03-29T00:00"), BERLIN) == utc("2026-03-29T01:00")


def test_a_window_whose_end_the_clocks_skip_ends_when_they_jump() -> None:
    assert waits_until("01:00-02:30", utc("2026-03-29T00:10"), BERLIN) == utc("2026-03-29T01:00")


def test_a_window_whose_start_the_clocks_skip_starts_when_they_jump() -> None:
    before, after = utc("2026-03-29T00:59"), utc("2026-03-29T01:00")

    assert waits_until("02:30-04:00", before, BERLIN) is None
    assert waits_until("02:30-04:00", after, BERLIN) == utc("2026-03-29T02:00")


def test_a_window_that_the_clocks_skip_whole_does_not_happen_that_night() -> None:
    night = [utc("2026-03-29T00:00") + n * MINUTE for n in range(180)]

    assert not any(is_closed(window("02:15-02:45"), moment, BERLIN) for moment in night)


def test_in_autumn_the_window_lasts_three_elapsed_hours() -> None:
    # 2026-10-25 in Berlin: after 02:59 comes 02:00 again, at 01:00 UTC.
    starts = utc("2026-10-24T23:00")

    assert waits_until("01:00-03:00", starts - MINUTE, BERLIN) is None
    assert waits_until("01:00-03:00", starts, BERLIN) == starts + 3 * HOUR
    assert waits_until("01:00-03:00", utc("2026-10-25T01:30"), BERLIN) == starts + 3 * HOUR


def test_between_two_passes_of_a_repeated_hour_the_site_may_be_touched_if_the_window_is_left() -> None:
    first_pass, second_pass = utc("2026-10-25T00:10"), utc("2026-10-25T01:10")

    assert waits_until("01:00-02:30", first_pass, BERLIN) == utc("2026-10-25T00:30")
    assert waits_until("01:00-02:30", utc("2026-10-25T00:45"), BERLIN) is None
    assert waits_until("01:00-02:30", second_pass, BERLIN) == utc("2026-10-25T01:30")


def test_a_window_of_four_hours_that_autumn_makes_five_is_cut_at_four() -> None:
    starts = utc("2026-10-24T23:00")

    assert waits_until("01:00-05:00", starts, BERLIN) == starts + MAX_WINDOW_WAIT
    assert is_closed(window("01:00-05:00"), starts + MAX_WINDOW_WAIT, BERLIN)


def test_where_clocks_move_by_half_an_hour_so_does_the_window() -> None:
    # Lord Howe 2026-04-05: after 01:59 (+11) comes 01:30 (+10:30), at 15:00 UTC the day before.
    autumn = utc("2026-04-04T14:00")
    # Lord Howe 2026-10-04: after 01:59 (+10:30) comes 02:30 (+11), at 15:30 UTC the day before.
    spring = utc("2026-10-03T14:30")

    assert waits_until("01:00-03:00", autumn, LORD_HOWE) == autumn + timedelta(minutes=150)
    assert waits_until("01:00-03:00", spring, LORD_HOWE) == spring + timedelta(minutes=90)


def test_clocks_that_change_at_midnight_cut_a_window_that_goes_over_it() -> None:
    # Havana 2026-03-08: after 23:59 comes 01:00, at 05:00 UTC.
    starts = utc("2026-03-08T04:00")

    assert waits_until("23:00-01:00", starts, HAVANA) == starts + HOUR
    assert waits_until("00:10-00:50", starts + HOUR, HAVANA) is None


def test_a_zone_that_skipped_a_day_skipped_no_minute_of_the_window() -> None:
    # Apia: after 2011-12-29 23:59 (-10) comes 2011-12-31 00:00 (+14), at 10:00 UTC.
    starts = utc("2011-12-30T08:30")

    assert waits_until("22:30-01:30", starts, APIA) == starts + 3 * HOUR


def test_an_instant_without_a_zone_is_a_mistake() -> None:
    naive = utc("2026-01-10T00:30").replace(tzinfo=None)

    with pytest.raises(ValueError, match="needs a zone"):
        is_closed(DEFAULT_WINDOW, naive, BERLIN)
    with pytest.raises(ValueError, match="needs a zone"):
        touchable_at(DEFAULT_WINDOW, now=utc("2026-01-10T00:30"), zone=BERLIN, due_since=naive)


def test_an_instant_told_in_another_zone_gives_the_same_answer_in_utc() -> None:
    now = utc("2026-10-24T23:30")
    told_locally = now.astimezone(BERLIN)

    answer = touchable_at(DEFAULT_WINDOW, now=told_locally, zone=BERLIN, due_since=told_locally)

    assert answer == utc("2026-10-25T02:00")
    assert answer.tzinfo is UTC


# Against brute force: the next minutes are tried one by one.

ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "Europe/Dublin",  # its winter time is the exception, by sign
        "Europe/Lisbon",
        "America/New_York",
        "America/St_Johns",  # half hours, and changed at 00:01 until 2011
        "America/Havana",  # midnight
        "America/Santiago",  # midnight
        "America/Caracas",  # moved by half an hour, twice
        "Africa/Casablanca",  # changes around Ramadan
        "Africa/Cairo",
        "Africa/Monrovia",  # -0:44:30 until 1972
        "Antarctica/Troll",  # two hours
        "Antarctica/Casey",  # three hours
        "Asia/Tehran",  # midnight, half hours
        "Asia/Beirut",  # midnight
        "Asia/Gaza",
        "Asia/Kathmandu",
        "Asia/Pyongyang",
        "Australia/Lord_Howe",  # half an hour
        "Pacific/Apia",  # skipped a day
        "Pacific/Kwajalein",  # skipped a day in 1993
        "UTC",
    )
)
NO_TWO_CHANGES_WITHIN = timedelta(days=3)


def clock_at(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


@cache
def changes_of_clocks(zone: ZoneInfo, year: int) -> tuple[datetime, ...]:
    """Every instant of the year, to the second, at which the zone's offset from UTC is a new one."""
    return tuple(_changes(zone, year))


def _changes(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        after = at + NO_TWO_CHANGES_WITHIN
        if offset(zone, at) != offset(zone, after):
            seconds = range(int(NO_TWO_CHANGES_WITHIN.total_seconds()))
            yield at + timedelta(seconds=bisect(seconds, False, key=partial(_is_changed, zone, at)))
        at = after


def _is_changed(zone: ZoneInfo, since: datetime, seconds: int) -> bool:
    return offset(zone, since + timedelta(seconds=seconds)) != offset(zone, since)


def offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


@st.composite
def nights(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and an instant, most often within some hours of a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    year = draw(st.integers(1965, 2045))
    changes = changes_of_clocks(zone, year)
    around = draw(st.sampled_from(changes)) if changes else datetime(year, 7, 1, tzinfo=UTC)
    return zone, around + draw(st.integers(-360, 360)) * MINUTE


@st.composite
def windows_around(draw: st.DrawFn, at: datetime, zone: ZoneInfo) -> MaintenanceWindow:
    """A window in which the site's clock stands at this instant, or one that begins within the hour."""
    local = at.astimezone(zone)
    length = draw(st.integers(1, 240))
    start = local.hour * 60 + local.minute - draw(st.integers(-60, length))
    return MaintenanceWindow(clock_at(start), clock_at(start + length))


@st.composite
def waiting_upgrades(draw: st.DrawFn) -> tuple[MaintenanceWindow, datetime, ZoneInfo, datetime]:
    zone, now = draw(nights())
    closed = draw(windows_around(now, zone))
    now += draw(st.sampled_from([timedelta(0), timedelta(seconds=31, microseconds=7)]))
    due_since = now - draw(st.one_of(st.just(0), st.integers(0, 300))) * MINUTE
    return closed, now, zone, due_since


def stands_inside(closed: MaintenanceWindow, at: datetime, zone: ZoneInfo) -> bool:
    """The window's meaning, said a second time and as simply as can be."""
    wall = at.astimezone(zone).time()
    if closed.start <= closed.end:
        return closed.start <= wall < closed.end
    return wall >= closed.start or wall < closed.end


@settings(max_examples=400, deadline=None)
@given(waiting_upgrades())
def test_the_answer_is_the_first_moment_outside_or_the_end_of_patience(
    case: tuple[MaintenanceWindow, datetime, ZoneInfo, datetime],
) -> None:
    closed, now, zone, due_since = case
    patience_ends = due_since + MAX_WINDOW_WAIT

    answer = touchable_at(closed, now=now, zone=zone, due_since=due_since)

    assert is_closed(closed, now, zone) == stands_inside(closed, now, zone)
    if answer is None:
        assert now >= patience_ends or not stands_inside(closed, now, zone)
        return
    assert now < answer <= patience_ends
    assert answer == patience_ends or not stands_inside(closed, answer, zone)
    minutes_waited = -((now - answer) // MINUTE)
    assert all(stands_inside(closed, now + n * MINUTE, zone) for n in range(minutes_waited))
    assert stands_inside(closed, answer - timedelta.resolution, zone)


@settings(max_examples=200, deadline=None)
@given(waiting_upgrades())
def test_whoever_waits_as_told_may_touch_the_site_then(
    case: tuple[MaintenanceWindow, datetime, ZoneInfo, datetime],
) -> None:
    closed, now, zone, due_since = case

    told = touchable_at(closed, now=now, zone=zone, due_since=due_since) or now

    assert touchable_at(closed, now=told, zone=zone, due_since=due_since) is None


@settings(max_examples=200, deadline=None)
@given(waiting_upgrades(), st.integers(0, 300), st.integers(0, 300))
def test_asking_later_or_falling_due_later_never_gives_an_earlier_moment(
    case: tuple[MaintenanceWindow, datetime, ZoneInfo, datetime], later: int, due_later: int
) -> None:
    closed, now, zone, due_since = case

    def touched(*, now: datetime, due_since: datetime) -> datetime:
        return touchable_at(closed, now=now, zone=zone, due_since=due_since) or now

    first = touched(now=now, due_since=due_since)
    assert first <= touched(now=now + later * MINUTE, due_since=due_since)
    assert first <= touched(now=now, due_since=due_since + due_later * MINUTE)


@given(st.integers(-14 * 60, 14 * 60), st.integers(0, 1439), st.integers(0, 1439))
def test_any_kind_of_zone_will_do(offset_minutes: int, start: int, minute: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    now = utc("2026-05-05T00:00") + minute * MINUTE
    closed = MaintenanceWindow(clock_at(start), clock_at(start + 90))

    answer = touchable_at(closed, now=now, zone=zone, due_since=now)

    assert (answer is None) == (not is_closed(closed, now, zone))
    assert answer is None or answer.astimezone(zone).time() == closed.end
