"""Many sites: few statements, and indexes for the questions that are asked every second."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.host.conftest import APP_KEY, DAY, World

from tradepost.foundation.clock import new_id
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink import checking
from tradepost.host.marketlink.checking import check_due
from tradepost.host.sites.models import Site
from tradepost.host.upgrading import running

SITES = 150


@pytest.fixture
def many(world: World) -> World:
    """So many sites that run version 1.0.0."""
    first = world.site("first")
    world.install(first)
    pattern = world.on(first)
    sites = [
        Site(
            id=new_id(), name=f"s{n}", context_path=f"/s{n}", base_url=f"http://s{n}.example", created_at=world.now,
            next_check_at=world.now + DAY,
        )
        for n in range(SITES - 1)
    ]  # fmt: skip
    Site.objects.bulk_create(sites)
    Installation.objects.bulk_create(
        Installation(
            id=new_id(), site=site, app_key=APP_KEY, state="enabled", client_key=str(new_id()),
            sealed_secret=pattern.sealed_secret, oauth_client_id="x", running=pattern.running, newest=pattern.newest,
            installed_by="x", since=world.now,
        )
        for site in sites
    )  # fmt: skip
    return world


@pytest.mark.parametrize("scopes", [["READ"], ["WRITE"]], ids=["free", "asking"])
def test_a_check_of_many_sites_is_recorded_by_few_statements(many: World, scopes: list[str]) -> None:
    many.publish("1.1.0", scopes=scopes, description="new")
    many.now += DAY
    Site.objects.update(next_check_at=many.now)
    with CaptureQueriesContext(connection) as asked:
        assert check_due(many.now) == SITES
    assert len(asked) < 45, [each["sql"][:90] for each in asked]
    moved = Installation.objects.filter(newest__number="1.1.0")
    assert moved.count() == SITES
    if scopes == ["READ"]:
        assert moved.exclude(upgrade_id=None).count() == SITES
        many.work()
        assert Installation.objects.filter(running__number="1.1.0").count() == SITES
    else:
        assert Approval.objects.filter(state="waiting").count() == SITES


def test_a_check_that_brings_nothing_writes_the_sites_alone(many: World) -> None:
    many.now += DAY
    Site.objects.update(next_check_at=many.now)
    with CaptureQueriesContext(connection) as asked:
        check_due(many.now)
    written = {
        each["sql"].split('"')[1]
        for each in asked
        if each["sql"].lstrip().startswith(("UPDATE", "INSERT")) and '"' in each["sql"]
    }
    assert written <= {"sites_site", "marketlink_marketplacelink"}


@pytest.fixture
def many_rows(world: World) -> None:
    """Tables so large that a plan without an index would show."""
    version = world.install(world.site("alpha")).running
    assert version is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sites_site (id, name, context_path, host_name, base_url, product_type, zone, window_start,"
            " window_end, created_at, next_check_at, check_failures, check_problem, private_listings,"
            " product_edition)"
            " SELECT gen_random_uuid(), 's', '/x' || n, '', 'http://x/' || n, 'jira', 'UTC', '01:00', '03:00', now(),"
            " %s + n * interval '1 second', 0, '', false, 'standard' FROM generate_series(1, 20000) n",
            [world.now],
        )
        cursor.execute(
            "INSERT INTO installing_installation (id, site_id, app_key, state, client_key, sealed_secret,"
            " oauth_client_id, running_id, newest_id, installed_by, because, text, since, due_at, sequence, source,"
            " sealed_pending_secret, rollout)"
            " SELECT gen_random_uuid(), id, 'demo', 'enabled', id::text, '', '', %s, %s, '', '', '', now(),"
            " CASE WHEN random() < 0.01 THEN %s END, 0, 'marketplace', '', ''"
            " FROM sites_site WHERE context_path LIKE '/x%%'",
            [version.pk, version.pk, world.now],
        )
        cursor.execute("ANALYZE sites_site, installing_installation")


@pytest.mark.usefixtures("many_rows")
def test_claims_use_the_indexes_made_for_them(world: World) -> None:
    lease = new_id()
    plans = {
        "installation_due": (running._CLAIM, [lease, world.now, world.now, world.now, world.now, 100]),
        "site_due": (checking._CLAIM, [lease, world.now, world.now, world.now, 100]),
    }
    for index, (statement, values) in plans.items():
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert index in plan, plan
