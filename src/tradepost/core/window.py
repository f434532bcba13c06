"""The maintenance window: a time of day, in the site's zone, in which the site must not be touched."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, Self

from tradepost.core.errors import InvalidInputError

MAX_WINDOW_WAIT: Final = timedelta(hours=4)
"""The longest an upgrade waits for a window: elapsed, since it fell due (domain.md 3.2, issue 2 "Sites")."""

LONGEST_WINDOW: Final = timedelta(hours=4)
"""The longest window a site may set, by the clock on the wall; the wait would cut a longer one anyway."""

_DAY: Final = timedelta(days=1)
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN: Final = re.compile(f"({_CLOCK}) ?- ?({_CLOCK})")


def _since_midnight(wall: time) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """From `start` up to but not including `end`, by the site's own clock, in whole minutes.

    `start` after `end` goes over midnight; both the same means that there is no window. Raises
    InvalidInputError for seconds, for times that bring a zone, and for more than LONGEST_WINDOW.
    Source: domain.md 3.3 and 12 (question 17), issue 2 "Sites".
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        for edge in (self.start, self.end):
            if edge.tzinfo is not None:
                raise InvalidInputError("A maintenance window is in the site's own zone; its times name none.")
            if edge.second or edge.microsecond:
                raise InvalidInputError("A maintenance window starts and ends on a whole minute.")
        if self.length > LONGEST_WINDOW:
            hours = LONGEST_WINDOW // timedelta(hours=1)
            raise InvalidInputError(f"A maintenance window is at most {hours} hours long, but {self} is longer.")

    @classmethod
    def parse(cls, text: str, *, pointer: str = "") -> Self:
        """Read `HH:MM-HH:MM`, for example `01:00-03:00`; `pointer` tells the error where it stood."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise InvalidInputError(
                "A maintenance window is written HH:MM-HH:MM, for example 01:00-03:00 (midnight is 00:00; "
                "the same time twice means no window).",
                pointer,
            )
        start, end = map(time.fromisoformat, found.groups())
        try:
            return cls(start, end)
        except InvalidInputError as error:
            raise InvalidInputError(str(error), pointer) from None

    def __str__(self) -> str:
        """The form that `parse` reads."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    @property
    def length(self) -> timedelta:
        """How long it lasts by the clock on the wall; zero when there is no window."""
        return (_since_midnight(self.end) - _since_midnight(self.start)) % _DAY


DEFAULT_WINDOW: Final = MaintenanceWindow(start=time(1), end=time(3))
"""What a site has that chose nothing (domain.md 3.3)."""

NO_WINDOW: Final = MaintenanceWindow(start=time(0), end=time(0))
"""A site that may be touched at any time."""


def is_closed(window: MaintenanceWindow, now: datetime, zone: tzinfo) -> bool:
    """Whether the site's own clock stands inside the window at this instant.

    The clock on the wall decides and nothing else: a window that a change of clocks skips does not
    happen that night, and one whose hour is repeated happens twice. Raises ValueError for a naive `now`.
    """
    return _left_of_window(window, as_utc(now), zone) > timedelta(0)


def touchable_at(
    window: MaintenanceWindow,
    *,
    now: datetime,
    zone: tzinfo,
    due_since: datetime,
    longest_wait: timedelta = MAX_WINDOW_WAIT,
) -> datetime | None:
    """When an upgrade due since `due_since` may touch the site: None for now, else an instant in UTC.

    The instant is the first one after `now` outside the window, or `longest_wait` (elapsed) after
    `due_since` where that is sooner: 4 hours are the last part of 5 + 24 + 4 = 33 (domain.md 3.2,
    issue 2 "Sites"). Only waiting is decided here; an administrator's own approval does not ask.
    Raises ValueError for naive instants.
    """
    now, last_moment = as_utc(now), as_utc(due_since) + longest_wait
    if now >= last_moment or not is_closed(window, now, zone):
        return None
    return min(_first_outside(window, now, zone), last_moment)


def as_utc(moment: datetime) -> datetime:
    """The same instant in UTC, where adding means elapsed time. Raises ValueError for a naive one."""
    if moment.utcoffset() is None:
        raise ValueError(f"an instant needs a zone, and {moment.isoformat()} has none")
    return moment.astimezone(UTC)


def _first_outside(window: MaintenanceWindow, inside: datetime, zone: tzinfo) -> datetime:
    """Follow the wall clock from an instant inside to the first outside, a stop at every change of clocks."""
    at = inside
    while left := _left_of_window(window, at, zone):
        at = _first_change_of_clocks(at, at + left, zone)
    return at


def _left_of_window(window: MaintenanceWindow, at: datetime, zone: tzinfo) -> timedelta:
    """How far the wall clock is from the window's end; zero outside."""
    into_window = (_since_midnight(at.astimezone(zone).time()) - _since_midnight(window.start)) % _DAY
    return max(window.length - into_window, timedelta(0))


def _first_change_of_clocks(after: datetime, until: datetime, zone: tzinfo) -> datetime:
    """The first instant in (after, until] that has another offset than `after`; `until` where none has.

    Halving finds it because a window is short (LONGEST_WINDOW) and no zone changes its clocks and
    changes them back within hours.
    """
    before = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == before:
        return until
    while until - after > timedelta.resolution:
        middle = after + (until - after) // 2
        if middle.astimezone(zone).utcoffset() == before:
            after = middle
        else:
            until = middle
    return until
