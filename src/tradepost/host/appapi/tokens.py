"""Who an app is that calls a site: HS256 tokens signed with the secret of the installation. Source: protocol.md 5.1."""

from datetime import datetime, timedelta
from typing import Any

import jwt
from django.http import HttpRequest

from tradepost.core.errors import UnauthenticatedError
from tradepost.core.signing import accepted_query_hashes, split_target
from tradepost.core.states import InstallationState
from tradepost.foundation.secrets import same_secret, unseal
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import with_versions

SCHEME = "JWT "
SKEW = timedelta(seconds=30)
"""How far an app's clock may be off."""

LONGEST = 16_384
LATEST = 10**12
"""Seconds since 1970; nobody means a date beyond it."""

_ALGORITHM = "HS256"
_PRESENT = (InstallationState.ENABLED, InstallationState.DISABLED)


def authenticate_app(request: HttpRequest, site: Site, *, now: datetime) -> Installation:
    """Return the installation whose app sent the request to this site. `now` is machine time.

    Raises UnauthenticatedError without a word on what exactly was wrong, so that nobody learns which apps are here.
    """
    token = _find_token(request)
    if token is None:
        raise UnauthenticatedError("Send a token: `Authorization: JWT ...`.")
    installation = _issuer(token, site)
    if installation is None or not _is_good(token, installation, request, site, now):
        raise UnauthenticatedError("The token is not good for this request.")
    return installation


def _find_token(request: HttpRequest) -> str | None:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    token = header.removeprefix(SCHEME) if header.startswith(SCHEME) else request.GET.get("jwt", "")
    return token if 0 < len(token) <= LONGEST else None


def _issuer(token: str, site: Site) -> Installation | None:
    """The installation the token claims to speak for. Nothing is believed of it yet."""
    try:
        if jwt.get_unverified_header(token).get("alg") != _ALGORITHM:
            return None
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    key = claims.get("iss")
    if not isinstance(key, str) or not key.isascii() or "\0" in key:
        return None
    present = with_versions(Installation.objects.filter(site=site, app_key=key, state__in=_PRESENT))
    return present.filter(running__isnull=False).first()


def _is_good(token: str, installation: Installation, request: HttpRequest, site: Site, now: datetime) -> bool:
    try:
        claims = jwt.decode(
            token,
            unseal(installation.sealed_secret),
            algorithms=[_ALGORITHM],
            # Times are compared below, against the clock that was handed in.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    return (
        _is_timely(claims, now)
        and _is_for_us(claims.get("aud"), installation.client_key)
        and _is_for_request(claims.get("qsh"), request, site)
    )


def _is_timely(claims: dict[str, Any], now: datetime) -> bool:
    """`iat` and `exp` must both be there; `nbf` counts where it is."""
    moment, skew = now.timestamp(), SKEW.total_seconds()
    issued, expires, not_before = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if not all(_is_number(value) for value in (issued, expires, not_before)):
        return False
    return issued - skew <= moment <= expires + skew and not_before - skew <= moment


def _is_number(value: object) -> bool:
    """Numbers that are dates; far larger ones cannot be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST


def _is_for_us(audience: object, client_key: str) -> bool:
    """Many apps leave the audience out; where it is, it must hold our client key."""
    if audience is None:
        return True
    named = audience if isinstance(audience, list) else [audience]
    return client_key in [name for name in named if isinstance(name, str)]


def _is_for_request(claimed: object, request: HttpRequest, site: Site) -> bool:
    """The hash is required: without it, whoever holds a token for a page could call us as the app."""
    if not isinstance(claimed, str) or not claimed.isascii():
        return False
    path, query = split_target(request.get_full_path())
    accepted = accepted_query_hashes(request.method or "GET", path, query, context_path=site.context_path)
    return any(same_secret(claimed, each) for each in accepted)
