"""`tradepost deploy-token` and `tradepost trusted-build`: who may deploy an app without being a person."""

from typing import Annotated, Any

import typer

from tradepost.cli.ending import complain, printable
from tradepost.cli.vendor.options import (
    MANIFEST,
    MOST_ROWS,
    AllowHttp,
    App,
    AsJson,
    Environment,
    In,
    Manifest,
    NonInteractive,
    Url,
    Wanted,
)
from tradepost.cli.vendor.talking import at_app, say, segment

deploy_token_app = typer.Typer(help="Tokens that deploy the app to one environment.", no_args_is_help=True)
trusted_build_app = typer.Typer(
    help="Builds that may deploy the app to one environment without a stored token.", no_args_is_help=True
)

Given = Annotated[str, typer.Argument(metavar="ID", help="Its id, as list shows it.")]


@deploy_token_app.command("make")
def make_token(
    name: Annotated[str, typer.Argument(help="What it is for, for the list.")],
    *,
    environment: In = Environment.DEVELOPMENT,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good.")] = 90,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Make a token that deploys this app to this environment, and can do nothing else. It is shown this once.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not reached.
    """
    del non_interactive
    wish = {"environment": str(environment), "name": name, "days": days}
    answer = _ask(
        "POST",
        "/deploy-tokens",
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
        wish,
    )
    if as_json:
        say(answer)
        return
    complain(
        f"keep this in the secrets of your build service, as TRADEPOST_TOKEN; good until {answer.get('expires_at')}"
    )
    typer.echo(printable(str(answer.get("token"))))


@deploy_token_app.command("list")
def list_tokens(
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the tokens: what they are for, until when, and when they were used.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not reached.
    """
    del non_interactive
    page = _page(
        "/deploy-tokens",
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
    )
    names = ("id", "name", "environment", "prefix", "created_by", "expires_at", "last_used_at", "revoked_at")
    _print(page, names, as_json=as_json, nothing="There is no deploy token.")


@deploy_token_app.command("revoke")
def revoke_token(
    token: Given,
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """End a token, at once and for good.

    Exit status: 0; 1 refused, or there is no such token; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not
    reached.
    """
    del non_interactive
    place = f"/deploy-tokens/{segment(token)}"
    answer = _ask(
        "DELETE",
        place,
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
    )
    say(answer) if as_json else typer.echo("The token is revoked.")


@trusted_build_app.command("add")
def add_build(
    *,
    issuer: Annotated[str, typer.Option(help="Who issues the identity tokens: an https address.")],
    claim: Annotated[list[str], typer.Option(help="What an identity token must say: NAME=VALUE. Repeatable.")],
    environment: In = Environment.DEVELOPMENT,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Let builds deploy this app to this environment that prove by an identity token who they are.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not reached.
    """
    del non_interactive
    wish = {"environment": str(environment), "issuer": issuer, "claims": _claims(claim)}
    answer = _ask(
        "POST",
        "/trusted-builds",
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
        wish,
    )
    if as_json:
        say(answer)
    else:
        typer.echo(printable(f"Such builds of {issuer} may deploy to {environment}: {answer.get('id')}."))


@trusted_build_app.command("list")
def list_builds(
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the builds that may deploy the app.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not reached.
    """
    del non_interactive
    page = _page(
        "/trusted-builds",
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
    )
    names = ("id", "environment", "issuer", "claims", "made_by", "last_used_at")
    _print(page, names, as_json=as_json, nothing="No build may deploy by its identity.")


@trusted_build_app.command("refused")
def list_refused(
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the last builds that were refused, and why. The builds themselves are not told.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not reached.
    """
    del non_interactive
    page = _page(
        "/refused-builds",
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
    )
    names = ("at", "times", "environment", "issuer", "build", "why")
    _print(page, names, as_json=as_json, nothing="No build was refused.")


@trusted_build_app.command("remove")
def remove_build(
    build: Given,
    *,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Trust such builds no longer.

    Exit status: 0; 1 refused, or there is no such entry; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not
    reached.
    """
    del non_interactive
    place = f"/trusted-builds/{segment(build)}"
    answer = _ask(
        "DELETE",
        place,
        Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest),
    )
    say(answer) if as_json else typer.echo("Such builds are not trusted any more.")


def _ask(method: str, place: str, wanted: Wanted, wish: object = None) -> Any:
    with at_app(wanted) as desk:
        asked = desk.market.thing if method == "POST" else desk.market.ask
        return asked(method, desk.path(place), wish)


def _page(place: str, wanted: Wanted) -> dict[str, Any]:
    with at_app(wanted) as desk:
        return desk.market.all_of(desk.path(place), most=MOST_ROWS)


def _print(page: dict[str, Any], names: tuple[str, ...], *, as_json: bool, nothing: str) -> None:
    if as_json:
        say(page)
        return
    from tradepost.cli.vendor.paper import print_table, rows_of, told

    columns = [name.removesuffix("_at").replace("_", " ") for name in names]
    print_table(columns, [[told(row, name) for name in names] for row in rows_of(page, "items")], nothing=nothing)


def _claims(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not name or not sign or name in found:
            raise typer.BadParameter(
                f"{each!r} is not NAME=VALUE, or its name stands there twice.", param_hint="--claim"
            )
        found[name] = value
    return found
