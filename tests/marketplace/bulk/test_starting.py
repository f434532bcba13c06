"""Starting a rollout between majors: which sites are taken, and what is refused."""

from datetime import timedelta

import pytest
from tests.marketplace.bulk.making import DeployedWorld, refused, state_of, states
from tests.marketplace.conftest import START

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.bulk import commands, queries
from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.bulk.prospects import TooManyRolloutsError, Wanted, look_ahead
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments import queries as deployed
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.rollout.models import PendingNews

pytestmark = pytest.mark.django_db


def test_sites_of_the_major_are_taken_and_told_within_minutes(world):
    sites = world.sites(3, world.old)
    serial = Listing.objects.get(pk=world.listing.pk).offer_serial

    bulk = world.start()

    assert (bulk.kind, bulk.from_major, bulk.to_version, bulk.state) == ("bulk", 1, world.new, "running")
    assert (bulk.eligible, bulk.started_by, bulk.started_at) == (3, "owner@acme.test", START)
    assert {site.site_id for site in queries.sites_of(bulk)} == {site.pk for site in sites}
    assert states(bulk) == {"pending": 3}
    assert Listing.objects.get(pk=world.listing.pk).offer_serial > serial
    (news,) = PendingNews.objects.all()
    assert (news.host_id, news.listing_id, news.major) == (world.host.pk, world.listing.pk, 1)


def test_a_start_stands_in_the_audit_log_of_its_vendor(world):
    world.sites(2, world.old)
    bulk = world.start(limit=1)

    row = AuditEntry.objects.get(action="bulk_upgrade.started")
    assert (row.subject_id, row.scope_id, row.actor) == (str(bulk.pk), world.vendor.pk, "owner@acme.test")
    assert (row.detail["sites"], row.detail["eligible"], row.detail["to"]) == (1, 2, "2.0.0")


def test_only_sites_that_run_the_major_in_the_environment_are_taken(world):
    zero = world.version("0.9.0")
    staging = world.environment("staging")
    old = world.version("1.1.0", listing=staging)
    taken = world.sites(1, world.old)
    world.sites(1, zero)
    world.sites(1, world.new)
    world.sites(1, old, listing=staging)
    world.sites(1, world.old, state="uninstalled")

    bulk = world.start()

    assert [each.site_id for each in queries.sites_of(bulk)] == [taken[0].pk]


def test_sites_of_a_host_whose_credential_was_revoked_cannot_be_told_and_are_not_taken(world, operator):
    gone = HostService.objects.create(name="Gone", state="revoked", base_url="http://gone.test")
    world.sites(2, world.old, host=gone)

    assert refused(world).rule == "rollout.nobody"


def test_an_app_that_is_switched_off_at_a_site_is_kept_up_to_date_too(world):
    (site,) = world.sites(1, world.old)
    site.installations.update(enabled=False)

    assert states(world.start()) == {"pending": 1}


def test_a_limit_takes_the_sites_that_have_had_the_app_for_longest(world):
    first, second, _ = world.sites(3, world.old)

    bulk = world.start(limit=2)

    assert [each.site_id for each in queries.sites_of(bulk)] == [first.pk, second.pk]
    assert (bulk.limit, bulk.eligible) == (2, 3)


def test_a_limit_above_what_is_allowed_is_lowered_and_that_is_said(world, policy):
    policy(bulk_upgrade_sites=2)
    world.sites(3, world.old)

    started = commands.start(world.app.pk, world.wanted(limit=50), by=world.by, now=START)

    assert (started.prospect.capped, started.bulk.limit, states(started.bulk)) == (True, 2, {"pending": 2})
    assert not look_ahead(world.by, world.app, world.wanted(limit=2)).capped
    assert not look_ahead(world.by, world.app, world.wanted()).capped


def test_the_next_rollout_takes_first_who_was_not_tried_yet(world):
    first, second, third = world.sites(3, world.old)
    bulk = world.start(limit=2)
    world.report(first, second, running=world.old, state="failed", text="It said 500.")
    assert BulkUpgrade.objects.get(pk=bulk.pk).state == "failed"

    again = world.start(limit=2, now=START + timedelta(hours=1))

    assert [each.site_id for each in queries.sites_of(again)] == [third.pk, first.pk]


def test_nobody_to_take_is_said(world):
    assert refused(world).rule == "rollout.nobody"
    assert refused(world, environment="staging").rule == "rollout.nobody"


def test_one_rollout_runs_at_a_time_in_an_environment(world):
    world.sites(2, world.old)
    world.start(limit=1)

    with pytest.raises(ConflictError) as refusal:
        world.start(limit=1)
    assert refusal.value.rule == "rollout.running"
    assert BulkUpgrade.objects.count() == 1


