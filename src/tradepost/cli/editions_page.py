"""A matrix of editions, printed for people. Modules that show alike stand in one row."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.core.edition_matrix import (
    SITUATIONS,
    EditionMatrix,
    Finding,
    ModuleRow,
    Shows,
    Situation,
    Viewer,
    edition_word,
    license_word,
)

_WIDEST_NAMES = 60
"""columns for the names of modules"""

_NARROWEST_CELL = 9
"""columns that the usual answers take, so that they stay whole where the terminal is narrow"""

_MOST_NAMED = 5
"""modules named for one thing that answers hang on"""

_WORDS = {Viewer.ANONYMOUS: "visitors", Viewer.USER: "users", Viewer.ADMINISTRATOR: "admins"}
_STYLES = {"everyone": "green", "nobody": "dim"}

_Columns = Mapping[tuple[bool, str], tuple[Situation, ...]]


def print_matrix(matrix: EditionMatrix) -> None:
    """Print the matrix first, then what its answers hang on, then the warnings."""
    console = open_paper()
    if matrix.problems:
        console.print(styled("This cannot be read as a descriptor.", "bold red"))
        for problem in matrix.problems:
            console.print(styled(f"  {problem.pointer or '(whole document)'}: {problem.text}"))
        return
    console.print(styled(_headline(matrix), "bold"))
    if matrix.rows:
        console.print(_table(matrix))
    _print_open_answers(console, matrix.rows)
    if matrix.not_drawn:
        console.print(styled(f"Not drawn, without a place here: {', '.join(matrix.not_drawn)}.", "dim"))
    _print_warnings(console, matrix)


def _headline(matrix: EditionMatrix) -> str:
    count = f"{len(matrix.rows)} module{'' if len(matrix.rows) == 1 else 's'}"
    warned = len(matrix.findings)
    said = "nothing to warn about" if not warned else f"{warned} warning{'' if warned == 1 else 's'}"
    free = "" if matrix.paid else " Without enableLicensing: true it never has a license or an edition."
    return f"{matrix.app or 'The app'} has {count} that people may see; {said}.{free}"


def _columns(*, paid: bool) -> _Columns:
    """License and edition of each column, with the situations that stand in it: one for each viewer."""
    columns: dict[tuple[bool, str], tuple[Situation, ...]] = {}
    for situation in SITUATIONS:
        if situation.occurs(paid=paid):
            at = situation.licensed, edition_word(situation.edition)
            columns[at] = (*columns.get(at, ()), situation)
    return columns


def _table(matrix: EditionMatrix) -> Table:
    columns = _columns(paid=matrix.paid)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("license\nedition", overflow="fold", max_width=_WIDEST_NAMES)
    for licensed, edition in columns:
        table.add_column(f"{license_word(licensed=licensed)}\n{edition}", overflow="fold", min_width=_NARROWEST_CELL)
    groups: dict[tuple[str, ...], list[ModuleRow]] = {}
    for row in matrix.rows:
        groups.setdefault(tuple(_who(row, situations) for situations in columns.values()), []).append(row)
    for cells, rows in groups.items():
        names = Text("\n").join(styled(name) for name in _names(rows))
        table.add_row(names, *(styled(cell, _STYLES.get(cell, "yellow")) for cell in cells))
    return table


def _who(row: ModuleRow, situations: Iterable[Situation]) -> str:
    """Who sees the module, in as few words as there are; a question mark says that it depends."""
    shows = {situation.viewer: row.row[situation].shows for situation in situations}
    mark = {Shows.YES: "", Shows.DEPENDS: "?"}
    same = set(shows.values())
    if same == {Shows.NO}:
        return "nobody"
    if len(same) == 1:
        return f"everyone{mark[shows[Viewer.USER]]}"
    if shows[Viewer.ANONYMOUS] is Shows.NO and shows[Viewer.USER] is shows[Viewer.ADMINISTRATOR]:
        return f"signed in{mark[shows[Viewer.USER]]}"
    return ", ".join(f"{_WORDS[viewer]}{mark[found]}" for viewer, found in shows.items() if found is not Shows.NO)


def _names(rows: Sequence[ModuleRow]) -> list[str]:
    """A line for each type with the keys of its modules."""
    by_kind: dict[str, list[str]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row.label)
    unsupported = {row.kind for row in rows if not row.supported}
    return [
        f"{kind}{' (no place here)' if kind in unsupported else ''}: {', '.join(labels)}"
        for kind, labels in by_kind.items()
    ]


def _print_open_answers(console: Console, rows: Sequence[ModuleRow]) -> None:
    """What the question marks hang on, each with the modules that ask it."""
    asked: dict[str, list[str]] = {}
    for row in rows:
        for label in row.depends_on:
            asked.setdefault(label, []).append(row.label)
    if asked:
        console.print(styled("? depends on", "bold"))
    for label, modules in asked.items():
        more = f" and {len(modules) - _MOST_NAMED} more" if len(modules) > _MOST_NAMED else ""
        console.print(styled(f"  {label}  ({', '.join(modules[:_MOST_NAMED])}{more})"))
    if asked:
        console.print()


def _print_warnings(console: Console, matrix: EditionMatrix) -> None:
    """Grouped by rule and remedy, so that a remedy for many modules stands once."""
    groups: dict[tuple[str, str], dict[str, list[Finding]]] = {}
    for finding in matrix.findings:
        groups.setdefault((finding.rule, finding.fix), {}).setdefault(finding.text, []).append(finding)
    for (rule, fix), by_text in groups.items():
        console.print(styled(rule, "bold yellow"))
        for text, findings in by_text.items():
            console.print(styled(f"  {text}"))
            for finding in findings:
                place = matrix.places.get(finding.pointer)
                at = "" if place is None else f"{place.line}:{place.column}  "
                console.print(styled(f"    {at}{finding.kind} {finding.module}  {finding.pointer}", "dim"))
        console.print(styled(f"  Fix: {fix}"))
