"""Watching a rollout until it ends, with a bar on standard error for people and a line at each step for logs."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tradepost.cli.ending import complain
from tradepost.cli.paper import styled
from tradepost.cli.vendor.failures import NoAnswerError

PAUSE = 2.0
"""Seconds between two questions."""
_MOST_SILENT = 5
"""A marketplace that is away for a moment, as for an update, does not end the watching."""

Rollout = Mapping[str, Any]


def watch_rollout(ask: Callable[[], Rollout], first: Rollout, *, timeout: float, as_json: bool) -> Rollout:
    """Ask until it has ended or `timeout` seconds are over; return the last answer. Raises NoAnswerError."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if as_json:
        return _follow(ask, first, timeout, lambda _: None)
    if not console.is_terminal:
        return _follow(ask, first, timeout, lambda found: complain(progress_line(found)))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=max(taken(first), 1))

        def show(found: Rollout) -> None:
            text = styled(progress_line(found)).plain
            progress.update(bar, completed=taken(found) - _number(found, "pending"), description=text)

        return _follow(ask, first, timeout, show)


def progress_line(found: Rollout) -> str:
    """How far it is, in words."""
    counts = (f"{_number(found, name)} {name}" for name in ("upgraded", "failed", "left", "pending"))
    return f"rollout to {found.get('to_version')}: {', '.join(counts)}"


def taken(found: Rollout) -> int:
    """How many sites it took."""
    return sum(_number(found, name) for name in ("pending", "upgraded", "failed", "left"))


def _follow(ask: Callable[[], Rollout], first: Rollout, timeout: float, show: Callable[[Rollout], None]) -> Rollout:
    end = time.monotonic() + timeout
    found, shown, silent = first, "", 0
    while True:
        if progress_line(found) != shown:
            shown = progress_line(found)
            show(found)
        if found.get("state") != "running" or time.monotonic() >= end:
            return found
        time.sleep(min(PAUSE, max(end - time.monotonic(), 0.0)))
        try:
            found, silent = ask(), 0
        except NoAnswerError:
            silent += 1
            if silent >= _MOST_SILENT:
                raise


def _number(found: Rollout, name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) else 0
