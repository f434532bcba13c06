"""A site with an app that costs something, a marketplace that decides about it, and ears that keep what the app heard.

The marketplace says what it is told to say; the app answers every call. Both have behaviour and no expectations.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.conftest import APP_KEY, World
from tests.host.hostworld import MARKETPLACE, Marketplace

from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import Configuration, Policy, configuration
from tradepost.foundation.outgoing import OutgoingRequest, OutgoingResponse
from tradepost.foundation.secrets import hash_token
from tradepost.host.installing.models import Installation
from tradepost.host.licenses import caching, deciding, telling
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.sites.models import Site
from tradepost.host.upgrading import lifecycle
from tradepost.host.upgrading.calling import call_due
from tradepost.host.webhooks import delivering
from tradepost.wire import licenses as wire

HERE = "atl.jira.view.issue.right.context"
STANDARD, ADVANCED = "capabilityStandard", "capabilityAdvanced"
READERS = (caching, deciding, telling, lifecycle, delivering)
"""The modules whose policy a test may set."""


def panel(key: str, *conditions: dict[str, Any], url: str = "/panel") -> dict[str, Any]:
    module = {"key": key, "name": {"value": key}, "url": url, "location": HERE}
    return module | ({"conditions": list(conditions)} if conditions else {})


def capability(value: str) -> dict[str, Any]:
    return {"condition": "capability_set", "params": {"value": value}}


MODULES = {
    "webPanels": [
        panel("plain", url="/plain?inside={condition.addon_is_licensed}"),
        panel("licensed", {"condition": "addon_is_licensed"}),
        panel("standard", capability(STANDARD)),
        panel("advanced", capability(ADVANCED)),
    ],
    "generalPages": [{"key": "page", "name": {"value": "A page"}, "url": "/page"}],
    "webhooks": [
        {"event": "license.changed", "url": "/hooks/license"},
        {"event": "project_created", "url": "/hooks/project"},
    ],
}
LIFECYCLE = {"installed": "/installed", "enabled": "/enabled", "disabled": "/disabled", "uninstalled": "/uninstalled"}


@dataclass
class LicensingMarketplace(Marketplace):
    """A marketplace that also decides about licenses: as `decisions` say, and by beginning trials."""

    decisions: dict[tuple[UUID, str], wire.LicenseDecision] = field(default_factory=dict)
    asked: list[wire.LicenseQuestions] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    knows_only_checked: bool = False
    silent: bool = False

    def answer(self, request: OutgoingRequest) -> tuple[int, bytes]:
        if request.url == f"{MARKETPLACE}/wire/1/licenses" and not self.trouble:
            self.seconds.append(request.timeout.total)
            return self._answer_questions(msgspec.json.decode(request.body or b"", type=wire.LicenseQuestions))
        return super().answer(request)

    def decide(self, site: UUID, *, app: str = APP_KEY, **changes: Any) -> wire.LicenseDecision:
        """Decide otherwise from now on; the revision rises unless it is named."""
        before = self.decisions.get((site, app))
        fresh = wire.LicenseDecision(site=site, app=app, revision=0, state="active", active=True, exists=True)
        base = before or fresh
        made = msgspec.structs.replace(base, **{"revision": base.revision + 1, **changes})
        self.decisions[site, app] = made
        return made

    def _answer_questions(self, message: wire.LicenseQuestions) -> tuple[int, bytes]:
        self.asked.append(message)
        if self.silent:
            return 200, msgspec.json.encode(wire.LicenseDecisions(decisions=[]))
        known = {each.site for check in self.checks for each in check.sites}
        decisions, unknown, strangers = [], [], []
        for each in message.questions:
            if self.knows_only_checked and each.site not in known:
                strangers.append(each.site)
                continue
            if each.begin_trial and (each.site, each.app) not in self.decisions:
                self.decide(each.site, app=each.app, state="trial", evaluation=True, **NUMBERS)
            found = self.decisions.get((each.site, each.app))
            decisions += [found] if found else []
            unknown += [] if found else [each.app]
        answer = wire.LicenseDecisions(decisions=decisions, unknown=unknown, unknown_sites=strangers)
        return 200, msgspec.json.encode(answer)


NUMBERS = {"entitlement_id": "ent-1", "entitlement_number": "E-123", "support_number": "SEN-123", "kind": "commercial"}


@dataclass
class Ears:
    """An app that takes every call, and keeps them. Its address is that of the world's app."""

    base_url: str
    behaviour: str = "204"
    calls: list[OutgoingRequest] = field(default_factory=list)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was sent to an address below the app's, oldest first."""
        return [json.loads(each.body or b"{}") for each in self.calls if self.path(each) == path]

    def urls(self, path: str) -> list[str]:
        return [each.url for each in self.calls if self.path(each) == path]

    def path(self, request: OutgoingRequest) -> str:
        return request.url.removeprefix(self.base_url).partition("?")[0]


