"""The token that UPM's clients fetch before they may install: for one person on one site, for some minutes."""

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.callers import Caller
from tradepost.host.sites.models import Site

LIFE = timedelta(minutes=15)
"""Machine time."""

LONGEST = 500
_SIGNER = Signer(salt="tradepost.host.upm")


def make_upm_token(caller: Caller, site: Site, *, now: datetime) -> str:
    """Return a token for the caller on the site. `now` is machine time."""
    return _SIGNER.sign_object([str(caller.user.pk), str(site.pk), int((now + LIFE).timestamp())])


def check_upm_token(token: str, caller: Caller, site: Site, *, now: datetime) -> None:
    """Raises ForbiddenError for any text that is not the caller's own live token for the site."""
    try:
        user, place, expires_at = _SIGNER.unsign_object(token[:LONGEST])
    except (BadSignature, ValueError, TypeError) as error:
        raise ForbiddenError("Fetch an upm-token first, and send it as the parameter `token`.") from error
    if [user, place] != [str(caller.user.pk), str(site.pk)] or now.timestamp() >= expires_at:
        raise ForbiddenError("This upm-token is too old, or of somebody else, or for another site: fetch a new one.")
