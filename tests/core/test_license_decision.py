"""What is told of a license, held against a second telling written for these tests alone."""

import ast
from dataclasses import fields, replace
from itertools import product

import pytest
from tests.core.license_terms import ADVANCED, DAY, NOW, RENEWS, STANDARD, TICK, bought, in_state, on_trial, utc

from tradepost.core import license_acts as acts
from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError
from tradepost.core.license import Billing, License, LicenseType, Period, Simulated, TokenTerms
from tradepost.core.license_acts import LicenseRule
from tradepost.core.license_decision import (
    Standing,
    decide,
    first_edition,
    may_begin_trial,
    may_try_edition,
    switching,
)
from tradepost.core.states import LicenseState

IDS = {"entitlement_id": "id", "entitlement_number": "E-1", "support_number": "SEN-1"}
EDITIONS = [None, STANDARD, ADVANCED]
TOKENS = [None, *(TokenTerms(prefix="tpa_ab", simulated=s, edition=e) for s in Simulated for e in Edition)]
LIVE = [None, NOW - DAY, NOW, NOW + DAY]
FORGETFUL = replace(RENEWS, keeps_edition=False)
EVERY = list(product(LicenseState, EDITIONS, Billing, LIVE, TOKENS, [True, False], [True, False], [RENEWS, FORGETFUL]))


def told(standing, policy=RENEWS):
    return decide(standing, **IDS, policy=policy)


def oracle(state, edition, billing, token, may, policy):
    """(lic, is a license there, capSet, evaluation, type), told the long way."""
    if token is not None:
        shown = {
            "NONE": ("none", False, None), "ACTIVE_TRIAL": ("active", True, True),
            "ACTIVE_SUBSCRIPTION": ("active", True, False), "ACTIVE_SUBSCRIPTION_CANCELLED": ("active", True, False),
            "INACTIVE_TRIAL": ("none", True, True), "INACTIVE_SUBSCRIPTION": ("none", True, False),
        }[token.simulated]  # fmt: skip
        word = "capabilityAdvanced" if token.edition == "advanced" and may else "capabilityStandard"
        kind = "developer"
    else:
        shown = {
            "none": ("none", False, None), "trial": ("active", True, True), "trial_expired": ("none", True, True),
            "active": ("active", True, False), "cancelled": ("active", True, False), "expired": ("none", True, False),
        }[state]  # fmt: skip
        word = {None: None, "standard": "capabilityStandard", "advanced": "capabilityAdvanced"}[edition]
        kind = "commercial"
        if billing == "original":
            word = None
    lic, there, evaluation = shown
    if not there:
        return ("none", False, None, False, None)
    if lic == "none" and not policy.keeps_edition:
        word = None
    return (lic, True, word, evaluation, kind)


def test_every_standing_is_told_as_the_long_way_tells_it():
    assert len(EVERY) > 10_000
    for state, edition, billing, live_at, token, paid, may, policy in EVERY:
        terms = replace(in_state(state), edition=edition)
        standing = Standing(
            terms=terms, token=token, billing=billing, live_at=live_at, paid=paid, tokens_may_switch=may
        )
        license_ = told(standing, policy)
        answer = (license_.word, license_.exists, license_.capability_set, license_.evaluation, license_.kind)

        assert answer == oracle(state, edition, billing, token, may, policy), standing
        _holds_what_always_holds(standing, license_)


def _holds_what_always_holds(standing, license_):
    assert (license_.edition is None) == (license_.capability_set is None)
    assert license_.active == (license_.state in {"trial", "active", "cancelled"})
    assert not license_.active or license_.exists
    assert license_.exists == (license_.state is not LicenseState.NONE)
    numbers = (license_.entitlement_id, license_.entitlement_number, license_.support_number)
    assert numbers == (("id", "E-1", "SEN-1") if license_.exists else (None, None, None))
    if not license_.exists:
        assert license_ == License(reason=license_.reason)
    if standing.billing is Billing.ORIGINAL and standing.token is None:
        assert license_.edition is None
    assert license_.reason.endswith(".")
    assert len(license_.reason.split()) > 3


