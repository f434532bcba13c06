"""What an app is told in its life on a site: in which order, signed how, with which fields, and what a failure does."""

import json
from datetime import timedelta

import jwt
import pytest
from tests.host.conftest import APP_KEY, DAY, HOUR, World, person
from tests.host.lifecycleapps import TalkedTo, arrive, let_talk, publish, work

from tradepost.core.errors import ConflictError, ForbiddenError, NotFoundError
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.secrets import unseal
from tradepost.host.appapi.models import AppProperty
from tradepost.host.installing.commands import disable, enable, install, uninstall
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.upgrading import running
from tradepost.host.upgrading.calling import call_due, claim_called, start_calls
from tradepost.host.upgrading.lifecycle import TOKEN_LIFE
from tradepost.host.upgrading.models import LifecycleCall, QueuedCall, Upgrade
from tradepost.host.upgrading.sending import BATCH, lease_life, longest_queue

FIELDS = {
    "key", "clientKey", "oauthClientId", "baseUrl", "displayUrl", "displayUrlServicedeskHelpCenter", "productType",
    "description", "serverVersion", "pluginsVersion", "eventType", "accountId",
}  # fmt: skip


@pytest.fixture
def app(world: World) -> TalkedTo:
    return let_talk(world)


@pytest.fixture
def site(world: World, app: TalkedTo) -> Site:
    return world.site("alpha")


def off(world: World, site: Site) -> Installation:
    return disable(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)


def on(world: World, site: Site) -> Installation:
    return enable(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)


def remove(world: World, site: Site) -> Installation:
    return uninstall(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)


def log(site: Site) -> list[tuple[str, int, bool]]:
    rows = LifecycleCall.objects.filter(site_id=site.pk).order_by("at", "recorded_at")
    return list(rows.values_list("event", "attempt", "succeeded"))


def test_an_app_hears_of_its_whole_life_in_order(world: World, app: TalkedTo, site: Site) -> None:
    arrive(world, site)
    off(world, site)
    on(world, site)
    work(world)
    publish(world, "1.0.1")
    world.follow()
    remove(world, site)
    work(world)
    assert app.refusals == []
    assert app.heard == ["installed", "enabled", "disabled", "enabled", "installed", "disabled", "uninstalled"]
    assert QueuedCall.objects.count() == 0


def test_an_app_that_is_off_is_not_told_so_again_when_it_is_removed(world: World, app: TalkedTo, site: Site) -> None:
    arrive(world, site)
    off(world, site)
    work(world)
    remove(world, site)
    work(world)
    assert app.heard == ["installed", "enabled", "disabled", "uninstalled"]


def test_every_call_carries_the_fields_of_the_table_and_only_installed_the_secret(
    world: World, app: TalkedTo, site: Site
) -> None:
    installation = arrive(world, site)
    remove(world, site)
    work(world)
    assert [body["eventType"] for body in app.told] == ["installed", "enabled", "disabled", "uninstalled"]
    assert set(app.told[0]) == FIELDS | {"sharedSecret"}
    assert all(set(body) == FIELDS for body in app.told[1:])
    account = str(world.admins[site.pk].user.pk)
    assert {body["accountId"] for body in app.told} == {account}
    assert {body["clientKey"] for body in app.told} == {installation.client_key}
    claims = [jwt.decode(h["Authorization"][4:], options={"verify_signature": False}) for h in app.headers]
    assert {each["sub"] for each in claims} == {account}
    algorithms = [jwt.get_unverified_header(h["Authorization"][4:])["alg"] for h in app.headers]
    assert algorithms == ["RS256", "HS256", "HS256", "RS256"]
    assert all("Atlassian-Connect-Version" in h for h in app.headers)


def test_nobody_stands_behind_an_upgrade_that_comes_by_itself(world: World, app: TalkedTo, site: Site) -> None:
    arrive(world, site)
    publish(world, "1.0.1")
    world.follow()
    assert app.heard == ["installed", "enabled", "installed"]
    assert "accountId" not in app.told[-1]
    assert "sub" not in jwt.decode(app.headers[-1]["Authorization"][4:], options={"verify_signature": False})


