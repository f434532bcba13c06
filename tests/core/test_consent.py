"""Consent: what a site is asked, what an approval covers, and what a decline remembers."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import SCOPES

from tradepost.core.consent import Ask, ConsentKind, ConsentPolicy, Terms, covers, decide_consent, what_is_asked
from tradepost.core.errors import InvalidInputError
from tradepost.core.scopes import expand

SEAMLESS = ConsentPolicy(api_version_needs_consent=False)
terms = st.builds(Terms, st.lists(st.sampled_from(SCOPES)).map(expand), st.booleans(), st.integers(1, 4))
policies = st.sampled_from([ConsentPolicy(), SEAMLESS])


def has(*scopes, paid=False, api_version=1):
    return Terms(expand(scopes), paid, api_version)


@pytest.mark.parametrize(
    ("running", "offered", "kind"),
    [
        (has("READ"), has("READ"), ConsentKind.FREE),
        (has("WRITE"), has("WRITE", "READ"), ConsentKind.FREE),
        (has("ADMIN"), has("PROJECT_ADMIN", "SPACE_ADMIN"), ConsentKind.FREE),
        (has("ADMIN"), has(), ConsentKind.FREE),
        (has(), has("NONE"), ConsentKind.FREE),
        (has(paid=True), has(), ConsentKind.FREE),
        (has(api_version=2), has(api_version=2), ConsentKind.FREE),
        (has("READ"), has("WRITE"), ConsentKind.NEEDED),
        (has("PROJECT_ADMIN"), has("ADMIN"), ConsentKind.NEEDED),
        (has("ADMIN"), has("ACT_AS_USER"), ConsentKind.NEEDED),
        (has(), has("READ_MAIL"), ConsentKind.NEEDED),
        (has(), has(paid=True), ConsentKind.NEEDED),
        (has(), has(api_version=2), ConsentKind.NEEDED),
    ],
)
def test_more_rights_payment_or_a_higher_api_version_need_an_administrator(running, offered, kind):
    assert decide_consent(running, offered).kind is kind


def test_the_policy_can_let_a_higher_api_version_pass():
    assert decide_consent(has(), has(api_version=2), policy=SEAMLESS).kind is ConsentKind.FREE


@given(terms, terms, policies)
def test_rights_never_grow_and_nobody_starts_to_pay_without_a_question(running, offered, policy):
    verdict = decide_consent(running, offered, policy=policy)

    if not offered.rights <= running.rights or (offered.paid and not running.paid):
        assert verdict.kind is ConsentKind.NEEDED
        assert not verdict.may_upgrade
    assert verdict.reasons


@given(terms, terms, terms, policies)
def test_an_approval_covers_what_asks_no_more_and_nothing_else(running, approved, offered, policy):
    covered = covers(approved, running, offered, policy)

    assert covers(approved, running, approved, policy)
    if covered:
        assert offered.rights <= running.rights | approved.rights
        assert not offered.paid or running.paid or approved.paid
    else:
        assert what_is_asked(running, offered, policy)
        assert what_is_asked(approved, offered, policy)


@given(terms, terms, policies)
def test_what_was_approved_may_be_installed(running, offered, policy):
    verdict = decide_consent(running, offered, approved=offered, policy=policy)

    assert verdict.may_upgrade


def test_an_approval_serves_for_a_later_version_that_asks_less():
    approved = has("READ", "DELETE", paid=True)

    assert decide_consent(has("READ"), has("WRITE"), approved=approved).kind is ConsentKind.COVERED
    assert decide_consent(has("READ"), has("DELETE", "ADMIN"), approved=approved).kind is ConsentKind.NEEDED


@given(terms, terms, policies)
def test_the_same_ask_is_not_made_again_after_a_decline(running, offered, policy):
    ask = what_is_asked(running, offered, policy)

    verdict = decide_consent(running, offered, declined={ask.fingerprint}, policy=policy)

    assert verdict.kind is (ConsentKind.DECLINED if ask else ConsentKind.FREE)
    assert verdict.may_upgrade is not bool(ask)


@given(terms, terms, terms)
def test_another_ask_than_the_declined_one_is_made_anew(running, refused, offered):
    before, now = what_is_asked(running, refused), what_is_asked(running, offered)

    verdict = decide_consent(running, offered, declined={before.fingerprint})

    if now and now != before:
        assert verdict.kind is ConsentKind.NEEDED


def test_a_smaller_ask_than_the_declined_one_is_made_anew():
    declined = {what_is_asked(has("READ"), has("ADMIN")).fingerprint}

    assert decide_consent(has("READ"), has("WRITE"), declined=declined).kind is ConsentKind.NEEDED


@given(terms, terms, terms, terms)
def test_two_asks_have_the_same_fingerprint_exactly_when_they_ask_the_same(one, two, three, four):
    some, other = what_is_asked(one, two), what_is_asked(three, four)

    assert (some.fingerprint == other.fingerprint) == (some == other)


@given(terms, terms)
def test_an_ask_is_read_back_as_it_was_stored(running, offered):
    ask = what_is_asked(running, offered)

    assert Ask.from_json(ask.to_json()) == ask


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"rights": "READ", "becomes_paid": False, "api_version": None},
        {"rights": [1], "becomes_paid": False, "api_version": None},
        {"rights": [], "becomes_paid": 1, "api_version": None},
        {"rights": [], "becomes_paid": False, "api_version": True},
    ],
)
def test_anything_else_than_a_stored_ask_is_refused(value):
    with pytest.raises(InvalidInputError):
        Ask.from_json(value)


def test_an_ask_is_said_in_plain_words():
    ask = what_is_asked(has("READ"), has("WRITE", "X", paid=True, api_version=2))

    assert ask.sentences == (
        "The app wants to create and change content in the site (WRITE).",
        "The app wants to use the scope X, which is not known here (X).",
        "The app is free now and will have to be paid for.",
        "The app moves to a new major version (2), which may work differently.",
    )


@pytest.mark.parametrize(
    ("offered", "asks"),
    [(has("READ"), False), (has(), False), (has("ADMIN"), True), (has("READ", paid=True), True)],
)
def test_within_one_deployed_major_nothing_is_asked_unless_it_brought_a_right_against_the_rules(offered, asks):
    ask = what_is_asked(replace(has("READ"), major=2), replace(offered, major=2))

    assert bool(ask) is asks


def test_another_deployed_major_is_asked_for_whatever_it_brings():
    ask = what_is_asked(replace(has("READ", "WRITE"), major=2), replace(has("READ"), major=4))

    assert ask == Ask(frozenset(), becomes_paid=False, api_version=None, major=4)
    assert ask.sentences == ("The app moves to its major version 4, which a site never does unasked.",)


def test_an_approval_of_a_deployed_major_serves_for_exactly_what_it_was_given_for():
    running = replace(has("READ"), major=1)
    two, three = replace(has("READ", "WRITE"), major=2), replace(has("READ"), major=3)
    approved = {what_is_asked(running, two).fingerprint}

    assert decide_consent(running, two, approved_asks=approved).kind is ConsentKind.COVERED
    assert decide_consent(running, three, approved_asks=approved, approved=two).kind is ConsentKind.NEEDED


@given(terms, terms, st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3), st.integers(1, 9))
def test_what_only_deployed_apps_ask_is_read_back_too(running, offered, other, major):
    ask = replace(what_is_asked(running, offered), other=tuple(other), major=major)

    assert Ask.from_json(json.loads(json.dumps(ask.to_json()))) == ask
    assert ask.fingerprint != replace(ask, major=major + 1).fingerprint


@pytest.mark.parametrize("more", [{"major": "2"}, {"major": True}, {"other": "x"}, {"other": [["one"]]}])
def test_a_stored_ask_with_something_else_in_it_is_refused(more):
    with pytest.raises(InvalidInputError):
        Ask.from_json({"rights": [], "becomes_paid": False, "api_version": None, **more})
