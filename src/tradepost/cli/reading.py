"""Getting at documents: a file, an http(s) address or `-` for standard input, within limits."""

import sys
from pathlib import Path

from tradepost.cli.unreadable import UnreadableError

STANDARD_INPUT = "-"


def is_address(place: str) -> bool:
    """Whether the place is to be fetched over HTTP."""
    return place.lower().startswith(("http://", "https://"))


def read_place(place: str, *, limit: int) -> bytes:
    """The bytes at a place, at most `limit` + 1 of them, so that the reader can tell that there are too many.

    Raises UnreadableError where there are none to be had.
    """
    if place == STANDARD_INPUT:
        return sys.stdin.buffer.read(limit + 1)
    if is_address(place):
        from tradepost.cli.fetching import fetch

        return fetch(place, limit=limit)
    try:
        with Path(place).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"cannot read {place}: {reason}") from error
