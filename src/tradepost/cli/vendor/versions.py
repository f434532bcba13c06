"""`tradepost version`: the versions of an app in one environment."""

from typing import Annotated

import typer

from tradepost.cli.ending import VendorStatus, end, printable
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
from tradepost.cli.vendor.signing_in import can_ask
from tradepost.cli.vendor.talking import at_app, say

version_app = typer.Typer(help="Versions of the app, in one environment.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The version, such as 2.1.")]


@version_app.command("list")
def list_versions(
    *,
    environment: In = Environment.PRODUCTION,
    limit: Limit = 20,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the versions, the newest first: state, who deployed them, how many sites run them.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    with at_app(wanted) as desk:
        page = desk.market.all_of(desk.path("/versions"), most=limit, environment=str(environment))
    if as_json:
        say(page)
        return
    from tradepost.cli.vendor.versions_page import print_versions

    print_versions(page, environment=str(environment))
    if page.get("next"):
        typer.echo(f"The newest {limit}; --limit shows more.")


@version_app.command()
def details(
    number: Number,
    *,
    environment: In = Environment.PRODUCTION,
    text: Annotated[
        bool, typer.Option("--text", help="Print its manifest, as it was deployed, and nothing else.")
    ] = False,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Say everything about one version: why it has its number, what it may do, what sites do not show of it.

    Exit status: 0; 1 refused, or there is no such version; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    if text and as_json:
        raise typer.BadParameter("--text and --json exclude each other.")
    number = number_of(number, hint="NUMBER")
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    with at_app(wanted) as desk:
        place, asked = desk.path(f"/versions/{number}"), {"environment": str(environment)}
        raw = desk.market.raw("GET", f"{place}/manifest", **asked) if text else b""
        answer = {} if text else desk.market.thing("GET", place, **asked)
    if text:
        _print_raw(raw)
    elif as_json:
        say(answer)
    else:
        from tradepost.cli.vendor.versions_page import print_version

        print_version(answer, environment=str(environment))


@version_app.command()
def compare(
    old: Annotated[str, typer.Argument(help="One version, such as 2.1.")],
    new: Annotated[str, typer.Argument(help="The other one.")],
    *,
    environment: In = Environment.PRODUCTION,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Say what is different between two versions that were deployed, and whether that is minor or major.

    For manifests that were not, there is tradepost compare.

    Exit status: 0; 1 refused, or there is no such version; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    asked = {"from": number_of(old, hint="OLD"), "to": number_of(new, hint="NEW"), "environment": str(environment)}
    with at_app(wanted) as desk:
        answer = desk.market.thing("GET", desk.path("/comparison"), **asked)
    if as_json:
        say(answer)
    else:
        from tradepost.cli.vendor.versions_page import print_versions_compared

        print_versions_compared(answer, asked["from"], asked["to"])


@version_app.command()
def withdraw(
    number: Number,
    *,
    environment: In = Environment.PRODUCTION,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Take back a version that waits for review. Its number is not used again.

    Exit status: 0; 1 refused, as for a version that is offered already; 2 wrong usage; 4 not signed in, or by a deploy
    token; 5 not reached.
    """
    number = number_of(number, hint="NUMBER")
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment,
    )  # fmt: skip
    asks = can_ask(non_interactive=non_interactive or as_json or yes)
    with at_app(wanted) as desk:
        if asks and not typer.confirm(f"Withdraw {number} from {environment}?", default=False, err=True):
            end(VendorStatus.REFUSED, "nothing was withdrawn")
        place = desk.path(f"/versions/{number}/withdrawal")
        answer = desk.market.thing("POST", place, {"environment": str(environment)})
    if as_json:
        say(answer)
    else:
        typer.echo(printable(f"{number} is withdrawn from {environment}. Sites keep what they run."))


def _print_raw(raw: bytes) -> None:
    """Bytes as they are for a file or a program; on a terminal, nothing in them moves the cursor."""
    import sys

    if not sys.stdout.isatty():
        sys.stdout.buffer.write(raw)
        return
    for line in raw.decode("utf-8", "backslashreplace").splitlines():
        typer.echo(printable(line))
