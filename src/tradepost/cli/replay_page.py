"""Replayed histories, summed up for people."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from tradepost.cli.histories import ReplayedHistory
from tradepost.cli.paper import open_paper, styled
from tradepost.cli.replay_why import why_table
from tradepost.core.history import Outcome

_ROWS = 20
_WIDEST_NAME = 60


def print_histories(histories: Iterable[ReplayedHistory], *, every: bool) -> None:
    """Print what the histories come to, a row for the first of them or for all, and which rules decided."""
    replayed = list(_with_progress(histories))
    console = open_paper()
    if not replayed:
        console.print(styled("No histories."))
        return
    shown = replayed if every else replayed[:_ROWS]
    table = _table()
    for history in shown:
        table.add_row(*_row(history))
    if len(shown) < len(replayed):
        table.add_row(styled(f"... {len(replayed) - len(shown)} more (--all shows them)", "dim"))
    table.add_section()
    table.add_row(*_total(replayed))
    console.print(table)
    why = why_table(replayed)
    if why is not None:
        console.print()
        console.print(why)


def _with_progress(histories: Iterable[ReplayedHistory]) -> Iterator[ReplayedHistory]:
    """The histories, counted on standard error while a person watches."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed} histories"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(histories, description="replaying")


def _table() -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("history", max_width=_WIDEST_NAME)
    for name in ("steps", *(outcome.value for outcome in Outcome), "consent"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ends at", no_wrap=True)
    return table


def _row(history: ReplayedHistory) -> list[Text]:
    last = next((step.version for step in reversed(history.steps)), None)
    name = f"{history.repo or '?'} {history.path or ''}".strip()
    return [styled(name), *_counts([history]), styled(str(last) if last else "-")]


def _total(histories: list[ReplayedHistory]) -> list[Text]:
    return [styled(f"{len(histories)} histories", "bold"), *_counts(histories)]


def _counts(histories: list[ReplayedHistory]) -> list[Text]:
    steps = [step for history in histories for step in history.steps]
    outcomes = Counter(step.change for step in steps)
    numbers = [len(steps), *(outcomes[outcome] for outcome in Outcome), sum(step.consent for step in steps)]
    return [styled(str(number), "" if number else "dim") for number in numbers]