def test_no_text_of_a_license_is_ever_empty():
    for state in LicenseState:
        license_ = told(Standing(terms=in_state(state, None), billing=Billing.ORIGINAL))

        assert "" not in [getattr(license_, field.name) for field in fields(license_)]


@pytest.mark.parametrize("state", LicenseState)
@pytest.mark.parametrize("before", EDITIONS)
@pytest.mark.parametrize("billing", Billing)
@pytest.mark.parametrize("live_at", LIVE)
def test_a_license_that_is_new_where_editions_are_live_has_one_from_its_first_day(state, before, billing, live_at):
    first = first_edition(replace(in_state(state), edition=before), billing=billing, live_at=live_at, at=NOW)

    is_new = state in {"none", "trial_expired", "expired"}
    are_live = live_at is not None and live_at <= NOW
    if before is None:
        assert first == ("standard" if is_new and are_live and billing == "improved" else None)
    else:
        assert first == (before if are_live else "standard")


def test_a_trial_of_an_edition_goes_on_whatever_became_of_the_editions():
    trying = replace(on_trial(STANDARD), edition=ADVANCED, edition_trial_ends_at=NOW + DAY, falls_back_to=STANDARD)

    assert first_edition(trying, billing=Billing.IMPROVED, live_at=None, at=NOW) is ADVANCED


def test_a_trial_from_before_the_editions_stays_without_one_when_it_is_bought():
    live_at = NOW + DAY
    trial = on_trial(first_edition(in_state(LicenseState.NONE), billing=Billing.IMPROVED, live_at=live_at, at=NOW))
    at = NOW + 2 * DAY
    edition = first_edition(trial, billing=Billing.IMPROVED, live_at=live_at, at=at)
    paid = acts.buy(trial, at=at, period=Period.MONTHLY, edition=edition)

    assert told(Standing(terms=paid, live_at=live_at)).capability_set is None
    switched = acts.switch(paid, ADVANCED, at=at)
    assert told(Standing(terms=switched, live_at=live_at)).capability_set == "capabilityAdvanced"
    back = acts.switch(acts.change(switched, at=at, period=Period.NONE), STANDARD, at=at)
    assert told(Standing(terms=back, live_at=live_at)).capability_set == "capabilityStandard"


def test_a_customer_moved_to_improved_billing_shows_no_edition_until_somebody_switches():
    terms = bought(first_edition(in_state(LicenseState.NONE), billing=Billing.ORIGINAL, live_at=NOW, at=NOW))
    before, after = (told(Standing(terms=terms, billing=billing, live_at=NOW)) for billing in Billing)

    assert (before.edition, after.edition) == (None, None)
    assert switching(Standing(terms=terms, live_at=NOW), ADVANCED, at=NOW).may


def test_what_an_app_is_told_of_an_edition_survives_that_no_others_are_offered_any_more():
    assert told(Standing(terms=bought(STANDARD), live_at=None)).edition is STANDARD


def test_a_token_is_a_developer_license_and_names_itself_by_its_first_characters():
    standing = Standing(terms=bought(), token=TokenTerms(prefix="tpa_ab"), billing=Billing.ORIGINAL)
    license_ = told(standing)

    assert (license_.kind, license_.evaluation, license_.edition) == (LicenseType.DEVELOPER, True, STANDARD)
    assert "tpa_ab" in license_.reason
    assert told(replace(standing, token=None)).edition is None


SWITCHES = [
    (Standing(terms=bought(), live_at=NOW, token=TokenTerms(prefix="tpa_ab")), LicenseRule.SIMULATED),
    (Standing(terms=bought(), live_at=NOW, billing=Billing.ORIGINAL), LicenseRule.ORIGINAL),
    (Standing(terms=bought(), live_at=NOW, paid=False), LicenseRule.FREE),
    (Standing(terms=bought(), live_at=None), LicenseRule.NOT_LIVE),
    (Standing(terms=bought(), live_at=NOW + TICK), LicenseRule.NOT_LIVE),
    (Standing(terms=in_state(LicenseState.CANCELLED), live_at=NOW), LicenseRule.CANCELLED),
    *(
        (Standing(terms=in_state(state), live_at=NOW), LicenseRule.NOT_RUNNING)
        for state in (LicenseState.NONE, LicenseState.TRIAL_EXPIRED, LicenseState.EXPIRED)
    ),
    (Standing(terms=bought(ADVANCED), live_at=NOW), LicenseRule.SAME),
]


