"""What people and billing systems can do to a license: every act in every state, and what is refused."""

from dataclasses import replace
from enum import StrEnum

import pytest
from tests.core.license_terms import (
    ADVANCED,
    DAY,
    ENDS,
    NOW,
    RENEWS,
    STANDARD,
    TICK,
    bought,
    in_state,
    on_trial,
    utc,
)

from tradepost.core import license_acts as acts
from tradepost.core.errors import ConflictError, IllegalTransitionError, InvalidInputError
from tradepost.core.license import LicenseTerms, LicenseType, Period
from tradepost.core.license_acts import LicenseRule
from tradepost.core.license_settling import settle
from tradepost.core.states import LICENSE, LicenseEvent, LicenseState

FEB_28 = utc("2026-02-28T12:00:00")
MAR_31 = utc("2026-03-31T12:00:00")
LATER = NOW + DAY
BY_THE_TABLE = {
    LicenseEvent.TRIAL_STARTED: lambda terms: acts.start_trial(terms, at=LATER, policy=RENEWS, edition=STANDARD),
    LicenseEvent.BOUGHT: lambda terms: acts.buy(terms, at=LATER, period=Period.ANNUAL, edition=STANDARD),
    LicenseEvent.RENEWED: lambda terms: acts.pay(terms, at=LATER),
    LicenseEvent.CANCELLED: lambda terms: acts.cancel(terms, at=LATER),
    LicenseEvent.RESUMED: lambda terms: acts.resume(terms, at=LATER),
    LicenseEvent.ENDED: lambda terms: acts.end(terms, at=LATER),
}
RUNNING_STATES = [LicenseState.TRIAL, LicenseState.ACTIVE, LicenseState.CANCELLED]
OVER = [LicenseState.NONE, LicenseState.TRIAL_EXPIRED, LicenseState.EXPIRED]


class Tier(StrEnum):
    """Three editions, for rules that must not count on two."""

    STANDARD = "standard"
    ADVANCED = "advanced"
    ULTIMATE = "ultimate"

    @property
    def rank(self):
        return list(Tier).index(self)

    @property
    def word(self):
        return self.value.title()


def rule_of(act):
    with pytest.raises(ConflictError) as refused:
        act()
    assert str(refused.value).endswith(".")
    return refused.value.rule


@pytest.mark.parametrize("event", BY_THE_TABLE)
@pytest.mark.parametrize("state", LicenseState)
def test_an_act_leads_where_the_table_says_and_nowhere_else(state, event):
    terms = in_state(state)
    expected = LICENSE.transitions[state].get(event)

    if expected is None:
        with pytest.raises(IllegalTransitionError):
            BY_THE_TABLE[event](terms)
    else:
        assert BY_THE_TABLE[event](terms).state is expected


def test_a_trial_lasts_its_days_and_comes_once():
    terms = acts.start_trial(LicenseTerms(), at=NOW, policy=RENEWS, edition=STANDARD)

    assert (terms.trial_ends_at, terms.trial_used, terms.edition) == (NOW + 30 * DAY, True, STANDARD)
    again = replace(LicenseTerms(), trial_used=True)
    assert rule_of(lambda: acts.start_trial(again, at=NOW, policy=RENEWS, edition=None)) == LicenseRule.TRIAL_USED


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [(None, None, None), (None, STANDARD, STANDARD), (ADVANCED, STANDARD, STANDARD), (ADVANCED, None, ADVANCED)],
)
@pytest.mark.parametrize("state", [LicenseState.TRIAL, LicenseState.TRIAL_EXPIRED, LicenseState.EXPIRED])
def test_who_buys_gets_the_edition_that_is_given_and_else_keeps_theirs(state, before, given, after):
    terms = acts.buy(in_state(state, before), at=LATER, period=Period.MONTHLY, edition=given)

    assert terms.edition is after
    assert terms.trial_ends_at is None
    assert (terms.anchor, terms.period_ends_at) == (LATER, utc("2026-03-01T12:00:00"))


def test_what_is_not_said_when_buying_stays_as_it_is():
    terms = replace(in_state(LicenseState.EXPIRED), kind=LicenseType.ACADEMIC, user_tier=25)
    again = acts.buy(terms, at=LATER, period=Period.NONE, edition=None)
    other = acts.buy(terms, at=LATER, period=Period.ANNUAL, kind=LicenseType.COMMUNITY, user_tier=50, edition=None)

    assert (again.kind, again.user_tier, again.period_ends_at) == (LicenseType.ACADEMIC, 25, None)
    assert (other.kind, other.user_tier) == (LicenseType.COMMUNITY, 50)


def test_a_trial_of_an_edition_survives_the_purchase_of_the_app():
    trying = acts.try_edition(on_trial(), ADVANCED, at=LATER, policy=RENEWS)
    terms = acts.buy(trying, at=LATER, period=Period.MONTHLY, edition=None)

    assert (terms.edition, terms.falls_back_to, terms.edition_trial_ends_at) == (ADVANCED, STANDARD, LATER + 30 * DAY)


