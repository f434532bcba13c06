"""Rollouts that a vendor starts: what a report does to a site, and how they end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.bulk import (
    REFUSING,
    SiteReport,
    answers_within,
    decide_end,
    event_of_report,
    say_silence,
)
from tradepost.core.states import BULK_SITE, BulkSiteEvent, BulkSiteState, BulkUpgradeEvent, advance

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REACHED = 2_000_000_000_000
WORDS = [
    "current", "scheduled", "waiting_consent", "declined", "waiting_window", "waiting_turn", "waiting_vendor", "failed",
    "installing", "install_failed", "uninstalled", "a word of tomorrow",
]  # fmt: skip


def event(state, order_key, word, since=START + MINUTE):
    report = SiteReport(order_key, word, since)
    return event_of_report(BulkSiteState(state), report, reached=REACHED, started_at=START)


@pytest.mark.parametrize("state", ["pending", "failed"])
@pytest.mark.parametrize("word", [word for word in WORDS if word != "uninstalled"])
def test_a_site_that_runs_the_version_has_come_whatever_else_it_waits_for(state, word):
    for order_key in (REACHED, REACHED + 10**6, REACHED + 10**12):
        assert event(state, order_key, word) is BulkSiteEvent.UPGRADED


@pytest.mark.parametrize("word", sorted(REFUSING))
def test_a_pending_site_that_refuses_counts_as_failed_until_it_comes(word):
    assert event("pending", REACHED - 1, word) is BulkSiteEvent.FAILED
    assert event("failed", REACHED - 1, word) is None


@pytest.mark.parametrize("word", sorted(REFUSING))
def test_a_refusal_from_before_the_rollout_says_nothing_of_it(word):
    assert event("pending", 1, word, since=START - MINUTE) is None
    assert event("pending", 1, word, since=START) is BulkSiteEvent.FAILED


@pytest.mark.parametrize("word", sorted(set(WORDS) - REFUSING - {"uninstalled"}))
def test_a_site_on_its_way_stays_pending(word):
    assert event("pending", REACHED - 1, word) is None
    assert event("pending", None, word) is None


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_a_site_without_the_app_has_left(state):
    assert event(state, None, "uninstalled") is BulkSiteEvent.LEFT


@pytest.mark.parametrize("state", ["upgraded", "left"])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("order_key", [None, 1, REACHED])
def test_what_has_ended_stays_ended(state, word, order_key):
    assert event(state, order_key, word) is None


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 2 * REACHED)),
            st.sampled_from(WORDS),
            st.integers(-100, 100),
        )
    )
)
def test_whatever_is_reported_follows_the_table_and_the_same_twice_is_once(reports):
    state = BulkSiteState.PENDING
    for order_key, word, minutes in reports:
        report = SiteReport(order_key, word, START + minutes * MINUTE)
        for _ in range(2):
            happened = event_of_report(state, report, reached=REACHED, started_at=START)
            before, state = state, advance(BULK_SITE, state, happened) if happened else state
        assert event_of_report(state, report, reached=REACHED, started_at=START) is None
        assert state is before or happened is not None


def test_a_rollout_ends_when_nobody_is_pending_and_well_when_somebody_came():
    assert decide_end(pending=1, upgraded=9) is None
    assert decide_end(pending=0, upgraded=1) is BulkUpgradeEvent.COMPLETED
    assert decide_end(pending=0, upgraded=0) is BulkUpgradeEvent.FAILED


def test_a_site_has_a_day_more_than_it_needs_to_ask():
    assert answers_within(timedelta(hours=24)) == timedelta(hours=48)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (None, "not heard of"),
        (SiteReport(1, "current", START - MINUTE), "not heard of"),
        (SiteReport(1, "current", START + MINUTE), "it waited for nothing"),
        (SiteReport(1, "waiting_consent", START - MINUTE), "its administrator's consent"),
        (SiteReport(1, "waiting_window", START + MINUTE), "its maintenance window"),
    ],
)
def test_why_a_silent_site_counts_as_failed_is_said_as_far_as_it_is_known(report, said):
    assert said in say_silence(report, started_at=START)
