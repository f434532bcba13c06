"""Deployed versions of the world's app, as rows that a site has learnt, and sites put into situations with them."""

import copy
import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from tests.host.conftest import APP_KEY, APP_URL, World

from tradepost.core.descriptor import parse_descriptor
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_connect import descriptor_of
from tradepost.core.version import Version
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import describe
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.planning import lock, replan
from tradepost.wire import messages as wire

MANIFEST: dict[str, Any] = {
    "app": {"id": "ari:cloud:ecosystem::app/demo", "name": "Demo", "connect": {"key": APP_KEY, "remote": "connect"}},
    "remotes": [{"key": "connect", "baseUrl": APP_URL}],
    "permissions": {"scopes": ["read:connect-jira"]},
    "connectModules": {
        "jira:lifecycle": [{"key": "events", "installed": "/installed"}],
        "jira:webPanels": [
            {
                "key": "panel",
                "name": {"value": "Panel"},
                "url": "/panel",
                "location": "atl.jira.view.issue.right.context",
            }
        ],
    },
}
MORE = {
    "scopes": ["read:connect-jira", "write:connect-jira", "read:jira-work"],
    "external": {"fetch": {"backend": ["api.example.com", {"address": "stats.example", "category": "analytics"}]}},
    "content": {"styles": ["unsafe-inline"]},
}
"""More permissions than the manifest has."""


def manifest(**parts: Any) -> dict[str, Any]:
    """The manifest with whole parts replaced; None removes one."""
    made = copy.deepcopy(MANIFEST) | parts
    return {name: part for name, part in made.items() if part is not None}


def rolling(permissions: dict[str, Any]) -> dict[str, Any]:
    """Permissions that the app looks after itself."""
    return {**permissions, "enforcement": "app-managed"}


def learn(world: World, number: str, document: dict[str, Any], *, reasons: list[Any] | None = None) -> KnownVersion:
    """A version as the host service knows it; the marketplace's catalogue offers it, too."""
    raw = json.dumps(document).encode()
    described = json.dumps(_descriptor(document)).encode()
    version = describe(
        parse_descriptor(described), described, Version.parse(number), sha256=sha256(described).hexdigest(),
        reasons=reasons or [], made_at=world.now, now=world.now,
    )  # fmt: skip
    version.manifest, version.manifest_sha256 = raw, sha256(raw).hexdigest()
    version.save(force_insert=True)
    world.marketplace.versions[APP_KEY].append(
        wire.OfferedVersion(
            app=APP_KEY, version=number, order_key=version.order_key, build=version.build, descriptor=version.sha256,
            made_at=world.now, manifest=version.manifest_sha256,
        )
    )  # fmt: skip
    return version


def put(
    world: World,
    site: Site,
    *,
    running: KnownVersion | None = None,
    newest: KnownVersion | None = None,
    within: KnownVersion | None = None,
    granted: KnownVersion | None = None,
    rollout: str = "",
    turn_at: datetime | None = None,
) -> Installation:
    """Let a site run this, know of that, and have decided what follows."""
    row = Installation.objects.get(site=site, app_key=APP_KEY)
    row.running = running or row.running
    row.newest, row.within, row.granted = newest or row.running, within, granted
    row.rollout, row.turn_at = rollout, turn_at
    row.save()
    with transaction.atomic():
        replan(lock(row.pk), now=world.now)
    return world.on(site)


def _descriptor(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("connectModules"):
        return descriptor_of(Manifest(document))
    nothing = {"authentication": {"type": "none"}, "baseUrl": f"https://{APP_KEY}.invalid", "modules": {}}
    return {"key": APP_KEY, "name": "Demo", "scopes": [], **nothing}