def test_each_payment_adds_a_period_after_all_that_is_paid():
    once = acts.pay(bought(), at=LATER)
    twice = acts.pay(once, at=LATER)

    assert (once.period_ends_at, twice.period_ends_at) == (MAR_31, utc("2026-04-30T12:00:00"))
    assert settle(twice, MAR_31, ENDS) == (twice, ())
    assert rule_of(lambda: acts.pay(bought(period=Period.NONE), at=LATER)) == LicenseRule.NO_PERIOD


def test_a_cancellation_can_be_taken_back_and_leaves_everything_else():
    pending = acts.switch(bought(ADVANCED), STANDARD, at=LATER)

    assert acts.resume(acts.cancel(pending, at=LATER), at=LATER) == pending
    assert rule_of(lambda: acts.cancel(bought(period=Period.NONE), at=LATER)) == LicenseRule.NO_PERIOD


def test_what_is_ended_is_over_at_once_and_says_since_when():
    trial, paid = (acts.end(terms, at=LATER) for terms in (on_trial(), bought()))

    assert (trial.state, trial.trial_ends_at) == (LicenseState.TRIAL_EXPIRED, LATER)
    assert (paid.state, paid.period_ends_at) == (LicenseState.EXPIRED, LATER)


def test_the_end_takes_a_trial_of_an_edition_with_it_and_keeps_what_was_paid_for():
    trying = acts.end(acts.try_edition(bought(), ADVANCED, at=NOW, policy=RENEWS), at=LATER)
    pending = acts.end(acts.switch(bought(ADVANCED), STANDARD, at=NOW), at=LATER)

    assert (trying.edition, trying.edition_trial_ends_at, trying.falls_back_to) == (STANDARD, None, None)
    assert (pending.edition, pending.next_edition) == (ADVANCED, None)


@pytest.mark.parametrize("state", LicenseState)
def test_type_and_user_tier_can_be_corrected_in_every_state(state):
    terms = in_state(state)
    changed = acts.change(terms, at=LATER, kind=LicenseType.ACADEMIC, user_tier=10)

    assert changed == replace(terms, kind=LicenseType.ACADEMIC, user_tier=10)
    assert acts.change(changed, at=LATER) == changed
    assert acts.change(changed, at=LATER, is_for_any_number=True).user_tier is None


@pytest.mark.parametrize("tier", [0, -1])
def test_a_user_tier_is_at_least_one(tier):
    with pytest.raises(InvalidInputError):
        acts.change(bought(), at=LATER, user_tier=tier)
    with pytest.raises(InvalidInputError):
        acts.buy(LicenseTerms(), at=LATER, period=Period.NONE, user_tier=tier, edition=None)


@pytest.mark.parametrize("state", [state for state in LicenseState if state is not LicenseState.ACTIVE])
def test_only_an_active_subscription_changes_its_period(state):
    terms = in_state(state)

    assert rule_of(lambda: acts.change(terms, at=LATER, period=Period.ANNUAL)) == LicenseRule.NOT_ACTIVE
    assert acts.change(terms, at=LATER, period=terms.period) == terms


def test_periods_of_another_length_count_from_the_end_of_what_is_paid():
    annual = acts.change(bought(), at=LATER, period=Period.ANNUAL)

    assert annual.period_ends_at == FEB_28
    assert settle(annual, FEB_28, RENEWS)[0].period_ends_at == utc("2027-02-28T12:00:00")


def test_periods_begin_where_there_were_none_and_stop():
    monthly = acts.change(bought(period=Period.NONE), at=LATER, period=Period.MONTHLY)
    none = acts.change(acts.switch(bought(ADVANCED), STANDARD, at=NOW), at=LATER, period=Period.NONE)

    assert (monthly.anchor, monthly.period_ends_at) == (LATER, utc("2026-03-01T12:00:00"))
    assert (none.anchor, none.period_ends_at, none.edition, none.next_edition) == (None, None, STANDARD, None)


@pytest.mark.parametrize(
    ("terms", "to", "edition", "to_come"),
    [
        (bought(STANDARD), ADVANCED, ADVANCED, None),
        (bought(None), ADVANCED, ADVANCED, None),
        (bought(ADVANCED), STANDARD, ADVANCED, STANDARD),
        (bought(ADVANCED, period=Period.NONE), STANDARD, STANDARD, None),
        (bought(STANDARD, period=Period.NONE), ADVANCED, ADVANCED, None),
        (on_trial(ADVANCED), STANDARD, STANDARD, None),
        (on_trial(STANDARD), ADVANCED, ADVANCED, None),
        (on_trial(None), ADVANCED, ADVANCED, None),
    ],
)
def test_up_is_at_once_and_down_waits_for_the_end_of_what_is_paid(terms, to, edition, to_come):
    after = acts.switch(terms, to, at=LATER)

    assert after == replace(terms, edition=edition, next_edition=to_come)


