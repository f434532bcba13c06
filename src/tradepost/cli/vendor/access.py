"""How a command comes to its marketplace: the address, the token, and where both are from.

What the environment says wins over what `tradepost login` kept. A kept token goes to its own marketplace only.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.cli.vendor.addresses import AddressError, marketplace_address
from tradepost.cli.vendor.credentials import CredentialsError, Kept, credentials_file, read_credentials
from tradepost.cli.vendor.options import (
    FILE_VARIABLE,
    IDENTITY_VARIABLE,
    MARKETPLACE_VARIABLE,
    TOKEN_VARIABLE,
    Environment,
)

if TYPE_CHECKING:
    from tradepost.cli.vendor.calling import Marketplace

LONGEST_TOKEN = 20_000
"""Characters of a token. Identity tokens are the long ones."""


class NoAccessError(Exception):
    """There is no marketplace or no token to talk to it with; the message says how one gets it."""


@dataclass(frozen=True, slots=True)
class Access:
    """A marketplace and a token. `source` says in words where the token is from."""

    url: str
    token: str = field(repr=False)
    source: str

    def open(self) -> "Marketplace":
        """Talk to it. Raises BadTokenError."""
        from tradepost.cli.vendor.calling import Marketplace

        return Marketplace(self.url, self.token)


def find_access(marketplace: str, *, allow_http: bool) -> Access:
    """The token of the environment, or else the kept one. Raises NoAccessError."""
    url, kept = find_marketplace(marketplace, allow_http=allow_http)
    found = token_of_environment(os.environ)
    if found is not None:
        return Access(url, *found)
    if kept is None:
        raise NoAccessError(
            f"you are not signed in to {url}: say tradepost login {url}, or set {TOKEN_VARIABLE} or {FILE_VARIABLE}"
        )
    return Access(url, kept.token, "tradepost login")


def find_marketplace(marketplace: str, *, allow_http: bool) -> tuple[str, Kept | None]:
    """Which marketplace is meant, and what is kept for it. Raises NoAccessError."""
    try:
        credentials = read_credentials(credentials_file(os.environ))
        wanted = marketplace or credentials.current
        if not wanted:
            raise NoAccessError(
                f"you are not signed in: say tradepost login, or set {MARKETPLACE_VARIABLE} and {TOKEN_VARIABLE}"
            )
        insecure = {at for at, kept in credentials.marketplaces.items() if kept.allow_http}
        url = marketplace_address(wanted, allow_http=allow_http or wanted.rstrip("/") in insecure)
    except (CredentialsError, AddressError) as error:
        raise NoAccessError(str(error)) from error
    return url, credentials.marketplaces.get(url)


def token_of_environment(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """The token that the environment has or names a file for, and where it is from. Raises NoAccessError."""
    token, place = environment.get(TOKEN_VARIABLE, "").strip(), environment.get(FILE_VARIABLE, "")
    if token:
        return token, TOKEN_VARIABLE
    if not place:
        return None
    try:
        with Path(place).open(encoding="utf-8") as file:
            token = file.read(LONGEST_TOKEN).strip()
    except (OSError, ValueError) as error:
        raise NoAccessError(f"cannot read the token in {place}: {error}") from error
    if not token:
        raise NoAccessError(f"there is no token in {place}, which {FILE_VARIABLE} names")
    return token, f"{place}, which {FILE_VARIABLE} names"


def identity_of_environment(environment: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """The identity token of a build and the variable it is from. None where there is none or it is not to be used.

    One that was named is used whatever else there is. Raises NoAccessError where that one is missing.
    """
    if name:
        found = environment.get(name, "").strip()
        if not found:
            raise NoAccessError(f"there is no identity token: {name} is empty or not set")
        return found, name
    found = environment.get(IDENTITY_VARIABLE, "").strip()
    has_token = bool(environment.get(TOKEN_VARIABLE, "").strip() or environment.get(FILE_VARIABLE, ""))
    return (found, IDENTITY_VARIABLE) if found and not has_token else None


def exchange(url: str, identity: tuple[str, str], *, app_id: str, environment: Environment) -> Access:
    """A token that lives for minutes, for an identity token. It is kept nowhere.

    Raises NoAnswerError, RefusedError and NoAccessError.
    """
    from tradepost.cli.vendor.calling import Marketplace

    token, name = identity
    if len(token) > LONGEST_TOKEN:
        raise NoAccessError(f"what {name} holds is no identity token: it is longer than {LONGEST_TOKEN} characters")
    asked = {"app_id": app_id, "environment": str(environment), "identity_token": token}
    found = Marketplace(url, "").thing("POST", "/identity-exchange", asked).get("token")
    if not isinstance(found, str) or not found:
        raise NoAccessError(f"{url} gave no token for the identity token in {name}")
    return Access(url, found, f"the identity token in {name}")
