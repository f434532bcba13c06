"""Starting a rollout between majors: which sites are taken, and what is refused."""

from datetime import timedelta

import pytest
from tests.marketplace.bulk.making import APP_MANAGED, MORE_SCOPES, DeployedWorld, manifest, state_of, states
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


def refused(world, from_major=1, **more):
    with pytest.raises(ConflictError) as refusal:
        world.start(from_major, **more)
    assert not BulkUpgrade.objects.filter(listing__group=world.app.group).exists()
    return refusal.value


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


@pytest.mark.parametrize("to", ["", "2.0.0", "3.1.0"])
def test_the_target_is_the_newest_offered_version_or_the_one_that_is_named(world, to):
    world.version("3.1.0")
    world.sites(1, world.old)

    assert world.start(to_version=to).to_version.number == (to or "3.1.0")


def test_rights_are_judged_by_what_sites_get_which_is_the_newest_version_of_the_major(world):
    """Within a major no right is added, so this can only tell by something else: who looks after permissions."""
    major = world.version("3.0.0", manifest(MORE_SCOPES))
    world.version("3.1.0", manifest(MORE_SCOPES, APP_MANAGED))
    world.sites(1, world.old)

    bulk = world.start(to_version="3.0.0")

    assert (bulk.kind, bulk.to_version) == ("rolling", major)


@pytest.mark.parametrize("state", ["in_review", "withdrawn", "rejected", "superseded"])
def test_a_version_that_no_site_may_move_to_is_no_target(world, state):
    world.version("3.0.0", state=state)
    world.sites(1, world.old)

    assert refused(world, to_version="3.0.0").rule == "rollout.not_offered"


def test_a_watched_version_is_no_target(world):
    world.version("3.0.0", {"key": "deployed-app"}, watched=True)
    world.sites(1, world.old)

    assert refused(world, to_version="3.0.0").rule == "rollout.not_offered"


def test_a_number_that_was_never_made_is_not_found(world):
    world.sites(1, world.old)

    with pytest.raises(NotFoundError):
        world.start(to_version="9.9.9")


@pytest.mark.parametrize(("from_major", "to"), [(2, ""), (2, "2.0.0"), (3, ""), (1, "1.1.0")])
def test_the_target_is_of_a_newer_major_than_the_sites_run(world, from_major, to):
    world.sites(1, world.old)

    assert refused(world, from_major, to_version=to).rule == "rollout.not_newer"


def test_new_rights_are_never_brought_by_a_bulk_upgrade(world):
    world.version("3.0.0", manifest(MORE_SCOPES))
    world.sites(2, world.old)

    error = refused(world)

    assert error.rule == "rollout.rights"
    assert [problem.rule for problem in error.problems] == ["manifest_scope.added"]
    assert error.problems[0].pointer == "/permissions/scopes/1"
    assert error.problems[0].line is not None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"permissions": {"external": {"fetch": {"backend": ["https://a.example", "https://b.example"]}}}}, "egress"),
        ({"app": {"licensing": {"enabled": True}}}, "payment.enabled"),
        ({"permissions": {"content": {"scripts": ["unsafe-eval"]}}}, "content.added"),
        ({"providers": {"auth": [{"key": "one", "clientId": "a"}]}}, "provider.added"),
    ],
)
def test_neither_are_other_addresses_nor_another_way_to_pay(world, change, rule):
    world.version("3.0.0", manifest(change))
    world.sites(1, world.old)

    error = refused(world)

    assert error.rule == "rollout.rights"
    assert any(problem.rule.startswith(rule) for problem in error.problems)


def test_dropping_rights_is_a_major_that_a_bulk_upgrade_may_bring(world):
    world.version("3.0.0", manifest({"permissions": {"scopes": []}}))
    world.sites(1, world.old)

    assert world.start().kind == "bulk"


def test_an_app_that_looks_after_its_permissions_rolls_ahead_of_them(world):
    world.version("3.0.0", manifest(MORE_SCOPES, APP_MANAGED))
    world.sites(1, world.old)

    prospect = look_ahead(world.by, world.app, world.wanted())
    assert [reason.rule for reason in prospect.asked_later[0].reasons] == ["manifest_scope.added"]
    assert world.start().kind == "rolling"


def test_versions_that_are_not_eligible_are_listed_and_their_sites_are_not_taken(world):
    """Both of major 1: the older one has granted an address that the newer one gave up, and that 3.0.0 wants again."""
    newer = world.version("1.2.0", manifest({"permissions": {"external": None}}))
    world.version("3.0.0", manifest({"app": {"name": "third"}}))
    (kept,) = world.sites(1, world.old)
    world.sites(2, newer)

    prospect = look_ahead(world.by, world.app, world.wanted())
    bulk = world.start()

    (apart,) = prospect.ineligible
    assert (apart.running.number, apart.sites) == ("1.2.0", 2)
    assert {reason.rule for reason in apart.reasons} == {"egress.added"}
    assert (prospect.sites, prospect.eligible, prospect.taken) == (3, 1, 1)
    assert [each.site_id for each in queries.sites_of(bulk)] == [kept.pk]


def test_what_counts_is_granted_where_code_went_ahead_of_it(world):
    """Two sites run 2.1.0; one granted it, the other only 1.1.0, which has not the scope that 3.0.0 keeps."""
    ahead = world.version("2.1.0", manifest(MORE_SCOPES))
    world.version("3.0.0", manifest(MORE_SCOPES, {"app": {"name": "third"}}))
    (granted,) = world.sites(1, ahead)
    world.sites(1, ahead, granted=world.old)

    prospect = look_ahead(world.by, world.app, world.wanted(2))
    bulk = world.start(2)

    assert [each.granted for each in prospect.ineligible] == [world.old]
    assert [each.site_id for each in queries.sites_of(bulk)] == [granted.pk]


def test_sites_of_a_watched_major_go_where_becoming_deployed_asks_nothing(world):
    document = {
        "key": "deployed-app",
        "baseUrl": "https://app.example",
        "authentication": {"type": "jwt"},
        "scopes": ["READ"],
        "modules": {"webPanels": [{"key": "panel", "url": "/panel", "location": "right"}]},
    }
    watched = world.version("0.1.0", document, watched=True)
    poor = world.version("0.2.0", document | {"baseUrl": "https://elsewhere.example"}, watched=True)
    (site,) = world.sites(1, watched)
    world.sites(1, poor)

    prospect = look_ahead(world.by, world.app, world.wanted(0))
    bulk = world.start(0)

    assert [each.running.number for each in prospect.ineligible] == ["0.2.0"]
    assert {reason.rule for reason in prospect.ineligible[0].reasons} == {"equivalence.backend_changed"}
    assert (bulk.kind, [each.site_id for each in queries.sites_of(bulk)]) == ("bulk", [site.pk])


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


def test_of_more_versions_than_are_looked_at_those_with_the_most_sites_go_first(world, monkeypatch):
    from tradepost.marketplace.bulk import eligibility

    monkeypatch.setattr(eligibility, "MOST_JUDGED", 1)
    newer = world.version("1.2.0", manifest({"app": {"name": "minor"}}))
    (few,) = world.sites(1, world.old)
    many = world.sites(2, newer)

    bulk = world.start()

    assert {each.site_id for each in queries.sites_of(bulk)} == {site.pk for site in many}
    assert not BulkSite.objects.filter(site=few).exists()
    (apart,) = look_ahead(world.by, world.app, world.wanted()).ineligible
    assert apart.reasons[0].rule == "rollout.not_judged"


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
