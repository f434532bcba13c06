"""How long a decision counts, and what happens while the marketplace does not answer."""

import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from tests.host.conftest import APP_KEY, DAY
from tests.host.licenses.licenseworld import LicenseWorld, policies
from tests.host.test_real import side_by_side

from tradepost.foundation import outgoing
from tradepost.foundation.clock import domain_time_told_by
from tradepost.foundation.configuration import configuration
from tradepost.host.licenses import jobs
from tradepost.host.licenses.caching import PAGE_SECONDS, keep, refresh, renew
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.models import MarketplaceLink

MINUTE, SECOND, INSTANT = timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)
CACHE, STANDS = configuration.policy.license_cache, configuration.policy.license_stands


def now_active(house: LicenseWorld) -> bool:
    return license_of(house.installation(), now=house.now).active


def test_a_decision_counts_for_five_minutes_and_is_asked_for_at_the_instant_they_are_over(house: LicenseWorld) -> None:
    asked = house.questions()
    house.later(CACHE - INSTANT)
    house.look()
    assert house.questions() == asked
    house.later(INSTANT)
    house.look()
    assert house.questions() == asked + 1
    assert house.market.seconds[-1] == PAGE_SECONDS
    assert house.row().fresh_until == house.now + CACHE


def test_what_time_changes_sooner_is_asked_for_at_that_instant(house: LicenseWorld) -> None:
    house.market.decide(house.site.pk, changes_at=house.now + CACHE + 2 * MINUTE)
    house.later(CACHE)
    house.look()
    asked = house.questions()
    house.later(2 * MINUTE - INSTANT)
    house.look()
    assert house.questions() == asked
    house.later(INSTANT)
    house.market.decide(house.site.pk, state="trial_expired", active=False, changes_at=None)
    house.look()
    assert house.questions() == asked + 1
    assert not now_active(house)


def test_a_page_asks_once_for_all_apps_of_the_site(house: LicenseWorld) -> None:
    other = house.installation()
    copy = type(other).objects.create(
        site=other.site, app_key="other", state="enabled", client_key="other", sealed_secret=other.sealed_secret,
        oauth_client_id="other", running=other.running, newest=other.newest, installed_by="x", since=house.now,
    )  # fmt: skip
    house.later(DAY)
    asked = house.questions()
    house.look()
    assert house.questions() == asked + 1
    assert {each.app for each in house.market.asked[-1].questions} == {APP_KEY, copy.app_key}
    assert CachedLicense.objects.get(pk=copy.pk).answered_at == house.now, "that there is none is an answer, too"


@pytest.mark.parametrize("trouble", ["down", "500", "nonsense"])
def test_a_page_shows_what_was_decided_last_while_the_marketplace_is_in_trouble(
    house: LicenseWorld, trouble: str
) -> None:
    house.later(DAY)
    house.market.trouble = trouble
    assert b"lic=active" in house.look().content
    row = house.row()
    assert row.problem
    assert row.tried_at is not None
    house.look()
    link = MarketplaceLink.objects.get()
    assert link.license_held_until is not None

    house.market.trouble = ""
    house.market.decide(house.site.pk, state="expired", active=False)
    asked = house.questions()
    assert b"lic=active" in house.look().content, "nobody asks for half a minute"
    assert house.questions() == asked
    house.end_hold()
    assert b"lic=none" in house.look().content
    assert house.row().problem == ""


def test_the_last_decision_stands_for_seven_days_and_at_that_instant_the_license_is_inactive(
    house: LicenseWorld,
) -> None:
    house.push(house.market.decide(house.site.pk, edition="advanced"))
    house.work()
    house.market.trouble = "down"
    house.later(STANDS - INSTANT)
    assert now_active(house)
    house.later(INSTANT)

    told = license_of(house.installation(), now=house.now)

    assert (told.active, told.exists, told.capability_set) == (False, True, "capabilityAdvanced")
    assert "7 days" in told.reason
    with policies(expired_keeps_edition=False):
        assert license_of(house.installation(), now=house.now).edition is None


def test_an_app_hears_that_its_license_ran_out_and_that_it_is_back(house: LicenseWorld) -> None:
    house.market.trouble = "down"
    house.later(STANDS)
    jobs.refresh_unseen(house.now)
    house.work()
    [event] = house.ears.bodies("/hooks/license")
    assert event["license"]["active"] is False

    house.market.trouble = ""
    house.end_hold()
    house.look()
    house.work()

    assert [each["license"]["active"] for each in house.ears.bodies("/hooks/license")] == [False, True]


def test_a_trial_whose_end_passes_while_the_marketplace_is_down_goes_on_as_it_was(house: LicenseWorld) -> None:
    house.push(house.market.decide(house.site.pk, changes_at=house.now + MINUTE))
    house.market.trouble = "down"
    house.later(DAY)
    house.look()
    assert now_active(house), "the last decision stands, whatever it expected of time"


