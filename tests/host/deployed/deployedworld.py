"""A marketplace with a deployed app, which offers as the contract says: two versions where there are two majors."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.test import Client
from tests.core.connect_manifests import manifest
from tests.host.conftest import APP_KEY, APP_URL
from tests.host.hostworld import Marketplace

from tradepost.core.manifest import Manifest
from tradepost.core.manifest_connect import descriptor_of
from tradepost.core.version import Version
from tradepost.foundation.clock import machine_now
from tradepost.foundation.secrets import hash_token
from tradepost.wire import licenses as license_wire
from tradepost.wire import messages as wire

READ, WRITE, DELETE = (f"{name}:connect-jira" for name in ("read", "write", "delete"))

BARE = {"key": APP_KEY, "authentication": {"type": "none"}, "baseUrl": "https://demo.invalid", "modules": {}}


def deployed(*scopes: str, **parts: Any) -> dict[str, Any]:
    """The manifest of the app, which may read unless other scopes are named."""
    made = manifest(permissions__scopes=list(scopes or [READ]), **parts)
    made["app"]["connect"]["key"] = APP_KEY
    made["remotes"][0]["baseUrl"] = APP_URL
    return made


@dataclass
class DeployingMarketplace(Marketplace):
    """Versions that were watched come first, those that were deployed behind them."""

    turns: dict[UUID, datetime] = field(default_factory=dict)
    rollout: UUID | None = None
    rolled_out: set[UUID] = field(default_factory=set)
    withheld: set[str] = field(default_factory=set)

    def deploy(self, number: str, made: dict[str, Any], *, at: datetime) -> wire.OfferedVersion:
        """Offer what a deployment of the manifest makes; without Connect modules it is called by nobody."""
        raw = json.dumps(made).encode()
        derived = descriptor_of(Manifest(made)) if made.get("connectModules") else BARE
        derived = derived | {"name": "The demo app"}
        derived_raw = json.dumps(derived).encode()
        digest, derived_digest = sha256(raw).hexdigest(), sha256(derived_raw).hexdigest()
        self.bytes_of |= {digest: raw, derived_digest: derived_raw}
        version = Version.parse(number)
        offered = wire.OfferedVersion(
            app=APP_KEY, version=number, order_key=version.order_key, build=version.build, descriptor=derived_digest,
            made_at=at, manifest=digest,
        )  # fmt: skip
        versions = self.versions.setdefault(APP_KEY, [])
        versions.append(offered)
        versions.sort(key=lambda each: each.order_key)
        return offered

    def _known(self, path: str, body: bytes) -> tuple[int, bytes]:
        kind, _, name = path.removeprefix("/").partition("/")
        if kind == "manifests" and name in self.bytes_of and name not in self.withheld:
            self.fetched.append(name)
            return 200, self.bytes_of[name]
        return super()._known(path, body)

    def _offers(self, check: wire.Check) -> wire.CheckAnswer:
        offers: list[wire.Offer] = []
        for site in check.sites:
            for running in site.installations:
                offers += self._offers_to(site.site, running)
        named = {(offer.app, offer.version) for offer in offers}
        versions = [each for each in self.versions.get(APP_KEY, []) if (each.app, each.version) in named]
        return wire.CheckAnswer(offers=offers, versions=versions)

    def _offers_to(self, site: UUID, running: wire.Running) -> list[wire.Offer]:
        """Rule 9 of the contract."""
        versions = self.versions.get(running.app, [])
        mine = next((each for each in versions if each.version == running.version), None)
        if mine is None or not versions or mine is versions[-1]:
            return []
        newest = versions[-1]
        major = Version.parse(mine.version).major
        is_other = newest.manifest is not None and (
            mine.manifest is None or Version.parse(newest.version).major != major
        )
        alike = [each for each in versions if mine.manifest and Version.parse(each.version).major == major]
        chosen = [alike[-1]] if is_other and alike and alike[-1] is not mine else []
        not_before = self.turns.get(site) if mine.manifest is None else None
        rollout = self.rollout if is_other and site in self.rolled_out else None
        return [wire.Offer(site=site, app=APP_KEY, version=each.version) for each in chosen] + [
            wire.Offer(
                site=site, app=APP_KEY, version=newest.version, not_before=not_before if newest.manifest else None,
                rollout=rollout,
            )
        ]  # fmt: skip

    def start_rollout(self, sites: Collection[UUID]) -> None:
        self.rollout, self.rolled_out = UUID(int=7), set(sites)

    def cancel_rollout(self) -> None:
        self.rollout, self.rolled_out = None, set()


def push_news(credential: str, *apps: wire.AppNews, **how: Any) -> HttpResponse:
    """What the marketplace sends by itself. `how` may spoil it: `at`, `key`, `body`, `signature`."""
    body = how.get("body") or msgspec.json.encode(wire.News(apps=list(apps)))
    at = int(machine_now().timestamp()) + how.get("at", 0)
    signed = license_wire.signature(how.get("key") or hash_token(credential), at=at, body=body)
    headers = {license_wire.SIGNATURE_HEADER: how.get("signature", signed)}
    return Client().post("/wire/1/news", body, content_type="application/json", headers=headers)
