"""The plan for deployed apps: minors flow, majors are asked for, rollouts and turns, and code ahead of permissions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.consent import Ask, ConsentKind, ConsentPolicy, Terms, what_is_asked
from tradepost.core.plan import (
    Because,
    InstallationFacts,
    KnownVersion,
    Nothing,
    Rollout,
    Start,
    Wait,
    find_consent,
    find_intent,
    plan_upgrade,
)
from tradepost.core.version import Version

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=100)
POLICY = ConsentPolicy()
READ, WRITE = frozenset({"READ"}), frozenset({"READ", "WRITE"})
FREE = Ask(frozenset(), becomes_paid=False, api_version=None)
RAISED = Ask(frozenset(), becomes_paid=False, api_version=None, other=(("equivalence.scope_raised", "More."),))


def deployed(number, rights=READ, *, paid=False):
    parsed = Version.parse(number)
    return KnownVersion(number, parsed.order_key, Terms(rights, paid, 1, major=parsed.major))


def watched(number, rights=READ):
    parsed = Version.parse(number)
    return KnownVersion(number, parsed.order_key, Terms(rights, False, parsed.major))


def plan(running, newest, **facts):
    return plan_upgrade(InstallationFacts(running=running, newest=newest, **facts), now=NOON, policy=POLICY)


def said(answer):
    """A plan in short: what is done or waited for, to which version, and what else is asked."""
    if isinstance(answer, Nothing):
        return "nothing"
    also = f" while {answer.also.because} about {answer.also.target.number}" if answer.also else ""
    if isinstance(answer, Wait):
        return f"{answer.because} {answer.target.number}{also}"
    return f"start {answer.target.number}{' code only' if answer.keeps_grant else ''}{also}"


ONE, ONE_TWO, TWO, TWO_ONE = deployed("1.1.0"), deployed("1.2.0"), deployed("2.0.0"), deployed("2.1.0")
MORE, MORE_ONE, THREE = deployed("2.0.0", WRITE), deployed("2.1.0", WRITE), deployed("3.0.0")
ASKS_TWO = what_is_asked(ONE.terms, TWO.terms).fingerprint
ASKS_MORE = what_is_asked(ONE.terms, MORE.terms).fingerprint


@pytest.mark.parametrize(
    ("running", "newest", "facts", "expected"),
    [
        (ONE, ONE, {}, "nothing"),
        (TWO, ONE_TWO, {}, "nothing"),
        (ONE, ONE_TWO, {}, "start 1.2.0"),
        (ONE, deployed("1.2.0", WRITE), {}, "consent 1.2.0"),
        (ONE, deployed("1.2.0", paid=True), {}, "consent 1.2.0"),
        (ONE, TWO, {"within": deployed("1.2.0", WRITE)}, "consent 2.0.0"),
        (ONE, TWO, {}, "consent 2.0.0"),
        (ONE, TWO, {"within": ONE_TWO}, "start 1.2.0 while consent about 2.0.0"),
        (ONE_TWO, TWO, {"within": ONE}, "consent 2.0.0"),
        (ONE, TWO, {"declined": {ASKS_TWO}}, "declined 2.0.0"),
        (ONE, TWO, {"declined": {ASKS_TWO}, "within": ONE_TWO}, "start 1.2.0 while declined about 2.0.0"),
        (ONE, TWO_ONE, {"approved_asks": {ASKS_TWO}}, "start 2.1.0"),
        (ONE, TWO, {"approved_asks": {ASKS_TWO}, "within": ONE_TWO}, "start 2.0.0"),
        (ONE, MORE, {"approved_asks": {ASKS_TWO}}, "consent 2.0.0"),
        (ONE, THREE, {"approved_asks": {ASKS_TWO}}, "consent 3.0.0"),
        # A rollout that gives no new right
        (ONE, TWO, {"rollout": Rollout.BULK}, "start 2.0.0"),
        (ONE, TWO, {"rollout": Rollout.BULK, "declined": {ASKS_TWO}}, "start 2.0.0"),
        # Code ahead of permissions
        (ONE, MORE, {"rollout": Rollout.ROLLING}, "start 2.0.0 code only while consent about 2.0.0"),
        (ONE, MORE, {"rollout": Rollout.ROLLING, "approved_asks": {ASKS_MORE}}, "start 2.0.0"),
        (MORE, MORE, {"granted": ONE}, "consent 2.0.0"),
        (MORE, MORE, {"granted": ONE, "declined": {ASKS_MORE}}, "declined 2.0.0"),
        (MORE, MORE, {"granted": ONE, "approved_asks": {ASKS_MORE}}, "start 2.0.0"),
        (MORE, MORE_ONE, {"granted": ONE}, "start 2.1.0 code only while consent about 2.1.0"),
        (MORE, MORE_ONE, {"granted": ONE, "approved_asks": {ASKS_MORE}}, "start 2.1.0"),
        (MORE, THREE, {"granted": ONE, "within": MORE_ONE}, "start 2.1.0 code only while consent about 3.0.0"),
        (MORE, THREE, {"granted": ONE, "rollout": Rollout.BULK}, "start 3.0.0"),
        (MORE, THREE, {"granted": ONE, "rollout": Rollout.ROLLING}, "start 3.0.0 code only while consent about 3.0.0"),
        (MORE, ONE, {"granted": ONE}, "consent 2.0.0"),
        # A watched app becomes a deployed one
        (watched("1.9.0"), TWO, {"crossing": FREE}, "start 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "turn_at": LATER}, "turn 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "turn_at": NOON}, "start 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "turn_at": LATER, "by_administrator": True}, "start 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "turn_at": LATER, "rollout": Rollout.BULK}, "start 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "for_vendor": True}, "vendor 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": FREE, "for_vendor": True, "by_administrator": True}, "start 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": RAISED, "turn_at": LATER}, "consent 2.0.0"),
        (watched("1.9.0"), TWO, {"crossing": RAISED, "declined": {RAISED.fingerprint}}, "declined 2.0.0"),
        (
            watched("1.9.0"),
            TWO,
            {"crossing": RAISED, "approved_asks": {RAISED.fingerprint}, "turn_at": LATER},
            "start 2.0.0",
        ),
    ],
)
def test_what_is_done_with_a_deployed_app(running, newest, facts, expected):
    assert said(plan(running, newest, **facts)) == expected


def test_the_turn_and_the_vendor_end_a_wait():
    turn = plan(watched("1.9.0"), TWO, crossing=FREE, turn_at=LATER)
    vendor = plan(watched("1.9.0"), TWO, crossing=FREE, for_vendor=True)

    assert (turn.until, turn.person) == (LATER, None)
    assert (vendor.until, vendor.person) == (None, "vendor")


def test_a_pause_after_a_failure_leaves_the_question_open():
    answer = plan(ONE, TWO, within=ONE_TWO, retry_at=LATER, failure="no answer")

    assert said(answer) == "retry 1.2.0 while consent about 2.0.0"
    assert answer.until == LATER


numbers = st.builds(lambda major, minor: f"{major}.{minor}.0", st.integers(1, 4), st.integers(0, 3))
rights = st.frozensets(st.sampled_from(["READ", "WRITE", "DELETE", "ADMIN"]))
versions = st.builds(deployed, numbers, rights, paid=st.booleans())
fingerprints = st.frozensets(st.sampled_from(["approved", "declined", "other"]))


@st.composite
def situations(draw):
    """Facts of a deployed app as they can be: within is of the running major and older than the newest, say."""
    running = draw(versions)
    newest = draw(versions)
    granted = draw(st.none() | versions)
    if granted is not None and granted.terms.major >= running.terms.major:
        granted = None
    minor = draw(st.integers(0, 5))
    within = deployed(f"{running.terms.major}.{minor}.0", running.terms.rights)
    ask = what_is_asked((granted or running).terms, newest.terms).fingerprint
    return InstallationFacts(
        running=running,
        newest=newest,
        within=within if within.order_key < newest.order_key and draw(st.booleans()) else None,
        granted=granted,
        rollout=draw(st.none() | st.sampled_from(Rollout)),
        approved_asks={ask} if draw(st.booleans()) else set(),
        declined={ask} if draw(st.booleans()) else set(),
        by_administrator=draw(st.booleans()),
    )


@given(situations())
def test_a_site_is_never_taken_back_and_never_further_than_its_newest(facts):
    answer = plan_upgrade(facts, now=NOON, policy=POLICY)

    if isinstance(answer, Start):
        assert facts.running.order_key <= answer.target.order_key
        assert answer.target in (facts.newest, facts.within, facts.running)


@given(situations())
def test_a_minor_of_the_running_major_never_waits_for_a_person(facts):
    answer = plan_upgrade(facts, now=NOON, policy=POLICY)

    if facts.silent is not None:
        assert isinstance(answer, Start)
        assert answer.target.order_key >= facts.silent.order_key


@given(situations())
def test_another_major_comes_by_approval_or_rollout_only_and_what_is_granted_grows_by_them_only(facts):
    answer = plan_upgrade(facts, now=NOON, policy=POLICY)
    if not isinstance(answer, Start):
        return
    granted = facts.granted or facts.running
    is_approved = answer.consent is not None and answer.consent.kind is ConsentKind.COVERED
    is_bulk = facts.rollout is Rollout.BULK
    if answer.target.terms.major != facts.running.terms.major:
        assert is_approved or is_bulk or (facts.rollout is Rollout.ROLLING and answer.keeps_grant)
    if answer.target.terms.major != granted.terms.major:
        assert answer.keeps_grant or is_approved or is_bulk
    if facts.granted is not None and not (is_approved or is_bulk):
        assert answer.keeps_grant


@given(situations())
def test_whatever_is_not_decided_is_asked_and_what_was_declined_is_not(facts):
    answer = plan_upgrade(facts, now=NOON, policy=POLICY)
    consent = find_consent(facts, policy=POLICY)
    waits = answer if isinstance(answer, Wait) else getattr(answer, "also", None)

    if consent is None or consent.may_upgrade:
        assert waits is None
    elif waits is not None:
        declined = consent.ask.fingerprint in facts.declined
        assert waits.because is (Because.DECLINED if declined else Because.CONSENT)
        assert waits.ask == consent.ask
    else:
        assert facts.rollout is Rollout.BULK


@given(situations(), st.integers(0, 200))
def test_what_is_to_be_done_does_not_depend_on_pauses(facts, minutes):
    intent = find_intent(facts, now=NOON, policy=POLICY)
    answer = plan_upgrade(facts, now=NOON + timedelta(minutes=minutes), policy=POLICY)

    assert said(answer) == said(intent)


@given(rights, st.integers(-50, 200), st.booleans())
def test_a_crossing_that_asks_nothing_comes_at_its_turn_at_the_latest(after, hours, by_administrator):
    turn = NOON + timedelta(hours=hours)
    answer = plan(
        watched("1.9.0"), deployed("2.0.0", after), crossing=FREE, turn_at=turn, by_administrator=by_administrator
    )

    if isinstance(answer, Wait):
        assert not by_administrator
        assert answer.until == turn > NOON
    else:
        assert said(answer) == "start 2.0.0"
