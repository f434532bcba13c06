"""`tradepost login`, `logout`, `whoami`: a token for a marketplace, kept for the next commands."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradepost.cli.ending import VendorStatus, complain, end, printable
from tradepost.cli.vendor.access import Access, find_access, token_of_environment
from tradepost.cli.vendor.addresses import AddressError, marketplace_address
from tradepost.cli.vendor.credentials import (
    CredentialsError,
    Kept,
    credentials_file,
    read_credentials,
    write_credentials,
)
from tradepost.cli.vendor.options import (
    FILE_VARIABLE,
    MARKETPLACE_VARIABLE,
    TOKEN_VARIABLE,
    AllowHttp,
    AsJson,
    NonInteractive,
    Url,
)
from tradepost.cli.vendor.talking import say, talking

if TYPE_CHECKING:
    from tradepost.cli.vendor.calling import Marketplace

DEPLOY_PREFIX = "tpd_"
_USUAL = "http://127.0.0.1:8000"
"""Where a marketplace stands on a developer's machine."""


def login(
    marketplace: Annotated[
        str, typer.Argument(envvar=MARKETPLACE_VARIABLE, show_default=False, help="The address of the marketplace.")
    ] = "",
    *,
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Keep a token for a marketplace, after trying it. The token is asked for, and not shown.

    Make one on the page API tokens of the marketplace (/you/tokens/), with the scopes apps:read and apps:write. With
    --non-interactive it comes from TRADEPOST_TOKEN, or from the file that TRADEPOST_TOKEN_FILE names.

    Exit status: 0; 1 it cannot be kept; 2 something is missing; 4 the token is not taken; 5 not reached.
    """
    asks = can_ask(non_interactive=non_interactive)
    url = _address(marketplace, allow_http=allow_http, asks=asks)
    with talking(as_json=as_json):
        token = _ask_for_token(url) if asks else _given_token()
        with talking(as_json=as_json, source="what you gave"):
            answer = _ask_who(Access(url, token, "what you gave").open(), token)
            who = _who(answer)
    place = credentials_file(os.environ)
    try:
        write_credentials(place, read_credentials(place).with_one(url, Kept(token, who, allow_http)))
    except CredentialsError as error:
        end(VendorStatus.REFUSED, str(error), cause=error)
    if as_json:
        say(answer)
    else:
        typer.echo(printable(f"You are signed in to {url} as {who}. The token is kept in {place}."))
    if asks and (os.environ.get(TOKEN_VARIABLE) or os.environ.get(FILE_VARIABLE)):
        complain(f"{TOKEN_VARIABLE} or {FILE_VARIABLE} is set, and wins over the token that is kept now")


def logout(
    marketplace: Annotated[str, typer.Argument(show_default=False, help="Which; where you signed in last.")] = "",
) -> None:
    """Forget the token for a marketplace. Where it is not the only copy, revoke it on the page API tokens.

    Exit status: 0, also where nothing was kept; 1 the file cannot be changed.
    """
    place = credentials_file(os.environ)
    try:
        credentials = read_credentials(place)
        url = marketplace_address(marketplace, allow_http=True) if marketplace else credentials.current
        if url not in credentials.marketplaces:
            typer.echo(printable(f"No token is kept for {url}." if url else "No token is kept."))
            return
        write_credentials(place, credentials.without(url))
    except AddressError as error:
        raise typer.BadParameter(str(error), param_hint="MARKETPLACE") from error
    except CredentialsError as error:
        end(VendorStatus.REFUSED, str(error), cause=error)
    typer.echo(printable(f"The token for {url} is forgotten. It still works: {url}/you/tokens/ revokes it."))


def whoami(*, marketplace: Url = "", allow_http: AllowHttp = False, as_json: AsJson = False) -> None:
    """Say where you are signed in, as whom, and where the token is from.

    Exit status: 0; 4 not signed in, or the token is not taken; 5 not reached.
    """
    with talking(as_json=as_json):
        access = find_access(marketplace, allow_http=allow_http)
        with talking(as_json=as_json, source=access.source):
            answer = _ask_who(access.open(), access.token)
            who = _who(answer)
    if as_json:
        say(answer)
        return
    typer.echo(printable(f"{who} at {access.url}, by the token from {access.source}."))
    scopes = answer.get("scopes")
    if isinstance(scopes, list):
        typer.echo(printable(f"The token may: {', '.join(map(str, scopes)) or 'nothing'}."))


def can_ask(*, non_interactive: bool) -> bool:
    """Whether there is a person at a terminal who may be asked."""
    return not non_interactive and sys.stdin.isatty() and sys.stderr.isatty()


def _address(given: str, *, allow_http: bool, asks: bool) -> str:
    if not given and not asks:
        end(
            VendorStatus.USAGE,
            "which marketplace?",
            f"Say tradepost login https://market.example.com, or set {MARKETPLACE_VARIABLE}.",
        )
    try:
        return marketplace_address(
            given or typer.prompt("Marketplace", default=_USUAL, err=True), allow_http=allow_http
        )
    except AddressError as error:
        raise typer.BadParameter(str(error), param_hint="MARKETPLACE") from error


def _ask_for_token(url: str) -> str:
    typer.echo(printable(f"A token is made at {url}/you/tokens/, with the scopes apps:read and apps:write."), err=True)
    return str(typer.prompt("Token (it is not shown)", hide_input=True, err=True)).strip()


def _given_token() -> str:
    found = token_of_environment(os.environ)
    if found is None:
        end(
            VendorStatus.USAGE,
            "nobody is there to give a token",
            f"Set {TOKEN_VARIABLE}, or {FILE_VARIABLE}; commands take it from there without a login, too.",
        )
    return found[0]


def _ask_who(market: "Marketplace", token: str) -> Mapping[str, Any]:
    """The person, or for a deploy token the one app that it is for."""
    if token.startswith(DEPLOY_PREFIX):
        return market.thing("GET", "/deployed-apps", limit=1)
    return market.thing("GET", "/me")


def _who(answer: Mapping[str, Any]) -> str:
    if "email" in answer:
        return str(answer["email"])
    items = answer["items"]  # a deploy token sees the one app that it is for
    return f"a deploy token of {items[0]['name']}" if items else "a deploy token"
