"""Environments of an app and the sites that run it, printed for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from tradepost.cli.paper import styled
from tradepost.cli.vendor.paper import print_table, rows_of, told


def print_environments(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each environment."""
    columns = ("environment", "app", "listing", "newest", "offered", "pending", "deployed", "by", "sites", "on newest")
    names = (
        "environment", "app_key", "listing_state", "newest", "offered", "pending", "deployed_at", "deployed_by",
        "sites", "on_newest",
    )  # fmt: skip
    print_table(columns, [[told(row, name) for name in names] for row in rows], nothing="None.")


def print_installations(page: Mapping[str, Any], *, environment: str) -> None:
    """A line for each site. What it granted stands there where its code is ahead of that."""
    rows: list[list[Text | str]] = []
    for each in rows_of(page, "items"):
        granted = told(each, "granted", empty="")
        ahead = granted and granted != each.get("running")
        rows.append([
            told(each, "name"), told(each, "base_url"), told(each, "running"),
            styled(granted, "yellow") if ahead else "", told(each, "target"),
            told(each, "state").replace("_", " "), told(each, "until"), told(each, "text", empty=""),
        ])  # fmt: skip
    columns = ("site", "address", "runs", "granted", "comes to", "state", "until", "why")
    print_table(columns, rows, nothing=f"No site in {environment} yet; -e names another environment.")
