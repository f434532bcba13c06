"""To which versions a rollout leads, and which running versions it may take along."""

import pytest
from tests.marketplace.bulk.making import APP_MANAGED, MORE_SCOPES, manifest, refused

from tradepost.core.errors import NotFoundError
from tradepost.marketplace.bulk import queries
from tradepost.marketplace.bulk.models import BulkSite
from tradepost.marketplace.bulk.prospects import look_ahead

pytestmark = pytest.mark.django_db


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
