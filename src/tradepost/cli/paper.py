"""What commands print for people: coloured on a terminal, plain text anywhere else."""

from rich.console import Console
from rich.text import Text

from tradepost.cli.ending import printable

_WIDTH_FOR_PROGRAMS = 200


def open_paper() -> Console:
    """Standard output. Lines are not broken where a program reads them."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.soft_wrap = True
        console.width = _WIDTH_FOR_PROGRAMS
    return console


def styled(text: str, style: str = "") -> Text:
    """Text that may come from a document: no control characters, and nothing in it is markup."""
    return Text(printable(text), style=style)
