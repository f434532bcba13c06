"""Licenses in people's words: what a site has, until when, and what it can do about it."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType

from tradepost.core.edition import LOWEST, Edition
from tradepost.core.license import Period, Simulated
from tradepost.core.license_time import days_left
from tradepost.core.states import LicenseState
from tradepost.wire.licenses import LicenseDecision

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        LicenseState.NONE: ("plain", "not licensed"),
        LicenseState.TRIAL: ("active", "trial"),
        LicenseState.TRIAL_EXPIRED: ("refused", "trial is over"),
        LicenseState.ACTIVE: ("active", "subscribed"),
        LicenseState.CANCELLED: ("waiting", "cancelled, still running"),
        LicenseState.EXPIRED: ("refused", "expired"),
    }
)
"""The badge of a state and how people read it."""

SIMULATIONS: Mapping[str, str] = MappingProxyType(
    {
        Simulated.NONE: "no license",
        Simulated.TRIAL: "a trial that runs",
        Simulated.ACTIVE: "a subscription that runs",
        Simulated.CANCELLED: "a subscription that is cancelled and still runs",
        Simulated.TRIAL_EXPIRED: "a trial that is over",
        Simulated.EXPIRED: "a subscription that has expired",
    }
)
"""What an access token can look like, in the order in which it is offered."""

PERIODS: Mapping[str, str] = MappingProxyType({Period.MONTHLY: "monthly", Period.ANNUAL: "annual"})
LOCAL = "%a %d %b %Y, %H:%M"


def local(at: datetime, zone: tzinfo) -> str:
    """An instant on a site's own clock."""
    return f"{at.astimezone(zone):{LOCAL}}"


def edition_word(word: str | None) -> str:
    """The name of an edition; one that we do not know yet goes by its own word."""
    return word.title() if word else ""


def days_word(until: datetime, now: datetime) -> str:
    """How many days are left, a day begun counted whole."""
    left = days_left(until, now)
    return "1 day left" if left == 1 else f"{left} days left"


def terms_sentence(told: LicenseDecision, *, now: datetime, zone: tzinfo) -> str:
    """What the license runs on, and until when; empty where there is nothing to say."""
    trial = told.state in {LicenseState.TRIAL, LicenseState.TRIAL_EXPIRED}
    end = told.trial_ends_at if trial else told.period_ends_at
    at = local(end, zone) if end else ""
    sentences = {
        LicenseState.TRIAL: f"{days_word(end, now)}, until {at}." if end else "",
        LicenseState.TRIAL_EXPIRED: f"It ended {at}." if end and end <= now else "",
        LicenseState.ACTIVE: (
            f"Paid {PERIODS.get(told.period or '', 'by the period')}; this period ends {at}."
            if end
            else "It has no period: it runs until it is ended."
        ),
        LicenseState.CANCELLED: f"It runs until {at} and ends then." if end else "It runs until it is ended.",
        LicenseState.EXPIRED: f"It ended {at}." if end and end <= now else "It is over.",
    }
    return sentences.get(LicenseState(told.state), "") if told.state in set(LicenseState) else ""


def choices(told: LicenseDecision) -> list[Edition]:
    """The editions that somebody may want to look at: every other one than there is or will be. Without any the app is
    what Standard is.
    """
    taken = {told.edition or LOWEST.value, told.next_edition}
    return [each for each in Edition if each.value not in taken]


def to_try(told: LicenseDecision) -> list[Edition]:
    """The editions that can be tried: those above what there is."""
    if not told.may_try_edition:
        return []
    present = Edition(told.edition) if told.edition in set(Edition) else LOWEST
    return [each for each in Edition if each.rank > present.rank]
