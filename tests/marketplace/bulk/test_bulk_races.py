"""Two at once: vendors who start, cancel and wait, and hosts that report meanwhile; and many sites."""

import random
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from tests.marketplace.bulk.making import DeployedWorld, states
from tests.marketplace.conftest import START
from tests.marketplace.test_workers import at_the_same_time

from tradepost.core.errors import ConflictError
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.bulk import commands, prospects, queries
from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.bulk.prospects import TooManyRolloutsError

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


def test_of_two_starts_at_once_one_begins_and_the_other_hears_that_it_runs(world):
    world.sites(3, world.old)
    for _ in range(ROUNDS):
        results = at_the_same_time(world.start, world.start)

        (error,) = [each for each in results if isinstance(each, Exception)]
        assert isinstance(error, ConflictError), repr(error)
        assert error.rule == "rollout.running"
        (bulk,) = [each for each in results if isinstance(each, BulkUpgrade)]
        assert states(bulk) == {"pending": 3}
        world.cancel(bulk)


def test_should_the_locks_not_be_enough_the_table_has_the_last_word(world, monkeypatch):
    world.sites(1, world.old)
    world.start()
    monkeypatch.setattr(commands, "check_room", lambda _: None)

    with pytest.raises(ConflictError) as refusal:
        world.start()
    assert refusal.value.rule == "rollout.running"
    assert BulkUpgrade.objects.count() == 1


def test_of_two_starts_of_a_vendor_at_once_in_two_apps_one_begins(world):
    second = DeployedWorld(world.vendor, world.owner, world.host, name="Second", key="second-app")
    old = second.version("1.1.0")
    second.version("2.0.0")
    world.sites(1, world.old)
    second.sites(1, old)
    for _ in range(ROUNDS):
        results = at_the_same_time(world.start, second.start)

        assert [type(each) for each in results if isinstance(each, Exception)] == [TooManyRolloutsError]
        BulkUpgrade.objects.all().delete()


def test_of_two_starts_at_once_of_two_vendors_one_begins_where_one_may_run(world, other_world, policy):
    policy(bulk_upgrades_at_once=1)
    world.sites(1, world.old)
    other_world.sites(1, other_world.old)
    for _ in range(ROUNDS):
        results = at_the_same_time(world.start, other_world.start)

        assert [type(each) for each in results if isinstance(each, Exception)] == [TooManyRolloutsError]
        BulkUpgrade.objects.all().delete()


def test_a_cancellation_while_reports_come_in_leaves_nobody_pending_and_nobody_twice(world):
    for _ in range(ROUNDS):
        sites = world.sites(30, world.old)
        bulk = world.start()
        thirds = [sites[place::3] for place in range(3)]
        acts = [partial(world.report, *some, running=world.new) for some in thirds]
        results = at_the_same_time(*acts, partial(world.cancel, bulk), partial(world.cancel, bulk))

        for each in results:
            assert not isinstance(each, Exception) or getattr(each, "rule", "") == "rollout.over", repr(each)
        found = states(bulk)
        assert sum(found.values()) == 30
        assert set(found) <= {"upgraded", "left"}
        state = BulkUpgrade.objects.get(pk=bulk.pk).state
        assert (state == "completed") == (found == {"upgraded": 30})
        assert state in {"completed", "cancelled"}
        moved = AuditEntry.objects.filter(action="bulk_site.moved", detail__rollout=str(bulk.pk))
        assert moved.count() == 30
        world.listing.installations.all().delete()


def test_the_last_two_reports_at_once_end_the_rollout_once(world):
    for _ in range(ROUNDS):
        first, second = world.sites(2, world.old)
        bulk = world.start()
        at_the_same_time(
            partial(world.report, first, running=world.new), partial(world.report, second, running=world.new)
        )

        assert BulkUpgrade.objects.get(pk=bulk.pk).state == "completed"
        ended = AuditEntry.objects.filter(action="bulk_upgrade.ended", subject_id=str(bulk.pk))
        assert ended.count() == 1
        world.listing.installations.all().delete()


