"""`tradepost compare`: what a change to a descriptor or a manifest would do, publishing nothing."""

import json
from typing import Annotated

import typer

from tradepost.cli.compare_kinds import compare_texts
from tradepost.cli.ending import Status, complain
from tradepost.cli.reading import STANDARD_INPUT, read_place
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.comparison import DRAFT_POLICY, Comparison
from tradepost.core.errors import InvalidInputError
from tradepost.core.version import Version


def compare(
    old: Annotated[str, typer.Argument(help="The document that is live: a file, an http(s) URL, or - for stdin.")],
    new: Annotated[str, typer.Argument(help="The document that would follow it.")],
    *,
    live: Annotated[
        str | None,
        typer.Option(
            help="The version that is live, such as 1.2.3. Default: <apiVersion of OLD>.0.0, of a manifest 1.1.0."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 3 when consent is needed.")] = False,
) -> None:
    """Say what a change to a descriptor or a manifest would do to customers. Nothing is published.

    A JSON object with baseUrl is a descriptor, anything else is read as the YAML manifest of a deployment.

    Exit status: 0; 1 a document cannot be read; 2 a document cannot be listed, or wrong usage; 3 consent is needed
    (with --exit-code).
    """
    if old == new == STANDARD_INPUT:
        raise typer.BadParameter("Only one of the documents can come from standard input.")
    try:
        version = None if live is None else Version.parse(live)
        before, after = _read(old, new)
        comparison = compare_texts(before, after, live=version)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error), param_hint="--live") from error
    _print(comparison, as_json=as_json)
    raise typer.Exit(_status(comparison, exit_code=exit_code))


def _read(old: str, new: str) -> tuple[bytes, bytes]:
    """Both documents; ends the command, after trying both, where one cannot be read."""
    found: list[bytes] = []
    for place in (old, new):
        try:
            found.append(read_place(place, limit=DRAFT_POLICY.limits.max_bytes))
        except UnreadableError as error:
            complain(str(error))
    if len(found) != 2:
        raise typer.Exit(Status.UNREADABLE)
    return found[0], found[1]


def _print(comparison: Comparison, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(comparison.to_json(), indent=2))
    else:
        from tradepost.cli.comparison_page import print_comparison

        print_comparison(comparison)


def _status(comparison: Comparison, *, exit_code: bool) -> Status:
    if comparison.problems:
        return Status.UNLISTABLE
    return Status.CONSENT if exit_code and comparison.consent else Status.DONE
