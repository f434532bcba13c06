"""Access tokens as a caller may see them, and by their secret."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tradepost.core.errors import NotFoundError
from tradepost.core.states import AccessTokenState
from tradepost.foundation import due
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.marketplace.releases import queries as versions

from .models import AccessToken

PREFIX = "tpa_"
SHOWN = len(PREFIX) + 6
"""Characters of a token that stay visible, so that its vendor knows which one it is."""

PARAMETER = "access-token"
LONGEST_TOKEN = 200
"""Characters of a text that is looked up as a token."""


def tokens_of(listing: Listing) -> QuerySet[AccessToken]:
    """The access tokens of an app with their sites; order them by ORDER for pages. Find the listing by its caller."""
    return AccessToken.objects.filter(listing=listing).select_related("site__host")


ORDER = ("-created_at", "id")


def get_token(caller: Caller, app_key: str, token_id: UUID) -> AccessToken:
    """Raises NotFoundError for what is another vendor's or another app's."""
    token = (
        tokens_of(catalog.get_listing(caller, app_key)).select_related("listing__vendor").filter(pk=token_id).first()
    )
    if token is None:
        raise NotFoundError("access token", token_id)
    return token


def find_by_secret(secret: str) -> AccessToken | None:
    """The token that this text is, with its listing, whatever its state.

    It is looked up by its hash, so how long that takes says nothing about any token.
    """
    if not secret.startswith(PREFIX) or len(secret) > LONGEST_TOKEN:
        return None
    return AccessToken.objects.select_related("listing__vendor").filter(digest=hash_token(secret)).first()


def find_installable(app_key: str, secret: str, *, now: datetime) -> bytes | None:
    """The descriptor behind an installation link: the newest offered one of the token's app, until the first use."""
    token = find_by_secret(secret)
    if token is None or token.listing.app_key != app_key or state_of(token, now) != AccessTokenState.UNBOUND:
        return None
    offered = versions.find_newest_offered(token.listing)
    return bytes(offered.document.content) if offered is not None else None


def link_of(listing: Listing, secret: str) -> str:
    """The address that installs an app on a site and binds the token to it."""
    return f"{configuration.marketplace_url}/apps/{listing.app_key}/descriptor?{PARAMETER}={secret}"


def state_of(token: AccessToken, now: datetime) -> AccessTokenState:
    """What a token is at an instant. A link is over at its instant, whether or not a worker has written that down."""
    state = AccessTokenState(token.state)
    is_over = token.expires_at is not None and token.expires_at <= now
    return AccessTokenState.EXPIRED if state == AccessTokenState.UNBOUND and is_over else state


def count_active(listing: Listing, now: datetime) -> int:
    """How many tokens count against the limit of an app: the bound ones, and those that can still be used."""
    usable = Q(state=AccessTokenState.UNBOUND) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return AccessToken.objects.filter(Q(state=AccessTokenState.BOUND) | usable, listing=listing).count()


def find_site(host: HostService, site: UUID) -> SiteRecord | None:
    """A site of a host service, by the host's own identifier."""
    return SiteRecord.objects.filter(host=host, site=site).first()


def over(now: datetime) -> QuerySet[AccessToken]:
    """Tokens whose time is over and of which that is not written down."""
    return AccessToken.objects.filter(state=AccessTokenState.UNBOUND, expires_at__lte=now).order_by("expires_at")


@due.earliest("expires_at")
def next_due(_machine: datetime) -> QuerySet[AccessToken]:
    """When the next unused token is over (domain time)."""
    return AccessToken.objects.filter(state=AccessTokenState.UNBOUND)