def test_two_workers_end_a_silent_rollout_once(world):
    world.sites(5, world.old)
    bulk = world.start()
    late = START + timedelta(days=3)

    results = at_the_same_time(partial(commands.end_silent, late), partial(commands.end_silent, late))

    assert sorted(results) in ([0, 1], [1, 1])
    assert states(bulk) == {"failed": 5}
    assert AuditEntry.objects.filter(action="bulk_upgrade.ended").count() == 1


def test_whatever_comes_in_whatever_order_the_counts_add_up_and_the_end_fits(world):
    lots = random.Random(5)
    for _ in range(ROUNDS):
        sites = world.sites(12, world.old)
        bulk = world.start(limit=9)
        now = START
        for _ in range(40):
            now += timedelta(minutes=1)
            some = lots.sample(sites, lots.randint(1, 4))
            state = lots.choice(["current", "failed", "waiting_window", "waiting_consent", "uninstalled"])
            running = None if state == "uninstalled" else lots.choice([world.old, world.new])
            world.report(*some, running=running, state=state, now=now)
        commands.end_silent(now + timedelta(days=3))

        counts = queries.counts_of([bulk])[bulk.pk]
        assert (counts.taken, counts.pending) == (9, 0)
        assert BulkUpgrade.objects.get(pk=bulk.pk).state in {"completed", "failed"}
        world.listing.installations.all().delete()


MANY = 10_000


@pytest.fixture
def crowd(world, other_world):
    """10,000 sites of an app, a fifth of them tried before, beside as many of another."""
    from tradepost.marketplace.rollout.models import InstallationRecord

    world.sites(MANY, world.old)
    other_world.sites(MANY, other_world.old)
    failed = BulkUpgrade.objects.create(
        listing=world.listing, kind="bulk", from_major=1, to_version=world.new, limit=1, eligible=1, state="failed",
        started_at=START, started_by="test",
    )  # fmt: skip
    records = InstallationRecord.objects.filter(listing=world.listing).order_by("id")[: MANY // 5]
    BulkSite.objects.bulk_create(
        BulkSite(bulk=failed, site_id=record.site_id, state="failed", at=START) for record in records
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return world


def explained(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        (told,) = cursor.fetchone()
    return told[0]


def scans(node, found=None):
    found = [] if found is None else found
    found.append((node["Node Type"], node.get("Relation Name", ""), node.get("Actual Rows", 0)))
    for part in node.get("Plans", ()):
        scans(part, found)
    return found


def test_ten_thousand_sites_are_taken_answered_and_counted_without_reading_tables_whole(crowd, count_statements):
    sites = [site.site for site in crowd.host.sites.order_by("id")[:500]]
    places = [(site.pk, crowd.listing.pk) for site in crowd.host.sites.order_by("id")[:500]]

    prospect = prospects.look_ahead(crowd.by, crowd.app, crowd.wanted())
    assert (prospect.sites, prospect.taken, prospect.remaining) == (MANY, 1800, MANY - 1800)
    assert count_statements(crowd.start) < 45
    bulk = queries.find_running(crowd.listing)

    assert states(bulk) == {"pending": 1800}
    assert bulk.eligible == MANY
    assert not BulkSite.objects.filter(bulk=bulk, site__in=[pk for pk, _ in places]).exists()  # tried before
    told = explained(queries.RUNNING_FOR, {"listings": [crowd.listing.pk], "host": crowd.host.pk, "sites": sites})
    assert told["Execution Time"] < 100
    read = [name for kind, name, _ in scans(told["Plan"]) if kind == "Seq Scan"]
    assert not set(read) & {"hosts_siterecord", "rollout_installationrecord"}
    told = explained(commands.OPEN_SITES, [[pk for pk, _ in places], [listing for _, listing in places], [bulk.pk]])
    assert told["Execution Time"] < 200
    read = [name for kind, name, _ in scans(told["Plan"]) if kind == "Seq Scan"]
    assert "rollout_installationrecord" not in read
