"""What the commands of vendors take in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from tradepost.core.errors import InvalidInputError
from tradepost.core.version import Version

MARKETPLACE_VARIABLE, TOKEN_VARIABLE, FILE_VARIABLE = "TRADEPOST_MARKETPLACE", "TRADEPOST_TOKEN", "TRADEPOST_TOKEN_FILE"
IDENTITY_VARIABLE = "TRADEPOST_IDENTITY_TOKEN"
MANIFEST = "manifest.yml"
MOST_ROWS = 10_000


class Environment(StrEnum):
    """Where an app is deployed to. Each has versions and a listing of its own."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


Url = Annotated[
    str,
    typer.Option(
        "--marketplace", envvar=MARKETPLACE_VARIABLE, show_default=False,
        help="Where the marketplace is. Default: where you signed in last.",
    ),
]  # fmt: skip
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Send the token over http, in a network that you trust.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the marketplace said, as JSON, and nothing else.")]
NonInteractive = Annotated[
    bool, typer.Option("--non-interactive", help="Ask nothing; fail where something is missing.")
]
Manifest = Annotated[str, typer.Option("--manifest", "-f", help="The manifest. Its app.id says which app is meant.")]
App = Annotated[str, typer.Option("--app", show_default=False, help="The app.id, in place of the manifest's.")]
In = Annotated[Environment, typer.Option("--environment", "-e", help="Where.")]
Identity = Annotated[
    str,
    typer.Option(
        "--identity-token-env", metavar="NAME", show_default=False,
        help="The variable with an identity token of the build, which is exchanged for a token for this command. "
        f"Without any other token, {IDENTITY_VARIABLE}.",
    ),
]  # fmt: skip
Limit = Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="How many at most.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which marketplace, and which app there, a command is about; empty texts stand for what is found by itself."""

    marketplace: str = ""
    allow_http: bool = False
    as_json: bool = False
    app: str = ""
    manifest: str = MANIFEST
    environment: Environment = Environment.PRODUCTION
    identity: str = ""


def number_of(text: str, *, hint: str) -> str:
    """A version as the marketplace writes it; `2.1` is short for `2.1.0`. Ends the command for anything else."""
    try:
        return str(Version.parse(text if text.count(".") != 1 else f"{text}.0"))
    except InvalidInputError as error:
        raise typer.BadParameter(f"{text!r} is not a version such as 2.1", param_hint=hint) from error
