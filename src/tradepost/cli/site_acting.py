"""`tradepost module-url` and `page-url`: what a person would get to see, for scripts. Every use is audited."""

from typing import Annotated, Any

import typer

from tradepost.cli.ending import complain
from tradepost.cli.site_options import (
    DEFAULT_URL,
    As,
    AsJson,
    HostUrl,
    Site,
    SiteStatus,
    Token,
    find_site,
    say,
    talking,
)


def module_url(
    site: Site,
    module: Annotated[str, typer.Argument(help="APP/MODULE, or the module's key alone where only one app has it.")],
    *,
    user: Annotated[str, typer.Option(help="Who looks: an e-mail address, an account id, or anonymous. Audited.")],
    context: Annotated[
        list[str] | None, typer.Option(help="What the page is about, such as issue.key=KEY-1. Repeatable.")
    ] = None,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Print the signed address of a module as a person's page would show it.

    Exit status: 0; 1 refused or not reached; 2 invalid; 3 the module does not show, the reasons on standard error.
    """
    about = _read_context(context or [])
    with talking(url, token) as service:
        row = find_site(service, site)
        wanted = {"module": module, "user": user, "context": about}
        found = service.ask("POST", f"/sites/{row['id']}/module-urls", wanted)
    if found["url"] is not None:
        say({"url": found["url"]}) if as_json else typer.echo(found["url"])
        return
    if as_json:
        say({"url": None, "reasons": found["reasons"]})
    for line in _lines(found["reasons"]):
        complain(line)
    raise typer.Exit(SiteStatus.HIDDEN)


def page_url(
    site: Site,
    path: Annotated[str, typer.Argument(help="The path of a page of the site, such as /projects/.")],
    *,
    user: As,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Print an address that shows a page as a person sees it. It is good once, for a minute.

    Exit status: 0; 1 refused or not reached; 2 invalid.
    """
    with talking(url, token) as service:
        row = find_site(service, site)
        made = service.ask("POST", f"/sites/{row['id']}/page-urls", {"path": path, "user": user})
    say(made) if as_json else typer.echo(made["url"])


def _read_context(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not name or not sign:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE.", param_hint="--context")
        found[name] = value
    return found


def _lines(reasons: list[Any]) -> list[str]:
    """Which conditions speak against it; all of them where it is how they are combined."""
    against = [each for each in reasons if not each["holds"]] or reasons
    lines = [f"{each['name']}: {each['text']}" for each in against]
    return lines or ["the module does not show; its descriptor's conditions cannot be read"]
