"""`tradepost editions`: who sees the modules of an app on which edition."""

import json
from enum import IntEnum
from typing import Annotated

import typer

from tradepost.cli.ending import complain
from tradepost.cli.reading import read_place
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.edition_matrix import EditionMatrix, check_editions


class EditionsStatus(IntEnum):
    """Exit statuses of the commands about editions."""

    CLEAN = 0
    UNREADABLE = 1
    """The document cannot be had."""
    NO_DESCRIPTOR = 2
    """It is no JSON object that can be read within the limits, or wrong usage."""
    WARNED = 3


editions_app = typer.Typer(help="Editions of an app: who sees which module, with which edition and license.")


@editions_app.callback()
def _editions() -> None:
    """Editions of an app: who sees which module, with which edition and license."""


@editions_app.command()
def check(
    descriptor: Annotated[str, typer.Argument(help="The descriptor: a file, an http(s) URL, or - for stdin.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else.")] = False,
) -> None:
    """Draw who sees which module on each edition, with and without a license, and warn about what looks wrong.

    Exit status: 0 nothing to warn about; 1 the document cannot be read; 2 it is no descriptor, or wrong usage; 3 there
    are warnings.
    """
    limits = DRAFT_POLICY.limits
    try:
        raw = read_place(descriptor, limit=limits.max_bytes)
    except UnreadableError as error:
        complain(str(error))
        raise typer.Exit(EditionsStatus.UNREADABLE) from error
    matrix = check_editions(raw, limits=limits)
    _print(matrix, as_json=as_json)
    raise typer.Exit(_status(matrix))


def _print(matrix: EditionMatrix, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(matrix.to_json(), indent=2))
    else:
        from tradepost.cli.editions_page import print_matrix

        print_matrix(matrix)


def _status(matrix: EditionMatrix) -> EditionsStatus:
    if matrix.problems:
        return EditionsStatus.NO_DESCRIPTOR
    return EditionsStatus.WARNED if matrix.findings else EditionsStatus.CLEAN
