"""A site that reads its apps' addresses itself: numbers, questions of consent, problems, politeness."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.host.conftest import APP_KEY, person
from tests.host.upm.conftest import Desk
from tests.host.upm.devapps import developing

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation import jobs
from tradepost.foundation.configuration import Policy, configuration
from tradepost.foundation.models import AuditEntry
from tradepost.host.approvals.commands import approve
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.commands import uninstall
from tradepost.host.marketlink.models import PendingReport
from tradepost.host.sites.commands import set_member
from tradepost.host.upgrading.models import Upgrade
from tradepost.host.upm import polling
from tradepost.host.upm.models import AddressListing
from tradepost.host.upm.polling import claim_due, find_next_poll, poll_due, poll_now
from tradepost.host.upm.requests import install_by_address

HOUR = timedelta(hours=1)
LONGEST = 5 * HOUR


def test_a_change_is_taken_within_five_hours_and_numbered_by_the_rules(desk: Desk) -> None:
    desk.install()
    desk.app.change(name="Better")
    desk.work(after=LONGEST)
    assert desk.runs() == "1.0.1"
    desk.app.change(modules={"generalPages": [{"key": "p", "name": {"value": "P"}, "url": "/p"}]})
    desk.work(after=LONGEST)
    assert desk.runs() == "1.0.2"


def test_a_change_that_asks_for_more_waits_for_an_administrator(desk: Desk) -> None:
    desk.install()
    desk.app.change(scopes=["READ", "WRITE"])
    desk.work(after=LONGEST)
    assert desk.runs() == "1.0.0"
    waiting = Approval.objects.get(state="waiting")
    assert len(desk.mails()) == 1
    approve(waiting.pk, fingerprint=waiting.fingerprint, by=desk.admin, now=desk.now)
    desk.work()
    assert desk.runs() == "1.1.0"


def test_the_marketplace_is_neither_asked_nor_told(desk: Desk) -> None:
    desk.install()
    desk.app.change(name="Better")
    desk.work(after=LONGEST)
    with developing(APP_KEY) as listed:
        desk.world.marketplace.publish(listed.document, "1.0.0", at=desk.now)
        desk.world.install(desk.site)
        desk.world.check()
    assert set(PendingReport.objects.values_list("installation__app_key", flat=True)) == {APP_KEY}
    [asked] = desk.world.marketplace.checks[-1].sites
    assert [each.app for each in asked.installations] == [APP_KEY]
    assert desk.runs() == "1.0.1"


def test_what_has_not_changed_is_asked_for_with_its_etag_and_writes_nothing(desk: Desk) -> None:
    desk.app.answers = (200, {"ETag": '"one"'}, json.dumps(desk.app.document).encode())
    desk.install()
    desk.app.answers = (304, {}, b"")
    desk.app.asked.clear()
    rows = AuditEntry.objects.count()
    desk.work(after=LONGEST)
    assert [each.get("If-None-Match") for each in desk.app.asked] == ['"one"']
    assert (AuditEntry.objects.count(), Upgrade.objects.count()) == (rows, 1)


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"apiVersion": 1}, "api_version.lowered"), ({"key": "another", "apiVersion": 2}, "key.changed")],
)
def test_a_lowered_api_version_and_another_key_are_refused_and_told_once(
    desk: Desk, change: dict[str, object], rule: str
) -> None:
    desk.app.change(apiVersion=2)
    desk.install()
    desk.app.change(**change)
    for _ in range(4):
        desk.work(after=HOUR * 2)
    problem = desk.address().problem
    assert problem is not None
    assert problem["problems"][0]["rule"] == rule
    assert (desk.runs(), len(desk.mails())) == ("2.0.0", 1)


def test_after_failures_it_is_tried_sooner_and_never_later_than_five_hours(desk: Desk) -> None:
    desk.install()
    desk.app.answers = (500, {}, b"")
    desk.work(after=LONGEST)
    pauses = []
    for _ in range(8):
        before = desk.now
        pauses.append(desk.address().next_poll_at - before)
        desk.work(after=pauses[-1])
    assert pauses[0] <= timedelta(minutes=15)
    assert all(pause <= LONGEST for pause in pauses)
    assert pauses[-1] > 4 * HOUR
    assert len(desk.mails()) == 1
    desk.app.answers = None
    desk.work(after=LONGEST)
    assert (desk.address().problem, desk.address().poll_failures) == (None, 0)


def test_an_address_that_changes_too_often_is_held_until_somebody_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "configuration", replace(configuration, policy=Policy(versions_per_day=3)))
    desk.install()
    for number in range(6):
        desk.app.change(name=f"Name {number}")
        desk.work(after=timedelta(minutes=1))
        AddressListing.objects.update(next_poll_at=desk.now)
        desk.work()
    assert desk.runs() == "1.0.3"
    assert "more than 3 times" in desk.address().held_reason
    assert (len(desk.mails()), find_next_poll()) == (1, None)
    poll_now(desk.site.pk, "dev-app", by=desk.admin, now=desk.now)
    desk.work()
    assert (desk.runs(), desk.address().held_at) == ("1.0.4", None)


def test_only_administrators_ask_for_an_address_and_only_where_there_is_one(desk: Desk) -> None:
    desk.install()
    user = person("user@alpha.example")
    set_member(desk.site.pk, email=user.actor, role="user", by=desk.admin, now=desk.now)
    with pytest.raises(ForbiddenError):
        poll_now(desk.site.pk, "dev-app", by=user, now=desk.now)
    with developing(APP_KEY) as listed:
        desk.world.marketplace.publish(listed.document, "1.0.0", at=desk.now)
        desk.world.install(desk.site)
    with pytest.raises(NotFoundError):
        poll_now(desk.site.pk, APP_KEY, by=desk.admin, now=desk.now)


def test_an_app_that_was_removed_is_not_read_any_more(desk: Desk) -> None:
    desk.install()
    uninstall(desk.site.pk, "dev-app", by=desk.admin, now=desk.now)
    desk.work()
    desk.app.asked.clear()
    desk.work(after=LONGEST * 3)
    assert (desk.app.asked, find_next_poll()) == ([], None)


def test_a_worker_that_died_is_followed_by_another_and_its_late_answer_counts_for_nothing(desk: Desk) -> None:
    desk.install()
    desk.app.change(name="Better")
    desk.world.now += LONGEST
    [poll] = claim_due(desk.now)
    assert (poll_due(desk.now), find_next_poll()) == (0, None)
    AddressListing.objects.update(poll_lease_until=desk.now - timedelta(days=400))
    desk.work()
    assert desk.runs() == "1.0.1"
    rows = AuditEntry.objects.count()
    polling.record(poll, polling.Trouble("late", "Too late."), now=desk.now)
    assert (AuditEntry.objects.count(), desk.address().problem) == (rows, None)


def test_never_more_than_four_addresses_of_a_host_are_asked_at_once(desk: Desk) -> None:
    desk.install()
    for number in range(6):
        with developing(f"app-{number}") as other:
            install_by_address(desk.site.pk, other.address, by=desk.admin, now=desk.now)
            desk.work()
    AddressListing.objects.update(host="one.example:443")
    desk.world.now += LONGEST
    assert (len(claim_due(desk.now)), len(claim_due(desk.now))) == (4, 0)


def test_the_tick_finds_wishes_and_addresses_that_are_due(desk: Desk) -> None:
    desk.install()
    assert "poll_due_addresses" not in jobs.tick(service="host", now=desk.now)
    assert "poll_due_addresses" in jobs.tick(service="host", now=desk.now + LONGEST)
