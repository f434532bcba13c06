"""What people and billing systems do to a license. Every act takes settled terms, and returns new ones.

An act that the state does not allow raises IllegalTransitionError, by the table LICENSE; one that does not fit
otherwise raises ConflictError with a rule of `LicenseRule`; terms that time has changed since are a mistake of the
caller, ValueError. Source: domain.md 7.8, 12 no. 11, 21; docs/licenses.md draws it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from .edition import LOWEST, Edition
from .errors import ConflictError, InvalidInputError
from .license import RUNNING, LicensePolicy, LicenseTerms, LicenseType, Period
from .license_settling import renewed, without_edition_trial
from .license_time import later, period_end
from .states import LICENSE, LicenseEvent, LicenseState, advance


class LicenseRule(StrEnum):
    """Why something cannot be done to a license, for programs."""

    TRIAL_USED = "license.trial_used"
    NO_PERIOD = "license.no_period"
    NOT_ACTIVE = "license.not_active"
    SIMULATED = "edition.token_applied"
    ORIGINAL = "edition.original_billing"
    FREE = "edition.free_app"
    NOT_LIVE = "edition.not_live"
    NOT_RUNNING = "edition.not_running"
    CANCELLED = "edition.cancelled"
    SAME = "edition.same"
    PENDING = "edition.change_pending"
    NOTHING_PENDING = "edition.nothing_pending"
    EDITION_TRIAL_USED = "edition.trial_used"
    NOT_HIGHER = "edition.not_higher"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, in a sentence and for programs."""

    rule: LicenseRule
    text: str

    def error(self) -> ConflictError:
        """The refusal as an error."""
        return ConflictError(self.text, self.rule)


def start_trial(terms: LicenseTerms, *, at: datetime, policy: LicensePolicy, edition: Edition | None) -> LicenseTerms:
    """Begin the one free trial of this site. `edition` is the one it has from now on, None for none."""
    _must_be_settled(terms, at)
    state = advance(LICENSE, terms.state, LicenseEvent.TRIAL_STARTED)
    if terms.trial_used:
        raise Refusal(LicenseRule.TRIAL_USED, "This site has had its trial.").error()
    return replace(
        terms,
        state=state,
        trial_used=True,
        trial_ends_at=later(at, policy.trial),
        edition=terms.edition if terms.edition is not None else edition,
    )


def buy(
    terms: LicenseTerms,
    *,
    at: datetime,
    period: Period,
    kind: LicenseType | None = None,
    user_tier: int | None = None,
    edition: Edition | None,
) -> LicenseTerms:
    """Begin to pay, from the first period on. What is None of `kind` and `user_tier` stays as it is.

    `edition` is what it has from now on (`license_decision.first_edition`); None leaves it as it is. A trial of the app
    ends here; a trial of a higher edition goes on.
    """
    _must_be_settled(terms, at)
    state = advance(LICENSE, terms.state, LicenseEvent.BOUGHT)
    _check_tier(user_tier)
    return replace(
        terms,
        state=state,
        kind=kind if kind is not None else terms.kind,
        user_tier=user_tier if user_tier is not None else terms.user_tier,
        period=period,
        trial_ends_at=None,
        anchor=at,
        period_ends_at=period_end(at, period, 1),
        edition=edition if edition is not None else terms.edition,
    )


def pay(terms: LicenseTerms, *, at: datetime) -> LicenseTerms:
    """One more period is paid, after what is paid already. For marketplaces where nothing renews by itself.

    A downgrade waits for the end of all that is paid.
    """
    _must_be_settled(terms, at)
    advance(LICENSE, terms.state, LicenseEvent.RENEWED)
    if terms.period_ends_at is None:
        raise Refusal(LicenseRule.NO_PERIOD, "This license has no periods: it is paid until it is ended.").error()
    return renewed(terms, max(terms.period_ends_at, at))


def cancel(terms: LicenseTerms, *, at: datetime) -> LicenseTerms:
    """It runs to the end of its period and not on. An edition that was to change then still does."""
    _must_be_settled(terms, at)
    state = advance(LICENSE, terms.state, LicenseEvent.CANCELLED)
    if terms.period_ends_at is None:
        raise Refusal(LicenseRule.NO_PERIOD, "This license has no period to run to the end of: end it instead.").error()
    return replace(terms, state=state)


def resume(terms: LicenseTerms, *, at: datetime) -> LicenseTerms:
    """Take a cancellation back."""
    _must_be_settled(terms, at)
    return replace(terms, state=advance(LICENSE, terms.state, LicenseEvent.RESUMED))


def end(terms: LicenseTerms, *, at: datetime) -> LicenseTerms:
    """It is over now, whatever was paid. A trial of an edition is over too; an edition to come does not come."""
    _must_be_settled(terms, at)
    state = advance(LICENSE, terms.state, LicenseEvent.ENDED)
    over = replace(without_edition_trial(terms), state=state, next_edition=None)
    return replace(over, trial_ends_at=at) if state is LicenseState.TRIAL_EXPIRED else replace(over, period_ends_at=at)


def change(
    terms: LicenseTerms,
    *,
    at: datetime,
    kind: LicenseType | None = None,
    user_tier: int | None = None,
    is_for_any_number: bool = False,
    period: Period | None = None,
) -> LicenseTerms:
    """Correct what the license says; what is None stays. `is_for_any_number` lifts the user tier.

    What has been paid for stays: periods of another length count from the end of the present one. Without periods a
    downgrade that waited for their end is in force at once.
    """
    _must_be_settled(terms, at)
    _check_tier(user_tier)
    tier = None if is_for_any_number else user_tier if user_tier is not None else terms.user_tier
    changed = replace(terms, kind=kind if kind is not None else terms.kind, user_tier=tier)
    return changed if period in {None, terms.period} else _with_period(changed, Period(period), at=at)


