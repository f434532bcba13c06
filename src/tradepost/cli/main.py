"""The entry point of the `tradepost` command: one file per command stands beside this one."""

import sys
from typing import Annotated

import typer

from tradepost.cli.compare import compare
from tradepost.cli.convert import convert
from tradepost.cli.editions import editions_app
from tradepost.cli.lint import lint
from tradepost.cli.replay import replay
from tradepost.cli.site import SHORT, site_app
from tradepost.cli.vendor.builds import deploy_token_app, trusted_build_app
from tradepost.cli.vendor.deploy import deploy
from tradepost.cli.vendor.environments import environments, install_app
from tradepost.cli.vendor.register import register
from tradepost.cli.vendor.rollouts import rollout_app
from tradepost.cli.vendor.signing_in import login, logout, whoami
from tradepost.cli.vendor.versions import version_app

app = typer.Typer(
    help="Tradepost: what a change to an app will do, and the marketplace that does it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(compare)
app.command()(replay)
app.command()(lint)
app.command()(convert)
for _vendors in (login, logout, whoami, register, deploy, environments):
    app.command()(_vendors)
app.add_typer(version_app, name="version")
app.add_typer(install_app, name="install")
app.add_typer(rollout_app, name="rollout")
app.add_typer(deploy_token_app, name="deploy-token")
app.add_typer(trusted_build_app, name="trusted-build")
app.add_typer(editions_app, name="editions", no_args_is_help=True)
app.add_typer(site_app, name="site", no_args_is_help=True)
for _name, _command in SHORT.items():
    app.command(_name)(_command)


def run() -> None:
    """Run the command line. Text from documents may hold what the terminal's encoding does not know."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tradepost {version('tradepost')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Tradepost: what a change to an app will do, and the marketplace that does it."""