@pytest.mark.parametrize("mood", ["500", "302", "401", "redirect", "hang", "die", "unreachable"])
def test_what_becomes_of_enabled_and_disabled_changes_nothing_and_is_in_the_log(
    world: World, app: TalkedTo, site: Site, mood: str
) -> None:
    app.moods = {"enabled": mood, "disabled": mood}
    assert arrive(world, site).state == "enabled"
    assert off(world, site).state == "disabled"
    work(world)
    assert log(site) == [("installed", 1, True), ("enabled", 1, False), ("disabled", 1, False)]
    assert QueuedCall.objects.count() == 0


@pytest.mark.parametrize("mood", ["500", "401", "redirect", "hang", "die", "unreachable"])
def test_an_app_that_cannot_be_told_is_uninstalled_all_the_same(
    world: World, app: TalkedTo, site: Site, mood: str
) -> None:
    arrive(world, site)
    app.moods = {"disabled": mood, "uninstalled": mood}
    gone = remove(world, site)
    assert (gone.state, gone.running) == ("uninstalled", None)
    for _ in range(8):
        work(world)
        world.now += DAY
    assert [number for event, number, _ in log(site) if event == "uninstalled"] == [1, 2, 3, 4]
    assert QueuedCall.objects.count() == 0


def test_a_farewell_that_fails_is_repeated_in_the_background_until_it_is_heard(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    app.moods = {"uninstalled": "unreachable"}
    remove(world, site)
    work(world)
    [waiting] = QueuedCall.objects.all()
    assert (waiting.event, waiting.attempts) == ("uninstalled", 1)
    assert "does not accept connections" in waiting.last_failure
    app.moods = {}
    world.now += HOUR
    work(world)
    assert app.heard[-1] == "uninstalled"


def test_removing_ends_what_was_asked_and_planned(world: World, app: TalkedTo, site: Site) -> None:
    arrive(world, site)
    publish(world, "1.1.0", scopes=["WRITE"])
    world.follow()
    assert world.waiting(site) is not None
    remove(world, site)
    assert world.states(site) == ["superseded"]
    publish(world, "1.1.1", scopes=["READ"])
    world.follow()
    assert world.on(site).state == "uninstalled"
    world.send_reports()
    assert world.marketplace.reports[-1].state == "uninstalled"


def test_an_upgrade_under_way_is_superseded_by_a_removal_and_its_call_stays_in_the_log(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    publish(world, "1.0.1")
    world.check(after=DAY)

    def change_of_mind(request: object) -> None:
        world.streets.before = app.brace
        remove(world, site)
        assert call_due(world.now) == 0  # nobody talks to the app while it is being talked to

    world.streets.before = change_of_mind
    work(world)
    assert app.heard[-3:] == ["installed", "disabled", "uninstalled"]
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "superseded")]
    assert world.on(site).state == "uninstalled"
    assert world.on(site).lease is None


def test_an_app_that_does_not_answer_can_be_removed_while_it_is_being_installed(
    world: World, app: TalkedTo, site: Site
) -> None:
    app.moods = {"installed": "hang"}
    assert arrive(world, site).state == "installing"
    remove(world, site)
    work(world)
    assert app.heard == ["installed", "uninstalled"]
    assert list(Upgrade.objects.values_list("state", flat=True)) == ["superseded"]


def test_an_app_returns_with_its_client_key_its_data_and_a_new_secret(world: World, app: TalkedTo, site: Site) -> None:
    before = arrive(world, site)
    secret = unseal(before.sealed_secret)
    AppProperty.objects.create(installation=before, key="k", value="1")
    remove(world, site)
    work(world)
    assert unseal(world.on(site).sealed_secret) == secret
    after = arrive(world, site)
    assert (after.state, after.client_key, after.sealed_pending_secret) == ("enabled", before.client_key, "")
    assert unseal(after.sealed_secret) != secret
    assert app.tenants == {after.client_key: unseal(after.sealed_secret)}
    assert app.heard[-2:] == ["installed", "enabled"]
    assert AppProperty.objects.filter(installation=after).count() == 1


@pytest.mark.parametrize("mood", ["500", "unreachable", "redirect"])
def test_a_return_that_fails_leaves_the_app_as_gone_as_before_and_says_why(
    world: World, app: TalkedTo, site: Site, mood: str
) -> None:
    remnant = arrive(world, site).sealed_secret
    remove(world, site)
    work(world)
    app.moods = {"installed": mood}
    after = arrive(world, site)
    assert (after.state, after.running, after.sealed_secret) == ("uninstalled", None, remnant)
    assert after.sealed_pending_secret == ""
    assert "could not be installed again" in after.text
    app.moods = {}
    assert arrive(world, site).state == "enabled"


