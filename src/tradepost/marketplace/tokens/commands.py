"""What vendors do with access tokens. What sites do with them stands in `using`.

Who needs both rows locks the license before the token, so that a vendor and a site never wait for each other.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tradepost.core.edition import LOWEST, Edition
from tradepost.core.errors import ConflictError, IllegalTransitionError, InvalidInputError
from tradepost.core.license import Simulated
from tradepost.core.states import ACCESS_TOKEN, AccessTokenEvent, AccessTokenState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id, new_secret
from tradepost.foundation.configuration import configuration
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.editions import queries as editions
from tradepost.marketplace.licensing import commands as licensing
from tradepost.marketplace.licensing.models import SiteLicense

from . import queries
from .models import AccessToken

OVER_QUOTA = "token.over_quota"
NO_EDITIONS = "token.no_editions"
MOVED_MEANWHILE = "token.bound_meanwhile"
LONGEST_NAME = 100
"""Characters of what a vendor calls a token."""

LONGEST_LIFE = timedelta(days=3653)
"""How long a token with an end may wait for its first use."""

BATCH = 500


@dataclass(frozen=True, slots=True)
class Made:
    """A token with its secret, which nothing else ever shows."""

    token: AccessToken
    secret: str = field(repr=False)

    @property
    def link(self) -> str:
        """The address that installs the app and binds the token."""
        return queries.link_of(self.token.listing, self.secret)


@transaction.atomic
def make(app_key: str, *, by: Caller, now: datetime, name: str = "", expires_at: datetime | None = None) -> Made:
    """Make a token of an app. `expires_at` is until when it can be used first; a token in use does not end by it.

    Raises ConflictError with the rule OVER_QUOTA where the app has as many as the policy allows.
    """
    listing = catalog.lock_listing(by, app_key)  # two at once: the second counts what the first made
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or "\0" in name:
        raise InvalidInputError(f"A name has at most {LONGEST_NAME} characters.", "/name")
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise InvalidInputError("A token expires in the future, within ten years.", "/expires_at")
    most = configuration.policy.access_tokens_per_app
    if queries.count_active(listing, now) >= most:
        text = f"An app has at most {most} access tokens that are in use or waiting for it. Remove one first."
        raise ConflictError(text, OVER_QUOTA)
    secret = _new_secret()
    token = AccessToken.objects.create(
        id=new_id(),
        listing=listing,
        name=name,
        digest=hash_token(secret),
        prefix=secret[: queries.SHOWN],
        state=ACCESS_TOKEN.start,
        created_at=now,
        created_by=by.actor,
        expires_at=expires_at,
    )
    record("access_token.made", token, actor=by.actor, now=now, expires_at=expires_at and expires_at.isoformat())
    return Made(token, secret)


@transaction.atomic
def new_link(app_key: str, token_id: UUID, *, by: Caller, now: datetime) -> Made:
    """Give a token that nobody has used another secret; the one before is worthless from now on.

    Raises ConflictError for one that was used, has expired or was removed.
    """
    token = _lock(app_key, token_id, by=by)
    _advance(token, AccessTokenEvent.RENEWED, "get a new link", now=now)
    secret = _new_secret()
    before, token.prefix, token.digest = token.prefix, secret[: queries.SHOWN], hash_token(secret)
    token.save(update_fields=["prefix", "digest"])
    record("access_token.renewed", token, actor=by.actor, now=now, before=before)
    return Made(token, secret)


@transaction.atomic
def remove(app_key: str, token_id: UUID, *, by: Caller, now: datetime) -> AccessToken:
    """Take a token back for good: its site is on its subscription again, else unlicensed. Twice is once."""
    token, site_license = _lock_with_license(app_key, token_id, by=by, now=now)
    if token.state == AccessTokenState.REMOVED:
        return token
    _advance(token, AccessTokenEvent.REMOVED, "be removed", now=now)
    was_applied, token.applied = token.applied, False
    token.removed_at, token.removed_by = now, by.actor
    token.save(update_fields=["state", "applied", "removed_at", "removed_by"])
    record("access_token.removed", token, actor=by.actor, now=now, was_applied=was_applied)
    if was_applied and site_license is not None:
        licensing.touch(site_license, now=now)
    return token


@transaction.atomic
def simulate(
    app_key: str, token_id: UUID, *, by: Caller, now: datetime, simulated: str | None = None, edition: str | None = None
) -> AccessToken:
    """Say what a token makes its site's license look like; one that is not bound yet starts with that."""
    token, site_license = _lock_with_license(app_key, token_id, by=by, now=now)
    if queries.state_of(token, now) not in {AccessTokenState.UNBOUND, AccessTokenState.BOUND}:
        raise ConflictError(f"The token has {_words(token, now)}: it simulates nothing any more.")
    if set_simulation(token, simulated, edition, actor=by.actor, now=now) and token.applied and site_license:
        licensing.touch(site_license, now=now)
    return token


