"""What every command about sites takes, how it ends, and how it comes to talk to the host service."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradepost.cli.ending import complain

if TYPE_CHECKING:
    from tradepost.cli.site_http import HostService

URL_VARIABLE, TOKEN_VARIABLE, FILE_VARIABLE = "TRADEPOST_HOST_URL", "TRADEPOST_TOKEN", "TRADEPOST_TOKEN_FILE"
DEFAULT_URL = "http://127.0.0.1:8001"

HostUrl = Annotated[str, typer.Option("--url", envvar=URL_VARIABLE, help="Where the host service is.")]
Token = Annotated[
    str,
    typer.Option(
        "--token", envvar=TOKEN_VARIABLE, show_default=False, help=f"An operator's token; or {FILE_VARIABLE} names it."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else.")]
Site = Annotated[str, typer.Argument(help="The site: its name, context path, host name or id.")]
App = Annotated[str, typer.Argument(help="The app, by its key.")]
As = Annotated[str, typer.Option("--user", help="Whom to act as: an e-mail address or account id. Audited.")]
Timeout = Annotated[float, typer.Option(min=0.1, max=86_400.0, help="Seconds to wait for the outcome.")]


class SiteStatus(IntEnum):
    """Exit statuses of the commands about sites."""

    DONE = 0
    REFUSED = 1
    """The service cannot be reached, refused, or what was asked did not come about."""
    INVALID = 2
    """Wrong usage, or input that the service found invalid."""
    HIDDEN = 3
    """The module does not show to that person there."""


@contextmanager
def talking(url: str, token: str) -> Iterator["HostService"]:
    """Talk to the host service; ends the command with a message where that fails."""
    from tradepost.cli.site_http import HostService, InvalidAnswerError, NoAnswerError

    try:
        yield HostService(url, token or _kept_token())
    except NoAnswerError as error:
        _end(SiteStatus.REFUSED, str(error), error)
    except InvalidAnswerError as error:
        _end(SiteStatus.INVALID, str(error), error)


def say(answer: object) -> None:
    """Print one JSON value."""
    typer.echo(json.dumps(answer, indent=2))


def give_up(message: str) -> typer.Exit:
    """Say why what was asked did not come about; the caller raises what this returns."""
    complain(message)
    return typer.Exit(SiteStatus.REFUSED)


def segment(text: str) -> str:
    """One part of a path."""
    from urllib.parse import quote

    return quote(text, safe="")


def find_site(service: "HostService", ref: str) -> dict[str, Any]:
    """The one site that is meant. Ends the command where there is none or more than one."""
    by_id = _site_by_id(service, ref)
    if by_id is not None:
        return by_id
    found = service.all_of("/sites", named=ref) if ref else []
    if len(found) > 1:  # a name may be another site's path
        found = [each for each in found if each["context_path"] == f"/{ref.strip('/')}".lower()] or found
    if not found:
        raise give_up(f"there is no site {ref!r} that this token may see")
    if len(found) > 1:
        ids = ", ".join(f"{each['id']} ({each['base_url']})" for each in found)
        raise typer.BadParameter(f"Several sites are called {ref!r}: {ids}.", param_hint="SITE")
    return dict(found[0])


def _site_by_id(service: "HostService", ref: str) -> dict[str, Any] | None:
    from uuid import UUID

    from tradepost.cli.site_http import NoSuchThingError

    try:
        return dict(service.ask("GET", f"/sites/{UUID(ref)}"))
    except (ValueError, NoSuchThingError):
        return None


def _kept_token() -> str:
    """The token in the file that the environment names. Ends the command where there is none."""
    place = os.environ.get(FILE_VARIABLE)
    text = ""
    if place:
        try:
            text = Path(place).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            _end(SiteStatus.INVALID, f"cannot read the token in {place}: {error}", error)
    if not text:
        wanted = f"give --token, or set {TOKEN_VARIABLE} or {FILE_VARIABLE}"
        _end(
            SiteStatus.INVALID, f"no token: {wanted}. An operator makes one on the page Tokens, with all scopes.", None
        )
    return text


def _end(status: SiteStatus, message: str, cause: Exception | None) -> None:
    for line in message.splitlines():
        complain(line)
    raise typer.Exit(status) from cause
