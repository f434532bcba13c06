"""Where links to what apps add lead: to pages of ours that show the app, to the site, or elsewhere."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from tradepost.core.errors import InvalidInputError
from tradepost.core.module import Leads, Module
from tradepost.core.variables import substitute

from .scenes import Scene

PAGES = "plugins/servlet/ac"
"""Where the real products have the pages of apps, so that the links that apps make themselves lead here, too."""

DEPARTURES = "plugins/servlet/ac-redirect"
_SCHEMES = frozenset({"http", "https"})


def page_address(root: str, app_key: str, module_key: str, parameters: Mapping[str, str]) -> str:
    """The page of ours that shows a page of an app."""
    return _below(root, PAGES, app_key, module_key, parameters)


def departure_address(root: str, app_key: str, module_key: str, parameters: Mapping[str, str]) -> str:
    """The address that leads from us to the app itself, signed at that moment."""
    return _below(root, DEPARTURES, app_key, module_key, parameters)


def site_address(root: str, module: Module, scene: Scene) -> str:
    """The page of the site that a link leads to. Raises InvalidInputError for what leads out of the site."""
    path = substitute(module.url, scene.variables)
    whole = f"{root}/{path.lstrip('/')}" if not path.startswith("#") else path
    parts = urlsplit(whole)
    steps = parts.path.lower().replace("%2e", ".").split("/")
    if parts.scheme or parts.netloc or "\\" in whole or ".." in steps or "%2f" in parts.path.lower():
        raise InvalidInputError("The link leads out of the site.")
    return whole


def other_address(module: Module, scene: Scene) -> str:
    """An address of somebody else. Raises InvalidInputError for anything but the address of a page."""
    url = substitute(module.url, scene.variables)
    parts = urlsplit(url)
    if parts.scheme.lower() not in _SCHEMES or not parts.hostname:
        raise InvalidInputError("The link leads to no page.")
    return url


def link_address(root: str, app_key: str, module: Module, scene: Scene) -> str:
    """Where a link leads that opens no dialog. Raises InvalidInputError where that is no place to be."""
    if module.leads is Leads.SITE:
        return site_address(root, module, scene)
    if module.leads is Leads.ELSEWHERE:
        return other_address(module, scene)
    return departure_address(root, app_key, module.key, scene.links)


def _below(root: str, place: str, app_key: str, module_key: str, parameters: Mapping[str, str]) -> str:
    query = f"?{urlencode(parameters)}" if parameters else ""
    return f"{root}/{place}/{quote(app_key, safe='')}/{quote(module_key, safe='')}{query}"
