"""What time alone does to a license, in order. Source: domain.md 7.8 and 12 no. 11; docs/licenses.md draws it.

At one instant an edition changes before the period renews or the license runs out, so that what is kept of a license
that is over is the edition that had been agreed for its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from .license import PAID, RUNNING, LicensePolicy, LicenseTerms
from .license_time import next_period_end, period_end, periods_until
from .states import LICENSE, LicenseEvent, LicenseState, advance

MOST_RENEWALS = 240
"""How many renewals are told one by one (twenty years of months). The rest of a longer absence is told as one."""


class EditionEvent(StrEnum):
    """What time does to an edition. The state of the license stays."""

    CHANGED = "edition_changed"
    TRIAL_ENDED = "edition_trial_ended"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: a LicenseEvent or an EditionEvent, when, the terms after it, and why in a sentence."""

    event: str
    at: datetime
    terms: LicenseTerms
    why: str


def settle(terms: LicenseTerms, now: datetime, policy: LicensePolicy) -> tuple[LicenseTerms, tuple[Change, ...]]:
    """Return the terms as they are at `now`, with everything that happened until then, `now` included.

    Settling twice is settling once, and settling on the way changes nothing but how renewals beyond MOST_RENEWALS are
    told.
    """
    changes: list[Change] = []
    while (change := _next(terms, policy)) is not None and change.at <= now:
        if change.event == LicenseEvent.RENEWED and len(changes) >= MOST_RENEWALS and _only_renews(terms):
            change = _renew_until(terms, now)
        changes.append(change)
        terms = change.terms
    return terms, tuple(changes)


def next_change_at(terms: LicenseTerms, policy: LicensePolicy) -> datetime | None:
    """The first instant at which `settle` changes something, None for never."""
    change = _next(terms, policy)
    return change.at if change is not None else None


def runs_out_at(terms: LicenseTerms, policy: LicensePolicy) -> datetime | None:
    """When the license is over unless somebody acts. None for one that is over, or goes on."""
    if terms.state is LicenseState.TRIAL:
        return terms.trial_ends_at
    goes_on = terms.state is LicenseState.ACTIVE and policy.renews
    return terms.period_ends_at if terms.state in PAID and not goes_on else None


def _next(terms: LicenseTerms, policy: LicensePolicy) -> Change | None:
    if terms.state not in RUNNING:
        return None
    over = runs_out_at(terms, policy)
    trial = terms.edition_trial_ends_at
    steps: list[tuple[datetime | None, Callable[[LicenseTerms, datetime], Change]]] = [
        # A trial of an edition does not outlive its license.
        (min(trial, over) if trial and over else trial, _end_edition_trial),
        (terms.period_ends_at if terms.next_edition is not None else None, _change_edition),
        (over, _run_out),
        (terms.period_ends_at if terms.state is LicenseState.ACTIVE and over is None else None, _renew),
    ]
    due = [(at, order) for order, (at, _) in enumerate(steps) if at is not None]
    if not due:
        return None
    at, order = min(due)
    return steps[order][1](terms, at)


def _end_edition_trial(terms: LicenseTerms, at: datetime) -> Change:
    after = without_edition_trial(terms)
    back = f"it is {after.edition.word} again" if after.edition is not None else "it has no edition again"
    return Change(EditionEvent.TRIAL_ENDED, at, after, f"The trial of the edition ended and {back}.")


def _change_edition(terms: LicenseTerms, at: datetime) -> Change:
    after = replace(terms, edition=terms.next_edition, next_edition=None)
    return Change(EditionEvent.CHANGED, at, after, "The change of edition that had been chosen came into force.")


def _run_out(terms: LicenseTerms, at: datetime) -> Change:
    why = {
        LicenseState.TRIAL: "The trial ended and nothing was bought.",
        LicenseState.CANCELLED: "It had been cancelled, and what was paid for is over.",
    }.get(terms.state, "The period ended and the next was not paid.")
    after = replace(terms, state=advance(LICENSE, terms.state, LicenseEvent.RAN_OUT))
    return Change(LicenseEvent.RAN_OUT, at, after, why)


def _renew(terms: LicenseTerms, at: datetime) -> Change:
    return Change(LicenseEvent.RENEWED, at, renewed(terms, at), "The period ended and the next began.")


def _renew_until(terms: LicenseTerms, now: datetime) -> Change:
    if terms.anchor is None or terms.period_ends_at is None:  # pragma: no cover - what renews has both
        raise AssertionError("a license without periods does not renew")
    before, over = (periods_until(terms.anchor, terms.period, at) for at in (terms.period_ends_at, now))
    at = period_end(terms.anchor, terms.period, over) or now
    why = f"{over - before + 1} periods ended, and the next began each time."
    return Change(LicenseEvent.RENEWED, at, renewed(terms, now), why)


def _only_renews(terms: LicenseTerms) -> bool:
    return terms.edition_trial_ends_at is None and terms.next_edition is None


def renewed(terms: LicenseTerms, after: datetime) -> LicenseTerms:
    """The terms in the first period that ends later than `after`. Raises IllegalTransitionError."""
    state = advance(LICENSE, terms.state, LicenseEvent.RENEWED)
    ends = next_period_end(terms.anchor, terms.period, after) if terms.anchor is not None else None
    return replace(terms, state=state, period_ends_at=ends)


def without_edition_trial(terms: LicenseTerms) -> LicenseTerms:
    """The terms with the edition that is left when a trial of a higher one ends. Unchanged where there is none."""
    if terms.edition_trial_ends_at is None:
        return terms
    return replace(terms, edition=terms.falls_back_to, edition_trial_ends_at=None, falls_back_to=None)
