"""Addresses that modules may name: paths of the app, and where a link may lead. Source: protocol.md 3.1, 3.4."""

import re
from enum import StrEnum
from urllib.parse import unquote_plus

from tradepost.core.addresses import origin_of
from tradepost.core.document import kind_of, shown
from tradepost.core.signing import TOKEN_PARAMETER

LONGEST_URL = 2_000
"""characters of a module's address"""

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
"""Control characters, white space at all, and the backslash, which browsers take for a slash."""

_VARIABLE = re.compile(r"\$?\{[^}]*\}")


class Leads(StrEnum):
    """What an address is relative to; `elsewhere` is a link to some other site, never framed and never signed."""

    APP = "app"
    SITE = "site"
    ELSEWHERE = "elsewhere"


def is_absolute(url: str) -> bool:
    """Whether it names a host of its own."""
    return _AUTHORITY.match(url) is not None


def leads_to(url: str, origin: str | None, *, in_site: bool) -> Leads:
    """What the address is relative to; `origin` is that of the app's base URL."""
    if is_absolute(url):
        return Leads.APP if origin is not None and _origin(url) == origin else Leads.ELSEWHERE
    return Leads.SITE if in_site else Leads.APP


def complain_about_url(value: object, origin: str | None, *, may_lead_elsewhere: bool) -> str | None:
    """What is wrong with a module's address, or None.

    It is relative to the base URL, or absolute on the app's own origin; a link may also lead elsewhere.
    """
    if not isinstance(value, str):
        return f"A module's url must be a string, not {kind_of(value)}."
    if len(value) > LONGEST_URL:
        return f"A module's url has at most {LONGEST_URL} characters."
    bare = _VARIABLE.sub("x", value)
    if _FORBIDDEN.search(bare) is not None:
        return f"A module's url must not contain white space, control characters or backslashes: {shown(value)!r}."
    if is_absolute(value):
        return _complain_about_host(value, origin, may_lead_elsewhere=may_lead_elsewhere) or _complain_about_rest(bare)
    if _SCHEME.match(value) or value.startswith("//"):
        return f"A module's url must be relative to baseUrl, not {shown(value)!r}."
    return _complain_about_rest(bare)


def _complain_about_host(value: str, origin: str | None, *, may_lead_elsewhere: bool) -> str | None:
    own = _origin(value)
    if own is None:
        return f"A module's url must name a host or none: {shown(value)!r}."
    if own != origin and not may_lead_elsewhere:
        return f"A module's url must lie under baseUrl or on its origin, not {shown(value)!r}."
    return None


def _complain_about_rest(bare: str) -> str | None:
    address = bare.partition("#")[0]
    path, _, query = address.partition("?")
    if ".." in path.lower().replace("%2e", ".").split("/"):
        return "The path of a module's url must not contain a segment `..`."
    if any(unquote_plus(pair.partition("=")[0]) == TOKEN_PARAMETER for pair in query.split("&")):
        return "A module's url must not bring a parameter jwt: there the host's token stands."
    return None


def _origin(url: str) -> str | None:
    found = _AUTHORITY.match(url)
    return origin_of(found[0]) if found is not None and "@" not in found[0] else None
