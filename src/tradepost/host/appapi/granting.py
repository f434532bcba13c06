"""Acting as a user: what an app must show to get a token for it. Sources: protocol.md 5.3, RFC 7523, RFC 6749 5.2."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.core.scopes import canonical, expand
from tradepost.core.states import InstallationState
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site

from . import tokens
from .callers import PRESENT, secrets_of
from .queries import find_active_member, find_installation_of_client
from .scopes import ACT_AS_USER

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT = "urn:atlassian:connect:clientid:"
ACCOUNT = "urn:atlassian:connect:useraccountid:"
KNOWN_SERVER = "https://oauth-2-authorization-server.services.atlassian.com"
"""What unmodified apps believe to call, whichever server they reach; they cannot be told another."""

ASSERTION_LIFE = timedelta(seconds=60)
"""How long an assertion may be meant to live, clocks that differ aside."""

_UNKNOWN = "The assertion is not good: who signed it, for which site and server, and when?"


class GrantError(Exception):
    """An answer of RFC 6749 5.2 instead of a token. `code` is one of its words."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True)
class Grant:
    """An app may act as a user on a site, with these scopes."""

    installation: Installation
    user: User
    scopes: frozenset[str]


def check_assertion(assertion: str, wanted: str, *, site: Site | None, now: datetime) -> Grant:
    """What an assertion gives right to. `wanted` are scopes with spaces between them, `now` is machine time.

    `site` is where it was sent to, None for the address that serves all sites. Raises GrantError; the same for an
    unknown client and for a wrong signature.
    """
    token = tokens.read_signed(assertion)
    installation = _client(token.claims.iss, site) if token else None
    is_signed = token is not None and tokens.is_signed_by(token, secrets_of(installation))
    if token is None or installation is None or not is_signed or not _is_good(token.claims, installation, now):
        raise GrantError("invalid_grant", _UNKNOWN)
    version = installation.rights_version
    granted = expand(version.scopes) if version is not None else frozenset()
    if installation.state != InstallationState.ENABLED:
        raise GrantError("unauthorized_client", "The app is disabled on this site.")
    if ACT_AS_USER not in granted:
        raise GrantError("unauthorized_client", f"The app was not granted the scope {ACT_AS_USER}.")
    user = _user(token.claims.sub, installation.site)
    if user is None:
        raise GrantError("invalid_grant", "The assertion names nobody who is an active user of the site.")
    return Grant(installation, user, _chosen(wanted, granted))


def _client(issuer: str, site: Site | None) -> Installation | None:
    if not issuer.startswith(CLIENT):
        return None
    found = find_installation_of_client(issuer.removeprefix(CLIENT))
    is_here = found is not None and found.state in PRESENT and (site is None or found.site_id == site.pk)
    return found if is_here else None


def _is_good(claims: tokens.Claims, installation: Installation, now: datetime) -> bool:
    base_url = installation.site.base_url
    return (
        tokens.is_timely(claims, now)
        and claims.exp - claims.iat <= (ASSERTION_LIFE + tokens.SKEW).total_seconds()
        and claims.tnt is not None
        and claims.tnt.rstrip("/") == base_url
        and claims.aud is not None
        and tokens.is_for_audience(claims.aud, *audiences(base_url))
    )


def audiences(base_url: str) -> tuple[str, ...]:
    """By which names this authorization server knows itself."""
    bases = (base_url, configuration.host_url, KNOWN_SERVER)
    return tuple(base + path for base in bases for path in ("", "/", "/oauth2/token"))


def _user(subject: str | None, site: Site) -> User | None:
    if subject is None or not subject.startswith(ACCOUNT):
        return None
    return find_active_member(site, subject.removeprefix(ACCOUNT))


def _chosen(wanted: str, granted: frozenset[str]) -> frozenset[str]:
    """Those asked for that were granted, all where none was asked for; acting as a user is no part of acting as one."""
    names = frozenset(canonical(name) for name in wanted.split())
    chosen = expand(granted & names if names else granted) - {ACT_AS_USER}
    if names and not chosen:
        raise GrantError("invalid_scope", "The app was granted none of the scopes it asks for.")
    return chosen
