"""Maintenance windows and reminders: what waits, until when, and who is asked again."""

from datetime import UTC, datetime, time, timedelta

import pytest
from tests.host.conftest import DAY, World

from tradepost.core.window import DEFAULT_WINDOW, MaintenanceWindow
from tradepost.host.approvals.commands import approve, decline, remind
from tradepost.host.approvals.queries import find_next_reminder
from tradepost.host.sites.commands import change_window
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import explain, find_next_upgrade

NIGHT = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)  # half past one in Berlin
END = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


@pytest.fixture
def site(world: World) -> Site:
    made = world.site("alpha", zone="Europe/Berlin", window=DEFAULT_WINDOW)
    world.install(made)
    return made


def test_an_upgrade_that_falls_due_in_the_window_waits_for_its_end(world: World, site: Site) -> None:
    world.publish("1.0.1")
    world.now = NIGHT
    world.follow(after=timedelta(0))
    installation = world.on(site)
    assert (installation.because, installation.until, installation.due_at) == ("window", END, END)
    assert find_next_upgrade() == END
    assert len(world.app.bodies) == 1
    told = explain(installation, world.now)
    assert (told.because, told.until, told.person) == ("window", END, None)
    world.work(after=END - NIGHT)
    assert world.runs(site) == "1.0.1"


def test_an_administrators_approval_goes_through_the_window(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=["WRITE"])
    world.now = NIGHT
    world.follow(after=timedelta(0))
    approval = world.waiting(site)
    assert approval is not None
    approve(approval.pk, fingerprint=approval.fingerprint, by=world.admins[site.pk], now=world.now)
    world.work()
    assert world.runs(site) == "1.1.0"


def test_installing_goes_through_the_window(world: World) -> None:
    world.now = NIGHT
    other = world.site("beta", zone="Europe/Berlin", window=DEFAULT_WINDOW)
    assert world.install(other).state == "enabled"


def test_a_retry_that_falls_due_in_the_window_waits_for_its_end_too(world: World, site: Site) -> None:
    world.publish("1.0.1")
    world.app.behaviour = "500"
    world.now = NIGHT - timedelta(minutes=31)
    world.follow(after=timedelta(0))
    assert world.on(site).because == "retry"
    world.app.behaviour = "204"
    world.work(after=timedelta(minutes=20))
    assert world.on(site).because == "window"
    world.work(after=END - world.now)
    assert world.runs(site) == "1.0.1"


def test_a_changed_window_is_looked_at_at_once(world: World, site: Site) -> None:
    world.publish("1.0.1")
    world.now = NIGHT
    world.follow(after=timedelta(0))
    change_window(site.pk, start=time(4), end=time(5), by=world.admins[site.pk], now=world.now)
    world.work()
    assert world.runs(site) == "1.0.1"


def test_a_site_without_a_window_is_never_waited_for(world: World) -> None:
    other = world.site("beta", zone="Europe/Berlin", window=MaintenanceWindow(time(0), time(0)))
    world.install(other)
    world.publish("1.0.1")
    world.now = NIGHT
    world.follow(after=timedelta(0))
    assert world.runs(other) == "1.0.1"


def test_a_silent_administrator_is_reminded_weekly_until_there_is_an_answer(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    assert find_next_reminder() == world.now + 7 * DAY
    for week in range(1, 4):
        world.now += 7 * DAY
        assert remind(world.now) == 1
        assert remind(world.now) == 0
        assert len(world.mails(site)) == 1 + week
    assert world.mails(site)[-1].subject.startswith("Reminder:")
    approval = world.waiting(site)
    assert approval is not None
    decline(approval.pk, fingerprint=approval.fingerprint, by=world.admins[site.pk], now=world.now)
    assert find_next_reminder() is None


def test_nobody_is_reminded_of_what_is_not_asked_any_more(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    world.publish("1.2.0")
    world.follow()
    assert find_next_reminder() is None


def test_an_explanation_names_the_person_who_ends_the_wait(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    told = explain(world.on(site), world.now)
    assert (told.because, told.person, told.until) == ("consent", "site administrator", None)
    assert told.ask is not None
    assert told.newest is not None
    assert told.newest.number == "1.1.0"


def test_several_sites_are_decided_at_once_and_each_by_what_it_was_asked_before(world: World, site: Site) -> None:
    sites = [site, *(world.site(name) for name in ("beta", "gamma"))]
    for each in sites[1:]:
        world.install(each)
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    assert [world.on(each).because for each in sites] == ["consent"] * 3
    first, second = (world.waiting(each) for each in sites[:2])
    assert first is not None
    assert second is not None
    approve(first.pk, fingerprint=first.fingerprint, by=world.admins[sites[0].pk], now=world.now)
    decline(second.pk, fingerprint=second.fingerprint, by=world.admins[sites[1].pk], now=world.now)
    world.work()
    assert [world.runs(each) for each in sites] == ["1.1.0", "1.0.0", "1.0.0"]
    world.publish("1.1.1", scopes=["WRITE"])
    world.follow()
    assert [world.runs(each) for each in sites] == ["1.1.1", "1.0.0", "1.0.0"]
    assert [len(world.mails(each)) for each in sites] == [1, 1, 1]
    world.publish("1.2.0")
    world.follow()
    assert [world.runs(each) for each in sites] == ["1.2.0"] * 3
