"""What vendors do so that builds may deploy: deploy tokens, and builds to trust.

Tokens and their times are the machine's; trusted builds and audit rows are in domain time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now, new_id, new_secret
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.catalog.models import Environment
from tradepost.marketplace.deployments.models import DeployedApp

from . import queries
from .authenticating import PREFIX, SHOWN
from .claims import checked_claims
from .issuers import accepted_issuers
from .models import DeployToken, RefusedBuild, TrustedBuild, UsedIdentity

LONGEST_NAME = 100
"""Characters of what a person calls a token."""

LONGEST_LIFE_DAYS = 366
"""Days that a deploy token made by a person lives."""

MOST_TOKENS = 20
"""Deploy tokens of one app, made by people, that are neither over nor revoked."""

MOST_TRUSTED = 20
"""Trusted builds of one app."""

OVER_QUOTA = "deploy_token.over_quota"
NO_ISSUERS = "build.no_issuers"
TOO_MANY_TRUSTED = "build.too_many"
TRUSTED_ALREADY = "build.trusted_already"

FORGETS_EVERY = timedelta(hours=1)
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Made:
    """A deploy token with its secret, which nothing else ever shows."""

    token: DeployToken
    secret: str = field(repr=False)


@transaction.atomic
def make_token(app_id: UUID, *, by: Caller, environment: str, name: str, days: int, now: datetime) -> Made:
    """Make a key that deploys an app to one environment, for a person. `now` is machine time.

    Raises InvalidInputError for what it cannot be called or how long it cannot live, and ConflictError (OVER_QUOTA)
    where the app has as many as it may have.
    """
    app = _lock_app(by, app_id)
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(f"A deploy token needs a name of 1 to {LONGEST_NAME} characters.", "/name")
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise InvalidInputError(f"A deploy token lives 1 to {LONGEST_LIFE_DAYS} days.", "/days")
    if queries.count_usable(queries.made_tokens_of(app), now) >= MOST_TOKENS:
        raise ConflictError(f"An app has at most {MOST_TOKENS} deploy tokens. Revoke one first.", OVER_QUOTA)
    fresh = DeployToken(
        app=app,
        environment=_checked_environment(environment),
        name=name,
        created_by=by.actor,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    made = save_token(fresh)
    record_token("deploy_token.made", made.token, actor=by.actor, expires_at=fresh.expires_at.isoformat())
    return made


def save_token(fresh: DeployToken) -> Made:
    """Give a token that is otherwise complete its secret, and write it down. Call it in a transaction."""
    secret = PREFIX + new_secret(32)
    fresh.id, fresh.prefix, fresh.digest = new_id(), secret[:SHOWN], hash_token(secret)
    fresh.save(force_insert=True)
    return Made(fresh, secret)


@transaction.atomic
def revoke_token(app_id: UUID, token_id: UUID, *, by: Caller, now: datetime) -> DeployToken:
    """End a deploy token for good; one that a build got, too. Twice is once. `now` is machine time."""
    seen = queries.get_token(by, app_id, token_id)
    token = DeployToken.objects.select_for_update().get(pk=seen.pk)
    token.app = seen.app
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        record_token("deploy_token.revoked", token, actor=by.actor)
    return token


@transaction.atomic
def trust_build(
    app_id: UUID, *, by: Caller, environment: str, issuer: str, claims: Mapping[str, str], now: datetime
) -> TrustedBuild:
    """Let builds with exactly these claims in an identity token of `issuer` deploy an app to one environment.

    Raises ConflictError (NO_ISSUERS) where the operator trusts no issuer, InvalidInputError for another one, and
    ProblemsError for claims that could be a stranger's. `now` is domain time.
    """
    app = _lock_app(by, app_id)
    accepted = require_issuers()
    if issuer not in accepted:
        raise InvalidInputError(f"This marketplace trusts no such issuer. It trusts {', '.join(accepted)}.", "/issuer")
    same = {"environment": _checked_environment(environment), "issuer": issuer, "claims": checked_claims(claims)}
    present = queries.trusted_builds_of(app)
    if present.filter(**same).exists():
        raise ConflictError("A build with these claims is trusted already.", TRUSTED_ALREADY)
    if present.count() >= MOST_TRUSTED:
        raise ConflictError(f"An app has at most {MOST_TRUSTED} trusted builds. Remove one first.", TOO_MANY_TRUSTED)
    trusted = TrustedBuild.objects.create(id=new_id(), app=app, made_at=now, made_by=by.actor, **same)
    _record("trusted_build.made", ("trusted_build", trusted.pk), app, actor=by.actor, now=now, **same)
    return trusted


@transaction.atomic
def distrust_build(app_id: UUID, trusted_id: UUID, *, by: Caller, now: datetime) -> None:
    """Trust a build no longer; the tokens that such builds hold end with it. `now` is domain time."""
    trusted = queries.get_trusted_build(by, app_id, trusted_id)
    # An exchange holds the row: it is over before, and its token goes too, or finds nothing afterwards.
    if TrustedBuild.objects.select_for_update().filter(pk=trusted.pk).first() is None:
        return
    told = {"environment": trusted.environment, "issuer": trusted.issuer, "claims": trusted.claims}
    subject = ("trusted_build", trusted.pk)
    _record("trusted_build.removed", subject, trusted.app, actor=by.actor, now=now, **told)
    TrustedBuild.objects.filter(pk=trusted.pk).delete()


def require_issuers() -> tuple[str, ...]:
    """The issuers that are trusted here. Raises ConflictError (NO_ISSUERS) where there are none."""
    accepted = accepted_issuers()
    if not accepted:
        text = "This marketplace takes no identity tokens: its operator has named no issuer. Use a deploy token."
        raise ConflictError(text, NO_ISSUERS)
    return accepted


def forget_old(now: datetime) -> int:
    """Delete used identities, tokens of builds and refusals that are of no use any more. `now` is machine time."""
    return (
        _delete(UsedIdentity.objects.filter(expires_at__lt=now))
        + _delete(queries.exchanged_over(now))
        + _delete(RefusedBuild.objects.filter(at__lt=now - queries.KEPT_REFUSALS))
    )


def forgets_next() -> datetime | None:
    """When there is something to forget (machine time); together, what becomes needless within an hour."""
    due = [at for at in queries.oldest().values() if at is not None]
    return min(due) + FORGETS_EVERY if due else None


def record_token(action: str, token: DeployToken, *, actor: str, **detail: Any) -> None:
    """Write an audit row about a deploy token: its first characters, never the token."""
    told = {"environment": token.environment, "prefix": token.prefix, "name": token.name}
    subject = ("deploy_token", token.pk)
    _record(action, subject, token.app, actor=actor, now=domain_now(), **told, **detail)


def _record(
    action: str, subject: tuple[str, object], app: DeployedApp, *, actor: str, now: datetime, **detail: Any
) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=subject,
        now=now,
        scope_id=app.vendor_id,
        app=app.app_id,
        **detail,
    )


def _lock_app(by: Caller, app_id: UUID) -> DeployedApp:
    """Two at once: the second counts what the first made."""
    app = queries.get_app(by, app_id)
    DeployedApp.objects.select_for_update(no_key=True).get(pk=app.pk)
    return app


def _checked_environment(name: str) -> str:
    if name not in Environment.values:
        raise InvalidInputError(f"An environment is one of {', '.join(Environment.values)}.", "/environment")
    return name


def _delete(rows: Any) -> int:
    keys = list(rows.values_list("pk", flat=True)[:BATCH])
    return rows.model.objects.filter(pk__in=keys).delete()[0] if keys else 0
