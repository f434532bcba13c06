"""New secrets, calls told anew, and sites that move: what is sent, what counts meanwhile, and what never happens."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.host.browsers import Browser, said, text_of
from tests.host.conftest import APP_KEY, DAY, HOUR, START, World, make_world
from tests.host.hostworld import MARKETPLACE
from tests.host.lifecycleapps import TalkedTo, arrive, let_talk, publish, work
from tests.host.test_real import side_by_side

from tradepost.core.errors import ConflictError, ForbiddenError, IllegalTransitionError, NotFoundError
from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.commands import disable, enable, rotate_secret, uninstall
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import accepted_secrets
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.calling import call_due, claim_called, start_calls
from tradepost.host.upgrading.commands import move_site, replay
from tradepost.host.upgrading.models import LifecycleCall, QueuedCall
from tradepost.host.upgrading.running import upgrade_due


@pytest.fixture
def app(world: World) -> TalkedTo:
    return let_talk(world)


@pytest.fixture
def site(world: World, app: TalkedTo) -> Site:
    made = world.site("alpha")
    arrive(world, made)
    return made


def rotate(world: World, site: Site) -> Installation:
    rotate_secret(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
    work(world)
    return world.on(site)


def actions(site: Site) -> list[str]:
    rows = AuditEntry.objects.filter(scope_id=site.pk, action__startswith="secret.").order_by("at", "recorded_at")
    return list(rows.values_list("action", flat=True))


@pytest.mark.parametrize("answer", ["200", "201", "204"])
def test_a_new_secret_counts_when_the_app_has_taken_it(world: World, app: TalkedTo, site: Site, answer: str) -> None:
    old = unseal(world.on(site).sealed_secret)
    app.moods = {"installed": answer}
    after = rotate(world, site)
    assert unseal(after.sealed_secret) == app.tenants[after.client_key] != old
    assert after.sealed_pending_secret == ""
    assert actions(site) == ["secret.rotation_asked", "secret.rotated"]
    disable(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
    work(world)
    assert (app.heard[-1], app.refusals) == ("disabled", [])


@pytest.mark.parametrize("mood", ["500", "400", "202", "redirect", "unreachable"])
def test_a_refused_secret_is_dropped_and_the_old_one_stays(world: World, app: TalkedTo, site: Site, mood: str) -> None:
    before = world.on(site)
    app.moods = {"installed": mood}
    after = rotate(world, site)
    assert (after.sealed_secret, after.sealed_pending_secret) == (before.sealed_secret, "")
    assert (after.state, QueuedCall.objects.count()) == ("enabled", 0)
    assert actions(site)[-1] == "secret.refused"
    app.moods = {}
    assert rotate(world, site).sealed_secret != before.sealed_secret


@pytest.mark.parametrize("mood", ["hang", "die", "deaf"])
def test_after_a_lost_answer_both_secrets_count_until_the_same_one_is_taken(
    world: World, app: TalkedTo, site: Site, mood: str
) -> None:
    old = unseal(world.on(site).sealed_secret)
    app.moods = {"installed": mood}
    unclear = rotate(world, site)
    offered = unseal(unclear.sealed_pending_secret)
    assert accepted_secrets(unclear) == (old, offered)
    for mood_meanwhile in ("unreachable", "500", mood):
        app.moods = {"installed": mood_meanwhile}
        world.now += DAY
        work(world)
        assert accepted_secrets(world.on(site)) == (old, offered)
    app.moods = {}
    world.now += DAY
    work(world)
    after = world.on(site)
    assert accepted_secrets(after) == (offered,)
    assert app.tenants[after.client_key] == offered


def test_an_app_that_says_no_after_a_lost_answer_keeps_the_old_secret(world: World, app: TalkedTo, site: Site) -> None:
    old = unseal(world.on(site).sealed_secret)
    app.moods = {"installed": "deaf"}
    rotate(world, site)
    app.moods = {"installed": "401"}
    world.now += DAY
    work(world)
    assert accepted_secrets(world.on(site)) == (old,)


def test_there_are_never_two_rotations_at_once(world: World, app: TalkedTo, site: Site) -> None:
    app.moods = {"installed": "hang"}
    rotate(world, site)
    with pytest.raises(ConflictError, match="already"):
        rotate(world, site)


def test_an_upgrade_in_the_middle_of_a_rotation_carries_the_secret_in_force(
    world: World, app: TalkedTo, site: Site
) -> None:
    old = unseal(world.on(site).sealed_secret)
    app.moods = {"installed": "deaf"}
    rotate(world, site)
    app.moods = {}
    publish(world, "1.0.1")
    world.check(after=timedelta(minutes=1))
    upgrade_due(world.now)
    assert app.told[-1]["sharedSecret"] == old
    world.now += DAY
    work(world)
    assert accepted_secrets(world.on(site)) == (app.tenants[world.on(site).client_key],) != (old,)


def test_a_worker_killed_in_a_rotation_is_followed_by_one_that_offers_the_same(
    world: World, app: TalkedTo, site: Site
) -> None:
    rotate_secret(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
    offered = unseal(world.on(site).sealed_pending_secret)
    lease = new_id()
    start_calls(claim_called(world.now, lease), lease, world.now)
    Installation.objects.update(lease_until=machine_now() - timedelta(seconds=1))
    app.moods = {"installed": "unreachable"}  # nobody knows what the dead one achieved
    call_due(world.now)
    assert unseal(world.on(site).sealed_pending_secret) == offered
    app.moods = {}
    world.now += HOUR
    work(world)
    assert accepted_secrets(world.on(site)) == (offered,)


def test_a_removal_ends_a_rotation(world: World, app: TalkedTo, site: Site) -> None:
    app.moods = {"installed": "hang"}
    rotate(world, site)
    uninstall(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
    world.now += DAY
    work(world)
    assert (world.on(site).state, world.on(site).sealed_pending_secret) == ("uninstalled", "")
    assert app.attempts.count("installed") == 2


def test_a_call_is_told_again_freshly_signed_and_with_what_holds_now(world: World, app: TalkedTo, site: Site) -> None:
    [installed, enabled] = LifecycleCall.objects.filter(site_id=site.pk).order_by("at", "recorded_at")
    current = unseal(rotate(world, site).sealed_secret)
    admin = world.admins[site.pk]
    for call in (installed, enabled):
        queued = replay(site.pk, APP_KEY, call.id, by=admin, now=world.now)
        assert replay(site.pk, APP_KEY, call.id, by=admin, now=world.now).pk == queued.pk
        work(world)
    assert app.heard[-2:] == ["installed", "enabled"]
    assert app.told[-2]["sharedSecret"] == current
    assert list(LifecycleCall.objects.filter(cause="replay").values_list("replay_of", flat=True).order_by("at")) in (
        [installed.id, enabled.id],
        [enabled.id, installed.id],
    )
    assert app.refusals == []


def test_what_would_be_wrong_now_is_not_told_again(world: World, app: TalkedTo, site: Site) -> None:
    admin = world.admins[site.pk]
    calls = {call.event: call.id for call in LifecycleCall.objects.filter(site_id=site.pk)}
    disable(site.pk, APP_KEY, by=admin, now=world.now)
    with pytest.raises(ConflictError, match="is disabled now"):
        replay(site.pk, APP_KEY, calls["enabled"], by=admin, now=world.now)
    uninstall(site.pk, APP_KEY, by=admin, now=world.now)
    work(world)
    with pytest.raises(ConflictError, match="is uninstalled now"):
        replay(site.pk, APP_KEY, calls["installed"], by=admin, now=world.now)
    gone = LifecycleCall.objects.get(site_id=site.pk, event="uninstalled")
    replay(site.pk, APP_KEY, gone.id, by=admin, now=world.now)
    work(world)
    assert app.heard[-1] == "uninstalled"


def test_calls_of_other_sites_and_calls_that_are_none_cannot_be_repeated(
    world: World, app: TalkedTo, site: Site
) -> None:
    other = world.site("beta")
    arrive(world, other)
    call = LifecycleCall.objects.filter(site_id=site.pk)[0]
    stranger = world.admins[other.pk]
    for where, which in ((site.pk, call.id), (other.pk, call.id), (other.pk, uuid4())):
        with pytest.raises(NotFoundError):
            replay(where, APP_KEY, which, by=stranger, now=world.now)


def test_a_moved_site_tells_its_apps_until_each_has_heard_it(world: World, app: TalkedTo, site: Site) -> None:
    before = world.on(site)
    app.moods = {"installed": "500"}
    moved, told = move_site(site.pk, context_path="/omega", by=world.operator, now=world.now)
    assert (moved.base_url.endswith("/omega"), told) == (True, 1)
    work(world)
    app.moods = {}
    world.now += HOUR
    work(world)
    assert app.told[-1]["eventType"] == "installed"
    assert app.told[-1]["baseUrl"] == moved.base_url
    assert app.told[-1]["clientKey"] == before.client_key
    assert app.told[-1]["sharedSecret"] == unseal(before.sealed_secret)
    assert QueuedCall.objects.count() == 0
    assert move_site(site.pk, context_path="/omega", by=world.operator, now=world.now)[1] == 0
    with pytest.raises(ForbiddenError):
        move_site(site.pk, context_path="/psi", by=world.admins[site.pk], now=world.now)
    world.site("psi")
    with pytest.raises(ConflictError):
        move_site(site.pk, context_path="/psi", by=world.operator, now=world.now)


def test_an_administrator_removes_rotates_and_repeats_on_pages(world: World, app: TalkedTo, site: Site) -> None:
    page, admin = "/alpha/apps/demo/", Browser(world.admins[site.pk])
    assert "is being offered a new secret" in said(admin.submit(page, f"{page}secret/"))
    world.now = QueuedCall.objects.get().due_at
    work(world)
    call = LifecycleCall.objects.filter(event="enabled")[0]
    assert "told again" in said(admin.submit(f"{page}calls/", f"{page}calls/{call.id}/replays/"))
    assert "is uninstalled" in said(admin.submit(page, f"{page}uninstall/"))
    shown = text_of(admin.get(page))
    assert "not on this site any more" in shown
    assert "Install it again" in shown
    assert admin.get(f"{page}calls/").status_code == 200


@pytest.fixture
def shared(transactional_db: None, fetch_key: Callable[[str], str]) -> Iterator[tuple[World, Site]]:
    """A world for several threads, with a site on which the app runs."""
    made = make_world(fetch_key)
    with outgoing.replace(made.streets):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        let_talk(made)
        site = made.site("alpha")
        arrive(made, site)
        yield made, site


def test_two_administrators_at_once_get_one_outcome(shared: tuple[World, Site]) -> None:
    world, site = shared
    admin = world.admins[site.pk]

    def do(command: Callable[..., Any]) -> Callable[[], Any]:
        return lambda: command(site.pk, APP_KEY, by=admin, now=START)

    done = side_by_side(do(rotate_secret), do(rotate_secret))
    assert sorted(type(each).__name__ for each in done) == ["ConflictError", "Installation"]
    work(world)
    done = side_by_side(do(disable), do(disable), do(enable))
    work(world)
    done += side_by_side(do(uninstall), do(uninstall), do(disable), do(rotate_secret))
    allowed = (Installation, NotFoundError, ConflictError, IllegalTransitionError)
    assert all(isinstance(each, allowed) for each in done), done
    work(world)
    assert world.on(site).state == "uninstalled"
    assert LifecycleCall.objects.filter(event="uninstalled").count() == 1
    assert world.app.refusals == []


def test_two_workers_make_each_call_once(shared: tuple[World, Site]) -> None:
    world, site = shared
    sites = [world.site(f"s{number}") for number in range(4)]
    for each in sites:
        arrive(world, each)
    for each in sites:
        disable(each.pk, APP_KEY, by=world.admins[each.pk], now=START)
    done = side_by_side(lambda: call_due(START), lambda: call_due(START))
    assert sum(done) == 4
    assert LifecycleCall.objects.filter(event="disabled").count() == 4
    assert site.pk not in LifecycleCall.objects.filter(event="disabled").values_list("site_id", flat=True)
