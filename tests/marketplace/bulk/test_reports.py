"""What reports of sites do to a rollout, and what the passing of time does."""

from datetime import timedelta

import pytest
from tests.marketplace.bulk.making import manifest, move_of, state_of, states
from tests.marketplace.conftest import START

from tradepost.foundation import jobs
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.bulk import commands, queries
from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.rollout.models import InstallationRecord

pytestmark = pytest.mark.django_db
LATER = START + timedelta(minutes=30)
PATIENCE = timedelta(hours=48)


def again(bulk):
    return BulkUpgrade.objects.get(pk=bulk.pk)


def test_a_rollout_completes_when_every_site_has_come(world):
    first, second = world.sites(2, world.old)
    bulk = world.start()
    serial = Listing.objects.get(pk=world.listing.pk).offer_serial

    world.report(first, running=world.new)
    assert (again(bulk).state, states(bulk)) == ("running", {"upgraded": 1, "pending": 1})
    world.report(second, running=world.new, now=LATER)

    ended = again(bulk)
    assert (ended.state, ended.finished_at, ended.finished_by) == ("completed", LATER, "")
    assert Listing.objects.get(pk=world.listing.pk).offer_serial > serial
    assert queries.running_for([first.site], [world.listing.pk], world.host) == {}


def test_a_newer_version_of_the_major_counts_and_so_does_a_newer_major(world):
    first, second = world.sites(2, world.old)
    bulk = world.start(to_version="2.0.0")
    newer, newest = world.version("2.5.0"), world.version("3.0.0")

    world.report(first, running=newer)
    world.report(second, running=newest)

    assert states(bulk) == {"upgraded": 2}


def test_a_newer_minor_of_the_old_major_does_not_count(world):
    (site,) = world.sites(1, world.old)
    bulk = world.start()
    backport = world.version("1.2.0")

    world.report(site, running=backport)

    assert state_of(bulk, site) == "pending"


def test_a_rolling_release_has_come_though_its_administrator_is_asked_then(world):
    (site,) = world.sites(1, world.old)
    bulk = world.start()

    world.report(site, running=world.new, state="waiting_consent")

    assert (state_of(bulk, site), again(bulk).state) == ("upgraded", "completed")


@pytest.mark.parametrize("state", ["failed", "waiting_consent", "declined"])
def test_a_site_that_refuses_is_told_with_its_text_and_may_still_come(world, state):
    first, second = world.sites(2, world.old)
    bulk = world.start()

    world.report(first, running=world.old, state=state, text="It said 500.")
    row = BulkSite.objects.get(bulk=bulk, site=first)
    assert (row.state, row.text) == ("failed", "It said 500.")
    assert queries.running_for([first.site], [world.listing.pk], world.host)

    world.report(first, running=world.new, now=LATER)
    row.refresh_from_db()
    assert (row.state, row.text, row.at) == ("upgraded", "", LATER)
    assert again(bulk).state == "running"
    assert state_of(bulk, second) == "pending"


def test_a_rollout_that_nobody_accepts_has_failed(world):
    sites = world.sites(2, world.old)
    bulk = world.start()

    world.report(*sites, running=world.old, state="failed")

    assert again(bulk).state == "failed"


def test_who_comes_after_the_end_counts_in_the_last_rollout_that_took_it(world):
    (site,) = world.sites(1, world.old)
    first = world.start()
    world.report(site, running=world.old, state="failed")
    second = world.start(now=LATER)
    world.report(site, running=world.old, state="failed", now=LATER)

    world.report(site, running=world.new, now=LATER + timedelta(hours=1))

    assert (state_of(first, site), state_of(second, site)) == ("failed", "upgraded")
    assert again(second).state == "failed"  # how it stood when it ended


def test_a_refusal_from_before_the_start_says_nothing(world):
    """It is asked of the administrator since last week; the rollout needs no consent."""
    (site,) = world.sites(1, world.old, state="waiting_consent", since=START - timedelta(days=7))
    bulk = world.start()

    world.report(site, running=world.old, state="waiting_consent", now=START - timedelta(seconds=1))

    assert state_of(bulk, site) == "pending"


def test_a_site_that_uninstalls_the_app_leaves(world):
    first, second = world.sites(2, world.old)
    bulk = world.start()

    world.report(first, state="uninstalled")
    world.report(second, running=world.new)

    assert (states(bulk), again(bulk).state) == ({"left": 1, "upgraded": 1}, "completed")
    assert queries.counts_of([bulk])[bulk.pk].failure_rate == 0


def test_the_same_report_twice_is_once(world):
    sites = world.sites(2, world.old)
    bulk = world.start()

    for _ in range(2):
        world.report(sites[0], running=world.new)
    assert AuditEntry.objects.filter(action="bulk_site.moved").count() == 1
    for _ in range(2):
        world.report(sites[1], running=world.new)
    assert AuditEntry.objects.filter(action="bulk_upgrade.ended").count() == 1
    assert again(bulk).state == "completed"


def test_reports_about_sites_that_are_in_no_rollout_change_nothing(world, other_world):
    _, other = world.sites(2, world.old)
    (foreign,) = other_world.sites(1, other_world.old)
    bulk = world.start(limit=1)

    world.report(other, running=world.new)
    other_world.report(foreign, running=other_world.new)

    assert states(bulk) == {"pending": 1}
    assert not AuditEntry.objects.filter(action="bulk_site.moved").exists()


def test_reports_about_another_app_of_a_site_change_nothing(world, other_world):
    (site,) = world.sites(1, world.old)
    InstallationRecord.objects.create(
        site=site, listing=other_world.listing, running=other_world.old, state="current", since=START, reported_at=START
    )
    bulk = world.start()

    world.report(site, running=other_world.new, listing=other_world.listing)

    assert state_of(bulk, site) == "pending"


