"""What the tests of apps by address start from: a site that takes them, its administrator, and an app on a port."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.conftest import World, make_world
from tests.host.hostworld import MARKETPLACE
from tests.host.test_real import HalfStreets
from tests.host.upm.devapps import DevApp, developing

from tradepost.foundation import outgoing, tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import OutgoingMail
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.calling import call_due
from tradepost.host.upgrading.running import upgrade_due
from tradepost.host.upm.models import AddressListing
from tradepost.host.upm.polling import poll_due
from tradepost.host.upm.requests import carry_out_requests, install_by_address
from tradepost.host.upm.switch import set_private_listings

PASSWORD = "a long pass phrase"
INSTALL = "application/vnd.atl.plugins.remote.install+json"


@dataclass
class Desk:
    """One site, and what its administrator does there."""

    world: World
    site: Site
    app: DevApp

    @property
    def admin(self) -> Caller:
        return self.world.admins[self.site.pk]

    @property
    def now(self) -> Any:
        return self.world.now

    def work(self, *, after: timedelta = timedelta(0)) -> None:
        """Let the workers take up what is due."""
        self.world.now += after
        while carry_out_requests(self.now) or poll_due(self.now) or upgrade_due(self.now) or call_due(self.now):
            pass

    def install(self) -> Installation:
        """Install the app by its address."""
        install_by_address(self.site.pk, self.app.address, by=self.admin, now=self.now)
        self.work()
        return self.installation()

    def installation(self) -> Installation:
        return Installation.objects.select_related("running", "newest").get(site=self.site, app_key="dev-app")

    def runs(self) -> str | None:
        running = self.installation().running
        return running.number if running else None

    def address(self) -> AddressListing:
        return AddressListing.objects.get(installation__site=self.site)

    def mails(self) -> list[str]:
        return list(OutgoingMail.objects.filter(to=self.admin.actor).values_list("subject", flat=True))


class Upm:
    """A client of UPM's interface on one site, by e-mail and password or token."""

    def __init__(self, desk: Desk, email: str, password: str, *, path: str = "") -> None:
        self.desk, self.client = desk, Client(headers={"host": "host.test"})
        credentials = base64.b64encode(f"{email}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {credentials}"}
        self.root = path or f"{desk.site.context_path}/rest/plugins/1.0/"

    def get(self, path: str = "", **headers: str) -> HttpResponse:
        return self.client.get(self.place(path), headers=self.headers | headers)

    def place(self, path: str) -> str:
        return path if path.startswith("/") else self.root + path

    def token(self) -> str:
        return self.get()["upm-token"]

    def post(self, url: str = "", *, token: str | None = None, kind: str = INSTALL, body: Any = None) -> HttpResponse:
        token = self.token() if token is None else token
        sent = json.dumps(body if body is not None else {"pluginUri": url or self.desk.app.address})
        return self.client.post(f"{self.root}?token={token}", sent, content_type=kind, headers=self.headers)

    def delete(self, key: str = "dev-app") -> HttpResponse:
        return self.client.delete(f"{self.root}{key}-key", headers=self.headers)

    def register(self, url: str = "") -> HttpResponse:
        """As frameworks do: wish, let the workers work, ask how it went."""
        answer = self.post(url)
        assert answer.status_code == 202, answer.content
        self.desk.work()
        return self.get(answer.json()["links"]["self"])


@pytest.fixture
def app() -> Iterator[DevApp]:
    with developing() as made:
        yield made


@pytest.fixture
def desk(db: None, app: DevApp, fetch_key: Any) -> Iterator[Desk]:
    """A site whose private listings are on; apps are reached by the guarded client over HTTP."""
    world = make_world(fetch_key)
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    with outgoing.replace(HalfStreets(world.marketplace, client)):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=world.operator, now=world.now)
        site = world.site("alpha")
        user = world.admins[site.pk].user
        user.set_password(PASSWORD)
        user.save()
        set_private_listings(site.pk, allowed=True, by=world.admins[site.pk], now=world.now)
        yield Desk(world, site, app)
    client.close()


@pytest.fixture
def upm(desk: Desk) -> Upm:
    """The administrator's programs, by a token (which costs no password hash)."""
    return Upm(desk, desk.admin.actor, token_of(desk.admin))


def token_of(caller: Caller, *scopes: str) -> str:
    _, plain = tokens.make_token(
        by=caller, name="upm", scopes=scopes or ("sites:read", "sites:write"), expires_in=timedelta(days=1),
        service="host", now=machine_now(),
    )  # fmt: skip
    return plain
