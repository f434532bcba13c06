"""`tradepost environments` and `tradepost install list`: what stands where, and who runs it."""

from typing import Annotated

import typer

from tradepost.cli.vendor.options import (
    MANIFEST,
    AllowHttp,
    App,
    AsJson,
    Environment,
    Identity,
    In,
    Limit,
    Manifest,
    NonInteractive,
    Url,
    Wanted,
    number_of,
)
from tradepost.cli.vendor.talking import at_app, say

install_app = typer.Typer(help="Sites that run the app.", no_args_is_help=True)


@install_app.callback()
def _install() -> None:
    """Sites that run the app."""


def environments(
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    environment: In = Environment.PRODUCTION,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the environments of the app: what is newest there, what waits, and how many sites run it.

    -e says for which environment an identity token is exchanged, and nothing else.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    with at_app(wanted) as desk:
        answer = desk.market.ask("GET", desk.path("/environments"))
        rows = [dict(each) for each in answer]
    if as_json:
        say(answer)
        return
    from tradepost.cli.vendor.environments_page import print_environments

    print_environments(rows)


@install_app.command("list")
def list_installations(
    *,
    environment: In = Environment.PRODUCTION,
    version: Annotated[str, typer.Option(help="Only sites that run it or come to it.", show_default=False)] = "",
    state: Annotated[str, typer.Option(help="Only sites whose upgrade is in this state.", show_default=False)] = "",
    limit: Limit = 100,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the sites that run the app: which version, whose permissions count, and what they wait for.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    number = number_of(version, hint="--version") if version else ""
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    with at_app(wanted) as desk:
        asked = {"environment": str(environment), "version": number, "state": state}
        page = desk.market.all_of(desk.path("/installations"), most=limit, **asked)
    if as_json:
        say(page)
        return
    from tradepost.cli.vendor.environments_page import print_installations

    print_installations(page, environment=str(environment))
    if page.get("next"):
        typer.echo(f"The first {limit}; --limit shows more.")
