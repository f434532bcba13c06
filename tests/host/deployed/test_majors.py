"""Two majors at once: minors flow, the other major waits for a person, and backports reach only their own."""

import pytest
from tests.host.conftest import DAY
from tests.host.deployed.conftest import DeployedWorld, installed
from tests.host.deployed.deployedworld import DELETE, READ, WRITE, deployed

from tradepost.core.errors import ConflictError
from tradepost.foundation.clock import new_id
from tradepost.host.appapi.callers import bridge_caller
from tradepost.host.approvals.commands import approve, remind
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.commands import uninstall
from tradepost.host.installing.models import KnownVersion
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.recording import Result, record_results
from tradepost.host.upgrading.running import call_apps, claim, start


@pytest.fixture
def site(town: DeployedWorld) -> Site:
    town.deploy("1.1.0")
    return town.site_on("1.1.0")


def test_a_deployed_version_is_learnt_with_its_manifest(town: DeployedWorld, site: Site) -> None:
    known = KnownVersion.objects.get(number="1.1.0")

    assert known.is_deployed
    assert b"connectModules" in bytes(known.manifest or b"")
    assert (known.number, known.api_version) == ("1.1.0", 1)


def test_a_minor_comes_without_a_question(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    town.world.follow()

    assert town.stands(site) == ("1.2.0", None, "")
    assert town.world.states(site) == []


def test_a_major_waits_for_an_administrator_although_it_gives_no_right(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()

    assert town.stands(site) == ("1.1.0", None, "consent")
    asked = town.asked(site)
    assert asked is not None
    assert (asked.major, asked.rights) == (2, frozenset())
    assert len(town.world.mails(site)) == 1
    assert "stays on major version 1 and gets the updates of that one" in town.world.mails(site)[0].text


def test_minors_flow_while_a_major_waits_and_nobody_is_asked_twice(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    town.world.follow()
    town.deploy("1.2.0")
    town.world.check(after=DAY)
    assert town.explain(site).also_ask == town.asked(site), "both at once"
    assert town.stands(site) == ("1.1.0", None, "")
    town.world.work()

    assert town.stands(site) == ("1.2.0", None, "consent")
    assert town.world.states(site) == ["waiting"]
    assert len(town.world.mails(site)) == 1
    assert town.told(site)[-3:] == [
        ("waiting_consent", "1.1.0", "2.0.0", None),
        ("scheduled", "1.1.0", "1.2.0", None),
        ("waiting_consent", "1.2.0", "2.0.0", None),
    ]


def test_a_minor_and_a_major_of_one_check_both_count(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    town.deploy("2.0.0")
    town.world.follow()

    assert town.stands(site) == ("1.2.0", None, "consent")
    assert town.world.states(site) == ["waiting"]


def test_a_backport_reaches_exactly_its_major(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    other = town.site_on("2.0.0", "beta")
    town.world.follow()
    town.deploy("1.9.0")
    town.world.follow()

    assert town.stands(site)[0] == "1.9.0"
    assert town.stands(other)[0] == "2.0.0"
    assert town.site_on("2.0.0", "gamma"), "new sites get the newest major"


def test_an_approval_goes_before_a_minor_that_is_on_its_way(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    town.world.follow()
    town.deploy("1.2.0")
    town.world.check(after=DAY)
    town.approve(site)
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert town.world.upgrades(site)[-2:] == [("1.2.0", "superseded"), ("2.0.0", "applied")]
    assert town.world.states(site) == ["used"]


def test_an_approval_given_while_a_minor_is_being_applied_is_not_used_up_by_it(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    town.deploy("1.2.0")
    town.world.check(after=DAY)
    lease = new_id()
    started = start(claim(town.world.now, lease), lease, town.world.now)
    town.approve(site)
    outcomes = call_apps(started)
    record_results(
        [
            Result(each.installation_id, each.upgrade_id, each.lease, outcome)
            for each, outcome in zip(started, outcomes, strict=True)
        ],
        now=town.world.now,
    )
    assert town.stands(site)[0] == "1.2.0"
    town.world.work()

    assert town.stands(site) == ("2.0.0", None, "")
    assert town.world.states(site) == ["used"]


def test_a_decline_keeps_the_site_on_its_major_where_minors_go_on(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    town.decline(site)
    town.deploy("1.2.0")
    town.deploy("2.1.0")
    town.world.follow()

    assert town.stands(site) == ("1.2.0", None, "declined")
    assert len(town.world.mails(site)) == 1
    town.deploy("3.0.0", READ, DELETE)
    town.world.follow()
    assert town.stands(site) == ("1.2.0", None, "consent"), "another major is another question"
    assert sorted(town.world.states(site)) == ["declined", "waiting"]


def test_a_site_jumps_over_majors_that_it_never_approved(town: DeployedWorld, site: Site) -> None:
    for number in ("2.0.0", "3.0.0", "4.1.0"):
        town.deploy(number)
        town.world.follow()
    town.approve(site)
    town.world.work()

    assert town.stands(site) == ("4.1.0", None, "")
    assert town.world.states(site) == ["superseded", "superseded", "used"]


def test_who_waits_is_reminded_every_week_whatever_flows_meanwhile(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    town.deploy("1.2.0")
    town.world.follow(after=7 * DAY)
    remind(town.world.now)

    assert [mail.subject.startswith("Reminder") for mail in town.world.mails(site)] == [False, True]


def test_a_minor_that_fails_is_tried_again_and_the_question_stays(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    town.deploy("1.2.0")
    town.world.app.behaviour = "500"
    town.world.follow()
    assert town.stands(site) == ("1.1.0", None, "retry")
    assert town.explain(site).also_ask is not None
    assert "1.2.0" in town.explain(site).text
    town.world.app.behaviour = "204"
    town.world.work(after=DAY)

    assert town.stands(site) == ("1.2.0", None, "consent")
    assert town.world.states(site) == ["waiting"]


def test_what_was_shown_and_has_changed_cannot_be_approved(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0")
    town.world.follow()
    old = Approval.objects.get()
    town.deploy("3.0.0")
    town.world.follow()

    with pytest.raises(ConflictError):
        approve(old.pk, fingerprint=old.fingerprint, by=town.world.admins[site.pk], now=town.world.now)


def test_a_version_that_cannot_be_taken_leaves_the_other_offer_alone(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    broken = town.market.deploy("2.0.0", deployed(READ, WRITE), at=town.world.now)
    town.market.withheld.add(broken.manifest or "")
    town.world.follow()

    assert town.stands(site) == ("1.2.0", None, "")
    assert "2.0.0" in Site.objects.get(pk=site.pk).check_problem
    town.market.withheld.clear()
    town.world.follow()
    assert town.stands(site) == ("1.2.0", None, "consent")


def test_a_manifest_that_changes_under_its_number_is_not_taken(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    town.site_on("1.2.0", "beta")
    town.market.versions["demo"].pop()
    town.deploy("1.2.0", READ, WRITE)
    town.world.follow()

    assert town.stands(site)[0] == "1.1.0"
    assert "known here with another manifest" in Site.objects.get(pk=site.pk).check_problem


def test_what_runs_is_what_counts_for_an_app_that_waits(town: DeployedWorld, site: Site) -> None:
    town.deploy("2.0.0", READ, WRITE)
    town.world.follow()

    assert bridge_caller(town.world.on(site), None).scopes == frozenset({"READ"})
    town.approve(site)
    town.world.work()
    assert "WRITE" in bridge_caller(town.world.on(site), None).scopes


def test_an_uninstalled_app_remembers_nothing_of_what_was_offered(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    town.deploy("2.0.0")
    town.world.check()
    uninstall(site.pk, "demo", by=town.world.admins[site.pk], now=town.world.now)
    gone = installed(site)
    assert (gone.within_id, gone.granted_id, gone.rollout, gone.turn_at) == (None, None, "", None)
    town.world.install(site)

    assert town.stands(site) == ("2.0.0", None, "")