def test_a_downgrade_to_come_is_taken_back_by_keeping_or_choosing_the_higher_edition():
    pending = acts.switch(bought(ADVANCED), STANDARD, at=LATER)

    assert acts.keep(pending, at=LATER) == bought(ADVANCED)
    assert acts.switch(pending, ADVANCED, at=LATER) == bought(ADVANCED)
    assert rule_of(lambda: acts.switch(pending, STANDARD, at=LATER)) == LicenseRule.PENDING
    assert rule_of(lambda: acts.keep(bought(), at=LATER)) == LicenseRule.NOTHING_PENDING


@pytest.mark.parametrize("terms", [bought(STANDARD), bought(None), on_trial(STANDARD)])
def test_nobody_switches_to_the_edition_they_have(terms):
    assert rule_of(lambda: acts.switch(terms, STANDARD, at=LATER)) == LicenseRule.SAME


@pytest.mark.parametrize("state", [LicenseState.CANCELLED, *OVER])
@pytest.mark.parametrize(
    "act",
    [
        lambda terms: acts.switch(terms, ADVANCED, at=LATER),
        lambda terms: acts.switch(terms, STANDARD, at=LATER),
        lambda terms: acts.keep(terms, at=LATER),
    ],
)
def test_nobody_chooses_an_edition_of_what_is_cancelled_or_does_not_run(act, state):
    rule = LicenseRule.NOT_RUNNING if state in OVER else LicenseRule.CANCELLED

    assert rule_of(lambda: act(in_state(state, ADVANCED))) == rule


@pytest.mark.parametrize("state", RUNNING_STATES)
@pytest.mark.parametrize("edition", [None, STANDARD])
def test_a_higher_edition_can_be_tried_once_while_a_license_runs(state, edition):
    trying = acts.try_edition(in_state(state, edition), ADVANCED, at=NOW, policy=replace(RENEWS, edition_trial=DAY))
    after, _ = settle(trying, LATER, RENEWS)

    assert settle(trying, LATER - TICK, RENEWS) == (trying, ())
    assert (trying.edition, after.edition) == (ADVANCED, STANDARD)
    for terms in (trying, after):
        again = rule_of(lambda terms=terms: acts.try_edition(terms, ADVANCED, at=NOW, policy=RENEWS))
        assert again == LicenseRule.EDITION_TRIAL_USED


@pytest.mark.parametrize(
    ("terms", "to", "rule"),
    [
        *((in_state(state), ADVANCED, LicenseRule.NOT_RUNNING) for state in OVER),
        (bought(ADVANCED), ADVANCED, LicenseRule.NOT_HIGHER),
        (bought(ADVANCED), STANDARD, LicenseRule.NOT_HIGHER),
        (bought(None), STANDARD, LicenseRule.NOT_HIGHER),
        (acts.switch(bought(ADVANCED), STANDARD, at=NOW), ADVANCED, LicenseRule.PENDING),
    ],
)
def test_only_a_higher_edition_of_a_running_license_is_tried(terms, to, rule):
    assert rule_of(lambda: acts.try_edition(terms, to, at=NOW, policy=RENEWS)) == rule


@pytest.mark.parametrize("terms", [bought(), on_trial(), bought(None)])
def test_who_buys_the_edition_they_try_has_it_for_good_and_who_goes_back_is_back_at_once(terms):
    trying = acts.try_edition(terms, ADVANCED, at=NOW, policy=RENEWS)
    higher, lower = (acts.switch(trying, to, at=LATER) for to in (ADVANCED, STANDARD))

    assert (higher.edition, lower.edition) == (ADVANCED, STANDARD)
    for after in (higher, lower):
        assert (after.edition_trial_ends_at, after.falls_back_to, after.next_edition) == (None, None, None)
        assert after.edition_trial_used


def test_with_three_editions_what_is_paid_for_decides_what_is_up_and_down(monkeypatch):
    monkeypatch.setattr(acts, "Edition", Tier)
    trying = acts.try_edition(bought(Tier.ADVANCED), Tier.ULTIMATE, at=NOW, policy=RENEWS)
    down = acts.switch(trying, Tier.STANDARD, at=LATER)

    assert acts.held(trying) is Tier.ADVANCED
    assert (down.edition, down.next_edition, down.edition_trial_ends_at) == (Tier.ADVANCED, Tier.STANDARD, None)
    assert acts.switch(trying, Tier.ADVANCED, at=LATER).edition is Tier.ADVANCED
    assert acts.switch(trying, Tier.ULTIMATE, at=LATER).edition is Tier.ULTIMATE
    assert acts.why_no_edition_trial(bought(Tier.ADVANCED)) is None
    assert acts.why_no_edition_trial(bought(Tier.ULTIMATE)).rule is LicenseRule.NOT_HIGHER


@pytest.mark.parametrize("event", [LicenseEvent.CANCELLED, LicenseEvent.RENEWED, LicenseEvent.ENDED])
def test_nothing_is_done_to_a_license_that_time_has_changed_meanwhile(event):
    act = {LicenseEvent.CANCELLED: acts.cancel, LicenseEvent.RENEWED: acts.pay, LicenseEvent.ENDED: acts.end}[event]

    assert act(bought(), at=FEB_28 - TICK)
    with pytest.raises(ValueError, match="settle"):
        act(bought(), at=FEB_28)