def test_one_rollout_runs_at_a_time_for_a_vendor(world, other_world):
    second = DeployedWorld(world.vendor, world.owner, world.host, name="Second", key="second-app")
    old = second.version("1.1.0")
    second.version("2.0.0")
    for each, running in ((world, world.old), (second, old), (other_world, other_world.old)):
        each.sites(1, running)
    first = world.start()

    with pytest.raises(TooManyRolloutsError) as refusal:
        second.start()
    assert refusal.value.rule == "rollout.too_many"
    other_world.start()
    world.cancel(first)
    second.start()


def test_so_many_rollouts_run_at_a_time_of_all_vendors(world, other_world, policy):
    policy(bulk_upgrades_at_once=1)
    world.sites(1, world.old)
    other_world.sites(1, other_world.old)
    world.start()

    with pytest.raises(TooManyRolloutsError, match="30 minutes"):
        other_world.start()


@pytest.mark.parametrize("wrong", [{"from_major": -1}, {"from_major": 10**9}, {"limit": 0}, {"limit": -5}])
def test_numbers_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        Wanted(**{"environment": "production", "from_major": 1} | wrong)


@pytest.mark.parametrize("environment", ["", "prod", "x" * 10_000, "\0"])
def test_there_are_three_environments(world, environment):
    with pytest.raises(InvalidInputError):
        world.start(environment=environment)


def test_another_vendors_app_is_not_there(world, stranger, operator):
    world.sites(2, world.old)
    bulk = world.start(limit=1)
    by = Deployer.of(stranger)

    for act in (
        lambda: world.start(by=by),
        lambda: commands.look(world.app.pk, world.wanted(), by=by),
        lambda: world.cancel(bulk, by=by),
        lambda: deployed.get_app(by, world.app.pk),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert world.cancel(bulk, by=Deployer.of(operator)).finished_by == operator.actor


def test_a_rollout_of_another_app_is_not_there(world, other_world, operator):
    world.sites(1, world.old)
    bulk = world.start()
    by = Deployer.of(operator)

    with pytest.raises(NotFoundError):
        commands.cancel(other_world.app.pk, bulk.pk, by=by, now=START)


def test_a_deploy_token_sees_rollouts_of_its_environment_and_neither_starts_nor_stops_one(world, other_world):
    world.sites(1, world.old)
    bulk = world.start()
    token = Deployer("deploy token ci", app=world.app.pk, environment="production")
    elsewhere = Deployer("deploy token ci", app=world.app.pk, environment="staging")

    assert list(queries.rollouts(token, world.app)) == [bulk]
    assert list(queries.rollouts(elsewhere, world.app)) == []
    with pytest.raises(ForbiddenError):
        world.start(by=token)
    with pytest.raises(ForbiddenError):
        world.cancel(bulk, by=token)
    with pytest.raises(NotFoundError):
        queries.get_rollout(elsewhere, world.app, bulk.pk)
    with pytest.raises(NotFoundError):
        deployed.get_app(token, other_world.app.pk)
    with pytest.raises(NotFoundError):
        look_ahead(elsewhere, world.app, world.wanted())


def test_looking_changes_nothing_and_refuses_what_a_start_would(world):
    world.sites(1, world.old)

    assert commands.look(world.app.pk, world.wanted(), by=world.by).taken == 1
    assert not BulkUpgrade.objects.exists()
    assert not BulkSite.objects.exists()
    world.start()
    with pytest.raises(ConflictError):
        commands.look(world.app.pk, world.wanted(), by=world.by)


def test_what_started_is_offered_to_the_sites_that_it_took(world, host):
    taken, other = world.sites(2, world.old)
    bulk = world.start(limit=1)

    found = queries.running_for([taken.site, other.site], [world.listing.pk], world.host)

    assert found == {(taken.site, world.listing.pk): queries.RunningBulk(bulk.pk, 2, world.new.order_key)}
    assert state_of(bulk, taken) == "pending"


def test_a_host_service_hears_of_its_own_sites_alone(world, operator):
    """Another host service may call a site of its own by the same identifier."""
    (site,) = world.sites(1, world.old)
    world.start()
    other = HostService.objects.create(name="Other", state="linked", base_url="http://other.test")

    assert queries.running_for([site.site], [world.listing.pk], other) == {}
    assert queries.running_for([], [world.listing.pk], world.host) == {}
    assert queries.running_for([site.site], [], world.host) == {}


def test_asking_for_many_sites_takes_one_statement(world, django_assert_num_queries):
    sites = world.sites(30, world.old)
    world.start()

    with django_assert_num_queries(1):
        found = queries.running_for([site.site for site in sites], [world.listing.pk], world.host)
    assert len(found) == 30


def test_a_start_takes_as_many_statements_for_many_sites_as_for_one(world, other_world, count_statements):
    world.sites(1, world.old)
    other_world.sites(40, other_world.old)
    for each in (world, other_world):
        commands.look(each.app.pk, each.wanted(), by=each.by)  # reads the manifests
    count_statements(world.start)  # whatever is asked only once
    world.cancel(BulkUpgrade.objects.get())
    few, many = count_statements(world.start), count_statements(other_world.start)

    assert many == few < 40
