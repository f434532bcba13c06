"""A deployed app with versions and sites, made without deploying, and reports about it."""

import copy
import hashlib
import json
import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from tests.marketplace.conftest import START

from tradepost.core.errors import ConflictError
from tradepost.core.version import Version
from tradepost.marketplace.bulk import commands
from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.bulk.prospects import Wanted
from tradepost.marketplace.catalog.models import Listing, Source
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.releases.commands import next_serial
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.rollout.moves import BulkMove
from tradepost.marketplace.watching.models import Document

KEY = "deployed-app"
MANIFEST = {
    "app": {"id": "ari:tradepost:marketplace::app/1", "connect": {"key": KEY, "remote": "web"}},
    "permissions": {"scopes": ["read:jira-work"], "external": {"fetch": {"backend": ["https://a.example"]}}},
    "remotes": [{"key": "web", "baseUrl": "https://app.example"}],
    "connectModules": {"jira:webPanels": [{"key": "panel", "url": "/panel", "location": "right"}]},
}
MORE_SCOPES = {"permissions": {"scopes": ["read:jira-work", "write:jira-work"]}}
APP_MANAGED = {"permissions": {"enforcement": "app-managed"}}


def manifest(*changes):
    """The manifest with other parts; mappings are merged, everything else replaced, None takes a part away."""
    made = copy.deepcopy(MANIFEST)
    for change in changes:
        _merge(made, change)
    return made


def _merge(into, change):
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        elif value is None:
            into.pop(name, None)
        else:
            into[name] = copy.deepcopy(value)


class DeployedWorld:
    """One app of a vendor's, its listings, and sites of one host service."""

    def __init__(self, vendor, owner, host, *, name="App", key=KEY):
        self.vendor, self.owner, self.host = vendor, owner, host
        self.by = Deployer.of(owner)
        self.key = key
        self.app = DeployedApp.objects.create(
            vendor=vendor, app_id=f"ari:{key}", name=name, group=uuid.uuid4(), created_at=START, created_by="test"
        )
        self.listing = self.environment("production")

    def environment(self, environment, key=None):
        """Make the listing of an environment."""
        return Listing.objects.create(
            vendor=self.vendor,
            app_key=key or (self.key if environment == "production" else f"{self.key}-{environment}"),
            name=f"{self.app.name}",
            created_at=START,
            created_by="test",
            environment=environment,
            source=Source.DEPLOYED,
            group=self.app.group,
        )

    def version(self, number, document=None, *, state="offered", listing=None, watched=False):
        """Make a version from a manifest, or from a descriptor where it is a watched one."""
        listing = listing or self.listing
        kept = keep(document if document is not None else MANIFEST)
        found = AppVersion.objects.create(
            listing=listing,
            number=number,
            order_key=Version.parse(number).order_key,
            state=state,
            document=kept,
            manifest=None if watched else kept,
            base_url="https://app.example",
            api_version=1,
            paid=False,
            scopes=[],
            change="major",
            consent=True,
            made_at=START,
            made_by="test",
            offered_at=START if state == "offered" else None,
        )
        newest = listing.versions.filter(state="offered").order_by("-order_key").first()
        Listing.objects.filter(pk=listing.pk).update(offered=newest)
        with transaction.atomic():
            self.touch(listing)
        return found

    def touch(self, listing=None):
        """Let catalogues hear that something about a listing changed."""
        Listing.objects.filter(pk=(listing or self.listing).pk).update(offer_serial=next_serial())

    def sites(self, count, running, *, host=None, state="current", granted=None, listing=None, since=START):
        """Make sites that run a version; the first is the one that has had the app for longest."""
        first = SiteRecord.objects.count() + 1
        made = SiteRecord.objects.bulk_create(
            SiteRecord(
                host=host or self.host,
                site=uuid.UUID(int=first + place),
                name=f"Site {first + place}",
                base_url=f"http://site{first + place}.test",
                first_seen_at=START,
                last_seen_at=START,
            )
            for place in range(count)
        )
        InstallationRecord.objects.bulk_create(
            InstallationRecord(
                site=site,
                listing=listing or self.listing,
                running=running,
                granted=granted,
                state=state,
                since=since,
                reported_at=since,
            )
            for site in made
        )
        return made

    def wanted(self, from_major=1, environment="production", **more):
        return Wanted(environment, from_major, **more)

    def start(self, from_major=1, *, by=None, now=START, **more):
        return commands.start(self.app.pk, self.wanted(from_major, **more), by=by or self.by, now=now).bulk

    def cancel(self, bulk, *, by=None, now=START):
        return commands.cancel(self.app.pk, bulk.pk, by=by or self.by, now=now)

    def report(self, *sites, running=None, state="current", text="", now=START + timedelta(minutes=5), listing=None):
        """The newest report of some sites, taken as the marketplace takes reports."""
        listing = listing or self.listing
        with transaction.atomic():
            list(Listing.objects.select_for_update(no_key=True).filter(pk=listing.pk))
            InstallationRecord.objects.filter(site__in=sites, listing=listing).update(
                running=running, state=state, since=now, reported_at=now
            )
            commands.note_reports([move_of(site, listing, running, state, text) for site in sites], now=now)


def move_of(site, listing, running, state="current", text=""):
    return BulkMove(site.pk, listing.pk, running.order_key if running else None, state, text)


def keep(document):
    content = json.dumps(document).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    return Document.objects.get_or_create(pk=sha256, defaults={"content": content, "first_fetched_at": START})[0]


def states(bulk):
    """How many sites of a rollout are in each state."""
    found = {}
    for state in BulkSite.objects.filter(bulk=bulk).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def state_of(bulk, site):
    return BulkSite.objects.get(bulk=bulk, site=site).state


def refused(world, from_major=1, **more):
    """Start a rollout that is refused as a conflict, and say how."""
    with pytest.raises(ConflictError) as refusal:
        world.start(from_major, **more)
    assert not BulkUpgrade.objects.filter(listing__group=world.app.group).exists()
    return refusal.value
