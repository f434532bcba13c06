"""Sites and deliveries, printed for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tradepost.cli.paper import open_paper, styled

_STYLES = {"delivered": "green", "failed": "red", "given_up": "red", "waiting": "yellow", "dropped": "dim"}


def print_sites(sites: Sequence[Mapping[str, Any]]) -> None:
    """A line for each site."""
    table = _table("name", "address", "zone", "by address", "id")
    for each in sites:
        allowed = "yes" if each["private_listings"] else "no"
        table.add_row(*map(styled, (each["name"], each["base_url"], each["zone"], allowed, each["id"])))
    open_paper().print(table if sites else "There is no site yet.")


def print_deliveries(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each call and webhook, the newest first."""
    table = _table("at", "kind", "event", "outcome", "attempts", "answer")
    for each in rows:
        answer = each["error"] or (str(each["status"]) if each["status"] else "")
        table.add_row(
            styled(each["at"]),
            styled(each["kind"]),
            styled(each["event"]),
            styled(each["outcome"].replace("_", " "), _STYLES.get(each["outcome"], "")),
            styled(str(each["attempts"])),
            styled(answer),
        )
    open_paper().print(table if rows else "The app was sent nothing yet.")


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
