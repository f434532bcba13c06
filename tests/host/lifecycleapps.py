"""An app that wants to be told of every event of its life on a site, and checks each call as its kind demands."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.host.conftest import APP_KEY, APP_URL, World
from tests.host.hostworld import App, descriptor

from tradepost.core.signing import split_target
from tradepost.foundation.outgoing import OutgoingRequest
from tradepost.host.installing.commands import install
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.calling import call_due
from tradepost.host.upgrading.running import upgrade_due
from tradepost.sdk.lifecycle import verify_uninstallation
from tradepost.sdk.requests import verify_request
from tradepost.sdk.tenants import MemoryTenants, Tenant
from tradepost.sdk.tokens import RefusedCallError

EVENTS = ("installed", "enabled", "disabled", "uninstalled")
LIFECYCLE = {event: f"/{event}" for event in EVENTS}


@dataclass
class TalkedTo(App):
    """`moods` say by event how it behaves (see App); `deaf` ones hang without having acted.

    `heard` are the events it accepted, in order, `attempts` all it was called for.
    """

    moods: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def brace(self, request: OutgoingRequest) -> None:
        """Take the mood for the event that is about to come."""
        self.behaviour = self.moods.get(request.url.rpartition("/")[2], "204")
        if self.behaviour == "deaf":
            self.behaviour = "hang"

    def receive(self, method: str, target: str, headers: dict[str, str], body: bytes, *, now: datetime) -> int:
        event = target.rpartition("/")[2]
        self.attempts.append(event)
        self.headers.append(headers)
        if self.moods.get(event) == "deaf":
            return 204
        before = len(self.refusals)
        status = (
            super().receive(method, target, headers, body, now=now)
            if event == "installed"
            else self._receive_other(event, method, target, headers, body, now)
        )
        if len(self.refusals) == before:
            self.heard.append(event)
            self.told.append(json.loads(body))
        return status

    def _receive_other(
        self, event: str, method: str, target: str, headers: dict[str, str], body: bytes, now: datetime
    ) -> int:
        path, query = split_target(target)
        try:
            if event == "uninstalled":
                verify_uninstallation(
                    headers, method, path, query, body,
                    app_base_url=self.base_url, app_key=self.key, fetch_key=self.fetch_key, now=now,
                )  # fmt: skip
            else:
                verify_request(headers, method, path, query, app_base_url=self.base_url, tenants=self._known(), now=now)
        except RefusedCallError as error:
            self.refusals.append(error.refusal)
            return 401
        return int(self.behaviour) if self.behaviour.isdigit() else 204

    def _known(self) -> MemoryTenants:
        return MemoryTenants({key: Tenant(key, secret, "") for key, secret in self.tenants.items()})


def let_talk(world: World) -> TalkedTo:
    """Put an app that is told everything in the place of the world's app, as version 1.0.0."""
    app = TalkedTo(APP_KEY, APP_URL, world.app.fetch_key)
    world.app, world.streets.apps = app, [app]
    world.streets.before = app.brace
    world.marketplace.versions.clear()
    publish(world, "1.0.0")
    return app


def publish(world: World, number: str, **changes: Any) -> None:
    """Offer another version that names an address for every event."""
    world.marketplace.publish(descriptor(APP_KEY, APP_URL, **{"lifecycle": LIFECYCLE, **changes}), number, at=world.now)


def work(world: World) -> None:
    """Let the workers do all that is due, upgrades and calls."""
    while upgrade_due(world.now) + call_due(world.now):
        pass


def arrive(world: World, site: Site) -> Installation:
    """Install the app and let the workers call it."""
    install(site.pk, APP_KEY, fingerprint=None, by=world.admins[site.pk], now=world.now)
    work(world)
    return world.on(site)
