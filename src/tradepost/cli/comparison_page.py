"""A comparison, printed for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.core.comparison import Comparison, Finding
from tradepost.core.reasons import Reason
from tradepost.core.version import Change

_STYLES = {Change.NONE: "dim", Change.PATCH: "green", Change.MINOR: "yellow", Change.MAJOR: "red"}


def print_comparison(comparison: Comparison) -> None:
    """Print the answer first, then why, then what to look at."""
    console = open_paper()
    console.print(_headline(comparison))
    _print_findings(console, "Problems", "red", comparison.problems)
    if comparison.reasons:
        _print_title(console, "Because", "bold")
    for reason in comparison.reasons:
        console.print(_line(reason))
    if comparison.separable:
        _print_title(console, "Could go out alone, without asking anybody", "bold")
        for pointer in comparison.separable:
            console.print(styled(f"  {pointer}"))
    _print_findings(console, "Warnings", "yellow", comparison.warnings)


def _headline(comparison: Comparison) -> Text:
    if comparison.change is None:
        return styled("This cannot be listed. Nothing would change for anybody.", "bold red")
    if comparison.next is None:
        return styled(f"No change: {comparison.live} stays, no version is made.", "bold")
    asked = "administrators must consent" if comparison.consent else "nobody is asked"
    text = f"A {comparison.change.value} change: {comparison.live} becomes {comparison.next}, and {asked}."
    return styled(text, f"bold {_STYLES[comparison.change]}")


def _line(reason: Reason) -> Text:
    asks = "asks  " if reason.consent else "      "
    start = styled(f"  {reason.change.value:<6}", _STYLES[reason.change])
    line = Text.assemble(start, " ", styled(asks, "bold"), styled(reason.text))
    return line.append_text(styled(f"  {reason.rule} {reason.pointer}{_place(reason)}", "dim"))


def _print_findings(console: Console, title: str, style: str, findings: Sequence[Finding]) -> None:
    if findings:
        _print_title(console, title, f"bold {style}")
    by_text: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        where = (finding.pointer or "(whole document)") + _place(finding)
        by_text.setdefault((where, finding.text), []).append(finding.document)
    for (where, text), documents in by_text.items():
        console.print(styled(f"  {' and '.join(documents)} {where}: {text}"))


def _place(told: Reason | Finding) -> str:
    """Line and column, for what was read from YAML."""
    line, column = getattr(told, "line", None), getattr(told, "column", None)
    return "" if line is None else f" (line {line}, column {column})"


def _print_title(console: Console, title: str, style: str) -> None:
    console.print()
    console.print(styled(title, style))
