"""`tradepost lint`: everything that is wrong with a manifest, and what it means for sites of a watched app."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.cli.ending import Status, complain
from tradepost.cli.reading import STANDARD_INPUT, read_place
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.errors import InvalidInputError
from tradepost.core.version import Version

if TYPE_CHECKING:
    from tradepost.core.manifest_lint import LintReport


def lint(
    manifest: Annotated[str, typer.Argument(help="The manifest: a file, an http(s) URL, or - for stdin.")],
    *,
    against: Annotated[
        str | None, typer.Option(help="The descriptor of the watched app that this deployment would follow.")
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(help="With --against: the highest listed version. Default: <apiVersion of the descriptor>.0.0."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="With --against: end with 3 when administrators must consent.")
    ] = False,
) -> None:
    """Say everything that is wrong with a manifest, with line and column. Nothing is deployed.

    With --against, say also whether administrators of sites that run the watched app would be asked, and why.

    Exit status: 0, warnings or not; 1 a document cannot be read; 2 it cannot be deployed (as under another key than the
    descriptor's), or wrong usage; 3 consent is needed (with --exit-code).
    """
    if manifest == against == STANDARD_INPUT:
        raise typer.BadParameter("Only one of the documents can come from standard input.")
    if against is None and (live is not None or exit_code):
        raise typer.BadParameter("--live and --exit-code say something with --against only.")
    try:
        version = None if live is None else Version.parse(live)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error), param_hint="--live") from error
    report = _lint(*_read(manifest, against), live=version)
    _print(report, as_json=as_json)
    raise typer.Exit(_status(report, exit_code=exit_code))


def _read(manifest: str, against: str | None) -> tuple[bytes, bytes | None]:
    """Both documents; ends the command, after trying both, where one cannot be read."""
    found: list[bytes] = []
    places = [place for place in (manifest, against) if place is not None]
    for place in places:
        try:
            found.append(read_place(place, limit=DRAFT_POLICY.limits.max_bytes))
        except UnreadableError as error:
            complain(str(error))
    if len(found) != len(places):
        raise typer.Exit(Status.UNREADABLE)
    return found[0], found[1] if against is not None else None


def _lint(manifest: bytes, against: bytes | None, *, live: Version | None) -> "LintReport":
    from tradepost.core.manifest_lint import lint as lint_manifest
    from tradepost.wire.manifest_text import read_manifest

    return lint_manifest(read_manifest(manifest, limits=DRAFT_POLICY.limits), against=against, live=live)


def _print(report: "LintReport", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        from tradepost.cli.lint_page import print_report

        print_report(report)


def _status(report: "LintReport", *, exit_code: bool) -> Status:
    if not report.deployable:
        return Status.UNLISTABLE
    return Status.CONSENT if exit_code and report.consent else Status.DONE