def test_a_lost_answer_to_a_return_is_repeated_with_the_same_new_secret(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    remove(world, site)
    work(world)
    app.moods = {"installed": "hang"}
    assert arrive(world, site).state == "installing"
    app.moods = {}
    world.now += HOUR
    work(world)
    secrets = [body["sharedSecret"] for body in app.told if body["eventType"] == "installed"]
    assert secrets[0] != secrets[1] == secrets[2] == unseal(world.on(site).sealed_secret)


def test_a_return_waits_for_the_farewell_that_is_due_and_drops_one_that_failed(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    remove(world, site)
    arrive(world, site)
    assert app.heard[2:] == ["disabled", "uninstalled", "installed", "enabled"]
    app.moods = {"uninstalled": "500"}
    remove(world, site)
    work(world)
    app.moods = {}
    arrive(world, site)
    world.now += DAY
    work(world)
    assert app.heard[-2:] == ["installed", "enabled"]


def test_a_worker_killed_before_it_noted_an_answer_is_followed_by_another(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    off(world, site)
    lease = new_id()
    [started] = start_calls(claim_called(world.now, lease), lease, world.now)
    assert started.row.event == "disabled"
    assert call_due(world.now) == 0
    Installation.objects.update(lease_until=machine_now() - timedelta(seconds=1))
    assert call_due(world.now) == 1
    assert log(site)[-1] == ("disabled", 2, True)


def test_what_an_app_names_no_address_for_is_not_told(world: World, app: TalkedTo, site: Site) -> None:
    world.marketplace.versions.clear()
    publish(world, "1.0.0", lifecycle={"installed": "/installed", "uninstalled": "/uninstalled"})
    arrive(world, site)
    remove(world, site)
    work(world)
    assert app.heard == ["installed", "uninstalled"]


def test_other_apps_and_sites_go_on_while_one_hangs(world: World, app: TalkedTo, site: Site) -> None:
    other = world.site("beta")
    app.moods = {"enabled": "hang"}
    arrive(world, site)
    app.moods = {}
    assert arrive(world, other).state == "enabled"
    assert log(other) == [("installed", 1, True), ("enabled", 1, True)]


def test_people_of_other_sites_and_users_remove_nothing_and_operators_may(
    world: World, app: TalkedTo, site: Site
) -> None:
    arrive(world, site)
    other = world.admins[world.site("beta").pk]
    with pytest.raises(NotFoundError):
        uninstall(site.pk, APP_KEY, by=other, now=world.now)
    user = person("una@alpha.example")
    site.members.create(user=user.user, role="user")
    with pytest.raises(ForbiddenError):
        uninstall(site.pk, APP_KEY, by=user, now=world.now)
    assert uninstall(site.pk, APP_KEY, by=world.operator, now=world.now).state == "uninstalled"
    with pytest.raises(NotFoundError):
        remove(world, site)
    with pytest.raises(NotFoundError):
        off(world, site)


def test_a_token_lives_until_the_last_call_of_a_batch_has_had_its_turn(world: World, app: TalkedTo, site: Site) -> None:
    assert longest_queue(BATCH) == timedelta(seconds=250)
    assert lease_life() > longest_queue(BATCH)
    lease = new_id()
    install(site.pk, APP_KEY, fingerprint=None, by=world.admins[site.pk], now=world.now)
    running.call_apps(running.start(running.claim(world.now, lease), lease, world.now))
    claims = jwt.decode(app.headers[0]["Authorization"][4:], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == (TOKEN_LIFE + longest_queue(1)).total_seconds()


def test_the_log_masks_secrets_of_every_event(world: World, app: TalkedTo, site: Site) -> None:
    secret = unseal(arrive(world, site).sealed_secret)
    remove(world, site)
    work(world)
    rows = LifecycleCall.objects.filter(site_id=site.pk)
    assert secret not in str(list(rows.values()))
    assert all("(masked)" in row.request_headers["Authorization"] for row in rows)
    assert [json.loads(row.request_body).get("sharedSecret") for row in rows.order_by("at", "recorded_at")] == [
        "(masked)", None, None, None,
    ]  # fmt: skip


def test_an_app_on_a_site_cannot_be_installed_again(world: World, app: TalkedTo, site: Site) -> None:
    arrive(world, site)
    with pytest.raises(ConflictError):
        install(site.pk, APP_KEY, fingerprint=None, by=world.admins[site.pk], now=world.now)
