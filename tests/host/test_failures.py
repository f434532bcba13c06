"""Apps that fail, workers that die, a marketplace that is not there: nothing is lost and everything is explained."""

from datetime import timedelta

import pytest
from tests.host.conftest import DAY, HOUR, World

from tradepost.core.errors import ConflictError
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.outgoing import OutgoingRequest
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.commands import disable, install
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink import checking
from tradepost.host.marketlink.models import MarketplaceLink, PendingReport
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import LifecycleCall
from tradepost.host.upgrading.queries import explain
from tradepost.host.upgrading.running import call_apps, claim, start, upgrade_due


@pytest.fixture
def site(world: World) -> Site:
    return world.site("alpha")


def forget_leases() -> None:
    """The lease of a killed worker runs out."""
    Installation.objects.update(lease_until=machine_now() - timedelta(seconds=1))


@pytest.mark.parametrize("behaviour", ["200", "201", "204"])
def test_three_answers_are_success(world: World, site: Site, behaviour: str) -> None:
    world.app.behaviour = behaviour
    assert world.install(site).state == "enabled"


@pytest.mark.parametrize("behaviour", ["500", "302", "202", "401", "redirect", "unreachable"])
def test_a_first_installation_that_is_refused_fails_with_its_reason_and_may_be_tried_again(
    world: World, site: Site, behaviour: str
) -> None:
    world.app.behaviour = behaviour
    installation = world.install(site)
    assert (installation.state, installation.running, installation.due_at) == ("failed", None, None)
    assert "could not be installed" in installation.text
    secret, client_key = unseal(installation.sealed_secret), installation.client_key
    world.app.behaviour = "204"
    again = world.install(site)
    assert (again.state, unseal(again.sealed_secret), again.client_key) == ("enabled", secret, client_key)
    assert sorted(world.upgrades(site)) == [("1.0.0", "applied"), ("1.0.0", "given_up")]


def test_a_lost_answer_to_a_first_installation_is_cured_by_repeating_the_identical_call(
    world: World, site: Site
) -> None:
    world.app.behaviour = "hang"
    assert world.install(site).state == "installing"
    world.app.behaviour = "204"
    world.work(after=HOUR)
    assert world.on(site).state == "enabled"
    assert len(set(world.app.bodies)) == 1
    assert len(world.app.bodies) == 2


def test_a_first_installation_without_answers_is_given_up_after_five_calls(world: World, site: Site) -> None:
    world.app.behaviour = "die"
    world.install(site)
    for _ in range(8):
        world.work(after=DAY)
    assert world.on(site).state == "failed"
    assert len(world.app.bodies) == 5


def test_a_failed_upgrade_keeps_the_old_version_and_is_tried_again_with_growing_pauses(
    world: World, site: Site
) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.app.behaviour = "500"
    world.follow()
    pauses = []
    for _ in range(4):
        installation = world.on(site)
        assert installation.running is not None
        assert (installation.running.number, installation.because) == ("1.0.0", "retry")
        assert "status 500" in installation.text
        assert installation.until is not None
        pauses.append(installation.until - world.now)
        world.work(after=installation.until - world.now)
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0] * 3
    told = explain(world.on(site), world.now)
    assert (told.because, len(told.calls)) == ("retry", 6)
    world.app.behaviour = "204"
    world.work(after=DAY)
    assert world.runs(site) == "1.0.1"
    assert world.on(site).because == ""
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "applied")]


def test_the_record_of_a_call_holds_no_secret_even_if_the_app_echoes_it(world: World, site: Site) -> None:
    world.app.behaviour = "500"
    secret = unseal(world.install(site).sealed_secret)
    [call] = LifecycleCall.objects.filter(site_id=site.pk)
    assert call.status == 500
    assert "sharedSecret" in call.response_excerpt
    for text in (call.response_excerpt, call.request_body, str(call.request_headers), str(call.response_headers)):
        assert secret not in text
    assert secret not in str(AuditEntry.objects.values_list("detail", flat=True))


