"""What an app and a site are told of a license: one pure function, from which every channel derives.

Source: domain.md 7.1 to 7.8, 12 no. 11, 21 to 23; docs/licenses.md draws it.
"""

from dataclasses import dataclass
from datetime import datetime

from .edition import LOWEST, Edition
from .license import (
    RUNNING,
    Billing,
    License,
    LicensePolicy,
    LicenseTerms,
    LicenseType,
    Simulated,
    TokenTerms,
)
from .license_acts import (
    LicenseRule,
    Refusal,
    is_at_once,
    why_no_edition_trial,
    why_no_switch,
)
from .states import LicenseState

SIMULATED_STATES = {
    Simulated.NONE: LicenseState.NONE,
    Simulated.TRIAL: LicenseState.TRIAL,
    Simulated.ACTIVE: LicenseState.ACTIVE,
    Simulated.CANCELLED: LicenseState.CANCELLED,
    Simulated.TRIAL_EXPIRED: LicenseState.TRIAL_EXPIRED,
    Simulated.EXPIRED: LicenseState.EXPIRED,
}
_EVALUATION = frozenset({LicenseState.TRIAL, LicenseState.TRIAL_EXPIRED})
_WHY = {
    LicenseState.NONE: "The site has no license for this app.",
    LicenseState.TRIAL: "The site is trying the app.",
    LicenseState.TRIAL_EXPIRED: "The trial is over and nothing was bought.",
    LicenseState.ACTIVE: "The site has a subscription.",
    LicenseState.CANCELLED: "The subscription is cancelled and runs to the end of what was paid for.",
    LicenseState.EXPIRED: "The subscription is over.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that decides what a site is told of an app and what it may choose.

    `terms` are settled. `token` is the access token that the site uses, None for none. `live_at` is since when the app
    has editions, None for not (yet). `paid` says whether the live version costs something. `tokens_may_switch` says
    whether the app's editions are mapped, so that a token can show more than the lowest. `is_open` is False for a
    private app of which all of the site's tokens were removed.
    """

    terms: LicenseTerms
    token: TokenTerms | None = None
    billing: Billing = Billing.IMPROVED
    live_at: datetime | None = None
    paid: bool = True
    tokens_may_switch: bool = False
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Switching:
    """Whether a switch is possible; if not, why not, in a sentence and for programs; and when it would be in force.

    `takes_effect_at` is None where it is not possible, or where no edition was named.
    """

    may: bool
    why_not: str = ""
    rule: str = ""
    takes_effect_at: datetime | None = None


def decide(
    standing: Standing,
    *,
    entitlement_id: str | None,
    entitlement_number: str | None,
    support_number: str | None,
    policy: LicensePolicy,
) -> License:
    """Return what is told, of a license or of the access token that hides it.

    Whether the version that a site runs is free, so that its app is told of no license whatever stands here, only the
    host knows.
    """
    token = standing.token
    state = SIMULATED_STATES[token.simulated] if token is not None else standing.terms.state
    if state is LicenseState.NONE:
        return License(state=state, reason=_reason(standing, state, None))
    edition = _edition(standing, state, policy)
    return License(
        active=state in RUNNING,
        exists=True,
        state=state,
        kind=LicenseType.DEVELOPER if token is not None else standing.terms.kind,
        evaluation=state in _EVALUATION,
        edition=edition,
        entitlement_id=entitlement_id,
        entitlement_number=entitlement_number,
        support_number=support_number,
        reason=_reason(standing, state, edition),
    )


def first_edition(terms: LicenseTerms, *, billing: Billing, live_at: datetime | None, at: datetime) -> Edition | None:
    """The edition that a trial or purchase at `at` begins with: what it had, the lowest for a new license, or None.

    A license that runs without an edition is an existing one: it has none until somebody switches. Source: domain.md
    7.3. Where editions were withdrawn nothing higher is sold any more; a trial of one falls back by itself.
    """
    are_live = live_at is not None and live_at <= at
    if terms.edition is not None:
        is_kept = are_live or terms.edition_trial_ends_at is not None
        return terms.edition if is_kept else LOWEST
    is_new = terms.state not in RUNNING
    return LOWEST if is_new and are_live and billing is Billing.IMPROVED else None


def switching(standing: Standing, to: Edition | None, *, at: datetime) -> Switching:
    """Whether the site may switch to `to`; without one, whether it may choose among editions at all."""
    refusal = _why_no_editions(standing, at) or _why_not(standing.terms, to)
    if refusal is not None:
        return Switching(False, refusal.text, refusal.rule)
    if to is None:
        return Switching(True)
    return Switching(True, takes_effect_at=at if is_at_once(standing.terms, to) else standing.terms.period_ends_at)


def may_begin_trial(standing: Standing) -> bool:
    """Whether installing or upgrading begins a trial, or a person may ask for one: a paid app, never licensed here."""
    terms = standing.terms
    is_new = terms.state is LicenseState.NONE and not terms.trial_used
    return is_new and standing.paid and standing.is_open and standing.token is None


def may_try_edition(standing: Standing, *, at: datetime | None = None) -> bool:
    """Whether a higher edition can be tried. Without `at` editions that have a date count as live."""
    return _why_no_editions(standing, at) is None and why_no_edition_trial(standing.terms) is None


def _edition(standing: Standing, state: LicenseState, policy: LicensePolicy) -> Edition | None:
    if state not in RUNNING and not policy.keeps_edition:
        return None
    if standing.token is not None:
        return standing.token.edition if standing.tokens_may_switch else LOWEST
    return standing.terms.edition if standing.billing is Billing.IMPROVED else None


def _why_no_editions(standing: Standing, at: datetime | None) -> Refusal | None:
    if standing.token is not None:
        return Refusal(LicenseRule.SIMULATED, "An access token is in use: choose what it simulates instead.")
    if standing.billing is Billing.ORIGINAL:
        return Refusal(LicenseRule.ORIGINAL, "The customer is on original billing, which knows no editions.")
    if not standing.paid:
        return Refusal(LicenseRule.FREE, "The app is free, so it has no editions.")
    if standing.live_at is None or (at is not None and standing.live_at > at):
        return Refusal(LicenseRule.NOT_LIVE, "The app is not offered in editions.")
    return None


def _why_not(terms: LicenseTerms, to: Edition | None) -> Refusal | None:
    if to is not None:
        return why_no_switch(terms, to)
    refusals = [why_no_switch(terms, edition) for edition in Edition]
    return None if None in refusals else refusals[0]


def _reason(standing: Standing, state: LicenseState, edition: Edition | None) -> str:
    if standing.token is not None:
        simulated = standing.token.simulated.value.replace("_", " ").lower()
        return f"An access token ({standing.token.prefix}…) simulates: {simulated}.{_of(edition)}"
    if state is LicenseState.NONE and not standing.paid:
        return "The app is free: nobody needs a license for it."
    return _WHY[state] + _of(edition)


def _of(edition: Edition | None) -> str:
    return f" Its edition is {edition.word}." if edition is not None else ""
