"""On real connections: HTTP to an app that fetches our key, and workers beside each other."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from tests.host.conftest import APP_KEY, DAY, START, World, make_world
from tests.host.hostworld import MARKETPLACE, App, Marketplace, Streets, descriptor
from tests.host.realapps import key_fetcher, serving

from tradepost.core.errors import ConflictError
from tradepost.foundation import outgoing
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse
from tradepost.host.approvals.commands import approve, decline
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.commands import install
from tradepost.host.installing.keys import current_key
from tradepost.host.installing.models import Installation, SigningKey
from tradepost.host.marketlink.checking import check_due
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.running import upgrade_due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.host.urls")]


class HalfStreets(Streets):
    """The marketplace as everywhere; apps by the guarded client, over real HTTP."""

    def __init__(self, marketplace: Marketplace, client: outgoing.OutgoingClient) -> None:
        super().__init__(marketplace)
        self.client = client

    def send_all(
        self, requests: Any, *, at_once_per_host: int = 4, at_once: int = 32
    ) -> list[OutgoingResponse | OutgoingError]:
        return self.client.send_all(requests, at_once_per_host=at_once_per_host, at_once=at_once)


@pytest.fixture
def real_app(live_server: Any) -> Iterator[World]:
    """A world whose app is a real server that fetches our keys from a real server."""
    made = make_world(key_fetcher(live_server.url))
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    made.streets = HalfStreets(made.marketplace, client)
    with serving(made.app) as base_url, outgoing.replace(made.streets):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        made.marketplace.publish(descriptor(APP_KEY, base_url), "1.0.0", at=START)
        yield made
    client.close()


@pytest.fixture
def shared_world(fetch_key: Callable[[str], str]) -> Iterator[World]:
    """A world for several threads, with a site that runs version 1.0.0."""
    made = make_world(fetch_key)
    with outgoing.replace(made.streets):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        made.publish("1.0.0")
        yield made


def side_by_side(*works: Callable[[], Any]) -> list[Any]:
    """Run works at the same time, each with its own connection; return results or what they raised."""
    results: list[Any] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(place: int) -> None:
        try:
            ready.wait(10)
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001  handed to the test
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_a_real_app_accepts_the_call_after_it_has_fetched_the_key(real_app: World) -> None:
    site = real_app.site("alpha")
    real_app.install(site)
    assert (real_app.app.refusals, real_app.runs(site)) == ([], "1.0.0")


@pytest.mark.parametrize(("behaviour", "state"), [("500", "failed"), ("redirect", "failed"), ("die", "installing")])
def test_a_real_app_that_fails_is_understood(real_app: World, behaviour: str, state: str) -> None:
    real_app.app.behaviour = behaviour
    assert real_app.install(real_app.site("alpha")).state == state


def test_two_workers_call_an_app_once_per_site(shared_world: World) -> None:
    sites = [shared_world.site(f"s{number}") for number in range(6)]
    for site in sites:
        install(site.pk, APP_KEY, fingerprint=None, by=shared_world.admins[site.pk], now=START)
    current_key()
    done = side_by_side(lambda: upgrade_due(START), lambda: upgrade_due(START))
    assert sum(done) == 6
    assert len(shared_world.app.bodies) == 6
    assert Installation.objects.filter(state="enabled").count() == 6


def test_two_workers_that_check_ask_for_every_site_once(shared_world: World) -> None:
    sites = [shared_world.site(f"s{number}") for number in range(6)]
    for site in sites:
        shared_world.install(site)
    shared_world.publish("1.0.1")
    shared_world.now += DAY
    Site.objects.update(next_check_at=shared_world.now)
    done = side_by_side(lambda: check_due(shared_world.now), lambda: check_due(shared_world.now))
    assert sum(done) == 6
    asked = [site.site for check in shared_world.marketplace.checks for site in check.sites]
    assert sorted(asked) == sorted(site.pk for site in sites)
    shared_world.work()
    assert {shared_world.runs(site) for site in sites} == {"1.0.1"}


def test_two_administrators_who_decide_at_once_get_one_decision(shared_world: World) -> None:
    site = shared_world.site("alpha")
    shared_world.install(site)
    shared_world.publish("1.1.0", scopes=["WRITE"])
    shared_world.follow()
    [approval] = Approval.objects.all()
    admin = shared_world.admins[site.pk]

    def decide(how: Callable[..., Any]) -> str:
        return how(approval.pk, fingerprint=approval.fingerprint, by=admin, now=shared_world.now).state

    assert side_by_side(lambda: decide(approve), lambda: decide(approve)) == ["approved", "approved"]
    shared_world.work()
    assert shared_world.runs(site) == "1.1.0"
    late = side_by_side(lambda: decide(approve), lambda: decide(decline))
    assert all(isinstance(each, ConflictError) for each in late)


def test_a_decision_cannot_be_taken_back_while_the_app_is_being_called(shared_world: World) -> None:
    site = shared_world.site("alpha")
    shared_world.install(site)
    shared_world.publish("1.1.0", scopes=["WRITE"])
    shared_world.follow()
    [approval] = Approval.objects.all()
    admin = shared_world.admins[site.pk]
    approve(approval.pk, fingerprint=approval.fingerprint, by=admin, now=shared_world.now)
    raised: list[str] = []

    def change_of_mind(_: OutgoingRequest) -> None:
        try:
            decline(approval.pk, fingerprint=approval.fingerprint, by=admin, now=shared_world.now)
        except ConflictError as error:
            raised.append(str(error))

    shared_world.streets.before = change_of_mind
    shared_world.work()
    assert "being applied" in raised[0]
    assert shared_world.runs(site) == "1.1.0"


def test_two_administrators_who_install_at_once_install_once(shared_world: World) -> None:
    site = shared_world.site("alpha")
    admin = shared_world.admins[site.pk]

    def do() -> Any:
        return install(site.pk, APP_KEY, fingerprint=None, by=admin, now=START)

    done = side_by_side(do, do)
    assert sorted(type(each).__name__ for each in done) == ["ConflictError", "Installation"]


def test_two_workers_that_need_the_first_key_make_one(shared_world: World) -> None:
    kids = side_by_side(lambda: current_key().kid, lambda: current_key().kid)
    assert kids[0] == kids[1]
    assert SigningKey.objects.count() == 1
    assert isinstance(shared_world.app, App)
