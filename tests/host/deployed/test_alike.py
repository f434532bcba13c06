"""Many sites in one check: decided together, and each still told what is so for it."""

import pytest
from tests.host.conftest import DAY
from tests.host.deployed.conftest import DeployedWorld, installed
from tests.host.deployed.deployedworld import READ, WRITE

from tradepost.host.sites.models import Site

MANAGED = {"scopes": [READ, WRITE], "enforcement": "app-managed"}
MOST = 46
"""Statements of one check of many sites, or of one batch of upgrades; each more site must not add to them."""


@pytest.fixture
def sites(town: DeployedWorld) -> list[Site]:
    town.deploy("1.1.0")
    return [town.site_on("1.1.0", f"site{n}") for n in range(12)]


def test_minors_under_an_open_question_go_through_together(
    town: DeployedWorld, sites: list[Site], django_assert_max_num_queries: object
) -> None:
    town.deploy("2.0.0", READ, WRITE)
    with django_assert_max_num_queries(MOST):  # type: ignore[operator]
        town.world.check(after=DAY)
    town.decline(sites[0])
    town.deploy("1.2.0")
    town.deploy("2.1.0", READ, WRITE)
    with django_assert_max_num_queries(2 * MOST):  # type: ignore[operator]
        town.world.check(after=DAY)
    with django_assert_max_num_queries(2 * MOST):  # type: ignore[operator]
        town.world.work()

    assert town.stands(sites[0]) == ("1.2.0", None, "declined")
    assert {town.stands(each) for each in sites[1:]} == {("1.2.0", None, "consent")}
    for each in sites[1:]:
        waiting = town.world.waiting(each)
        assert waiting is not None
        assert waiting.version.number == "2.1.0"
        assert len(town.world.mails(each)) == 1
        assert "2.1.0" in installed(each).text
    told = town.told(sites[1])
    assert told[-2:] == [("scheduled", "1.1.0", "1.2.0", None), ("waiting_consent", "1.2.0", "2.1.0", None)]


def test_code_goes_ahead_on_many_sites_together(
    town: DeployedWorld, sites: list[Site], django_assert_max_num_queries: object
) -> None:
    town.deploy("2.0.0", permissions=MANAGED)
    town.market.start_rollout([each.pk for each in sites])
    with django_assert_max_num_queries(MOST):  # type: ignore[operator]
        town.world.check(after=DAY)
    with django_assert_max_num_queries(MOST):  # type: ignore[operator]
        town.world.work()

    assert {town.stands(each) for each in sites} == {("2.0.0", "1.1.0", "consent")}
    assert all(town.last_upgrade(each).trigger == "rollout" for each in sites)


def test_a_site_that_differs_is_decided_by_itself(town: DeployedWorld, sites: list[Site]) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    town.approve(sites[0])
    town.decline(sites[1])
    town.deploy("1.2.0")
    town.market.start_rollout([sites[2].pk, sites[1].pk])
    town.world.follow()

    assert [town.stands(each)[0] for each in sites[:4]] == ["2.0.0", "2.0.0", "2.0.0", "1.2.0"]
    assert town.stands(sites[3])[2] == "consent"
