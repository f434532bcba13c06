"""API tokens: a person's keys for their programs. Shown once, kept as a hash, limited in scope and time.

All times here are the machine's: a sandbox that jumps a month ahead must not end everybody's tokens.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from tradepost.core.errors import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError

from . import audit
from .callers import SCOPES, Caller
from .clock import domain_now, new_id, new_secret
from .models import ApiToken
from .secrets import hash_token

PREFIX = "tp_"
SHOWN = len(PREFIX) + 6
"""Characters of a token that stay visible, so that its owner knows which one it is."""

LONGEST_LIFE = timedelta(days=366)
MOST_TOKENS = 50
"""Live tokens one person may have."""

USE_IS_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make_token(
    *, by: Caller, name: str, scopes: Collection[str], expires_in: timedelta, service: str, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token for the caller and return it with its plain text, which nothing else ever shows.

    Raises InvalidInputError for an empty name, unknown or no scopes, or a life of no time or over a year, and
    ForbiddenError for a caller that is itself a token or asks for more than it may do.
    """
    if by.scopes is not None:
        raise ForbiddenError("A token cannot make tokens: sign in to do it.")
    wanted = _checked_scopes(by, scopes)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100:
        raise InvalidInputError("A token needs a name of 1 to 100 characters.", "/name")
    if not timedelta(0) < expires_in <= LONGEST_LIFE:
        raise InvalidInputError("A token lives between a moment and 366 days.", "/expires_in")
    if tokens_of(by.user.pk).filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise InvalidInputError(f"{MOST_TOKENS} tokens are enough: revoke one first.", "/name")
    plain = PREFIX + new_secret(32)
    token = ApiToken.objects.create(
        id=new_id(),
        user=by.user,
        name=name,
        prefix=plain[:SHOWN],
        digest=hash_token(plain),
        scopes=sorted(wanted),
        created_at=now,
        expires_at=now + expires_in,
    )
    _record("token.made", token, by=by, service=service, scopes=token.scopes, expires_at=token.expires_at.isoformat())
    return token, plain


@transaction.atomic
def revoke(token_id: UUID, *, by: Caller, service: str, now: datetime) -> None:
    """End a token of the caller's for good. Twice is once. Raises NotFoundError for somebody else's."""
    token = tokens_of(by.user.pk).select_for_update().filter(pk=token_id).first()
    if token is None:
        raise NotFoundError("token", token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        _record("token.revoked", token, by=by, service=service)


def authenticate(plain: str, *, now: datetime) -> Caller:
    """Return who holds a token. Raises UnauthenticatedError for one that is unknown, over or of an inactive person."""
    digest = hash_token(plain)
    token = ApiToken.objects.select_related("user").filter(digest=digest).first() if plain.startswith(PREFIX) else None
    if token is None or token.revoked_at is not None or token.expires_at <= now or not token.user.is_active:
        raise UnauthenticatedError("This token is not valid: it is unknown, expired or revoked.")
    _note_use(token, now)
    return Caller(token.user, frozenset(token.scopes))


def tokens_of(user_id: UUID) -> QuerySet[ApiToken]:
    """Return the tokens of one person, the revoked and expired ones too."""
    return ApiToken.objects.filter(user_id=user_id)


def find_token(token_id: UUID, *, caller: Caller) -> ApiToken | None:
    return tokens_of(caller.user.pk).filter(pk=token_id).first()


def _note_use(token: ApiToken, now: datetime) -> None:
    """At most once a minute, by a condition in the database, so that busy programs do not write at every call."""
    if token.last_used_at is not None and token.last_used_at > now - USE_IS_NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _checked_scopes(by: Caller, scopes: Collection[str]) -> set[str]:
    wanted = set(scopes)
    if not wanted:
        raise InvalidInputError("A token needs at least one scope.", "/scopes")
    for scope in sorted(wanted):
        if scope not in SCOPES:
            raise InvalidInputError(f"There is no scope {scope!r}.", "/scopes")
        by.require(scope)
    return wanted


def _record(action: str, token: ApiToken, *, by: Caller, service: str, **detail: object) -> None:
    audit.record(
        action,
        service=service,
        actor=by.actor,
        subject=("token", token.pk),
        now=domain_now(),
        name=token.name,
        prefix=token.prefix,
        **detail,
    )
