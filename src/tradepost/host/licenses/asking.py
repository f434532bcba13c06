"""Asking about a license before an app hears of it first: by its `installed` call, which carries what was decided.

That call begins a trial, where the version costs something and the site never had the app licensed: the marketplace
knows. While it is down everything goes on without a license, and the next answer brings what is missing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tradepost.core.states import InstallationState
from tradepost.host.installing.models import MARKETPLACE, Installation, KnownVersion
from tradepost.host.marketlink.checking import introduce
from tradepost.host.marketlink.client import MarketplaceError
from tradepost.wire import licenses as wire

from .caching import Question, keep, note_failure, put, take
from .models import CachedLicense

CALL_SECONDS = 5.0
"""How long an installation waits for the marketplace: longer than a page, for what is decided goes into the call."""

_GONE = (InstallationState.FAILED, InstallationState.UNINSTALLED)


def ask_before_install(site_id: UUID, version: KnownVersion, *, now: datetime) -> wire.LicenseDecision | None:
    """What is decided about an app that is about to be put on a site. None where there is nothing to decide or nobody
    to ask. Not to be used inside a transaction.
    """
    there = Installation.objects.filter(site_id=site_id, app_key=version.app_key).exclude(state__in=_GONE)
    if not version.paid or there.exists():
        return None
    message = wire.LicenseQuestion(site=site_id, app=version.app_key, version=version.number, begin_trial=True)
    try:
        answer = _put_introduced([message], now)
    except MarketplaceError:
        return None
    decisions = answer.decisions if answer is not None else []
    return next((each for each in decisions if (each.site, each.app) == (site_id, version.app_key)), None)


def keep_before_install(installation: Installation, decision: wire.LicenseDecision | None, *, now: datetime) -> None:
    """Keep it in the transaction that makes the installation; what could not be asked is asked for later."""
    if decision is not None:
        assert installation.newest is not None
        keep([decision], now=now, calls={(installation.site_id, installation.app_key): installation.newest})
    elif installation.newest is not None and installation.newest.paid:
        wanted = {"trial_wanted": True, "fresh_until": None}
        CachedLicense.objects.update_or_create(installation=installation, defaults=wanted)


def ask_before_calls(calls: Sequence[tuple[Installation, KnownVersion]], *, now: datetime) -> None:
    """Ask about apps that are about to be called, and the versions that count then: where that begins a trial, and what
    is stale. Their versions and cached decisions are at hand. Not to be used inside a transaction.
    """
    questions = [each for called, version in calls if (each := _question_before_call(called, version, now))]
    try:
        answer = _put_introduced([each.message() for each in questions], now)
    except MarketplaceError as error:
        note_failure(questions, str(error), now=now)
        return
    if answer is not None:
        take(questions, answer, now=now, by_call=True)


def _question_before_call(installation: Installation, version: KnownVersion, now: datetime) -> Question | None:
    granted = installation.rights_version
    cached: CachedLicense | None = getattr(installation, "cached_license", None)
    is_known = cached is not None and cached.decision is not None
    if not version.paid or (installation.source != MARKETPLACE and not is_known):
        return None
    is_stale = cached is None or cached.fresh_until is None or cached.fresh_until <= now
    becomes_paid = granted is not None and not granted.paid
    begins = installation.source == MARKETPLACE and (becomes_paid or (cached is not None and cached.trial_wanted))
    return Question(installation, version, begin_trial=begins) if begins or is_stale else None


def _put_introduced(questions: Sequence[wire.LicenseQuestion], now: datetime) -> wire.LicenseDecisions | None:
    """Put the questions; of sites that the marketplace has never heard of, once more when it has."""
    answer = put(questions, seconds=CALL_SECONDS)
    strangers = set(answer.unknown_sites) & {each.site for each in questions} if answer is not None else set()
    if not strangers:
        return answer
    introduce(strangers, now=now)
    return put(questions, seconds=CALL_SECONDS)
