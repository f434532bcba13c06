"""Pieces that the pages of vendors' commands share: tables, lines of reasons, times, signs of life."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tradepost.cli.paper import open_paper, styled

CHANGE_STYLES = {"first": "green", "minor": "green", "major": "red"}
STATE_STYLES = {
    "offered": "green", "in_review": "yellow", "withdrawn": "dim", "rejected": "red", "superseded": "dim",
    "running": "yellow", "completed": "green", "failed": "red", "cancelled": "dim",
    "pending": "yellow", "upgraded": "green", "left": "dim",
}  # fmt: skip


def told(answer: Mapping[str, Any], name: str, *, empty: str = "-") -> str:
    """What the marketplace said under a name, as text for people."""
    value = answer.get(name)
    if value is None or value in ("", [], {}):
        return empty
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    return moment(text) if name == "at" or name.endswith("_at") or name in {"since", "until"} else text


def moment(text: str) -> str:
    """A time as people read it, to the minute, in UTC."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def rows_of(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects under a name; none where there is no such list."""
    found = answer.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Text | str]], *, nothing: str) -> None:
    """A table on standard output, or a sentence where it would be empty."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(each if isinstance(each, Text) else styled(each) for each in row))
    open_paper().print(table if rows else styled(nothing))


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and what they are, one below the other."""
    console = open_paper()
    width = max((len(name) for name, _ in facts), default=0)
    for name, text in facts:
        console.print(Text.assemble(styled(f"{name:<{width}}  ", "dim"), styled(text)))


def print_reasons(console: Console, title: str, reasons: Sequence[Mapping[str, Any]], *, style: str = "bold") -> None:
    """Reasons or problems below a title: how much they count, what, by which rule, where."""
    if not reasons:
        return
    console.print()
    console.print(styled(title, style))
    for reason in reasons:
        change = str(reason.get("change") or "")
        line = Text.assemble(styled(f"  {change:<6}" if change else " ", CHANGE_STYLES.get(change, "")), " ")
        line.append_text(styled(told(reason, "text", empty="")))
        place = f"(line {reason['line']}, column {reason.get('column')})" if reason.get("line") else ""
        where = [told(reason, name, empty="") for name in ("rule", "pointer")]
        console.print(line.append_text(styled("  " + " ".join(filter(None, [*where, place])), "dim")))


def print_unrendered(console: Console, modules: Sequence[Mapping[str, Any]]) -> None:
    """Each type with its keys. Kept and compared, and nothing of it stands on a page of a site."""
    by_kind: dict[str, list[str]] = {}
    for module in modules:
        by_kind.setdefault(told(module, "kind"), []).append(told(module, "key", empty="(without a key)"))
    if by_kind:
        console.print()
        console.print(styled("Not rendered here", "bold"))
    for kind, keys in by_kind.items():
        console.print(styled(f"  {kind}: {', '.join(keys)}", "dim"))


@contextmanager
def sign_of_life(text: str, *, as_json: bool) -> Iterator[None]:
    """Show on standard error that something goes on, where a person watches."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if as_json or not console.is_terminal:
        yield
        return
    with console.status(styled(text)):
        yield
