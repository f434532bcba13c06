"""The maintenance window as people look forward to it. The rule itself is in core/window.py."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from tradepost.core.window import MaintenanceWindow, is_closed, touchable_at

DAYS_AHEAD = 4
"""A window that a change of clocks skips does not happen that night; the next one is never further than this."""


@dataclass(frozen=True, slots=True)
class Hours:
    """One coming or present window. Instants in UTC and on the site's own clock."""

    start: datetime
    end: datetime
    local_start: datetime
    local_end: datetime
    is_now: bool


def find_next_window(window: MaintenanceWindow, *, now: datetime, zone: tzinfo) -> Hours | None:
    """The window that the site is in or that comes next; None where it has none."""
    if not window.length:
        return None
    if is_closed(window, now, zone):
        return _hours(window, now, zone, is_now=True)
    today = now.astimezone(zone).date()
    for days in range(DAYS_AHEAD):
        start = datetime.combine(today + timedelta(days=days), window.start, tzinfo=zone).astimezone(UTC)
        if start > now and is_closed(window, start, zone):
            return _hours(window, start, zone, is_now=False)
    return None


def _hours(window: MaintenanceWindow, start: datetime, zone: tzinfo, *, is_now: bool) -> Hours:
    end = touchable_at(window, now=start, zone=zone, due_since=start) or start
    return Hours(start, end, start.astimezone(zone), end.astimezone(zone), is_now)
