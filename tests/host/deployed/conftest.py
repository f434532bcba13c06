"""What the tests of deployed apps on a host start from."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.host.conftest import APP_KEY, World, make_world
from tests.host.deployed.deployedworld import DeployingMarketplace, deployed
from tests.host.hostworld import MARKETPLACE, Streets

from tradepost.core.consent import Ask
from tradepost.foundation import outgoing
from tradepost.foundation.callers import SCOPES, Caller
from tradepost.foundation.clock import domain_time_told_by, machine_now, new_id
from tradepost.foundation.models import ApiToken
from tradepost.foundation.secrets import hash_token
from tradepost.host.approvals.commands import approve, decline
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import Upgrade
from tradepost.host.upgrading.queries import Explanation, explain

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class DeployedWorld:
    """The world of a host service whose marketplace has a deployed app."""

    world: World
    market: DeployingMarketplace

    def deploy(self, number: str, *scopes: str, **parts: Any) -> None:
        """Deploy a version with these scopes, `read` where none is named."""
        self.market.deploy(number, deployed(*scopes, **parts), at=self.world.now)

    def site_on(self, number: str, name: str = "alpha") -> Site:
        """A site that runs what is newest now, which is that."""
        site = self.world.site(name)
        self.world.install(site)
        assert self.world.runs(site) == number
        return site

    def stands(self, site: Site) -> tuple[str | None, str | None, str]:
        """What runs, what was granted where that is something else, and why it is not the newest."""
        found = self.world.on(site)
        return self.world.runs(site), found.granted.number if found.granted else None, found.because

    def asked(self, site: Site) -> Ask | None:
        """What the administrator of a site is asked."""
        waiting = self.world.waiting(site)
        return Ask.from_json(waiting.ask) if waiting is not None else None

    def approve(self, site: Site) -> None:
        self.world.now += MINUTE  # what follows is later than what came before
        waiting = self.world.waiting(site)
        assert waiting is not None
        approve(waiting.pk, fingerprint=waiting.fingerprint, by=self.world.admins[site.pk], now=self.world.now)

    def decline(self, site: Site) -> None:
        self.world.now += MINUTE  # what follows is later than what came before
        waiting = self.world.waiting(site)
        assert waiting is not None
        decline(waiting.pk, fingerprint=waiting.fingerprint, by=self.world.admins[site.pk], now=self.world.now)

    def explain(self, site: Site) -> Explanation:
        return explain(self.world.on(site), self.world.now)

    def last_upgrade(self, site: Site) -> Upgrade:
        found = Upgrade.objects.filter(site_id=site.pk).order_by("planned_at", "id").last()
        assert found is not None
        return found

    def told(self, site: Site) -> list[tuple[str, str | None, str | None, str | None]]:
        """What the marketplace was told: state, running, target, granted; in order."""
        self.world.send_reports()
        mine = sorted((r for r in self.market.reports if r.site == site.pk), key=lambda r: r.sequence)
        return [(r.state, r.running, r.target, r.granted) for r in mine]


def installed(site: Site) -> Installation:
    """The row of the app on a site."""
    return Installation.objects.get(site=site, app_key=APP_KEY)


def ask(caller: Caller, method: str, path: str) -> tuple[int, Any]:
    """Ask the REST interface with a token of somebody; status and answer."""
    text, now = f"tp_{new_id().hex}", machine_now()
    ApiToken.objects.create(
        user=caller.user, name="t", prefix=text[:8], digest=hash_token(text), scopes=list(SCOPES), created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {text}"}
    answer = Client().generic(method, f"/api/1{path}", content_type="application/json", headers=headers)
    return answer.status_code, json.loads(answer.content)


@pytest.fixture
def town(db: None, settings: object, fetch_key: Callable[[str], str]) -> Iterator[DeployedWorld]:
    settings.ROOT_URLCONF = "tradepost.server.urls.host"  # type: ignore[attr-defined]
    made = make_world(fetch_key)
    market = DeployingMarketplace()
    made.marketplace = market
    made.streets = Streets(market, made.streets.apps)
    with outgoing.replace(made.streets), domain_time_told_by(lambda: made.now):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        yield DeployedWorld(made, market)
