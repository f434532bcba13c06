"""`tradepost rollout`: bringing sites of one major version to another, by hand and within limits."""

from typing import Annotated, Any

import typer

from tradepost.cli.ending import VendorStatus, end
from tradepost.cli.vendor.options import (
    MANIFEST,
    AllowHttp,
    App,
    AsJson,
    Environment,
    In,
    Limit,
    Manifest,
    NonInteractive,
    Url,
    Wanted,
    number_of,
)
from tradepost.cli.vendor.signing_in import can_ask
from tradepost.cli.vendor.talking import Desk, at_app, say, segment

rollout_app = typer.Typer(help="Bring sites from one major version to another.", no_args_is_help=True)

Watch = Annotated[bool, typer.Option("--watch", help="Wait until it ends.")]
Timeout = Annotated[float, typer.Option(min=0.1, max=86_400.0 * 7, help="With --watch: seconds to wait at most.")]
Which = Annotated[str, typer.Argument(show_default=False, help="Its id. Default: the newest one.")]
_MOST_FAILED = 1000


@rollout_app.command()
def start(
    *,
    source: Annotated[int, typer.Option("--from", min=0, help="The major version that the sites run now.")],
    target: Annotated[
        str, typer.Option("--to", help="The version they get. Default: the newest.", show_default=False)
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many sites at most.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many sites it would take, and start nothing.")
    ] = False,
    watch: Watch = False,
    timeout: Timeout = 3600.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    environment: In = Environment.PRODUCTION,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Bring sites to a version of another major without asking their administrators, where it needs no new rights.

    One runs for an app and environment at a time. Where the manifest lets the app manage its permissions
    (permissions.enforcement: app-managed), sites get the code and keep the permissions they have granted.

    Exit status: 0; 1 refused, or with --watch: it failed at a site or does not end in time; 2 wrong usage; 4 not signed
    in, or by a deploy token; 5 not reached.
    """
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment,
    )  # fmt: skip
    wish: dict[str, Any] = {"environment": str(environment), "from_major": source, "dry_run": dry_run}
    if target:
        wish["to_version"] = number_of(target, hint="--to")
    if limit is not None:
        wish["limit"] = limit
    asks = can_ask(non_interactive=non_interactive or as_json or yes or dry_run)
    with at_app(wanted) as desk:
        if asks:
            _confirm(desk, wish)
        answer = desk.market.thing("POST", desk.path("/rollouts"), wish)
        if watch and not dry_run:
            answer = _watch(desk, answer, timeout=timeout, as_json=as_json)
        failed = [] if dry_run else _failed_sites(desk, answer, as_json=as_json)
    _print(answer, failed, as_json=as_json, dry_run=dry_run)
    _end_of(answer, watched=watch and not dry_run)


@rollout_app.command()
def status(
    rollout: Which = "",
    *,
    watch: Watch = False,
    timeout: Timeout = 3600.0,
    environment: In = Environment.PRODUCTION,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Say how far a rollout is, and at which sites it failed, and why.

    Exit status: 0; 1 refused, there is none, or with --watch: it failed at a site or does not end in time; 2 wrong
    usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment,
    )  # fmt: skip
    with at_app(wanted) as desk:
        answer = _find(desk, rollout, environment)
        if watch:
            answer = _watch(desk, answer, timeout=timeout, as_json=as_json)
        failed = _failed_sites(desk, answer, as_json=as_json)
    _print(answer, failed, as_json=as_json)
    _end_of(answer, watched=watch)


@rollout_app.command("list")
def list_rollouts(
    *,
    environment: In = Environment.PRODUCTION,
    limit: Limit = 20,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """List the rollouts, the newest first.

    Exit status: 0; 1 refused; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment,
    )  # fmt: skip
    with at_app(wanted) as desk:
        page = desk.market.all_of(desk.path("/rollouts"), most=limit, environment=str(environment))
    if as_json:
        say(page)
    else:
        from tradepost.cli.vendor.rollouts_page import print_rollouts

        print_rollouts(page, environment=str(environment))


@rollout_app.command()
def cancel(
    rollout: Which = "",
    *,
    environment: In = Environment.PRODUCTION,
    app: App = "",
    manifest: Manifest = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Stop a rollout. Sites that were upgraded stay upgraded.

    Exit status: 0; 1 refused, as where it has ended; 2 wrong usage; 4 not signed in, or by a deploy token; 5 not
    reached.
    """
    del non_interactive
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app, manifest=manifest,
        environment=environment,
    )  # fmt: skip
    with at_app(wanted) as desk:
        found = _find(desk, rollout, environment)
        answer = desk.market.thing("POST", desk.path(f"/rollouts/{segment(str(found['id']))}/cancellation"))
    _print(answer, [], as_json=as_json)


def _find(desk: Desk, rollout: str, environment: Environment) -> Any:
    if rollout:
        return desk.market.thing("GET", desk.path(f"/rollouts/{segment(rollout)}"))
    page = desk.market.all_of(desk.path("/rollouts"), most=1, environment=str(environment))
    if not page["items"]:
        advice = "tradepost rollout start makes one; -e names another environment."
        end(VendorStatus.REFUSED, f"no rollout was started in {environment} yet", advice)
    return page["items"][0]


def _confirm(desk: Desk, wish: dict[str, Any]) -> None:
    """Show what it would take, and ask the person."""
    seen = desk.market.thing("POST", desk.path("/rollouts"), {**wish, "dry_run": True})
    _print(seen, [], as_json=False, dry_run=True)
    if not typer.confirm("Start it?", default=False, err=True):
        end(VendorStatus.REFUSED, "nothing was started")


def _watch(desk: Desk, answer: Any, *, timeout: float, as_json: bool) -> Any:
    from tradepost.cli.vendor.rollout_watch import watch_rollout

    place = desk.path(f"/rollouts/{segment(str(answer['id']))}")
    return watch_rollout(lambda: desk.market.thing("GET", place), answer, timeout=timeout, as_json=as_json)


def _failed_sites(desk: Desk, answer: Any, *, as_json: bool) -> list[Any]:
    """The sites where it failed, for people; programs get what the marketplace said of the rollout."""
    if as_json or not answer["failed"]:
        return []
    place = desk.path(f"/rollouts/{segment(str(answer['id']))}/sites")
    return list(desk.market.all_of(place, most=_MOST_FAILED, state="failed")["items"])


def _print(answer: Any, failed: list[Any], *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        say(answer)
    else:
        from tradepost.cli.vendor.rollouts_page import print_rollout

        print_rollout(answer, failed, dry_run=dry_run)


def _end_of(answer: Any, *, watched: bool) -> None:
    """Who watched wants to know by the exit status whether all went well."""
    if not watched:
        return
    if answer.get("state") == "running":
        end(VendorStatus.REFUSED, "it still runs, and goes on by itself: tradepost rollout status says how far it is")
    if answer.get("state") != "completed" or answer.get("failed"):
        end(VendorStatus.REFUSED, f"it is {answer.get('state')}, and failed at {answer.get('failed')} sites")
