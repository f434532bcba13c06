"""A build shows an identity token of its issuer and gets a deploy token that lives for minutes.

Who sends what opens nothing hears always the same. What was wrong is noted for the vendor, who would else never find
out: with a build's claims where its issuer signed them, and without any of the text where nobody did.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import IntegrityError, transaction
from django.db.models import F

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.configuration import configuration
from tradepost.foundation.throttling import Throttle
from tradepost.marketplace.deployments.models import DeployedApp

from . import commands, queries
from .claims import build_named, find_differences, run_of
from .identities import Identity, RefusedIdentityError, verify
from .models import DeployToken, RefusedBuild, TrustedBuild, UsedIdentity

LIFE = timedelta(minutes=15)
"""Of a token that a build gets: long enough to deploy and to see what became of it."""

MOST_AT_ONCE = 50
"""Tokens that builds of one trusted build hold at a time."""

MOST_REFUSALS = 20
"""Refusals that are kept of one environment of an app."""

MOST_SENTENCES = 20
"""Of one refusal: one for each trusted build that it did not meet."""

LONGEST_SENTENCE = 1_000
"""Characters of one of them."""

REFUSED = Throttle(most=60, window=timedelta(minutes=10))
"""Refusals of one client. Builds of many vendors may share an address, so what succeeds does not count."""

NOTHING = "This identity token opens nothing here. People of the app's vendor see why on the page of its builds."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a build sends, and from which address."""

    app_id: str
    environment: str
    identity_token: str = field(repr=False)
    client: str = ""


def exchange(asked: Asked, *, now: datetime) -> commands.Made:
    """Return a token that deploys. `now` is machine time.

    Raises ForbiddenError, always with the same text, for what opens nothing; ConflictError where no issuer is trusted
    here at all, and LimitError for a client that was refused too often or an issuer of which too much comes.
    """
    commands.require_issuers()
    client = _client_named(asked.client)
    REFUSED.check(client, now=now)
    try:
        identity = verify(asked.identity_token, audience=configuration.marketplace_url, now=now)
        return _redeem(asked, identity, now=now)
    except RefusedIdentityError as refusal:
        REFUSED.count(client, now=now)
        _note(asked, refusal, now=now)
        raise ForbiddenError(NOTHING) from None


@transaction.atomic
def _redeem(asked: Asked, identity: Identity, *, now: datetime) -> commands.Made:
    app = queries.find_app_named(asked.app_id)
    trusted = _find_trusted(app, asked.environment, identity) if app is not None else None
    if app is None or trusted is None:
        raise _refusal(identity, "There is no such app.")
    if queries.count_usable(trusted.tokens.all(), now) >= MOST_AT_ONCE:
        raise _refusal(identity, f"Builds like this one hold {MOST_AT_ONCE} tokens already.")
    _use(identity)
    build = build_named(identity.claims)
    fresh = DeployToken(
        app=app,
        environment=asked.environment,
        name=build[: commands.LONGEST_NAME],
        trusted=trusted,
        run=run_of(identity.claims),
        created_by=f"build {build}",
        created_at=now,
        expires_at=now + LIFE,
    )
    made = commands.save_token(fresh)
    TrustedBuild.objects.filter(pk=trusted.pk).update(last_used_at=now)
    told = {"issuer": identity.issuer, "trusted_build": str(trusted.pk), "run": fresh.run}
    commands.record_token("deploy_token.exchanged", made.token, actor=fresh.created_by, **told)
    return made


def _find_trusted(app: DeployedApp, environment: str, identity: Identity) -> TrustedBuild:
    """The trusted build of which every claim is met, held until the end of the transaction."""
    found = TrustedBuild.objects.filter(app=app, environment=environment, issuer=identity.issuer)
    candidates = list(found.order_by("made_at", "id").select_for_update(no_key=True))
    if not candidates:
        raise _refusal(identity, f"No build of this issuer is trusted for {environment}.")
    differences = [find_differences(each.claims, identity.claims) for each in candidates]
    met = next((each for each, differs in zip(candidates, differences, strict=True) if not differs), None)
    if met is None:
        raise _refusal(identity, *("; ".join(each) for each in differences))
    return met


def _use(identity: Identity) -> None:
    """Each identity token once: of two at once, the second waits for the first and finds its row."""
    try:
        with transaction.atomic():
            UsedIdentity.objects.create(digest=identity.digest, expires_at=identity.usable_until)
    except IntegrityError as error:
        raise _refusal(identity, "The token was exchanged before; each opens something once.") from error


def _refusal(identity: Identity, *why: str) -> RefusedIdentityError:
    return RefusedIdentityError(*why, issuer=identity.issuer, claims=identity.claims)


@transaction.atomic
def _note(asked: Asked, refusal: RefusedIdentityError, *, now: datetime) -> None:
    """Write down for the vendor what was refused, and forget all but the last refusals."""
    app = queries.find_app_named(asked.app_id)
    if app is None:
        return
    build = build_named(refusal.claims) if refusal.claims is not None else ""
    why = [each[:LONGEST_SENTENCE] for each in refusal.why[:MOST_SENTENCES]]
    digest = hashlib.sha256(json.dumps([refusal.issuer, build, why]).encode()).hexdigest()
    place = {"app": app, "environment": asked.environment}
    known, is_new = RefusedBuild.objects.get_or_create(
        **place, digest=digest, defaults={"issuer": refusal.issuer, "build": build, "why": why, "at": now}
    )
    if not is_new:
        RefusedBuild.objects.filter(pk=known.pk).update(at=now, times=F("times") + 1)
        return
    kept = RefusedBuild.objects.filter(**place).order_by(*queries.REFUSED_ORDER).values_list("pk", flat=True)
    RefusedBuild.objects.filter(**place).exclude(pk__in=list(kept[:MOST_REFUSALS])).delete()


def _client_named(address: str) -> str:
    """Who counts as one client: an address, or the network of an IPv6 address, of which anybody has plenty."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
