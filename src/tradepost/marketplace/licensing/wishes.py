"""What a site's people want of a license, told by their host service: a trial, another edition, or the present one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.core.license_acts import LicenseRule, keep, start_trial, switch, try_edition, why_no_edition_trial
from tradepost.core.license_decision import first_edition, may_begin_trial, may_try_edition, switching
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.wire.licenses import LicenseWish

from .changes import record, touch
from .holding import Held, hold
from .terms import policy


@transaction.atomic
def grant(wish: LicenseWish, site: SiteRecord, listing: Listing, *, now: datetime) -> None:
    """Do what an administrator of a site wishes. Raises ConflictError, with the rule, where it is not possible."""
    held = hold(site, listing, now=now, seen=wish.revision)
    GRANTS[wish.wish](held, wish, now)
    touch(held.row, now=now)


@transaction.atomic
def begin_trial(site: SiteRecord, listing: Listing, *, actor: str, why: str, now: datetime) -> bool:
    """Begin the trial of a site that gets a version that costs something; False where there is none to begin."""
    held = hold(site, listing, now=now)
    if not _is_new(held):
        return False
    _start(held, actor=actor, why=why, now=now)
    touch(held.row, now=now)
    return True


def _trial(held: Held, wish: LicenseWish, now: datetime) -> None:
    if not may_begin_trial(held.standing):
        raise ConflictError(_why_no_trial(held), LicenseRule.TRIAL_USED)
    _start(held, actor=wish.by, why="An administrator of the site asked for it.", now=now)


def _switch(held: Held, wish: LicenseWish, now: datetime) -> None:
    to = _edition(wish)
    choice = switching(held.standing, to, at=now)
    if not choice.may:
        raise ConflictError(choice.why_not, choice.rule)
    at = choice.takes_effect_at
    when = f"from {at:%Y-%m-%d %H:%M} UTC on" if at is not None and at > now else "at once"
    record(
        "license.edition_switched",
        held.row,
        switch(held.terms, to, at=now),
        actor=wish.by,
        why=f"An administrator of the site chose {to.word}, {when}.",
        now=now,
    )


def _keep(held: Held, wish: LicenseWish, now: datetime) -> None:
    if held.standing.token is not None:
        choice = switching(held.standing, None, at=now)
        raise ConflictError(choice.why_not, choice.rule)
    record(
        "license.edition_kept",
        held.row,
        keep(held.terms, at=now),
        actor=wish.by,
        why="An administrator of the site took the coming change back.",
        now=now,
    )


def _try_edition(held: Held, wish: LicenseWish, now: datetime) -> None:
    to = _edition(wish)
    refusal = why_no_edition_trial(held.terms, to)
    if refusal is not None:
        raise refusal.error()
    if not may_try_edition(held.standing, at=now):
        choice = switching(held.standing, None, at=now)
        raise ConflictError(choice.why_not, choice.rule)
    record(
        "license.edition_trial_started",
        held.row,
        try_edition(held.terms, to, at=now, policy=policy()),
        actor=wish.by,
        why=f"An administrator of the site tries {to.word}.",
        now=now,
    )


GRANTS: dict[str, Callable[[Held, LicenseWish, datetime], None]] = {
    "trial": _trial,
    "switch": _switch,
    "keep": _keep,
    "edition_trial": _try_edition,
}


def _start(held: Held, *, actor: str, why: str, now: datetime) -> None:
    standing = held.standing
    edition = first_edition(standing.terms, billing=standing.billing, live_at=standing.live_at, at=now)
    after = start_trial(standing.terms, at=now, policy=policy(), edition=edition)
    record("license.trial_started", held.row, after, actor=actor, why=why, now=now)


def _is_new(held: Held) -> bool:
    """What the site is about to run costs something, whatever the newest version does."""
    return may_begin_trial(replace(held.standing, paid=True))


def _why_no_trial(held: Held) -> str:
    if held.standing.token is not None:
        return "An access token is in use: choose what it simulates instead."
    if not held.standing.is_open:
        return "The app is private, and its vendor has removed the access token of this site."
    return "The app is free." if not held.standing.paid else "This site has had its trial, or pays already."


def _edition(wish: LicenseWish) -> Edition:
    try:
        return Edition(wish.edition or "")
    except ValueError as error:
        known = ", ".join(Edition)
        raise InvalidInputError(f"Name the edition: one of {known}.", "/edition") from error
