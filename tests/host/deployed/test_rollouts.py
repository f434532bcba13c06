"""Rollouts that a vendor starts: to a major that gives no new right, and code that goes ahead of its permissions."""

import pytest
from tests.host.conftest import DAY
from tests.host.deployed.conftest import DeployedWorld, installed
from tests.host.deployed.deployedworld import READ, WRITE

from tradepost.host.appapi.callers import bridge_caller
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.queries import find_asked
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import find_next_upgrade
from tradepost.host.webhooks.queries import may_hear

MANAGED = {"scopes": [READ, WRITE], "enforcement": "app-managed"}


@pytest.fixture
def site(town: DeployedWorld) -> Site:
    town.deploy("1.1.0")
    return town.site_on("1.1.0")


def ahead(town: DeployedWorld, site: Site) -> None:
    """Roll out a major that asks more and looks after its permissions itself."""
    town.deploy("2.0.0", permissions=MANAGED)
    town.market.start_rollout([site.pk])
    town.world.follow()


def test_a_rollout_without_new_rights_comes_unasked(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", modules={"macro": [{"key": "m", "title": "M"}]})
    town.world.follow()
    assert town.stands(site)[2] == "consent"
    town.market.start_rollout([site.pk])
    town.world.check(after=DAY)
    assert (town.stands(site)[2], installed(site).rollout) == ("", "bulk")
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert installed(site).rollout == ""
    assert town.last_upgrade(site).trigger == "rollout"
    assert town.world.states(site) == ["superseded"]


def test_a_rollout_reaches_only_the_sites_in_it(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    other = town.site_on("1.2.0", "beta")
    town.deploy("2.0.0")
    town.market.start_rollout([site.pk])
    town.world.follow()

    assert town.stands(site)[0] == "2.0.0"
    assert town.stands(other) == ("1.2.0", None, "consent")


def test_a_rollout_with_new_rights_is_a_question_like_any_other(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    town.market.start_rollout([site.pk])
    town.world.follow()

    assert town.stands(site) == ("1.1.0", None, "consent")
    assert installed(site).rollout == ""


def test_a_rollout_that_is_cancelled_in_time_leaves_the_site_where_it_is(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.market.start_rollout([site.pk])
    town.world.check(after=DAY)
    town.market.cancel_rollout()
    town.world.follow()

    assert town.stands(site) == ("1.1.0", None, "consent")
    assert installed(site).rollout == ""


def test_code_goes_ahead_and_permissions_stay(town: DeployedWorld, site: Site) -> None:
    ahead(town, site)

    assert town.stands(site) == ("2.0.0", "1.1.0", "consent")
    assert town.world.states(site) == ["waiting"]
    assert bridge_caller(town.world.on(site), None).scopes == frozenset({"READ"})
    assert bridge_caller(town.world.on(site), None).version.number == "2.0.0"
    assert may_hear(town.world.on(site))
    assert town.told(site)[-1] == ("waiting_consent", "2.0.0", None, "1.1.0")
    assert "what it could with version 1.1.0" in town.world.mails(site)[0].text
    assert find_next_upgrade() is None, "nobody calls the app again and again"


def test_permissions_are_granted_later_with_another_call(town: DeployedWorld, site: Site) -> None:
    ahead(town, site)
    calls = len(town.world.app.bodies)
    town.approve(site)
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert len(town.world.app.bodies) == calls + 1
    assert "WRITE" in bridge_caller(town.world.on(site), None).scopes
    upgrade = town.last_upgrade(site)
    assert (upgrade.from_number, upgrade.to_number, upgrade.keeps_grant) == ("2.0.0", "2.0.0", False)
    assert town.told(site)[-1] == ("current", "2.0.0", None, None)
    assert town.world.states(site) == ["used"]


def test_minors_of_code_that_went_ahead_flow_without_a_question(town: DeployedWorld, site: Site) -> None:
    ahead(town, site)
    town.market.cancel_rollout()
    town.deploy("2.1.0", permissions=MANAGED)
    town.world.follow()

    assert town.stands(site) == ("2.1.0", "1.1.0", "consent")
    assert town.last_upgrade(site).keeps_grant
    assert (town.world.states(site), len(town.world.mails(site))) == (["waiting"], 1)
    town.approve(site)
    town.world.work()
    assert town.stands(site) == ("2.1.0", None, "")


def test_what_was_declined_stays_declined_while_code_goes_ahead(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", permissions=MANAGED)
    town.world.follow()
    town.decline(site)
    town.market.start_rollout([site.pk])
    town.world.follow()

    assert town.stands(site) == ("2.0.0", "1.1.0", "declined")
    assert len(town.world.mails(site)) == 1
    assert bridge_caller(town.world.on(site), None).scopes == frozenset({"READ"})


def test_an_approval_overtakes_code_that_is_about_to_go_ahead(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", permissions=MANAGED)
    town.market.start_rollout([site.pk])
    town.world.check(after=DAY)
    assert town.last_upgrade(site).keeps_grant
    town.approve(site)
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert town.world.upgrades(site)[-2:] == [("2.0.0", "superseded"), ("2.0.0", "applied")]


def test_a_second_rollout_of_what_was_granted_first_grants_it_again(town: DeployedWorld, site: Site) -> None:
    ahead(town, site)
    town.deploy("3.0.0", READ)
    town.market.start_rollout([site.pk])
    town.world.follow()

    assert town.stands(site) == ("3.0.0", None, ""), "nothing that 1.1.0 had not"


def test_an_app_that_starts_to_cost_ahead_of_consent_stays_free(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", permissions=MANAGED, app__licensing={"enabled": True})
    town.market.start_rollout([site.pk])
    town.world.follow()
    here = town.world.on(site)
    assert here.running is not None
    assert here.running.paid
    assert here.rights_version is not None
    assert not here.rights_version.paid

    assert license_of(here, now=town.world.now).reason == "The version of the app that counts here is free."
    assert not find_asked([here.pk]).exists()
    assert b'"licenseState"' not in town.world.app.bodies[-1]
    town.approve(site)
    town.world.work()
    assert find_asked([here.pk]).exists()
