"""Inviting, enrolling and revoking host services."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from tradepost.core.addresses import origin_of
from tradepost.core.errors import ConflictError, InvalidInputError, UnauthenticatedError
from tradepost.core.listing import ListingPolicy
from tradepost.core.states import HOST, HostEvent, HostState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now, new_secret
from tradepost.foundation.secrets import hash_token

from . import queries
from .models import HostService

CODE_PREFIX = "tpe_"
CREDENTIAL_PREFIX = "tph_"
CODE_LIFETIME = timedelta(hours=24)
"""Machine time."""


@transaction.atomic
def invite_host(name: str, *, by: Caller, now: datetime) -> tuple[HostService, str]:
    """Make a host service and return it with its one-time code, which is shown this once."""
    name = " ".join(name.split())
    if queries.hosts(by).filter(name=name).exists():
        raise ConflictError("There is a host service of this name.")
    if not 0 < len(name) <= 100:
        raise InvalidInputError("A host service has a name of 1 to 100 characters.", "/name")
    host = HostService.objects.create(name=name)
    code = _give_code(host)
    _record("host.invited", host, actor=by.actor, now=now)
    return host, code


@transaction.atomic
def invite_again(host_id: UUID, *, by: Caller, now: datetime) -> tuple[HostService, str]:
    """Return a new one-time code. A credential in use stays valid until the host service has enrolled with it."""
    host = _lock(host_id, by)
    if host.state != HostState.INVITED:
        host.state = advance(HOST, HostState(host.state), HostEvent.INVITED_AGAIN)
        host.save(update_fields=["state"])
    code = _give_code(host)
    _record("host.invited_again", host, actor=by.actor, now=now)
    return host, code


@transaction.atomic
def revoke_host(host_id: UUID, *, by: Caller, now: datetime) -> HostService:
    """Refuse a host service's code and credential from now on. Its sites keep what they run."""
    host = _lock(host_id, by)
    host.state = advance(HOST, HostState(host.state), HostEvent.REVOKED)
    host.code_digest, host.code_expires_at, host.credential_digest = "", None, None
    host.save(update_fields=["state", "code_digest", "code_expires_at", "credential_digest"])
    _record("host.revoked", host, actor=by.actor, now=now)
    return host


@transaction.atomic
def enrol(code: str, *, base_url: str, product: str, now: datetime) -> tuple[HostService, str]:
    """Take a one-time code and return the host service with its credential, which is shown this once.

    Codes are looked up by their hash, so how long it takes says nothing about them. Raises UnauthenticatedError for
    a code that is wrong, used or too old, without saying which.
    """
    digest = hash_token(code)
    host = HostService.objects.select_for_update().filter(code_digest=digest, state=HostState.INVITED).first()
    if host is None or host.code_expires_at is None or host.code_expires_at <= machine_now():
        raise UnauthenticatedError("This code is wrong, used or too old. Ask the operator for a new one.")
    credential = CREDENTIAL_PREFIX + new_secret()
    host.state = advance(HOST, HostState(host.state), HostEvent.ENROLLED)
    host.code_digest, host.code_expires_at = "", None
    host.credential_digest = hash_token(credential)
    host.base_url, host.product, host.linked_at = base_url.rstrip("/"), product[:50], now
    host.save()
    _record("host.enrolled", host, actor=host.name, now=now, base_url=host.base_url)
    return host, credential


def check_base_url(base_url: str, *, policy: ListingPolicy) -> None:
    """Raises InvalidInputError for what is no address of a host service; outside development it is https."""
    origin = origin_of(base_url)
    if origin is None or "?" in base_url or "#" in base_url or "@" in base_url:
        raise InvalidInputError("base_url must be an http or https address without query.", "/base_url")
    if not policy.development and not origin.startswith("https:"):
        raise InvalidInputError("base_url must use https.", "/base_url")


def _lock(host_id: UUID, by: Caller) -> HostService:
    seen = queries.get_host(by, host_id)
    return HostService.objects.select_for_update().get(pk=seen.pk)


def _give_code(host: HostService) -> str:
    code = CODE_PREFIX + new_secret(24)
    host.code_digest, host.code_expires_at = hash_token(code), machine_now() + CODE_LIFETIME
    host.save(update_fields=["code_digest", "code_expires_at"])
    return code


def _record(action: str, host: HostService, *, actor: str, now: datetime, **detail: str) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=("host", host.pk),
        now=now,
        name=host.name,
        **detail,
    )