@dataclass
class LicenseWorld:
    """A world whose app costs something, installed on a site; time is the world's."""

    world: World
    market: LicensingMarketplace
    ears: Ears
    site: Site

    @property
    def now(self) -> datetime:
        return self.world.now

    def later(self, step: timedelta) -> None:
        self.world.now += step

    def installation(self) -> Installation:
        return self.world.on(self.site)

    def row(self) -> CachedLicense:
        return CachedLicense.objects.get(installation__site=self.site, installation__app_key=APP_KEY)

    def client(self) -> Client:
        made = Client()
        made.force_login(self.world.admins[self.site.pk].user)
        return made

    def look(self) -> HttpResponse:
        """The app's page on the site, as its administrator sees it."""
        return self.client().get(f"/{self.site.name}/plugins/servlet/ac/{APP_KEY}/page")

    def work(self) -> None:
        """Let the workers call the app."""
        while call_due(self.now) or delivering.deliver_due(self.now):
            pass

    def push(self, *decisions: wire.LicenseDecision, **how: Any) -> HttpResponse:
        """What the marketplace sends by itself. `how` may spoil it: `at`, `key`, `body`, `signature`."""
        body = how.get("body") or msgspec.json.encode(wire.LicenseDecisions(decisions=list(decisions)))
        at = int(machine_now().timestamp()) + how.get("at", 0)
        signed = wire.signature(how.get("key") or hash_token(self.market.credential), at=at, body=body)
        headers = {wire.SIGNATURE_HEADER: how.get("signature", signed)}
        return Client().post("/wire/1/licenses", body, content_type="application/json", headers=headers)

    def end_hold(self) -> None:
        """Half a minute of the machine's time goes by."""
        past = machine_now() - timedelta(seconds=1)
        MarketplaceLink.objects.exclude(license_held_until=None).update(license_held_until=past)

    def questions(self) -> int:
        """How often the marketplace was asked."""
        return len(self.market.asked)


class EarStreets:
    """What leads calls to the ears, and everything else where it led before."""

    def __init__(self, ears: Ears, streets: Any) -> None:
        self.ears, self.streets = ears, streets

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        if not request.url.startswith(self.ears.base_url):
            return self.streets.send(request)
        self.ears.calls.append(request)
        return OutgoingResponse(int(self.ears.behaviour), (), b"", 0.01, request.url)

    def send_all(self, requests: Any, *, at_once_per_host: int = 4, at_once: int = 32) -> list[OutgoingResponse]:
        assert at_once_per_host <= at_once
        return [self.send(request) for request in requests]

    def close(self) -> None:
        """Nothing is held."""


@contextmanager
def policies(**changes: Any) -> Iterator[Configuration]:
    """Let the operator's settings be others for a while."""
    changed = replace(configuration, policy=replace(Policy(), **changes))
    with pytest.MonkeyPatch.context() as patch:
        for module in READERS:
            patch.setattr(module, "configuration", changed)
        yield changed