def switch(terms: LicenseTerms, to: Edition, *, at: datetime) -> LicenseTerms:
    """Choose an edition. Upwards, in a trial and without periods it is in force at once, else at the period's end.

    Whatever was to come and any trial of an edition end with it.
    """
    _must_be_settled(terms, at)
    refusal = why_no_switch(terms, to)
    if refusal is not None:
        raise refusal.error()
    if is_at_once(terms, to):
        return replace(terms, edition=to, next_edition=None, edition_trial_ends_at=None, falls_back_to=None)
    return replace(without_edition_trial(terms), next_edition=to)


def keep(terms: LicenseTerms, *, at: datetime) -> LicenseTerms:
    """Take back a downgrade that has not come yet."""
    _must_be_settled(terms, at)
    refusal = _why_no_choice(terms)
    if refusal is None and terms.next_edition is None:
        refusal = Refusal(LicenseRule.NOTHING_PENDING, "No other edition is to come: there is nothing to take back.")
    if refusal is not None:
        raise refusal.error()
    return replace(terms, next_edition=None)


def try_edition(terms: LicenseTerms, to: Edition, *, at: datetime, policy: LicensePolicy) -> LicenseTerms:
    """Begin the one trial of a higher edition. It falls back to the edition that the site has now."""
    _must_be_settled(terms, at)
    refusal = why_no_edition_trial(terms, to)
    if refusal is not None:
        raise refusal.error()
    return replace(
        terms,
        edition=to,
        edition_trial_ends_at=later(at, policy.edition_trial),
        edition_trial_used=True,
        falls_back_to=held(terms),
    )


def held(terms: LicenseTerms) -> Edition:
    """The edition that is paid for: the lowest where none was ever chosen, the one to fall back to during a trial."""
    if terms.edition_trial_ends_at is not None:
        return terms.falls_back_to or LOWEST
    return terms.edition or LOWEST


def is_at_once(terms: LicenseTerms, to: Edition) -> bool:
    """Whether a switch to `to` is in force at once, not at the end of the period."""
    return terms.state is LicenseState.TRIAL or terms.period_ends_at is None or to.rank >= held(terms).rank


def why_no_switch(terms: LicenseTerms, to: Edition) -> Refusal | None:
    """Why `switch` would refuse, None where it would not."""
    refusal = _why_no_choice(terms)
    if refusal is not None:
        return refusal
    if to == terms.next_edition:
        return Refusal(LicenseRule.PENDING, f"{to.word} is chosen already and comes at the end of the period.")
    is_settled = terms.next_edition is None and terms.edition_trial_ends_at is None
    if is_settled and to == held(terms):
        return Refusal(LicenseRule.SAME, f"The site has {to.word} already.")
    return None


def why_no_edition_trial(terms: LicenseTerms, to: Edition | None = None) -> Refusal | None:
    """Why `try_edition` would refuse, None where it would not. Without `to` any higher edition is meant."""
    if terms.state not in RUNNING:
        return Refusal(LicenseRule.NOT_RUNNING, "Only a site whose license runs can try an edition.")
    if terms.edition_trial_used:
        return Refusal(LicenseRule.EDITION_TRIAL_USED, "The site has had its trial of a higher edition.")
    if terms.next_edition is not None:
        return Refusal(LicenseRule.PENDING, "Another edition is to come: take that back first.")
    if not any(edition.rank > held(terms).rank for edition in ([to] if to is not None else Edition)):
        return Refusal(LicenseRule.NOT_HIGHER, "Only an edition higher than the present one can be tried.")
    return None


def _why_no_choice(terms: LicenseTerms) -> Refusal | None:
    if terms.state is LicenseState.CANCELLED:
        return Refusal(LicenseRule.CANCELLED, "The subscription is cancelled: resume it before choosing an edition.")
    if terms.state not in RUNNING:
        return Refusal(LicenseRule.NOT_RUNNING, "Only a site whose license runs can choose an edition.")
    return None


def _with_period(terms: LicenseTerms, period: Period, *, at: datetime) -> LicenseTerms:
    if terms.state is not LicenseState.ACTIVE:
        raise Refusal(LicenseRule.NOT_ACTIVE, "Only an active subscription can have another period.").error()
    if period is Period.NONE:
        edition = terms.next_edition or terms.edition
        return replace(terms, period=period, anchor=None, period_ends_at=None, edition=edition, next_edition=None)
    if terms.period_ends_at is None:
        return replace(terms, period=period, anchor=at, period_ends_at=period_end(at, period, 1))
    return replace(terms, period=period, anchor=terms.period_ends_at)


def _check_tier(user_tier: int | None) -> None:
    if user_tier is not None and user_tier < 1:
        raise InvalidInputError("A user tier is a number of users, from 1.", "/user_tier")


def _must_be_settled(terms: LicenseTerms, at: datetime) -> None:
    ends = {LicenseState.TRIAL: terms.trial_ends_at}.get(terms.state, terms.period_ends_at)
    if terms.state in RUNNING and any(over is not None and over <= at for over in (ends, terms.edition_trial_ends_at)):
        raise ValueError("time has changed this license: settle it before anything else is done to it")
