"""The plan of one installation: start, wait or nothing, always with a reason and an end or a person."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.consent import ConsentKind, ConsentPolicy, Terms, what_is_asked
from tradepost.core.plan import Because, InstallationFacts, KnownVersion, Nothing, Start, Wait, plan_upgrade
from tradepost.core.window import MAX_WINDOW_WAIT, MaintenanceWindow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
POLICY = ConsentPolicy()
READ = Terms(frozenset({"READ"}), paid=False, api_version=1)
WRITE = Terms(frozenset({"READ", "WRITE"}), paid=False, api_version=1)
PAID = Terms(frozenset({"READ"}), paid=True, api_version=1)
WINDOW = MaintenanceWindow(time(1), time(3))


def version(number: int, terms: Terms = READ) -> KnownVersion:
    return KnownVersion(f"1.{number}.0", number, terms)


def plan(running=None, newest=None, now=NOON, **facts):
    facts = {"window": WINDOW, "zone": ZoneInfo("UTC"), **facts}
    return plan_upgrade(InstallationFacts(running=running, newest=newest, **facts), now=now, policy=POLICY)


def test_a_site_on_the_newest_version_has_nothing_to_do():
    assert plan(version(3), version(3)) == Nothing()


def test_a_site_is_never_taken_back_to_an_older_version():
    assert plan(version(3), version(2)) == Nothing()


def test_an_app_nobody_offers_has_nothing_to_do():
    assert plan(version(3), None) == Nothing()


def test_a_version_that_asks_nothing_starts_at_once():
    answer = plan(version(1), version(2))

    assert isinstance(answer, Start)
    assert answer.target.number == "1.2.0"
    assert answer.consent.kind is ConsentKind.FREE


@pytest.mark.parametrize("terms", [WRITE, PAID, Terms(frozenset({"READ"}), paid=False, api_version=2)])
def test_a_version_that_asks_more_waits_for_an_administrator(terms):
    answer = plan(version(1), version(2, terms))

    assert isinstance(answer, Wait)
    assert (answer.because, answer.until, answer.person) == (Because.CONSENT, None, "site administrator")
    assert answer.ask


def test_what_was_declined_is_not_asked_again_but_still_explained():
    declined = what_is_asked(READ, WRITE, POLICY).fingerprint

    answer = plan(version(1), version(2, WRITE), declined=[declined])

    assert isinstance(answer, Wait)
    assert answer.because is Because.DECLINED


def test_an_approval_serves_a_later_version_that_asks_no_more():
    assert isinstance(plan(version(1), version(3, WRITE), approved=WRITE), Start)


def test_a_site_jumps_over_versions_it_never_approved_when_the_scope_is_dropped_again():
    assert isinstance(plan(version(1), version(9, READ)), Start)


def test_an_upgrade_due_inside_the_maintenance_window_waits_for_its_end():
    answer = plan(version(1), version(2), now=NIGHT)

    assert isinstance(answer, Wait)
    assert answer.because is Because.WINDOW
    assert answer.until == NIGHT.replace(hour=3, minute=0)


def test_an_administrators_own_approval_goes_through_inside_the_window():
    assert isinstance(plan(version(1), version(2, WRITE), now=NIGHT, approved=WRITE, by_administrator=True), Start)


def test_a_failed_call_is_tried_again_after_its_pause_and_says_why():
    answer = plan(version(1), version(2), retry_at=NOON + timedelta(minutes=5), failure="the app answered 500")

    assert isinstance(answer, Wait)
    assert (answer.because, answer.until) == (Because.RETRY, NOON + timedelta(minutes=5))
    assert "500" in answer.text


def test_a_first_installation_is_the_administrators_own_act():
    answer = plan(None, version(1, WRITE), now=NIGHT, by_administrator=True)

    assert isinstance(answer, Start)
    assert answer.consent is None


rights = st.frozensets(st.sampled_from(["READ", "WRITE", "DELETE", "ADMIN", "ACT_AS_USER"]))
terms = st.builds(Terms, rights, st.booleans(), st.integers(1, 3))


@given(
    running=terms,
    offered=terms,
    approved=st.none() | terms,
    minutes=st.integers(0, 60 * 24 * 400),
    waited=st.integers(0, 600),
    by_administrator=st.booleans(),
)
def test_no_right_is_gained_without_consent_and_every_wait_ends(
    running, offered, approved, minutes, waited, by_administrator
):
    now = NOON + timedelta(minutes=minutes)
    answer = plan(
        version(1, running),
        version(2, offered),
        now=now,
        approved=approved,
        due_since=now - timedelta(minutes=waited),
        by_administrator=by_administrator,
        zone=ZoneInfo("Europe/Berlin"),
    )

    if isinstance(answer, Start):
        granted = running.rights | (approved.rights if approved else frozenset())
        assert offered.rights <= granted
        assert not offered.paid or running.paid or (approved is not None and approved.paid)
    else:
        assert isinstance(answer, Wait)
        assert answer.text
        assert answer.person or now < answer.until <= now - timedelta(minutes=waited) + MAX_WINDOW_WAIT
