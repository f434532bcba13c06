"""Waiting for what the service does by itself, with a sign of life on standard error."""

import time
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console

from tradepost.cli.paper import styled

Found = TypeVar("Found")

PAUSE = 0.3
"""Seconds between two questions."""


def watch(ask: Callable[[], Found], *, until: Callable[[Found], bool], timeout: float, text: str) -> Found:
    """Ask until the answer is definite or `timeout` seconds are over; return the last answer."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    end = time.monotonic() + timeout
    with console.status(styled(text)):
        found = ask()
        while not until(found) and time.monotonic() < end:
            time.sleep(PAUSE)
            found = ask()
    return found