def test_a_newer_version_takes_the_place_of_one_that_fails(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.app.behaviour = "500"
    world.follow()
    world.app.behaviour = "204"
    world.publish("1.0.2")
    world.follow(after=timedelta(minutes=1))
    assert world.runs(site) == "1.0.2"
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "superseded"), ("1.0.2", "applied")]


def test_a_disabled_app_is_upgraded_and_stays_disabled(world: World, site: Site) -> None:
    world.install(site)
    disable(site.pk, "demo", by=world.admins[site.pk], now=world.now)
    world.publish("1.0.1")
    world.follow()
    assert (world.runs(site), world.on(site).state) == ("1.0.1", "disabled")


def test_an_app_that_needs_no_call_is_upgraded_without_one(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1", authentication={"type": "none"}, lifecycle={})
    world.follow()
    assert world.runs(site) == "1.0.1"
    assert len(world.app.bodies) == 1


def test_a_worker_killed_before_the_call_is_followed_by_another(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.check(after=DAY)
    lease = new_id()
    assert len(start(claim(world.now, lease), lease, world.now)) == 1
    assert upgrade_due(world.now) == 0
    forget_leases()
    world.work()
    assert world.runs(site) == "1.0.1"
    assert len(world.app.bodies) == 2
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "applied")]


def test_a_worker_killed_after_the_call_leads_to_the_identical_call_and_one_record(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.check(after=DAY)
    lease = new_id()
    call_apps(start(claim(world.now, lease), lease, world.now))
    forget_leases()
    world.work()
    assert world.app.bodies[1] == world.app.bodies[2]
    assert world.runs(site) == "1.0.1"
    applied = AuditEntry.objects.filter(action="upgrade.succeeded", scope_id=site.pk)
    assert applied.count() == 2


def test_a_worker_that_lost_its_lease_records_nothing(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.check(after=DAY)

    def another_worker(_: OutgoingRequest) -> None:
        world.streets.before = lambda _: None
        forget_leases()
        world.work()

    world.streets.before = another_worker
    world.work()
    assert world.runs(site) == "1.0.1"
    assert AuditEntry.objects.filter(action="upgrade.succeeded", scope_id=site.pk).count() == 2
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "applied")]


def test_an_offer_that_comes_while_a_dead_worker_holds_the_upgrade_is_taken_afterwards(
    world: World, site: Site
) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.check(after=DAY)
    lease = new_id()
    start(claim(world.now, lease), lease, world.now)
    world.publish("1.0.2")
    world.check(after=HOUR)
    forget_leases()
    world.work()
    assert world.runs(site) == "1.0.2"
    assert world.upgrades(site)[1:] == [("1.0.1", "superseded"), ("1.0.2", "applied")]


@pytest.mark.parametrize("trouble", ["down", "500", "nonsense"])
def test_a_marketplace_in_trouble_is_asked_again_sooner_and_ever_less_often(
    world: World, site: Site, trouble: str
) -> None:
    world.install(site)
    world.marketplace.trouble = trouble
    pauses = []
    for _ in range(4):
        world.check(after=HOUR)
        site.refresh_from_db()
        pauses.append(site.next_check_at - world.now)
    assert pauses == sorted(pauses)
    assert pauses[0] < HOUR
    assert site.check_failures == 4
    assert site.check_problem == MarketplaceLink.objects.get().problem != ""
    world.marketplace.trouble = ""
    world.publish("1.0.1")
    world.follow(after=HOUR)
    site.refresh_from_db()
    assert (site.check_failures, site.check_problem, world.runs(site)) == (0, "", "1.0.1")


def test_checks_of_a_site_are_never_more_than_a_day_apart(world: World, site: Site) -> None:
    for _ in range(5):
        world.check(after=HOUR)
        site.refresh_from_db()
        assert timedelta(hours=20) < site.next_check_at - world.now < DAY


def test_a_refused_credential_says_what_to_do(world: World, site: Site) -> None:
    world.marketplace.credential = "tph_other"
    world.check(after=HOUR)
    site.refresh_from_db()
    assert "enrol this host service again" in site.check_problem


