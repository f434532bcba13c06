"""Apps with watched and deployed versions, as offering leaves them, and sites that run them."""

import hashlib
import json
import uuid

from tests.marketplace.conftest import START
from tests.marketplace.wire_client import APP

from tradepost.core.version import Version
from tradepost.marketplace.catalog.models import Listing, Source
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.releases.commands import next_serial
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.watching.models import Document


def make_listing(vendor, key=APP, *, state="public", source=Source.DEPLOYED):
    return Listing.objects.create(
        vendor=vendor, app_key=key, name="Example", state=state, source=source, created_at=START, created_by="test"
    )


def offer(listing, *numbers, at=START, state="offered", watched=False, **more):
    """Make these versions, the last of which is returned. Deployed ones have a manifest of their own."""
    made = None
    for number in numbers:
        made = AppVersion.objects.create(
            listing=listing,
            number=number,
            order_key=Version.parse(number).order_key,
            state=state,
            document=keep(f'{{"key": "{listing.app_key}", "number": "{number}"}}'),
            manifest=None if watched else keep(f"app: {listing.app_key} {number}"),
            offered_at=at if state == "offered" else None,
            **{"made_at": at, **OTHER, **more},
        )
    choose(listing)
    return made


def choose(listing):
    """Point the listing to its newest offered version, and let catalogues hear of it."""
    listing.offered = listing.versions.filter(state="offered").order_by("-order_key").first()
    listing.offer_serial = next_serial()
    listing.save(update_fields=["offered", "offer_serial"])


def keep(text):
    content = text.encode()
    return Document.objects.get_or_create(
        pk=hashlib.sha256(content).hexdigest(), defaults={"content": content, "first_fetched_at": START}
    )[0]


def sites_that_run(version, host, count=1, *, first=1, state="current", **more):
    """Sites of a host whose newest report says that they run a version."""
    sites = SiteRecord.objects.bulk_create(
        SiteRecord(host=host, site=uuid.UUID(int=first + place), name=f"Site {first + place}", first_seen_at=START,
                   last_seen_at=START)
        for place in range(count)
    )  # fmt: skip
    InstallationRecord.objects.bulk_create(
        InstallationRecord(site=site, listing=version.listing, running=version, state=state, since=START,
                           reported_at=START, **more)
        for site in sites
    )  # fmt: skip
    return sites


def told(answer):
    """The offers of an answer as {site number: [(version, not before, rollout)]}, as the wire has them."""
    assert answer.status_code == 200, answer.content
    found = {}
    for each in json.loads(answer.content)["offers"]:
        told = (each["version"], each["not_before"], each["rollout"])
        found.setdefault(uuid.UUID(each["site"]).int, []).append(told)
    return found


def numbers(answer):
    """The same as {site number: [version]}."""
    return {site: [number for number, _, _ in offers] for site, offers in told(answer).items()}


OTHER = {
    "base_url": "https://app.example",
    "api_version": 1,
    "paid": False,
    "scopes": [],
    "change": "minor",
    "consent": False,
    "made_by": "test",
}
