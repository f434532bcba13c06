"""Who a deploy token speaks for. All times here are the machine's, as for every token."""

from datetime import datetime, timedelta

from django.db.models import Q

from tradepost.core.errors import UnauthenticatedError
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.fields import is_web_address

from .models import DeployToken

PREFIX = "tpd_"
SHOWN = len(PREFIX) + 6
"""Characters of a token that stay visible, so that its vendor knows which one it is."""

LONGEST_TOKEN = 200
"""Characters of a text that is looked up as a deploy token."""

USE_IS_NOTED_EVERY = timedelta(minutes=1)


def authenticate(plain: str, *, now: datetime) -> Deployer:
    """Return who holds a deploy token. `now` is machine time.

    Raises UnauthenticatedError, always with the same text, for one that is unknown, expired or revoked. It is looked
    up by its hash, so how long that takes says nothing about any token.
    """
    token = _find(plain)
    if token is None or token.revoked_at is not None or token.expires_at <= now:
        raise UnauthenticatedError("This deploy token is not valid: it is unknown, expired or revoked.")
    _note_use(token, now)
    return Deployer(
        actor=actor_of(token),
        app=token.app_id,
        environment=token.environment,
        run_url=run_url_of(token),
    )


def actor_of(token: DeployToken) -> str:
    """The name under which deployments and the audit log know a token; never an e-mail address of somebody."""
    return token.created_by if token.trusted_id is not None else f"deploy token {token.name} ({token.prefix}…)"


def run_url_of(token: DeployToken) -> str:
    """Where the build runs, if its issuer says so in a claim `run_url` that is a web address; else empty."""
    found = token.run.get("run_url", "") if isinstance(token.run, dict) else ""
    return found if isinstance(found, str) and is_web_address(found) else ""


def _find(plain: str) -> DeployToken | None:
    if not plain.startswith(PREFIX) or len(plain) > LONGEST_TOKEN:
        return None
    return DeployToken.objects.filter(digest=hash_token(plain)).first()


def _note_use(token: DeployToken, now: datetime) -> None:
    """At most once a minute, by a condition in the database, so that a busy build does not write at every call."""
    if token.last_used_at is not None and token.last_used_at > now - USE_IS_NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
    DeployToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
