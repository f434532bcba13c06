"""What an operator or a billing system does to a license: paid, changed, cancelled, resumed, ended, trial.

No money moves here. An act that is told twice under one reference is one act; told again with other content it is
refused. `wishes` is what a site's own people may do.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from tradepost.core import license_acts
from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.core.license import RUNNING, LicenseTerms, LicenseType, Period
from tradepost.core.license_decision import first_edition, may_begin_trial, switching
from tradepost.core.states import LicenseState
from tradepost.foundation.callers import Caller

from . import queries
from .changes import record, touch
from .commands import lock
from .holding import Held, check_seen, settled
from .models import LicenseChange
from .terms import policy

REFERENCE_USED = "license.reference_used"
FREE_APP = "license.free_app"
LONGEST_TRIAL = timedelta(days=366)
"""From now on. A trial that never ends is a gift, for which a license without a period is there."""

MOST_USERS = 2**31 - 1
HAS_IT_ALREADY = frozenset({license_acts.LicenseRule.SAME, license_acts.LicenseRule.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, why, and under which name the billing system knows it.

    `seen` is the revision that a person saw who decided; None for programs that know what they want anyway.
    """

    by: Caller
    now: datetime
    why: str = ""
    reference: str | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is bought or changed; None stays as it is. `is_for_any_number` lifts the user tier."""

    period: Period | None = None
    kind: LicenseType | None = None
    user_tier: int | None = None
    is_for_any_number: bool = False
    edition: Edition | None = None


Doing = Callable[[Held], LicenseChange]


def pay(license_id: UUID, act: Act, order: Order) -> LicenseChange:
    """A subscription is paid: it begins, or one more period of it is paid for.

    Where subscriptions renew by themselves a payment of a running one is noted and moves no period. A license that
    begins needs a period. Raises ConflictError for a free app, an edition that cannot be had and a cancelled license,
    which has to be resumed first.
    """
    _check(order)

    def doing(held: Held) -> LicenseChange:
        if held.terms.state is LicenseState.ACTIVE:
            return _renew(held, act, order)
        return record("license.bought", held.row, _bought(held, order, at=act.now), **_facts(act, asked))

    asked = {"act": "payment", **_plain(order)}
    return _do(license_id, act, asked, doing)


def change(license_id: UUID, act: Act, order: Order) -> LicenseChange:
    """What a license says is corrected: type, user tier, period or edition. Raises ConflictError where it cannot be."""
    if order == Order():
        raise InvalidInputError("Say what is to change: type, user tier, period or edition.")
    _check(order)

    def doing(held: Held) -> LicenseChange:
        after = _to_edition(held, _changed(held.terms, order, at=act.now), order.edition, at=act.now)
        return record("license.changed", held.row, after, **_facts(act, asked))

    asked = {"act": "change", **_plain(order)}
    return _do(license_id, act, asked, doing)


def cancel(license_id: UUID, act: Act) -> LicenseChange:
    """It runs to the end of what is paid for, and not on."""
    return _only(license_id, act, "cancellation", "license.cancelled", license_acts.cancel)


def resume(license_id: UUID, act: Act) -> LicenseChange:
    """A cancellation is taken back."""
    return _only(license_id, act, "resumption", "license.resumed", license_acts.resume)


def end(license_id: UUID, act: Act) -> LicenseChange:
    """It is over now, whatever was paid; a trial, too."""
    return _only(license_id, act, "end", "license.ended", license_acts.end)


def set_trial(license_id: UUID, act: Act, *, ends_at: datetime | None) -> LicenseChange:
    """Begin the trial of a license that never was one, or let the running one end at another time.

    `ends_at` is None for the usual length. Raises ConflictError where the trial is over or something was bought.
    """
    if ends_at is not None and not act.now < ends_at <= act.now + LONGEST_TRIAL:
        text = f"A trial ends in the future, at most {LONGEST_TRIAL.days} days from now."
        raise InvalidInputError(text, "/ends_at")

    def doing(held: Held) -> LicenseChange:
        if held.terms.state is LicenseState.TRIAL:
            if ends_at is None:
                raise InvalidInputError("The trial runs already: say when it is to end.", "/ends_at")
            return record(
                "license.trial_set", held.row, replace(held.terms, trial_ends_at=ends_at), **_facts(act, asked)
            )
        return record("license.trial_started", held.row, _tried(held, act, ends_at), **_facts(act, asked))

    asked = {"act": "trial", "ends_at": ends_at.isoformat() if ends_at else None}
    return _do(license_id, act, asked, doing)


def _only(license_id: UUID, act: Act, name: str, action: str, rule: Callable[..., LicenseTerms]) -> LicenseChange:
    """An act that says nothing but itself."""
    asked = {"act": name}
    return _do(
        license_id,
        act,
        asked,
        lambda held: record(action, held.row, rule(held.terms, at=act.now), **_facts(act, asked)),
    )


@transaction.atomic
def _do(license_id: UUID, act: Act, asked: dict[str, Any], doing: Doing) -> LicenseChange:
    """Lock, look whether it was done before, settle, do it, and have the host told."""
    seen = queries.get_license(act.by, license_id)
    row = lock(seen.site, seen.listing, now=act.now)
    if act.reference is not None:
        earlier = LicenseChange.objects.filter(license=row, reference=act.reference).first()
        if earlier is not None:
            return _same(earlier, asked)
    check_seen(row, act.seen)
    held = settled(row, now=act.now)
    change = doing(held)
    touch(held.row, now=act.now)
    return change


def _same(earlier: LicenseChange, asked: dict[str, Any]) -> LicenseChange:
    if earlier.asked != asked:
        text = f"{earlier.reference!r} is the reference of another act on this license, of {earlier.at:%Y-%m-%d}."
        raise ConflictError(text, REFERENCE_USED)
    return earlier


def _check(order: Order) -> None:
    if order.is_for_any_number and order.user_tier is not None:
        raise InvalidInputError("A license is for a number of users or for any number, not both.", "/user_tier")
    if order.user_tier is not None and not 1 <= order.user_tier <= MOST_USERS:
        raise InvalidInputError("A user tier is a number of users, from 1.", "/user_tier")


def _renew(held: Held, act: Act, order: Order) -> LicenseChange:
    """Periods of another length begin with the one that is paid now; a license without any begins its first."""
    terms = _changed(held.terms, order, at=act.now)
    asked = {"act": "payment", **_plain(order)}
    begins = held.terms.period is Period.NONE and terms.period is not Period.NONE
    if not (policy().renews or begins):
        after = _to_edition(held, license_acts.pay(terms, at=act.now), order.edition, at=act.now)
        return record("license.renewed", held.row, after, **_facts(act, asked))
    return record("license.paid", held.row, _to_edition(held, terms, order.edition, at=act.now), **_facts(act, asked))


def _bought(held: Held, order: Order, *, at: datetime) -> LicenseTerms:
    if not held.standing.paid:
        raise ConflictError("The app is free: nobody needs a license for it.", FREE_APP)
    if order.period is None:
        raise InvalidInputError("Say for how long is paid: monthly, annual or none.", "/period")
    is_running = held.terms.state in RUNNING
    terms = _to_edition(held, held.terms, order.edition, at=at) if is_running else held.terms
    standing = held.standing
    after = license_acts.buy(
        replace(terms, user_tier=None) if order.is_for_any_number else terms,
        at=at,
        period=order.period,
        kind=order.kind,
        user_tier=order.user_tier,
        edition=first_edition(terms, billing=standing.billing, live_at=standing.live_at, at=at),
    )
    if is_running or order.edition in {None, after.edition}:
        return after
    # What begins anew begins with what was ordered, even where the license once had more.
    choice = switching(replace(standing, terms=after, token=None), order.edition, at=at)
    if not choice.may:
        raise ConflictError(choice.why_not, choice.rule)
    return replace(after, edition=order.edition, next_edition=None)


def _changed(terms: LicenseTerms, order: Order, *, at: datetime) -> LicenseTerms:
    return license_acts.change(
        terms,
        at=at,
        kind=order.kind,
        user_tier=order.user_tier,
        is_for_any_number=order.is_for_any_number,
        period=order.period,
    )


def _to_edition(held: Held, terms: LicenseTerms, edition: Edition | None, *, at: datetime) -> LicenseTerms:
    """The terms with another edition, now or from the period's end on; unchanged where that is so already.

    An access token hides a license, but does not keep a billing system from changing it.
    """
    if edition is None:
        return terms
    choice = switching(replace(held.standing, terms=terms, token=None), edition, at=at)
    if choice.rule in HAS_IT_ALREADY:
        return terms
    if not choice.may:
        raise ConflictError(choice.why_not, choice.rule)
    return license_acts.switch(terms, edition, at=at)


def _tried(held: Held, act: Act, ends_at: datetime | None) -> LicenseTerms:
    standing = replace(held.standing, token=None, is_open=True)
    if not standing.paid:
        raise ConflictError("The app is free: nobody needs a license for it.", FREE_APP)
    if not may_begin_trial(standing):
        text = "This site has had its trial, or pays already."
        raise ConflictError(text, license_acts.LicenseRule.TRIAL_USED)
    edition = first_edition(standing.terms, billing=standing.billing, live_at=standing.live_at, at=act.now)
    begun = license_acts.start_trial(standing.terms, at=act.now, policy=policy(), edition=edition)
    return begun if ends_at is None else replace(begun, trial_ends_at=ends_at)


def _facts(act: Act, asked: dict[str, Any]) -> dict[str, Any]:
    return {"actor": act.by.actor, "now": act.now, "why": act.why, "reference": act.reference, "asked": asked}


def _plain(order: Order) -> dict[str, Any]:
    return {name: value for name, value in asdict(order).items() if value not in {None, False}}
