"""What time alone does to a license, in order, at the instant and not before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.license_terms import (
    ADVANCED,
    DAY,
    ENDS,
    NOW,
    RENEWS,
    STANDARD,
    TICK,
    bought,
    cancelled,
    in_state,
    on_trial,
    utc,
)

from tradepost.core import license_acts as acts
from tradepost.core.license import LicenseTerms, Period
from tradepost.core.license_settling import MOST_RENEWALS, EditionEvent, next_change_at, runs_out_at, settle
from tradepost.core.states import LicenseEvent, LicenseState

FEB_28 = utc("2026-02-28T12:00:00")
FAR = utc("2026-06-01")
RENEWED, RAN_OUT = LicenseEvent.RENEWED, LicenseEvent.RAN_OUT
CHANGED, TRIAL_ENDED = EditionEvent.CHANGED, EditionEvent.TRIAL_ENDED


def happened(terms, until, policy=RENEWS):
    return [(change.event, change.at) for change in settle(terms, until, policy)[1]]


def downgraded(terms):
    return replace(terms, edition=ADVANCED, next_edition=STANDARD)


def trying(terms, *, days, at=NOW):
    return acts.try_edition(terms, ADVANCED, at=at, policy=replace(RENEWS, edition_trial=days * DAY))


@pytest.mark.parametrize("policy", [RENEWS, ENDS], ids=["renews", "ends"])
@pytest.mark.parametrize("state", [LicenseState.NONE, LicenseState.TRIAL_EXPIRED, LicenseState.EXPIRED])
def test_time_does_nothing_to_a_license_that_does_not_run(state, policy):
    terms = in_state(state)

    assert settle(terms, utc("9999-12-31"), policy) == (terms, ())
    assert next_change_at(terms, policy) is None


def test_a_trial_is_over_at_its_instant_and_not_a_tick_before():
    terms = on_trial()
    over = NOW + 30 * DAY

    assert settle(terms, over - TICK, RENEWS) == (terms, ())
    after, (change,) = settle(terms, over, RENEWS)

    assert (after.state, after.edition, after.trial_used) == (LicenseState.TRIAL_EXPIRED, STANDARD, True)
    assert (change.event, change.at, change.terms) == (RAN_OUT, over, after)


def test_a_subscription_renews_from_its_anchor_for_as_long_as_nobody_ends_it():
    after, changes = settle(bought(), FAR, RENEWS)

    assert [change.at for change in changes] == [
        FEB_28, utc("2026-03-31T12:00:00"), utc("2026-04-30T12:00:00"), utc("2026-05-31T12:00:00"),
    ]  # fmt: skip
    assert {change.event for change in changes} == {RENEWED}
    assert after == replace(bought(), period_ends_at=utc("2026-06-30T12:00:00"))


def test_where_nothing_renews_by_itself_a_subscription_runs_out():
    after, changes = settle(bought(), FAR, ENDS)

    assert [(change.event, change.at) for change in changes] == [(RAN_OUT, FEB_28)]
    assert after == replace(bought(), state=LicenseState.EXPIRED)


@pytest.mark.parametrize("policy", [RENEWS, ENDS], ids=["renews", "ends"])
def test_a_cancelled_subscription_runs_out_at_the_end_of_its_period(policy):
    assert happened(cancelled(), FAR, policy) == [(RAN_OUT, FEB_28)]


@pytest.mark.parametrize("policy", [RENEWS, ENDS], ids=["renews", "ends"])
def test_a_license_without_periods_goes_on(policy):
    terms = bought(period=Period.NONE)

    assert settle(terms, utc("9999-12-31"), policy) == (terms, ())
    assert runs_out_at(terms, policy) is None


@pytest.mark.parametrize(
    ("terms", "policy", "events", "edition", "state"),
    [
        (downgraded(bought()), RENEWS, [CHANGED, RENEWED], STANDARD, LicenseState.ACTIVE),
        (downgraded(bought()), ENDS, [CHANGED, RAN_OUT], STANDARD, LicenseState.EXPIRED),
        (downgraded(cancelled()), RENEWS, [CHANGED, RAN_OUT], STANDARD, LicenseState.EXPIRED),
        (trying(bought(), days=28), RENEWS, [TRIAL_ENDED, RENEWED], STANDARD, LicenseState.ACTIVE),
        (trying(bought(), days=28), ENDS, [TRIAL_ENDED, RAN_OUT], STANDARD, LicenseState.EXPIRED),
        (trying(cancelled(), days=90), RENEWS, [TRIAL_ENDED, RAN_OUT], STANDARD, LicenseState.EXPIRED),
        (trying(bought(), days=90), ENDS, [TRIAL_ENDED, RAN_OUT], STANDARD, LicenseState.EXPIRED),
        (trying(bought(), days=90), RENEWS, [RENEWED], ADVANCED, LicenseState.ACTIVE),
        (trying(bought(None), days=1), RENEWS, [TRIAL_ENDED, RENEWED], STANDARD, LicenseState.ACTIVE),
    ],
)
def test_at_one_instant_editions_change_before_the_license_does(terms, policy, events, edition, state):
    assert settle(terms, FEB_28 - 20 * DAY, policy)[0].state is terms.state
    after, changes = settle(terms, FEB_28, policy)

    assert [change.event for change in changes] == events
    assert (after.edition, after.state) == (edition, state)
    assert (after.next_edition, after.falls_back_to) == (None, STANDARD if edition is ADVANCED else None)


def test_a_trial_of_an_edition_ends_with_the_trial_of_the_app():
    terms = trying(on_trial(), days=30, at=NOW + DAY)

    assert happened(terms, FAR) == [(TRIAL_ENDED, NOW + 30 * DAY), (RAN_OUT, NOW + 30 * DAY)]


def test_a_trial_of_an_edition_that_outlasts_two_renewals_ends_between_them():
    terms = trying(bought(), days=45)

    assert happened(terms, utc("2026-04-01")) == [
        (RENEWED, FEB_28), (TRIAL_ENDED, NOW + 45 * DAY), (RENEWED, utc("2026-03-31T12:00:00")),
    ]  # fmt: skip


def test_ten_years_of_absence_are_told_month_by_month():
    after, changes = settle(downgraded(bought()), utc("2036-01-31T12:00:00"), RENEWS)

    assert [change.event for change in changes] == [CHANGED, *[RENEWED] * 120]
    assert after.period_ends_at == utc("2036-02-29T12:00:00")


def test_thousands_of_years_are_told_in_short_and_end_nowhere():
    after, changes = settle(bought(), utc("9999-12-31T23:59:59"), RENEWS)

    assert len(changes) == MOST_RENEWALS + 1
    assert changes[-1].at == utc("9999-12-31T12:00:00")
    assert changes[-1].why.startswith("95447 periods")
    assert (after.state, after.period_ends_at) == (LicenseState.ACTIVE, None)
    assert next_change_at(after, RENEWS) is None


def test_a_long_absence_leaves_the_same_license_however_it_is_told():
    until = utc("2100-07-01")
    slowly = bought()
    for year in range(2027, 2101):
        slowly, _ = settle(slowly, utc(f"{year}-07-01"), RENEWS)

    assert settle(bought(), until, RENEWS)[0] == slowly


def test_a_trial_at_the_end_of_the_calendar_ends_with_it():
    terms = on_trial(at=utc("9999-12-30"))

    assert next_change_at(terms, RENEWS) == terms.trial_ends_at
    assert settle(terms, terms.trial_ends_at, RENEWS)[0].state is LicenseState.TRIAL_EXPIRED


@pytest.mark.parametrize("period", [Period.MONTHLY, Period.ANNUAL])
def test_a_subscription_at_the_end_of_the_calendar_never_ends(period):
    terms = bought(at=utc("9999-12-30"), period=period)

    assert next_change_at(terms, ENDS) is None


def some_terms(draw):
    state = draw(st.sampled_from(list(LicenseState)))
    terms = in_state(state, draw(st.sampled_from([None, STANDARD, ADVANCED])))
    if draw(st.booleans()) and acts.why_no_edition_trial(terms, ADVANCED) is None:
        terms = trying(terms, days=draw(st.integers(1, 100)))
    elif draw(st.booleans()) and acts.why_no_switch(terms, STANDARD) is None:
        terms = acts.switch(terms, STANDARD, at=NOW)
    return terms


@given(st.data(), st.booleans(), st.lists(st.timedeltas(timedelta(0), 300 * DAY), min_size=2, max_size=2).map(sorted))
def test_settling_on_the_way_changes_nothing(data, renews, spans):
    terms, policy = some_terms(data.draw), RENEWS if renews else ENDS
    early, late = (NOW + span for span in spans)

    first, before = settle(terms, early, policy)
    second, after = settle(first, late, policy)

    assert settle(terms, late, policy) == (second, before + after)
    assert settle(second, late, policy) == (second, ())


@given(st.data(), st.booleans())
def test_the_next_change_is_at_its_instant_the_first_and_a_real_one(data, renews):
    terms, policy = some_terms(data.draw), RENEWS if renews else ENDS
    at = next_change_at(terms, policy)

    if at is None:
        assert settle(terms, utc("9999-12-31"), policy) == (terms, ())
        return
    assert settle(terms, at - TICK, policy) == (terms, ())
    after, changes = settle(terms, at, policy)
    assert after != terms
    assert {change.at for change in changes} == {at}
    assert all(change.why.endswith(".") for change in changes)
    assert changes[-1].terms == after


def test_terms_that_nobody_ever_touched_stay_what_they_are():
    assert settle(LicenseTerms(), FAR, RENEWS) == (LicenseTerms(), ())