def test_a_version_that_cannot_be_taken_here_is_not_taken_and_says_so(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1", baseUrl="http://127.0.0.1:8001/app")
    world.follow()
    site.refresh_from_db()
    assert "cannot be taken here" in site.check_problem
    assert "demo 1.0.1" in site.check_problem
    assert world.runs(site) == "1.0.0"
    world.publish("1.0.2")
    world.follow()
    site.refresh_from_db()
    assert (site.check_problem, world.runs(site)) == ("", "1.0.2")


def test_a_descriptor_under_another_number_or_key_is_not_taken(world: World, site: Site) -> None:
    world.install(site)
    world.publish("2.0.0")
    world.follow()
    assert world.runs(site) == "1.0.0"
    assert KnownVersion.objects.count() == 1


def test_a_descriptor_is_fetched_once_for_all_sites(world: World, site: Site) -> None:
    others = [world.site(name) for name in ("beta", "gamma")]
    for each in (site, *others):
        world.install(each)
    world.publish("1.0.1")
    world.follow()
    assert len(world.marketplace.fetched) == 2
    assert [world.runs(each) for each in (site, *others)] == ["1.0.1"] * 3
    assert len(world.marketplace.checks) == 1


def test_reports_are_sent_in_order_and_kept_while_the_marketplace_is_down(world: World, site: Site) -> None:
    world.install(site)
    world.marketplace.trouble = "down"
    world.send_reports()
    assert PendingReport.objects.filter(attempts=1).count() == 2
    world.marketplace.trouble = ""
    PendingReport.objects.update(due_at=machine_now())
    world.send_reports()
    assert [(r.state, r.running) for r in world.marketplace.reports] == [("installing", None), ("current", "1.0.0")]
    assert PendingReport.objects.count() == 0
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    world.send_reports()
    last = world.marketplace.reports[-1]
    assert (last.state, last.running, last.target, last.until) == ("waiting_consent", "1.0.0", "1.1.0", None)


def test_an_app_is_on_a_site_once(world: World, site: Site) -> None:
    world.install(site)
    with pytest.raises(ConflictError, match="already"):
        install(site.pk, "demo", fingerprint=None, by=world.admins[site.pk], now=world.now)


def test_a_version_that_is_withdrawn_ends_what_waited_for_it(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    del world.marketplace.versions["demo"][-1]
    world.follow()
    assert (world.on(site).because, world.states(site)) == ("", ["superseded"])
    assert world.runs(site) == "1.0.0"


def test_a_descriptor_that_is_not_what_it_was_named_keeps_one_app_back_and_nobody_else(
    world: World, site: Site
) -> None:
    world.install(site)
    world.publish("1.0.1")
    digest = world.marketplace.versions["demo"][-1].descriptor
    world.marketplace.bytes_of[digest] = b"{}"
    world.follow()
    site.refresh_from_db()
    assert "another descriptor than it named" in site.check_problem
    assert (site.check_failures, world.runs(site)) == (0, "1.0.0")


def test_a_worker_killed_while_it_asks_the_marketplace_is_followed_by_another(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")
    world.now += DAY
    Site.objects.update(next_check_at=world.now)
    assert len(checking.claim(world.now, new_id())) == 1
    assert checking.check_due(world.now) == 0
    Site.objects.update(check_lease_until=machine_now() - timedelta(seconds=1))
    assert checking.check_due(world.now) == 1
    world.work()
    assert world.runs(site) == "1.0.1"


def test_a_check_that_lost_its_lease_records_nothing(world: World, site: Site) -> None:
    world.install(site)
    world.publish("1.0.1")

    def another_worker(_: OutgoingRequest) -> None:
        world.streets.before = lambda _: None
        Site.objects.update(check_lease_until=machine_now() - timedelta(seconds=1))
        checking.check_due(world.now)

    world.streets.before = another_worker
    world.follow()
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "applied")]


def test_a_report_that_was_sent_by_a_worker_killed_before_it_noted_that_is_sent_again(world: World, site: Site) -> None:
    world.install(site)
    kept = list(PendingReport.objects.all())
    world.send_reports()
    PendingReport.objects.bulk_create(kept)
    world.send_reports()
    sequences = [report.sequence for report in world.marketplace.reports]
    assert sequences == [1, 2, 1, 2]
    assert len({report.id for report in world.marketplace.reports}) == 2