@pytest.mark.parametrize(("standing", "rule"), SWITCHES)
def test_a_switch_that_is_not_possible_says_why(standing, rule):
    answer = switching(standing, ADVANCED, at=NOW)

    assert (answer.may, answer.rule, answer.takes_effect_at) == (False, rule, None)
    assert answer.why_not.endswith(".")


@pytest.mark.parametrize(("standing", "rule"), SWITCHES[:-1])
def test_where_no_switch_is_possible_there_is_no_choice_at_all(standing, rule):
    assert switching(standing, None, at=NOW).rule == rule


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("state", [LicenseState.TRIAL, LicenseState.ACTIVE])
def test_who_may_choose_is_told_so_without_naming_an_edition(state, edition):
    answer = switching(Standing(terms=in_state(state, edition), live_at=NOW), None, at=NOW)

    assert (answer.may, answer.why_not, answer.takes_effect_at) == (True, "", None)


@pytest.mark.parametrize(
    ("terms", "to", "at"),
    [
        (bought(STANDARD), ADVANCED, NOW),
        (bought(ADVANCED), STANDARD, utc("2026-02-28T12:00:00")),
        (bought(ADVANCED, period=Period.NONE), STANDARD, NOW),
        (on_trial(ADVANCED), STANDARD, NOW),
    ],
)
def test_a_switch_says_when_it_would_be_in_force(terms, to, at):
    assert switching(Standing(terms=terms, live_at=NOW), to, at=NOW).takes_effect_at == at


@pytest.mark.parametrize("state", LicenseState)
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("to", Edition)
def test_what_is_said_of_a_switch_is_what_the_switch_does(state, edition, to):
    terms = in_state(state, edition)
    answer = switching(Standing(terms=terms, live_at=NOW), to, at=NOW)

    if answer.may:
        after = acts.switch(terms, to, at=NOW)
        assert answer.takes_effect_at == (NOW if after.next_edition is None else after.period_ends_at)
    else:
        with pytest.raises(ConflictError) as refused:
            acts.switch(terms, to, at=NOW)
        assert (answer.why_not, answer.rule) == (str(refused.value), refused.value.rule)


def test_a_trial_begins_once_where_an_app_costs_something_and_no_token_is_in_use():
    new = Standing(terms=in_state(LicenseState.NONE))

    assert may_begin_trial(new)
    assert not may_begin_trial(replace(new, paid=False))
    assert not may_begin_trial(replace(new, token=TokenTerms(prefix="tpa_ab")))
    assert not may_begin_trial(replace(new, terms=replace(new.terms, trial_used=True)))
    others = [state for state in LicenseState if state is not LicenseState.NONE]
    assert not any(may_begin_trial(Standing(terms=in_state(state))) for state in others)


def test_a_higher_edition_is_tried_where_editions_are_live_and_one_is_higher():
    standing = Standing(terms=bought(), live_at=NOW)

    assert may_try_edition(standing)
    assert may_try_edition(standing, at=NOW)
    assert not may_try_edition(standing, at=NOW - TICK)
    assert not may_try_edition(replace(standing, terms=bought(ADVANCED)))
    assert not may_try_edition(replace(standing, terms=replace(bought(), edition_trial_used=True)))
    for refused, rule in SWITCHES[:4]:
        assert not may_try_edition(refused), rule


def test_no_rule_names_an_edition_that_may_one_day_not_be_the_highest(project):
    for path in (project / "src" / "tradepost" / "core").glob("license*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert "ADVANCED" not in names, path