def test_old_news_changes_nothing_and_the_same_news_may_say_what_time_has_changed(house: LicenseWorld) -> None:
    known = house.row().revision
    decision = house.market.decisions[house.site.pk, APP_KEY]
    newer = house.market.decide(house.site.pk, revision=known + 5, edition="advanced")
    assert keep([newer, decision], now=house.now) == 1
    assert keep([decision], now=house.now) == 0
    assert license_of(house.installation(), now=house.now).capability_set == "capabilityAdvanced"
    same = house.market.decide(house.site.pk, revision=known + 5, state="expired", active=False)
    assert keep([same], now=house.now, pushed=True) == 0, "a push that comes again"
    assert keep([same], now=house.now - SECOND) == 0, "an answer that was overtaken"
    assert keep([same], now=house.now) == 1
    assert not now_active(house)


def test_an_answer_that_a_push_overtakes_changes_nothing(house: LicenseWorld) -> None:
    house.later(CACHE)
    overtaking = house.market.decide(house.site.pk, state="expired", active=False)
    house.market.decide(house.site.pk, revision=overtaking.revision - 1, state="trial", active=True)
    streets: Any = house.world.streets

    def push_first(request: outgoing.OutgoingRequest) -> None:
        if request.url.endswith("/wire/1/licenses"):
            streets.before = lambda _: None
            assert house.push(overtaking).status_code == 204

    streets.before = push_first
    refresh([house.installation()], now=house.now)
    assert not now_active(house)
    assert house.row().revision == overtaking.revision


def test_another_marketplace_counts_from_the_beginning(house: LicenseWorld) -> None:
    from tradepost.host.marketlink.commands import enrol

    house.market.codes.add("tpe_second-code")
    enrol(code="tpe_second-code", url="http://market.example:8000", by=house.world.operator, now=house.now)
    assert now_active(house), "until it says otherwise"
    house.market.decide(house.site.pk, revision=0, state="expired", active=False)
    house.look()
    assert not now_active(house)


def test_all_of_one_page_is_of_one_moment(house: LicenseWorld) -> None:
    """A push that comes while a page is made changes the next page, not the rest of this one."""
    from tradepost.host.licenses import moment

    moment.begin()
    try:
        renew(house.site)
        first = license_of(house.installation())
        CachedLicense.objects.all().update(decision=None)
        assert license_of(house.installation()) == first
    finally:
        moment.end()
    assert license_of(house.installation(), now=house.now) != first


def test_decisions_that_nobody_looks_at_are_asked_for_within_half_a_day_in_one_request(house: LicenseWorld) -> None:
    due = house.row().due_at
    assert due is not None
    assert timedelta(hours=6) <= due - house.now <= timedelta(hours=12)
    asked = house.questions()
    assert jobs.refresh_unseen(due - INSTANT) == 0
    house.world.now = due
    assert jobs.refresh_unseen(house.now) == 1
    assert jobs.refresh_unseen(house.now) == 0
    assert house.questions() == asked + 1
    assert house.row().answered_at == house.now


def test_what_got_no_answer_is_asked_for_again_ten_minutes_later_and_what_is_gone_no_more(house: LicenseWorld) -> None:
    house.market.trouble = "down"
    house.later(DAY)
    assert jobs.refresh_unseen(house.now) == 1
    assert house.row().due_at == house.now + 10 * MINUTE
    assert jobs.find_next_due() is None, "held off"
    type(house.installation()).objects.update(state="uninstalled")
    house.end_hold()
    house.later(10 * MINUTE)
    assert jobs.refresh_unseen(house.now) == 1
    assert house.row().due_at is None


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
def test_a_page_waits_for_a_real_marketplace_no_longer_than_it_may(house: LicenseWorld, trouble: str) -> None:
    house.later(DAY)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    if trouble == "refuses":
        listening.close()
    MarketplaceLink.objects.update(url=f"http://127.0.0.1:{port}")
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    try:
        with outgoing.replace(client), domain_time_told_by(lambda: house.now):
            began = time.monotonic()
            page = house.look()
            took = time.monotonic() - began
            tried = house.row().tried_at
            house.look()
            assert house.row().tried_at == tried, "nobody asked again"
    finally:
        client.close()
        listening.close()
    assert b"lic=active" in page.content
    assert took < PAGE_SECONDS * 5, "and not the half minute that a job would take"
    assert house.row().problem


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_once_both_show_what_is_decided(transactional_db: None, house: LicenseWorld) -> None:
    house.later(DAY)
    house.market.decide(house.site.pk, edition="advanced")
    gate = threading.Barrier(2)
    streets: Any = house.world.streets

    def meet(request: outgoing.OutgoingRequest) -> None:
        if request.url.endswith("/wire/1/licenses"):
            try:
                gate.wait(5)
            except threading.BrokenBarrierError:
                return

    streets.before = meet
    clients = [house.client(), house.client()]
    path = f"/alpha/plugins/servlet/ac/{APP_KEY}/page"
    pages = side_by_side(*(lambda client=client: client.get(path).content for client in clients))
    assert [b"capSet=capabilityAdvanced" in each for each in pages] == [True, True]
    assert house.row().revision == house.market.decisions[house.site.pk, APP_KEY].revision
    house.work()
    assert len(house.ears.bodies("/hooks/license")) == 1, "one change is told once"
