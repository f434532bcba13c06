"""When to look again: polls, checks and repeated calls, spread by arithmetic instead of by dice."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tradepost.core.window import MAX_WINDOW_WAIT, as_utc


@dataclass(frozen=True, slots=True)
class SchedulePolicy:
    """Every interval of the promise that a change reaches every healthy site, in one place.

    A change is noticed within `poll_interval`, a site asks within `check_interval`, and a maintenance
    window holds it up for at most `longest_window_wait`: 5 h + 24 h + 4 h = 33 h. The three are times
    from start to start, so nothing below may lengthen one: jitter and back-off only shorten.
    Sources: the sum is domain.md 3.2, the parts domain.md 3.1 and 12 (question 16), issue 2 "Watching"
    and "Sites". The pauses after failures are not published (domain.md 3.4, 3.5 and 12, questions 8
    and 18); they are ours.
    """

    poll_interval: timedelta = timedelta(hours=5)
    first_poll_retry: timedelta = timedelta(minutes=15)
    check_interval: timedelta = timedelta(hours=24)
    first_check_retry: timedelta = timedelta(minutes=10)
    longest_window_wait: timedelta = MAX_WINDOW_WAIT
    first_lifecycle_retry: timedelta = timedelta(minutes=5)
    longest_lifecycle_retry: timedelta = timedelta(hours=6)
    longest_crossing: timedelta = timedelta(hours=120)

    @property
    def crossing_spread(self) -> timedelta:
        """Over how long the turns of sites are spread when a watched app becomes a deployed one, so that none of them
        is later than `longest_crossing` after its first deployment, with its check and its window behind it.
        """
        return max(timedelta(0), self.longest_crossing - self.check_interval - self.longest_window_wait)

    @property
    def promise(self) -> timedelta:
        """How long a change that needs no consent takes at most to reach a healthy site."""
        return self.poll_interval + self.check_interval + self.longest_window_wait


DEFAULT_SCHEDULE: Final = SchedulePolicy()

START_JITTER: Final = 0.1
"""How much of an interval the next start may be early, as a share."""

BACKOFF_JITTER: Final = 0.2
"""How much of a pause after a failure may be saved, as a share (issue 2 "Watching")."""

SHORTEST_PAUSE: Final = timedelta(seconds=1)
"""However short the settings, nobody is called again at once."""

_ALWAYS_EARLY: Final = 10
"""A tenth of the jitter is always taken, so that the moment a worker needs to pick up a due row does not push
one start to more than the interval after the last: 3 minutes of 5 h, 14 minutes of 24 h."""


def next_start(started: datetime, *, interval: timedelta, seed: str, jitter: float = START_JITTER) -> datetime:
    """When to start again: at most `interval` after the last start, and at least `interval * (1 - jitter)`.

    The same start and seed give the same answer, other seeds others, so that what began together
    drifts apart. Source: issue 2 "Watching" (longest from start to start, jitter only shortens) and
    "Sites" (each at its own moment). Raises ValueError for a naive `started` and settings without sense.
    """
    if interval <= timedelta(0):
        raise ValueError(f"an interval is longer than nothing, and {interval} is not")
    started = as_utc(started)
    return started + _shortened(interval, by=jitter, seed=f"start\n{started.isoformat()}\n{seed}")


def first_start(now: datetime, *, interval: timedelta, seed: str) -> datetime:
    """When a newcomer starts first: its own moment within (now, now + interval], all moments equally likely.

    Source: issue 2 "Sites" (each at its own moment); a thousand sites that enrol together must not
    check together for months. Raises ValueError for a naive `now` and an interval of nothing.
    """
    if interval <= timedelta(0):
        raise ValueError(f"an interval is longer than nothing, and {interval} is not")
    now = as_utc(now)
    steps = interval // timedelta.resolution
    return now + interval - timedelta.resolution * _drawn(steps, seed=f"first\n{now.isoformat()}\n{seed}")


def turn_of(site: str, *, began: datetime, spread: timedelta) -> datetime:
    """When it is a site's turn in a rollout that began then: its own moment in [began, began + spread].

    All moments are equally likely, so that the rollout goes on steadily, and the site's name alone decides: the same
    one is always early or late, so that people know what to expect. Source: domain.md 4.4 and issue 5.
    Raises ValueError for a naive `began` and a spread below zero.
    """
    if spread < timedelta(0):
        raise ValueError(f"a rollout is not spread over {spread}")
    return as_utc(began) + timedelta.resolution * _drawn(spread // timedelta.resolution + 1, seed=f"turn\n{site}")


def backoff(failures: int, *, first: timedelta, cap: timedelta, seed: str) -> timedelta:
    """How long to wait after `failures` failures in a row (at least 1): doubled each time, never over `cap`.

    Up to a fifth is taken off, so that those who failed together do not come back together; never is
    it under SHORTEST_PAUSE. Source: issue 2 "Watching" and "Upgrading" (polling backs off, calls are
    tried again with back-off); the numbers are ours (domain.md 12, questions 8 and 18).
    Raises ValueError for fewer than one failure and settings without sense.
    """
    if failures < 1:
        raise ValueError(f"there is no pause after {failures} failures")
    if first <= timedelta(0) or cap < SHORTEST_PAUSE:
        raise ValueError(f"pauses from {first} up to {cap} make no sense")
    pause = _doubled(first, times=failures - 1, cap=cap)
    return max(SHORTEST_PAUSE, _shortened(pause, by=BACKOFF_JITTER, seed=f"again\n{failures}\n{seed}"))


def next_poll(
    started: datetime,
    *,
    failures: int,
    seed: str,
    interval: timedelta = DEFAULT_SCHEDULE.poll_interval,
    first_retry: timedelta = DEFAULT_SCHEDULE.first_poll_retry,
) -> datetime:
    """When to poll a listing again whose last poll started then and was failure number `failures` in a row.

    0 failures: it was answered. After a failure it is tried sooner and the pause doubles, but
    `interval` stays the longest time from start to start, so that a host that recovers is noticed as
    soon as any other. Source: issue 2 "Watching"; domain.md 12 (question 8).
    """
    return _next_try(started, failures=failures, seed=seed, interval=interval, first_retry=first_retry)


def next_check(
    started: datetime,
    *,
    failures: int,
    seed: str,
    interval: timedelta = DEFAULT_SCHEDULE.check_interval,
    first_retry: timedelta = DEFAULT_SCHEDULE.first_check_retry,
) -> datetime:
    """When a site asks the marketplace again; the same rule as `next_poll`. Source: issue 2 "Sites"."""
    return _next_try(started, failures=failures, seed=seed, interval=interval, first_retry=first_retry)


def retry_lifecycle(
    attempts: int,
    *,
    seed: str,
    first: timedelta = DEFAULT_SCHEDULE.first_lifecycle_retry,
    cap: timedelta = DEFAULT_SCHEDULE.longest_lifecycle_retry,
) -> timedelta:
    """How long to wait before `installed` is called again, after `attempts` calls that failed (at least 1).

    There is no last attempt: the old version stays in force and the app is tried until it answers or a
    newer version takes its place. Source: issue 2 "Upgrading"; domain.md 3.5 and 12 (question 18).
    """
    return backoff(attempts, first=first, cap=cap, seed=seed)


def _next_try(started: datetime, *, failures: int, seed: str, interval: timedelta, first_retry: timedelta) -> datetime:
    if failures == 0:
        return next_start(started, interval=interval, seed=seed)
    started = as_utc(started)
    drawn_for = f"{started.isoformat()}\n{seed}"
    return started + backoff(failures, first=first_retry, cap=interval, seed=drawn_for)


def _doubled(first: timedelta, *, times: int, cap: timedelta) -> timedelta:
    """`first` doubled so many times, or the cap; a power that must be over the cap is never computed."""
    most_doublings = (cap // timedelta.resolution).bit_length()
    if first >= cap or times > most_doublings:
        return cap
    steps = (first // timedelta.resolution) << times
    return timedelta.resolution * min(steps, cap // timedelta.resolution)


def _shortened(longest: timedelta, *, by: float, seed: str) -> timedelta:
    """Take off a share between a tenth of `by` and `by`, in whole microseconds: no rounding lengthens it."""
    if not 0 <= by < 1:
        raise ValueError(f"jitter is a share from 0 up to but not including 1, and {by} is not")
    most = int(longest // timedelta.resolution * by)
    least = most // _ALWAYS_EARLY
    return longest - timedelta.resolution * (least + _drawn(most - least + 1, seed=seed))


def _drawn(choices: int, *, seed: str) -> int:
    """One of 0 to choices - 1, decided by the seed alone, all equally likely."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    return number * choices >> 256
