"""`tradepost replay`: walk histories of descriptors and of manifests through the rules."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tradepost.cli.ending import Status, complain
from tradepost.cli.histories import HistoryFile, ReplayedHistory, read_histories
from tradepost.cli.unreadable import UnreadableError

_LONGEST_NUMBER = 1_000_000
"""Digits of an integer. JSON has no limit, and Python's own (4,300) is against attackers: this reads local files."""


def replay(
    file: Annotated[str, typer.Argument(help="Histories as JSON Lines, one a line, or - for stdin.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a history.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show a row for every history, not only the first.")] = False,
) -> None:
    """Walk histories of descriptors or manifests through the rules and numbering.

    A line holds repo, path and transitions, each with commit and raw, descriptor or manifest; a line without
    transitions is a history of one step. Each manifest counts as one deployment to production.

    Exit status: 0; 1 a line or the file cannot be read; 2 wrong usage.
    """
    reading = HistoryFile(file)
    try:
        with _long_numbers():
            _print(read_histories(reading), as_json=as_json, every=every)
    except UnreadableError as error:
        complain(str(error))
        raise typer.Exit(Status.UNREADABLE) from error
    if reading.unreadable_lines:
        raise typer.Exit(Status.UNREADABLE)
    raise typer.Exit(Status.DONE)


def _print(histories: Iterator[ReplayedHistory], *, as_json: bool, every: bool) -> None:
    if as_json:
        for history in histories:
            typer.echo(json.dumps(history.to_json()))
    else:
        from tradepost.cli.replay_page import print_histories

        print_histories(histories, every=every)


@contextmanager
def _long_numbers() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(_LONGEST_NUMBER)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)
