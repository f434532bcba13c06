"""`tradepost site`: making sites, listing them, and putting an app on one by its address."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradepost.cli.site_acting import module_url, page_url
from tradepost.cli.site_apps import deliveries, disable, enable, rotate_secret, send_webhook, uninstall
from tradepost.cli.site_options import (
    DEFAULT_URL,
    AsJson,
    HostUrl,
    Site,
    SiteStatus,
    Timeout,
    Token,
    find_site,
    give_up,
    say,
    talking,
)

if TYPE_CHECKING:
    from tradepost.cli.site_http import HostService

SHORT: dict[str, Callable[..., None]] = {
    "module-url": module_url,
    "enable": enable,
    "disable": disable,
    "uninstall": uninstall,
    "rotate-secret": rotate_secret,
    "send-webhook": send_webhook,
    "page-url": page_url,
    "deliveries": deliveries,
}
"""Commands about sites that can be given without `site` before them."""

site_app = typer.Typer(help="Sites of a host service: make them, put apps on them, look at what an app gets.")


@site_app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call the site.")],
    *,
    path: Annotated[str, typer.Option(help="Its context path, such as /alpha. Default: made of the name.")] = "",
    host_name: Annotated[str, typer.Option(help="Its own host name, in place of a path.")] = "",
    zone: Annotated[str, typer.Option(help="Its time zone, such as Europe/Berlin.")] = "UTC",
    private_listings: Annotated[bool, typer.Option(help="Take apps by their address.")] = False,
    administrator: Annotated[
        list[str] | None, typer.Option(help="Who administers it: the e-mail address of an account. Repeatable.")
    ] = None,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Make a site.

    Exit status: 0; 1 refused or not reached; 2 invalid.
    """
    if not host_name:
        path = "/" + (path.strip("/") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
    with talking(url, token) as service:
        new = {"name": name, "context_path": path, "host_name": host_name, "zone": zone}
        site = service.ask("POST", "/sites", new)
        for email in administrator or []:
            service.ask("PUT", f"/sites/{site['id']}/members", {"email": email, "role": "admin"})
        if private_listings:
            site |= service.ask("PUT", f"/sites/{site['id']}/private-listings")
    if as_json:
        say(site)
    else:
        typer.echo(f"{site['name']} stands at {site['base_url']} ({site['id']}).")


@site_app.command("list")
def list_sites(*, url: HostUrl = DEFAULT_URL, token: Token = "", as_json: AsJson = False) -> None:
    """List the sites.

    Exit status: 0; 1 refused or not reached.
    """
    with talking(url, token) as service:
        sites = service.all_of("/sites")
    if as_json:
        say(sites)
    else:
        from tradepost.cli.site_paper import print_sites

        print_sites(sites)


@site_app.command()
def install(
    site: Site,
    address: Annotated[str, typer.Argument(metavar="URL", help="Where the app's descriptor is.")],
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the app is installed or failed.")] = True,
    timeout: Timeout = 120.0,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Install the app at an address. What its descriptor asks for is granted with this.

    Exit status: 0; 1 it failed, is not done in time, was refused, or the service was not reached; 2 invalid.
    """
    with talking(url, token) as service:
        row = find_site(service, site)
        wish = service.ask("POST", f"/sites/{row['id']}/install-requests", {"url": address})
        if wait:
            wish = _wait_for(service, row, wish, timeout)
    if as_json:
        say(wish)
    elif wish["standing"] == "done":
        typer.echo(f"{wish['app']} {wish['version']} runs on {row['name']}.")
    elif wish["standing"] == "running" and not wait:
        typer.echo(f"The app is being installed: {wish['id']}.")
    if wish["standing"] == "failed":
        raise give_up(f"it was not installed: {wish['text']}")
    if wish["standing"] == "running" and wait:
        raise give_up(f"it is still being installed after {timeout:g} seconds")
    raise typer.Exit(SiteStatus.DONE)


def _wait_for(service: "HostService", site: Any, wish: Any, timeout: float) -> Any:
    from tradepost.cli.site_waiting import watch

    place = f"/sites/{site['id']}/install-requests/{wish['id']}"
    return watch(
        lambda: service.ask("GET", place),
        until=lambda found: found["standing"] != "running",
        timeout=timeout,
        text=f"Installing {wish['url']} on {site['name']}",
    )


for _name, _command in SHORT.items():
    site_app.command(_name)(_command)
