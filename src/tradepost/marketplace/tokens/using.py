"""What sites do with access tokens, as their host services tell: apply one, stop using it, and choose what it is like.

A token binds at its first use to one site and one app, for ever. The license's row is locked first and tells two
administrators of one site apart; the token's row then lets one of two sites win.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.core.license import PAID
from tradepost.core.states import ACCESS_TOKEN, AccessTokenEvent, AccessTokenState, advance
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import commands as licensing
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.wire.licenses import CONFIRM

from . import queries
from .commands import record, set_simulation
from .models import AccessToken

FOREIGN = "token.foreign"
OTHER_APP = "token.other_app"
REMOVED = "token.removed"
EXPIRED = "token.expired"
NONE_APPLIED = "token.none_applied"


class UnknownTokenError(InvalidInputError):
    """A text that is no token of this marketplace: mistyped, guessed, or replaced by a new link."""

    def __init__(self) -> None:
        super().__init__("This is no access token of this marketplace, or its link was replaced.", "/token")


@transaction.atomic
def apply(
    site: SiteRecord, secret: str, *, by: str, now: datetime, app: str | None = None, confirmed: bool = False
) -> SiteLicense:
    """Let a site use a token; where it does so already nothing changes. Returns the license that is hidden now.

    Raises UnknownTokenError, and ConflictError with a rule: OTHER_APP, REMOVED, EXPIRED, FOREIGN, or CONFIRM where the
    site pays for the app and nobody confirmed.
    """
    seen = queries.find_by_secret(secret)
    if seen is None:
        raise UnknownTokenError
    if app is not None and seen.listing.app_key != app:
        raise ConflictError("This token is for another app.", OTHER_APP)
    site_license = licensing.obtain(site, seen.listing, now=now)
    token, others = _lock(seen, site)
    _check(token, site, now=now)
    if token.applied:
        return site_license
    if site_license.state in PAID and not confirmed:
        raise ConflictError(_warning(site_license), CONFIRM)
    for other in others:
        _stop(other, by=by, now=now)
    _bind(token, site, by=by, now=now)
    licensing.touch(site_license, now=now)
    return site_license


@transaction.atomic
def withdraw(site: SiteRecord, app_key: str, *, by: str, now: datetime) -> SiteLicense:
    """Let a site stop using its token, which stays its own. Twice is once.

    Raises ConflictError (NONE_APPLIED) where the site never had one of this app.
    """
    site_license, token = _lock_applied(site, app_key, now=now)
    if token is not None:
        _stop(token, by=by, now=now)
        licensing.touch(site_license, now=now)
    return site_license


@transaction.atomic
def simulate(
    site: SiteRecord, app_key: str, *, by: str, now: datetime, simulated: str | None = None, edition: str | None = None
) -> SiteLicense:
    """Choose what the applied token makes the license look like. Raises ConflictError (NONE_APPLIED) without one."""
    site_license, token = _lock_applied(site, app_key, now=now)
    if token is None:
        raise _none_applied(app_key)
    if set_simulation(token, simulated, edition, actor=by, now=now, **_place(site)):
        licensing.touch(site_license, now=now)
    return site_license


def _lock(seen: AccessToken, site: SiteRecord) -> tuple[AccessToken, list[AccessToken]]:
    """The token, and another one that the site uses for the same app until now. In one order for everybody."""
    wanted = Q(pk=seen.pk) | Q(site=site, listing=seen.listing_id, applied=True)
    rows = list(AccessToken.objects.filter(wanted).order_by("pk").select_for_update())
    for row in rows:
        row.listing = seen.listing
    token = next((row for row in rows if row.pk == seen.pk), None)
    if token is None or token.digest != seen.digest:  # it got a new link between the question and the lock
        raise UnknownTokenError
    return token, [row for row in rows if row.pk != seen.pk]


def _lock_applied(site: SiteRecord, app_key: str, *, now: datetime) -> tuple[SiteLicense, AccessToken | None]:
    mine = AccessToken.objects.filter(site=site, listing__app_key=app_key)
    seen = mine.select_related("listing__vendor").first()
    if seen is None:
        raise _none_applied(app_key)
    site_license = licensing.obtain(site, seen.listing, now=now)
    token = mine.filter(applied=True).select_related("listing__vendor").select_for_update(of=("self",)).first()
    return site_license, token


def _check(token: AccessToken, site: SiteRecord, *, now: datetime) -> None:
    state = queries.state_of(token, now)
    if state == AccessTokenState.REMOVED:
        raise ConflictError("The vendor has removed this token.", REMOVED)
    if state == AccessTokenState.EXPIRED:
        raise ConflictError("This token was not used in time. Ask the vendor for another one.", EXPIRED)
    if token.site_id is not None and token.site_id != site.pk:
        raise ConflictError("This token belongs to another site, for ever. Ask the vendor for another one.", FOREIGN)


def _bind(token: AccessToken, site: SiteRecord, *, by: str, now: datetime) -> None:
    is_first = token.state == AccessTokenState.UNBOUND
    if is_first:
        token.state = advance(ACCESS_TOKEN, AccessTokenState(token.state), AccessTokenEvent.USED)
        token.site, token.bound_at, token.bound_by = site, now, by
    token.applied = True
    token.save(update_fields=["state", "site", "bound_at", "bound_by", "applied"])
    record("access_token.applied", token, actor=by, now=now, bound=is_first, **_place(site))


def _stop(token: AccessToken, *, by: str, now: datetime) -> None:
    token.applied = False
    token.save(update_fields=["applied"])
    assert token.site is not None
    record("access_token.withdrawn", token, actor=by, now=now, **_place(token.site))


def _place(site: SiteRecord) -> dict[str, str]:
    return {"site": str(site.site), "host": str(site.host_id)}


def _warning(site_license: SiteLicense) -> str:
    until = f" until {site_license.period_ends_at:%Y-%m-%d}" if site_license.period_ends_at else ""
    return (
        f"The site has a subscription of this app{until}, which is billed on while the token hides it. "
        "End it first, or confirm."
    )


def _none_applied(app_key: str) -> ConflictError:
    return ConflictError(f"This site uses no access token of {app_key}.", NONE_APPLIED)
