"""What a site's administrators want of an app's license, handed on to the marketplace, which decides.

The marketplace is asked outside of any transaction. What it answers is kept at once, with the audit row of who wanted
it; if we end between the two, the next answer or push brings the same decision. No text here holds an access token.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

from django.db import transaction

from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.core.license import Simulated
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now
from tradepost.foundation.throttling import Throttle
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.client import MarketplaceClient, MarketplaceError, MarketplaceProblem, marketplace
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator
from tradepost.host.upgrading.queries import get_installation
from tradepost.wire.licenses import (
    CHANGED_MEANWHILE,
    LicenseDecision,
    LicenseWish,
    SwitchPreview,
    SwitchQuestion,
    TokenApplication,
    TokenApplied,
    TokenRemoval,
    TokenSimulation,
)

from .caching import keep, refresh
from .links import PastedToken, read_token, without_token

Answer = TypeVar("Answer")

Wish = Literal["trial", "switch", "keep", "edition_trial"]
CHANGED = "Somebody else changed this license since you looked. This is how it stands now; look at it and decide again."
NOTHING_LOST = "Nothing is lost: try again in a while."
FREE = "This app is free on this site: there is nothing to license."
SWITCHED_OFF = "This site takes no access tokens: an administrator can switch private listings on in its settings."

GUESSES = Throttle(most=20, window=timedelta(minutes=10))
"""Texts that are no token, for each site. Fewer than the marketplace takes of a host service, so that no site of ours
uses up what the others need."""


def begin_trial(site_id: UUID, app_key: str, *, revision: int, by: Caller, now: datetime) -> LicenseDecision:
    """Begin the trial of an app. `revision` is that of the license the administrator saw.

    All wishes raise NotFoundError, ForbiddenError, and MarketplaceError with the marketplace's own words: that
    something else holds now (rule CHANGED_MEANWHILE), that it declines, or that it cannot be asked.
    """
    return _wish(site_id, app_key, "trial", None, revision, by, now)


def switch_edition(
    site_id: UUID, app_key: str, edition: str, *, revision: int, by: Caller, now: datetime
) -> LicenseDecision:
    """Switch to another edition: up at once, down at the end of what was paid for."""
    return _wish(site_id, app_key, "switch", edition, revision, by, now)


def keep_edition(site_id: UUID, app_key: str, *, revision: int, by: Caller, now: datetime) -> LicenseDecision:
    """Take back a downgrade that was to come."""
    return _wish(site_id, app_key, "keep", None, revision, by, now)


def try_edition(
    site_id: UUID, app_key: str, edition: str, *, revision: int, by: Caller, now: datetime
) -> LicenseDecision:
    """Try a higher edition for a while, once."""
    return _wish(site_id, app_key, "edition_trial", edition, revision, by, now)


def preview_switch(site_id: UUID, app_key: str, edition: str, *, by: Caller) -> SwitchPreview:
    """What another edition would mean, and when. Nothing changes. Raises as a wish does."""
    installation = _paid(site_id, app_key, by)
    question = SwitchQuestion(site=site_id, app=installation.app_key, edition=_edition(edition))
    return asked(lambda client: client.preview(question))


def apply_token(
    site_id: UUID, app_key: str, text: str, *, confirmed: bool = False, by: Caller, now: datetime
) -> LicenseDecision:
    """Use an access token for an app that is on the site. `text` is the token or its whole link, as it was pasted.

    Raises like a wish, MarketplaceError with the rule CONFIRM where the site pays for the app and nobody has
    `confirmed` that the token hides that; ConflictError while the site's private listings are off; InvalidInputError
    for a text that is no token, or a link for another app.
    """
    require_administrator(by, site_id)
    installation = get_installation(by, site_id, app_key)
    pasted = read_token(text)
    require_private_listings(site_id)
    if pasted.app not in {None, app_key}:
        raise InvalidInputError(f"This link is for the app {pasted.app}, not for {app_key}.", "/token")
    applied = use_token(site_id, pasted, app_key, confirmed=confirmed, by=by)
    with transaction.atomic():
        keep([applied.decision], now=now)
        note_applied(installation, applied, by, now)
    return applied.decision


def remove_token(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> LicenseDecision:
    """Use the access token no longer: back to what the site pays for, else it is unlicensed. Raises as a wish does."""
    require_administrator(by, site_id)
    installation = get_installation(by, site_id, app_key)
    message = TokenRemoval(site=site_id, app=app_key, by=by.actor)
    decision = _about(asked(lambda client: client.remove_token(message)), site_id, app_key)
    with transaction.atomic():
        keep([decision], now=now)
        audit.record(
            "license.token_removed", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
            scope_id=site_id, app=app_key,
        )  # fmt: skip
    return decision


def simulate(
    site_id: UUID, app_key: str, *, simulated: str | None, edition: str | None, by: Caller, now: datetime
) -> LicenseDecision:
    """Let the applied access token look like another state or edition; None leaves one as it is. Raises as a wish."""
    require_administrator(by, site_id)
    installation = get_installation(by, site_id, app_key)
    if simulated is not None and simulated not in set(Simulated):
        raise InvalidInputError(f"A simulated state is one of {', '.join(Simulated)}.", "/simulated")
    wanted = _edition(edition) if edition is not None else None
    message = TokenSimulation(site=site_id, app=app_key, by=by.actor, simulated=simulated, edition=wanted)
    decision = _about(asked(lambda client: client.simulate(message)), site_id, app_key)
    with transaction.atomic():
        keep([decision], now=now)
        audit.record(
            "license.simulated", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
            scope_id=site_id, app=app_key, simulated=simulated, edition=wanted,
        )  # fmt: skip
    return decision


def require_private_listings(site_id: UUID) -> None:
    """Raise ConflictError unless the site takes private listings. Source: domain.md 7.7, both ways of using a token."""
    if not Site.objects.filter(pk=site_id, private_listings=True).exists():
        raise ConflictError(SWITCHED_OFF, "private_listings.off")


def use_token(site_id: UUID, pasted: PastedToken, app_key: str | None, *, confirmed: bool, by: Caller) -> TokenApplied:
    """Tell the marketplace that the site uses a token, which binds it for ever. Not to be called in a transaction.

    Raises MarketplaceError, and LimitError on a site where too many texts were none.
    """
    GUESSES.check(str(site_id), now=machine_now())
    message = TokenApplication(site=site_id, token=pasted.token, by=by.actor, app=app_key, confirmed=confirmed)
    try:
        applied = asked(lambda client: client.apply_token(message))
    except MarketplaceError as error:
        # What the marketplace knows as a token it declines by a rule.
        if error.kind is MarketplaceProblem.DECLINED and not error.rule:
            GUESSES.count(str(site_id), now=machine_now())
        raise
    _about(applied.decision, site_id, app_key or applied.decision.app)
    return applied


def note_applied(installation: Installation, applied: TokenApplied, by: Caller, now: datetime) -> None:
    """Write who used which token, of which no more than the first characters are told."""
    token = applied.decision.token
    audit.record(
        "license.token_applied", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, prefix=token.prefix if token else "",
    )  # fmt: skip


def asked(question: Callable[[MarketplaceClient], Answer]) -> Answer:
    """What the marketplace answers. Raises MarketplaceError, of which no text holds an access token."""
    try:
        return question(marketplace())
    except MarketplaceError as error:
        text = CHANGED if error.rule == CHANGED_MEANWHILE else without_token(str(error))
        if is_silence(error):
            text = f"{text} {NOTHING_LOST}"
        raise MarketplaceError(error.kind, text, error.rule) from None


def is_silence(error: Exception) -> bool:
    """Whether the marketplace said nothing about what was wanted: it cannot be asked now."""
    return isinstance(error, MarketplaceError) and error.kind is not MarketplaceProblem.DECLINED


def _wish(
    site_id: UUID, app_key: str, wish: Wish, edition: str | None, revision: int, by: Caller, now: datetime
) -> LicenseDecision:
    installation = _paid(site_id, app_key, by)
    wanted = _edition(edition) if edition is not None else None
    message = LicenseWish(site=site_id, app=app_key, wish=wish, revision=revision, by=by.actor, edition=wanted)
    try:
        decision = _about(asked(lambda client: client.wish(message)), site_id, app_key)
    except MarketplaceError as error:
        if error.rule == CHANGED_MEANWHILE:
            refresh([installation], now=now, anew=True)
        raise
    with transaction.atomic():
        keep([decision], now=now)
        audit.record(
            "license.wished", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
            scope_id=site_id, app=app_key, wish=wish, edition=wanted, seen=revision,
        )  # fmt: skip
    return decision


def _paid(site_id: UUID, app_key: str, by: Caller) -> Installation:
    require_administrator(by, site_id)
    installation = get_installation(by, site_id, app_key)
    version = installation.rights_version
    if version is None or not version.paid:
        raise ConflictError(FREE if version else "The app does not run on this site yet.", "app.free")
    return installation


def _edition(word: str) -> str:
    if word not in set(Edition):
        raise InvalidInputError(f"An edition is one of {', '.join(Edition)}.", "/edition")
    return word


def _about(decision: LicenseDecision, site_id: UUID, app_key: str) -> LicenseDecision:
    if (decision.site, decision.app) != (site_id, app_key):
        raise MarketplaceError(MarketplaceProblem.NONSENSE, "The marketplace answered about another license.")
    return decision
