"""What `tradepost lint` found, printed for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.core.errors import Problem
from tradepost.core.manifest import PlacedProblem
from tradepost.core.manifest_connect import Unrendered
from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES, Way
from tradepost.core.manifest_lint import LintReport, Upgrade
from tradepost.core.reasons import Reason

_STYLES = {Way.SILENT: "green", Way.BULK: "yellow", Way.CONSENT: "red"}
_ANSWERS = {
    Way.SILENT: "nobody is asked: it reaches sites by itself",
    Way.BULK: "nobody is asked: it reaches sites when you start a bulk upgrade",
    Way.CONSENT: "administrators must consent",
}


def print_report(report: LintReport) -> None:
    """Print the answer first, then what to mend, then what to know."""
    console = open_paper()
    console.print(_headline(report))
    _print_problems(console, "Problems", "red", report.problems)
    _print_problems(console, "Problems of the descriptor", "red", report.descriptor_problems)
    if report.upgrade is not None:
        _print_upgrade(console, report.upgrade)
    _print_problems(console, "Warnings", "yellow", report.warnings)
    _print_unrendered(console, report.unrendered)


def _headline(report: LintReport) -> Text:
    problems = len(report.problems) + len(report.descriptor_problems)
    if problems and not report.problems:
        return styled("The descriptor cannot be read, so nothing can be said of its sites.", "bold red")
    if problems:
        return styled(f"This cannot be deployed: {_count(problems, 'problem')}.", "bold red")
    warned = f", {_count(len(report.warnings), 'warning')}" if report.warnings else ""
    return styled(f"This can be deployed{warned}.", "bold green")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _print_problems(console: Console, title: str, style: str, problems: Sequence[Problem]) -> None:
    if problems:
        console.print()
        console.print(styled(title, f"bold {style}"))
    for problem in problems:
        line = styled(f"  {_start(problem)}{problem.text}")
        console.print(line.append_text(styled(f"  {problem.rule} {problem.pointer}", "dim")))


def _start(problem: Problem) -> str:
    return f"{problem.line}:{problem.column}  " if isinstance(problem, PlacedProblem) and problem.line else ""


def _print_upgrade(console: Console, upgrade: Upgrade) -> None:
    way = upgrade.equivalence.way
    console.print()
    text = f"Sites that run the watched app: {upgrade.live} becomes {upgrade.next}, and {_ANSWERS[way]}."
    console.print(styled(text, f"bold {_STYLES[way]}"))
    for reason in upgrade.equivalence.reasons:
        console.print(_reason(reason))


def _reason(reason: Reason) -> Text:
    way = EQUIVALENCE_RULES[reason.rule].way
    line = Text.assemble(styled(f"  {way.value:<13}", _STYLES[way]), styled(reason.text))
    number, column = getattr(reason, "line", None), getattr(reason, "column", None)
    place = " (descriptor)" if number is None else f" (line {number}, column {column})"
    return line.append_text(styled(f"  {reason.rule} {reason.pointer}{place}", "dim"))


def _print_unrendered(console: Console, modules: Sequence[Unrendered]) -> None:
    """Each type with its keys. Kept and compared, and nothing of it stands on a page."""
    by_kind: dict[str, list[str]] = {}
    for module in modules:
        by_kind.setdefault(module.kind, []).append(module.key or "(without a key)")
    if by_kind:
        console.print()
        console.print(styled("Not rendered here", "bold"))
    for kind, keys in by_kind.items():
        console.print(styled(f"  {kind}: {', '.join(keys)}", "dim"))
