"""How commands end: the exit statuses, and messages to standard error."""

from enum import IntEnum
from typing import NoReturn

import typer


class Status(IntEnum):
    """Exit statuses that scripts may rely on."""

    DONE = 0
    UNREADABLE = 1
    UNLISTABLE = 2
    """Cannot be listed, or wrong usage."""
    CONSENT = 3


class VendorStatus(IntEnum):
    """Exit statuses of the commands that talk to a marketplace: login, register, deploy and their neighbours."""

    DONE = 0
    REFUSED = 1
    """The manifest has problems, the marketplace refused, or what was asked did not come about."""
    USAGE = 2
    """Wrong usage; nothing was sent."""
    MAJOR = 3
    """It would be a major version, and nobody has approved that."""
    NOT_SIGNED_IN = 4
    """There is no token, or the marketplace does not take it, or it may not do this."""
    UNREACHABLE = 5
    """No answer of a marketplace came, or it failed by itself; what was sent may have been carried out."""


def complain(message: str) -> None:
    """Tell the person at the terminal, without touching the result on standard output."""
    typer.echo(f"tradepost: {printable(message)}", err=True)


def end(status: IntEnum, *lines: str, cause: Exception | None = None) -> NoReturn:
    """End the command: say why, and what to do next."""
    for line in lines:
        complain(line)
    raise typer.Exit(status) from cause


def printable(text: str) -> str:
    """The text without control characters: a document must not move the cursor or turn the writing round."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
