"""How commands end: the exit statuses, and messages to standard error."""

from enum import IntEnum

import typer


class Status(IntEnum):
    """Exit statuses that scripts may rely on."""

    DONE = 0
    UNREADABLE = 1
    UNLISTABLE = 2
    """Cannot be listed, or wrong usage."""
    CONSENT = 3


def complain(message: str) -> None:
    """Tell the person at the terminal, without touching the result on standard output."""
    typer.echo(f"tradepost: {printable(message)}", err=True)


def printable(text: str) -> str:
    """The text without control characters: a document must not move the cursor or turn the writing round."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