def test_reports_are_taken_set_by_set(world, django_assert_num_queries, count_statements):
    """However many sites: the same few statements."""
    sites = world.sites(60, world.old)
    bulk = world.start()

    few = count_statements(lambda: world.report(sites[0], running=world.new))
    many = count_statements(lambda: world.report(*sites[1:50], running=world.new))

    assert many == few
    assert states(bulk) == {"upgraded": 50, "pending": 10}
    with django_assert_num_queries(1):
        commands.note_reports([move_of(sites[0], world.listing, world.new)], now=LATER)
    with django_assert_num_queries(0):
        commands.note_reports([], now=LATER)


def test_one_batch_may_hold_good_and_bad_news(world):
    good, bad, gone, waits = world.sites(4, world.old)
    bulk = world.start()
    rows = [
        (good, world.new, "current"),
        (bad, world.old, "failed"),
        (gone, None, "uninstalled"),
        (waits, world.old, "waiting_window"),
    ]
    for site, running, state in rows:
        InstallationRecord.objects.filter(site=site).update(running=running, state=state, since=LATER)

    commands.note_reports([move_of(site, world.listing, *rest) for site, *rest in rows], now=LATER)

    assert states(bulk) == {"upgraded": 1, "failed": 1, "left": 1, "pending": 1}


def test_sites_that_never_answer_count_as_failed_in_the_end(world):
    silent, waiting, done = world.sites(3, world.old)
    bulk = world.start()
    world.report(done, running=world.new)
    world.report(waiting, running=world.old, state="waiting_window")

    assert commands.end_silent(START + PATIENCE - timedelta(seconds=1)) == 0
    assert queries.next_due() == START + PATIENCE
    assert commands.end_silent(START + PATIENCE) == 1

    ended = again(bulk)
    assert (ended.state, ended.finished_at, states(bulk)) == (
        "completed",
        START + PATIENCE,
        {"failed": 2, "upgraded": 1},
    )
    assert "did not answer" in BulkSite.objects.get(bulk=bulk, site=silent).text
    assert "maintenance window" in BulkSite.objects.get(bulk=bulk, site=waiting).text
    assert (commands.end_silent(START + PATIENCE), queries.next_due()) == (0, None)


def test_a_silent_rollout_ends_by_background_work_and_makes_room_for_the_next(world):
    world.sites(1, world.old)
    bulk = world.start()
    (work,) = [work for work in jobs.works(service="marketplace") if work.name == commands.JOB]

    assert work.next_due() == START + PATIENCE
    assert work.run(START + PATIENCE) == 1
    assert again(bulk).state == "failed"
    world.start(now=START + PATIENCE)


def test_cancelling_leaves_upgraded_sites_upgraded(world):
    done, failed, pending = world.sites(3, world.old)
    bulk = world.start()
    world.report(done, running=world.new)
    world.report(failed, running=world.old, state="failed")
    serial = Listing.objects.get(pk=world.listing.pk).offer_serial

    cancelled = world.cancel(bulk, now=LATER)

    assert (cancelled.state, cancelled.finished_at, cancelled.finished_by) == ("cancelled", LATER, "owner@acme.test")
    assert states(bulk) == {"upgraded": 1, "failed": 1, "left": 1}
    assert state_of(bulk, pending) == "left"
    assert Listing.objects.get(pk=world.listing.pk).offer_serial > serial
    assert queries.running_for([pending.site, failed.site], [world.listing.pk], world.host) == {}


def test_cancelling_twice_is_once(world):
    world.sites(1, world.old)
    bulk = world.start()

    first, second = world.cancel(bulk, now=LATER), world.cancel(bulk, now=LATER + timedelta(hours=1))

    assert first.finished_at == second.finished_at == LATER
    assert AuditEntry.objects.filter(action="bulk_upgrade.cancelled").count() == 1


def test_what_has_ended_is_not_cancelled(world):
    (site,) = world.sites(1, world.old)
    bulk = world.start()
    world.report(site, running=world.new)

    with pytest.raises(commands.ConflictError) as refusal:
        world.cancel(bulk)
    assert refusal.value.rule == "rollout.over"
    assert again(bulk).state == "completed"


def test_after_a_cancellation_a_new_rollout_takes_the_remaining_sites(world):
    done, *rest = world.sites(3, world.old)
    bulk = world.start()
    world.report(done, running=world.new)
    world.cancel(bulk)

    second = world.start(now=LATER)

    assert {each.site_id for each in queries.sites_of(second)} == {site.pk for site in rest}


def test_a_site_that_was_faster_than_the_cancellation_stays_out_of_it(world):
    (site,) = world.sites(1, world.old)
    bulk = world.start()
    world.cancel(bulk)

    world.report(site, running=world.new)

    assert (state_of(bulk, site), again(bulk).state) == ("left", "cancelled")


def test_a_deployment_during_a_rollout_is_what_the_remaining_sites_come_to_run(world):
    first, second = world.sites(2, world.old)
    bulk = world.start()
    world.report(first, running=world.new)
    newer = world.version("2.1.0", manifest({"app": {"name": "meanwhile"}}))

    found = queries.running_for([second.site], [world.listing.pk], world.host)
    world.report(second, running=newer)

    assert found[second.site, world.listing.pk].to_major == 2
    assert (states(bulk), again(bulk).state) == ({"upgraded": 2}, "completed")


def test_an_app_that_goes_takes_its_rollouts_with_it(world):
    world.sites(1, world.old)
    world.start()
    InstallationRecord.objects.all().delete()
    BulkUpgrade.objects.all().delete()

    assert not BulkSite.objects.exists()
