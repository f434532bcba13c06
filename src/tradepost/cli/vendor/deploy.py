"""`tradepost deploy`: a manifest becomes a version of the app, in one environment."""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tradepost.cli.ending import VendorStatus, complain, end
from tradepost.cli.vendor.failures import NoAnswerError, RefusedError
from tradepost.cli.vendor.manifests import lint_text, read_manifest_file
from tradepost.cli.vendor.options import (
    MANIFEST,
    AllowHttp,
    App,
    AsJson,
    Environment,
    Identity,
    In,
    Manifest,
    NonInteractive,
    Url,
    Wanted,
)
from tradepost.cli.vendor.runs import run_url as find_run_url
from tradepost.cli.vendor.runs import without_user
from tradepost.cli.vendor.signing_in import can_ask
from tradepost.cli.vendor.talking import MAJOR_RULE, Desk, at_app, say


def deploy(
    *,
    environment: In = Environment.DEVELOPMENT,
    manifest: Manifest = MANIFEST,
    message: Annotated[str, typer.Option("--message", "-m", help="What is new, for the list of versions.")] = "",
    approve_major: Annotated[bool, typer.Option("--approve-major", help="Deploy it even as a major version.")] = False,
    major_version: Annotated[
        int | None, typer.Option(min=0, help="A backport: deploy to sites of this older major alone.")
    ] = None,
    run_url: Annotated[
        str, typer.Option(show_default=False, help="Where the build is seen. Default: as the build service says.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and deploy nothing.")] = False,
    app: App = "",
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    identity_token_env: Identity = "",
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Deploy the manifest, and say which version it is, why, and when sites get it.

    What is wrong with the manifest is found before anything is sent, as by tradepost lint. A major version is refused
    with its reasons unless --approve-major is given; at a terminal it is asked for.

    Exit status: 0; 1 the manifest has problems, or refused; 2 wrong usage; 3 it would be a major version and is not
    approved; 4 not signed in; 5 the marketplace is not reached, or did not answer in time.
    """
    if run_url and not without_user(run_url):
        raise typer.BadParameter("this is no web address of at most 500 characters.", param_hint="--run-url")
    raw = read_manifest_file(manifest)
    _require_sound(raw, manifest, as_json=as_json)
    wanted = Wanted(
        marketplace=marketplace, allow_http=allow_http, as_json=as_json, app=app or _app_of(raw, manifest),
        environment=environment, identity=identity_token_env,
    )  # fmt: skip
    wish: dict[str, Any] = {
        "environment": str(environment), "manifest": raw.decode("utf-8"), "message": message,
        "approve_major": approve_major, "run_url": without_user(run_url) or find_run_url(os.environ),
        "dry_run": dry_run,
    }  # fmt: skip
    if major_version is not None:
        wish["major_version"] = major_version
    with at_app(wanted) as desk:
        answer = _deploy(desk, wish, as_json=as_json, asks=can_ask(non_interactive=non_interactive or as_json))
    _print(answer, as_json=as_json)
    if dry_run and answer.get("change") == "major" and not approve_major:
        end(VendorStatus.MAJOR, "this would be a major version: without --approve-major it is refused")


def _require_sound(raw: bytes, place: str, *, as_json: bool) -> None:
    """End the command where the manifest cannot be deployed anywhere, with everything that is wrong with it."""
    report = lint_text(raw)
    if report.deployable:
        return
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        from tradepost.cli.lint_page import print_report

        print_report(report)
    end(VendorStatus.REFUSED, f"{place} was not deployed: mend its problems first")


def _app_of(raw: bytes, place: str) -> str:
    from tradepost.cli.vendor.manifests import app_id_of, read_text

    app_id = app_id_of(read_text(raw))
    if app_id is None:
        end(VendorStatus.REFUSED, f"{place} has no app.id", "tradepost register draws one and writes it there.")
    return app_id


def _deploy(desk: Desk, wish: Mapping[str, Any], *, as_json: bool, asks: bool) -> Mapping[str, Any]:
    """Deploy; where it would be a major that nobody has approved and a person is there, ask them."""
    try:
        return _send(desk, wish, as_json=as_json)
    except RefusedError as error:
        if error.rule != MAJOR_RULE or as_json:
            raise
        _print(_send(desk, {**wish, "dry_run": True}, as_json=False), as_json=False)
        question = f"Deploy this major version to {wish['environment']}?"
        if not asks or not typer.confirm(question, default=False, err=True):
            advice = "Say it again with --approve-major, if that is what you want."
            end(VendorStatus.MAJOR, "nothing was deployed: nobody has approved a major version", advice, cause=error)
    return _send(desk, {**wish, "approve_major": True}, as_json=as_json)


def _send(desk: Desk, wish: Mapping[str, Any], *, as_json: bool) -> Mapping[str, Any]:
    from tradepost.cli.vendor.paper import sign_of_life

    try:
        with sign_of_life(f"Deploying {desk.app.get('name')} to {wish['environment']}", as_json=as_json):
            answer = desk.market.thing("POST", desk.path("/deployments"), wish)
    except NoAnswerError:
        if not wish["dry_run"]:
            complain(
                "it is not known whether this was deployed: look before you try again, with "
                f"tradepost version list -e {wish['environment']}"
            )
        raise
    if "version" not in answer or "change" not in answer:
        raise NoAnswerError(f"what answers at {desk.market.url} is no marketplace of Tradepost")
    return answer


def _print(answer: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(answer)
    else:
        from tradepost.cli.vendor.deploy_page import print_deployment

        print_deployment(answer)
