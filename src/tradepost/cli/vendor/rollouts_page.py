"""Rollouts, printed for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.cli.vendor.paper import STATE_STYLES, print_facts, print_reasons, print_table, rows_of, told

_KINDS = {"bulk": "code and permissions", "rolling": "code; sites keep the permissions that they granted"}


def print_rollout(answer: Mapping[str, Any], failed: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> None:
    """One rollout: what it does, how far it is, where it failed and why."""
    facts = [
        ("environment", told(answer, "environment")),
        ("from, to", f"major {told(answer, 'from_major')}, {told(answer, 'to_version')}"),
        ("what goes", _KINDS.get(told(answer, "kind"), told(answer, "kind"))),
    ]
    facts += _prospect(answer) if dry_run else _course(answer)
    print_facts(facts)
    console = open_paper()
    if answer.get("capped"):
        console.print(styled("More sites than one rollout may take were asked for: start another one afterwards."))
    for each in rows_of(answer, "ineligible"):
        title = f"Sites that run {told(each, 'version')} are not taken ({told(each, 'sites')})"
        print_reasons(console, title, rows_of(each, "reasons"), style="bold yellow")
    if failed:
        console.print()
        console.print(styled("It failed at", "bold red"))
        rows = [[told(each, name) for name in ("name", "base_url", "at", "text")] for each in failed]
        print_table(("site", "address", "at", "why"), rows, nothing="")


def _prospect(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("would take", f"{told(answer, 'pending')} of {told(answer, 'eligible')} sites"),
        ("would not take", f"{told(answer, 'remaining')} more that could be taken"),
    ]


def _course(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    rate = answer.get("failure_rate")
    counts = ", ".join(f"{told(answer, name)} {name}" for name in ("upgraded", "failed", "left", "pending"))
    share = f" ({rate:.0%} failed)" if isinstance(rate, int | float) and rate else ""
    ended = f"{told(answer, 'finished_at')} {told(answer, 'finished_by', empty='')}".strip()
    return [
        ("rollout", told(answer, "id")),
        ("state", told(answer, "state")),
        ("so far", counts + share),
        ("not taken", f"{told(answer, 'remaining')} more that could have been taken"),
        ("started", f"{told(answer, 'started_at')} by {told(answer, 'started_by')}"),
        ("ended", ended),
    ]


def print_rollouts(page: Mapping[str, Any], *, environment: str) -> None:
    """A line for each rollout, the newest first."""
    rows: list[list[Text | str]] = []
    for each in rows_of(page, "items"):
        state = told(each, "state")
        rows.append([
            told(each, "id"), styled(state, STATE_STYLES.get(state, "")), told(each, "from_major"),
            told(each, "to_version"), *(told(each, name) for name in ("upgraded", "failed", "pending")),
            told(each, "started_at"), told(each, "started_by"),
        ])  # fmt: skip
    columns = ("rollout", "state", "from", "to", "upgraded", "failed", "pending", "started", "by")
    print_table(columns, rows, nothing=f"No rollout was started in {environment} yet; -e names another environment.")
