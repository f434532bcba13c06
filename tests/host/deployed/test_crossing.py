"""A watched app that becomes a deployed one: at its turn, with consent, with a rollout, or when somebody goes ahead."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.host.conftest import DAY
from tests.host.deployed.conftest import HOUR, DeployedWorld, ask, installed
from tests.host.deployed.deployedworld import READ, WRITE

from tradepost.core.errors import ConflictError, ForbiddenError
from tradepost.core.window import DEFAULT_WINDOW
from tradepost.foundation.models import AuditEntry
from tradepost.host.sites.models import Site
from tradepost.host.upgrading import judging
from tradepost.host.upgrading.commands import go_ahead
from tradepost.host.upgrading.queries import find_next_upgrade


@pytest.fixture
def site(town: DeployedWorld) -> Site:
    town.world.publish("1.0.0")
    return town.site_on("1.0.0")


def turn(town: DeployedWorld, site: Site, *, after: timedelta) -> datetime:
    town.market.turns[site.pk] = town.world.now + after
    return town.market.turns[site.pk]


def test_what_asks_nothing_comes_by_itself_at_the_sites_turn(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    at = turn(town, site, after=3 * DAY)
    town.world.follow()

    told = town.explain(site)
    assert (told.because, told.until, told.turn, told.person, told.may_go_ahead) == ("turn", at, at, None, True)
    assert installed(site).due_at == at == find_next_upgrade()
    assert town.told(site)[-1] == ("waiting_turn", "1.0.0", "2.0.0", None)
    town.world.work(after=at - town.world.now - HOUR)
    assert town.stands(site) == ("1.0.0", None, "turn")
    town.world.work(after=HOUR)

    assert town.stands(site) == ("2.0.0", None, "")
    assert installed(site).turn_at is None
    assert town.world.states(site) == []


def test_a_turn_inside_the_window_waits_for_its_end(town: DeployedWorld) -> None:
    town.world.publish("1.0.0")
    site = town.world.site("night", zone="Europe/Berlin", window=DEFAULT_WINDOW)
    town.world.install(site)
    town.deploy("2.0.0")
    at = datetime(2026, 3, 5, 0, 30, tzinfo=UTC)
    town.market.turns[site.pk] = at
    town.world.follow()
    town.world.work(after=at - town.world.now)

    assert (town.stands(site)[2], installed(site).until) == ("window", at.replace(hour=2, minute=0))
    town.world.work(after=timedelta(minutes=90))
    assert town.stands(site)[0] == "2.0.0"


def test_a_newer_version_keeps_the_turn(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    at = turn(town, site, after=3 * DAY)
    town.world.follow()
    town.deploy("2.1.0")
    town.world.follow()
    assert (town.stands(site)[2], town.explain(site).until) == ("turn", at)
    assert "2.1.0" in town.explain(site).text
    town.world.work(after=2 * DAY)

    assert town.stands(site)[0] == "2.1.0"
    assert [number for number, _ in town.world.upgrades(site)] == ["1.0.0", "2.1.0"]


def test_an_administrator_goes_ahead_of_the_turn(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    turn(town, site, after=3 * DAY)
    town.world.follow()
    admin = town.world.admins[site.pk]
    go_ahead(site.pk, "demo", by=admin, now=town.world.now)
    go_ahead(site.pk, "demo", by=admin, now=town.world.now)
    assert town.stands(site)[2] == ""
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert (town.last_upgrade(site).trigger, town.last_upgrade(site).by) == ("ahead", admin.actor)
    entry = AuditEntry.objects.filter(action="upgrade.scheduled", actor=admin.actor).latest("at")
    assert entry.detail["trigger"] == "ahead"


def test_who_went_ahead_stays_ahead_when_a_newer_version_comes(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    turn(town, site, after=3 * DAY)
    town.world.follow()
    town.world.app.behaviour = "500"
    go_ahead(site.pk, "demo", by=town.world.admins[site.pk], now=town.world.now)
    town.world.work()
    assert town.stands(site)[2] == "retry"
    town.deploy("2.1.0")
    town.world.app.behaviour = "204"
    town.world.follow(after=HOUR)

    assert town.stands(site) == ("2.1.0", None, "")
    assert town.last_upgrade(site).trigger == "ahead"


def test_there_is_nothing_to_go_ahead_of_where_a_person_decides(town: DeployedWorld, site: Site) -> None:
    admin = town.world.admins[site.pk]
    with pytest.raises(ConflictError):
        go_ahead(site.pk, "demo", by=admin, now=town.world.now)
    town.deploy("2.0.0", READ, WRITE)
    town.world.follow()
    with pytest.raises(ConflictError):
        go_ahead(site.pk, "demo", by=admin, now=town.world.now)
    with pytest.raises(ForbiddenError):
        go_ahead(site.pk, "demo", by=town.world.operator, now=town.world.now)


def test_raised_rights_wait_for_an_administrator_and_an_approval_needs_no_turn(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    turn(town, site, after=3 * DAY)
    town.world.follow()
    asked = town.asked(site)
    assert asked is not None
    assert [rule for rule, _ in asked.other] == ["equivalence.scope_raised"]
    assert town.stands(site) == ("1.0.0", None, "consent")
    town.approve(site)
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert town.world.states(site) == ["used"]


def test_what_was_declined_in_becoming_deployed_is_not_asked_twice(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    town.world.follow()
    town.decline(site)
    town.deploy("2.1.0", READ, WRITE)
    town.world.follow()
    assert town.stands(site) == ("1.0.0", None, "declined")
    assert len(town.world.mails(site)) == 1
    town.deploy("2.2.0", READ)
    town.world.follow()

    assert town.stands(site)[0] == "2.2.0", "it asks no more"


def test_without_its_connect_remote_it_comes_with_a_rollout_only(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", connectModules=None, app__connect={"key": "demo", "remote": "gone"})
    town.world.follow()
    told = town.explain(site)
    assert (told.person, told.until, installed(site).due_at) == ("vendor", None, None)
    assert town.told(site)[-1][0] == "waiting_vendor"
    town.world.follow(after=30 * DAY)
    assert town.stands(site)[2] == "vendor"
    town.market.start_rollout([site.pk])
    town.world.follow()

    assert town.stands(site) == ("2.0.0", None, "")
    assert town.last_upgrade(site).trigger == "rollout"


def test_a_descriptor_that_newer_rules_refuse_asks_for_the_major(town: DeployedWorld, site: Site) -> None:
    running = installed(site).running
    assert running is not None
    type(running).objects.filter(pk=running.pk).update(descriptor=b'{"scopes": 7}', sha256="0" * 64)
    town.deploy("2.0.0")
    town.world.follow()

    asked = town.asked(site)
    assert asked is not None
    assert asked.major == 2


def test_many_sites_cross_by_few_statements(
    town: DeployedWorld, site: Site, django_assert_max_num_queries: object
) -> None:
    sites = [site, *(town.site_on("1.0.0", f"site{n}") for n in range(8))]
    for each in sites:
        turn(town, each, after=3 * DAY)
    town.deploy("2.0.0")
    judging._kept.clear()
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        town.world.check(after=DAY)

    assert {town.stands(each)[2] for each in sites} == {"turn"}
    assert len(judging._kept) == 1


def test_going_ahead_over_rest(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    turn(town, site, after=3 * DAY)
    town.world.follow()
    admin, address = town.world.admins[site.pk], f"/sites/{site.pk}/apps/demo"
    _, told = ask(admin, "GET", address)
    assert (told["because"], told["may_go_ahead"], told["granted"]) == ("turn", True, None)

    assert ask(admin, "POST", f"{address}/going-ahead")[0] == 202
    town.world.work()
    assert ask(admin, "POST", f"{address}/going-ahead")[0] == 409
    assert ask(admin, "GET", address)[1]["running"] == "2.0.0"
