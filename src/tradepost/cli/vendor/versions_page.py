"""Versions of an app, printed for people."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.cli.vendor.paper import (
    CHANGE_STYLES,
    STATE_STYLES,
    print_facts,
    print_reasons,
    print_table,
    print_unrendered,
    rows_of,
    told,
)


def print_versions(page: Mapping[str, Any], *, environment: str) -> None:
    """A line for each version, the newest first."""
    rows: list[list[Text | str]] = []
    for each in rows_of(page, "items"):
        change, state = told(each, "change"), told(each, "state")
        what = f"{change}, backport" if each.get("backport") else change
        rows.append([
            told(each, "version"), styled(what, CHANGE_STYLES.get(change, "")),
            styled(state.replace("_", " "), STATE_STYLES.get(state, "")), told(each, "sites"),
            told(each, "made_at"), told(each, "by"), told(each, "message", empty=""),
        ])  # fmt: skip
    columns = ("version", "change", "state", "sites", "deployed", "by", "message")
    nothing = f"Nothing was deployed to {environment} yet; -e names another environment."
    print_table(columns, rows, nothing=nothing)


def print_version(answer: Mapping[str, Any], *, environment: str) -> None:
    """Everything about one version."""
    names = {
        "version": "version", "state": "state", "change": "change", "consent": "administrators are asked",
        "backport": "backport", "made_at": "deployed", "by": "by", "offered_at": "offered", "sites": "sites",
        "message": "message", "run_url": "build", "notes": "notes",
    }  # fmt: skip
    facts = [(text, told(answer, name).replace("_", " ")) for name, text in names.items() if name in answer]
    print_facts([("environment", environment), *facts])
    console = open_paper()
    print_reasons(console, "Because", rows_of(answer, "reasons"))
    permissions = [(told(each, "kind"), told(each, "text")) for each in rows_of(answer, "permissions")]
    if permissions:
        console.print()
        console.print(styled("It asks for", "bold"))
        print_facts([(f"  {kind}", text) for kind, text in permissions])
    print_reasons(console, "Warnings", rows_of(answer, "warnings"), style="bold yellow")
    print_unrendered(console, rows_of(answer, "unrendered"))


def print_versions_compared(answer: Mapping[str, Any], old: str, new: str) -> None:
    """What the step from one to the other counts as, and why."""
    console = open_paper()
    change = told(answer, "change")
    asked = "administrators must consent" if answer.get("consent") else "nobody is asked"
    console.print(styled(f"{old} to {new} is a {change} change: {asked}.", f"bold {CHANGE_STYLES.get(change, '')}"))
    print_reasons(console, "Because", rows_of(answer, "reasons"))
