"""An app's life over REST and on pages: who may do what, what is not there for others, and apps on a real port."""

from typing import Any
from uuid import uuid4

import pytest
from tests.host.browsers import Browser, forms_of
from tests.host.conftest import APP_KEY, World, make_world, person
from tests.host.hostworld import MARKETPLACE, descriptor
from tests.host.lifecycleapps import LIFECYCLE, TalkedTo, arrive, let_talk, work
from tests.host.realapps import key_fetcher, serving
from tests.host.test_api import Ask, ask  # noqa: F401  a fixture
from tests.host.test_real import HalfStreets

from tradepost.foundation import outgoing
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.host.installing.commands import disable, uninstall
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import LifecycleCall, QueuedCall


@pytest.fixture
def app(world: World) -> TalkedTo:
    world.now = domain_now()
    return let_talk(world)


@pytest.fixture
def site(world: World, app: TalkedTo) -> Site:
    made = world.site("alpha")
    arrive(world, made)
    return made


def catch_up(world: World) -> None:
    world.now = domain_now()
    work(world)


@pytest.mark.urls("tests.host.urls")
def test_an_app_is_rotated_repeated_and_removed_over_rest(world: World, site: Site, ask: Ask) -> None:  # noqa: F811
    admin, here = world.admins[site.pk], f"/sites/{site.pk}/apps/demo"
    assert ask(admin, "PUT", f"{here}/secret") == (202, {"app": "demo", "state": "enabled"})
    assert ask(admin, "PUT", f"{here}/secret")[0] == 409
    told = ask(admin, "GET", here)[1]
    assert (told["is_rotating"], [each["cause"] for each in told["queued"]]) == (True, ["rotation"])
    catch_up(world)
    assert ask(admin, "GET", here)[1]["is_rotating"] is False
    calls = ask(admin, "GET", f"{here}/calls")[1]["items"]
    assert [(each["event"], each["cause"]) for each in calls] == [
        ("installed", "rotation"), ("enabled", "install"), ("installed", "install"),
    ]  # fmt: skip
    status, queued = ask(admin, "POST", f"{here}/calls/{calls[1]['id']}/replays")
    assert (status, queued["event"], queued["replay_of"]) == (202, "enabled", calls[1]["id"])
    catch_up(world)
    assert ask(admin, "GET", f"{here}/calls")[1]["items"][0]["delivery"] == queued["delivery"]
    assert ask(world.operator, "DELETE", here) == (200, {"app": "demo", "state": "uninstalled"})
    assert ask(admin, "DELETE", here)[0] == 404
    assert ask(admin, "GET", f"/sites/{site.pk}/apps")[1]["items"] == []
    assert ask(admin, "GET", here)[1]["state"] == "uninstalled"
    catch_up(world)
    assert ask(admin, "GET", f"{here}/calls")[1]["items"][0]["event"] == "uninstalled"


@pytest.mark.urls("tests.host.urls")
def test_a_site_is_moved_over_rest_by_operators_alone(world: World, site: Site, ask: Ask) -> None:  # noqa: F811
    where, body = f"/sites/{site.pk}/address", {"context_path": "/omega"}
    assert ask(world.admins[site.pk], "PUT", where, body)[0] == 403
    status, moved = ask(world.operator, "PUT", where, body)
    assert (status, moved["told"], moved["base_url"][-6:]) == (202, 1, "/omega")
    assert ask(world.operator, "PUT", where, {"context_path": "/api"})[0] == 422


@pytest.mark.urls("tests.host.urls")
def test_what_belongs_to_another_site_is_not_there_over_rest(world: World, site: Site, ask: Ask) -> None:  # noqa: F811
    other = world.site("beta")
    arrive(world, other)
    stranger, call = world.admins[other.pk], LifecycleCall.objects.filter(site_id=site.pk)[0]
    for method, path in [
        ("DELETE", f"/sites/{site.pk}/apps/demo"),
        ("PUT", f"/sites/{site.pk}/apps/demo/secret"),
        ("POST", f"/sites/{site.pk}/apps/demo/calls/{call.id}/replays"),
        ("POST", f"/sites/{other.pk}/apps/demo/calls/{call.id}/replays"),
        ("POST", f"/sites/{other.pk}/apps/demo/calls/{uuid4()}/replays"),
        ("DELETE", f"/sites/{other.pk}/apps/nosuch"),
    ]:
        assert ask(stranger, method, path)[0] == 404, path
    assert QueuedCall.objects.count() == 0


def test_forms_of_an_app_are_for_its_sites_keepers(world: World, site: Site) -> None:
    call = LifecycleCall.objects.filter(site_id=site.pk)[0]
    site.members.create(user=person("una@alpha.example").user, role="user")
    una, other = Browser(person("una@alpha.example")), Browser(world.admins[world.site("beta").pk])
    una_sees = [action for action, _ in forms_of(una.get("/alpha/apps/demo/"))]
    assert not [action for action in una_sees if action.startswith("/alpha/apps/demo/")]
    before = AuditEntry.objects.count()
    for address in ("uninstall/", "secret/", f"calls/{call.id}/replays/"):
        for browser, status in ((una, 403), (other, 404)):
            token = browser.get("/").context["csrf_token"]
            path = f"/alpha/apps/demo/{address}"
            assert browser.post(path, {"csrfmiddlewaretoken": str(token)}).status_code == status
            assert browser.post(path).status_code == 403
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.host.urls")
@pytest.mark.parametrize("mood", ["500", "redirect", "die"])
def test_a_real_app_in_trouble_is_switched_off_and_removed_all_the_same(live_server: Any, mood: str) -> None:
    world = make_world(key_fetcher(live_server.url))
    app = TalkedTo(APP_KEY, "", key_fetcher(live_server.url))
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    world.app, world.streets = app, HalfStreets(world.marketplace, client)
    with serving(app) as base_url, outgoing.replace(world.streets):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=world.operator, now=world.now)
        document = descriptor(APP_KEY, base_url, lifecycle=LIFECYCLE)
        world.marketplace.publish(document, "1.0.0", at=world.now)
        site = world.site("alpha")
        assert arrive(world, site).state == "enabled"
        app.behaviour = mood
        disable(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
        work(world)
        uninstall(site.pk, APP_KEY, by=world.admins[site.pk], now=world.now)
        work(world)
    client.close()
    assert app.refusals == []
    assert app.attempts == ["installed", "enabled", "disabled", "uninstalled"]
    failed = LifecycleCall.objects.filter(succeeded=False).order_by("recorded_at")
    assert list(failed.values_list("event", flat=True)) == ["disabled", "uninstalled"]
    assert world.on(site).state == "uninstalled"
