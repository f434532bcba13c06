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
        console.print(styled("\nBecause", "bold"))
    for reason in comparison.reasons:
        console.print(_line(reason))
    if comparison.separable:
        console.print(styled("\nCould go out alone, without asking anybody", "bold"))
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
    return line.append_text(styled(f"  {reason.rule} {reason.pointer}", "dim"))


def _print_findings(console: Console, title: str, style: str, findings: Sequence[Finding]) -> None:
    if findings:
        console.print(styled(f"\n{title}", f"bold {style}"))
    for finding in findings:
        console.print(styled(f"  {finding.document} {finding.pointer or '(whole document)'}: {finding.text}"))