def set_simulation(
    token: AccessToken, simulated: str | None, edition: str | None, *, actor: str, now: datetime, **place: str
) -> bool:
    """Write what a locked token simulates; False where it does so already. `place` says which site `actor` acts on.

    Raises InvalidInputError for unknown words, ConflictError (NO_EDITIONS) for an edition its app does not have.
    """
    if simulated is None and edition is None:
        raise InvalidInputError("Say a state to simulate, or an edition.", "/simulated")
    chosen = _word(Simulated, simulated, "/simulated") if simulated is not None else token.simulated
    level = _word(Edition, edition, "/edition") if edition is not None else token.edition
    if level not in {token.edition, LOWEST} and not editions.has_editions(token.listing):
        text = f"The app has no editions: until its features are mapped to editions there is {LOWEST.word} alone."
        raise ConflictError(text, NO_EDITIONS)
    if (chosen, level) == (token.simulated, token.edition):
        return False
    token.simulated, token.edition = chosen, level
    token.save(update_fields=["simulated", "edition"])
    record("access_token.simulated", token, actor=actor, now=now, simulated=chosen, edition=level, **place)
    return True


@transaction.atomic
def expire_due(now: datetime) -> int:
    """Write down which unused tokens are over; they have been of no use since their instant. Returns how many."""
    tokens = list(queries.over(now).select_related("listing").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for token in tokens:
        token.state = advance(ACCESS_TOKEN, AccessTokenState(token.state), AccessTokenEvent.EXPIRED)
        record("access_token.expired", token, actor="expire_access_tokens", now=now)
    AccessToken.objects.bulk_update(tokens, ["state"])
    return len(tokens)


def record(action: str, token: AccessToken, *, actor: str, now: datetime, **detail: Any) -> None:
    """Write an audit row about a token: its first characters, never the token."""
    assert connection.in_atomic_block
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=("access_token", token.pk),
        now=now,
        scope_id=token.listing.vendor_id,
        app=token.listing.app_key,
        prefix=token.prefix,
        **detail,
    )


def _lock(app_key: str, token_id: UUID, *, by: Caller) -> AccessToken:
    seen = queries.get_token(by, app_key, token_id)
    token = AccessToken.objects.select_for_update().get(pk=seen.pk)
    token.listing = seen.listing
    return token


def _lock_with_license(
    app_key: str, token_id: UUID, *, by: Caller, now: datetime
) -> tuple[AccessToken, SiteLicense | None]:
    """A token and the license that it hides; None for a token without a site. Raises ConflictError (MOVED_MEANWHILE)
    where a site binds it at this moment.
    """
    seen = queries.get_token(by, app_key, token_id)
    site_license = licensing.obtain(seen.site, seen.listing, now=now) if seen.site is not None else None
    token = _lock(app_key, token_id, by=by)
    if token.site_id != seen.site_id:
        raise ConflictError("A site has begun to use the token a moment ago: look again.", MOVED_MEANWHILE)
    return token, site_license


def _advance(token: AccessToken, event: AccessTokenEvent, what: str, *, now: datetime) -> None:
    try:
        token.state = advance(ACCESS_TOKEN, queries.state_of(token, now), event)
    except IllegalTransitionError as error:
        raise ConflictError(f"The token has {_words(token, now)}: it cannot {what}.") from error


def _words(token: AccessToken, now: datetime) -> str:
    words = {"bound": "been bound to a site for ever", "expired": "expired", "removed": "been removed"}
    return words.get(queries.state_of(token, now), "not been used")


def _word(kind: type[Simulated] | type[Edition], text: str, pointer: str) -> str:
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidInputError(f"This is one of {', '.join(kind)}.", pointer) from error


def _new_secret() -> str:
    return queries.PREFIX + new_secret(32)
