"""Why the steps of replayed histories came out as they did: how many steps each rule decided."""

from collections import Counter
from collections.abc import Iterable

from rich.table import Table

from tradepost.cli.histories import ReplayedHistory
from tradepost.cli.paper import styled
from tradepost.core.history import Outcome, Step

_SHOWN = (Outcome.MAJOR, Outcome.MINOR, Outcome.PATCH, Outcome.REFUSED, Outcome.INVALID)


def count_deciding_rules(steps: Iterable[Step]) -> Counter[tuple[str, Outcome]]:
    """For each rule and outcome, the steps that came out so because of it, alone or with others.

    Only the gravest reasons of a step decide: a new module does not make a major that a new scope makes.
    """
    found: Counter[tuple[str, Outcome]] = Counter()
    for step in steps:
        if step.change in _SHOWN:
            gravest = max((reason.change.severity for reason in step.reasons), default=0)
            deciding = {reason.rule for reason in step.reasons if reason.change.severity == gravest}
            found.update((rule, step.change) for rule in deciding)
    return found


def why_table(histories: Iterable[ReplayedHistory]) -> Table | None:
    """The rules with what they decided, the most frequent of each outcome first; None where no rule decided."""
    counts = count_deciding_rules(step for history in histories for step in history.steps)
    shown = [outcome for outcome in _SHOWN if any(each is outcome for _, each in counts)]
    if not shown:
        return None
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("why", no_wrap=True)
    for outcome in shown:
        table.add_column(outcome.value, justify="right", no_wrap=True)
    rules = {rule for rule, _ in counts}
    for rule in sorted(rules, key=lambda rule: ([-counts[rule, outcome] for outcome in shown], rule)):
        numbers = [counts[rule, outcome] for outcome in shown]
        table.add_row(styled(rule), *(styled(str(number), "" if number else "dim") for number in numbers))
    return table
