"""What vendors send when they offer editions, and licenses of many kinds."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tradepost.core.states import LicenseState
from tradepost.marketplace.editions import commands, queries
from tradepost.marketplace.editions.drafts import Draft, FeatureDraft, PriceDraft
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing.commands import obtain
from tradepost.marketplace.licensing.models import Customer, OwnedSite
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review

BOTH = ("standard", "advanced")
AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
MODULES = {
    "webPanels": [{"key": "panel", "url": "/panel"}, {"key": "forecast", "url": "/forecast"}],
    "generalPages": [{"key": "reports", "url": "/reports", "name": {"value": "Reports"}}],
}
"""Modules of the app of these tests."""

PANEL = FeatureDraft(name="Panel", text="See it.", in_editions=BOTH, modules=("panel",))
FORECAST = FeatureDraft(name="Forecast", in_editions=("advanced",), modules=("forecast", "panel"))
PRICES = (
    PriceDraft(edition="standard", period="monthly", per_user=Decimal("2.50")),
    PriceDraft(edition="advanced", period="monthly", per_user=Decimal("4.00")),
)
WHOLE = Draft(features=(PANEL, FORECAST), prices=PRICES)


def draft(listing, owner, what=WHOLE, *, now=AT):
    found = queries.find_editions(listing)
    return commands.save_draft(listing.app_key, what, revision=found.revision if found else 0, by=owner, now=now)


def go_live(listing, owner, operator, what=WHOLE, *, now=AT):
    """Draft, submit and approve."""
    draft(listing, owner, what, now=now)
    commands.submit(listing.app_key, by=owner, now=now)
    return approve(listing, operator, now=now)


def approve(listing, operator, *, now=AT):
    review = Review.objects.get(listing=listing, kind="editions", state="waiting")
    reviews.approve(review.pk, by=operator, now=now)
    listing.refresh_from_db()
    return queries.find_editions(listing)


def grant(site, listing, *, now=AT, **terms):
    """Give a site a license with these terms, as if all of it had happened."""
    row = obtain(site, listing, now=now)
    values = {"state": LicenseState.ACTIVE, "period": "monthly", "anchor": now, "began_at": now} | terms
    if values["period"] == "monthly" and values["state"] in {"active", "cancelled"}:
        values.setdefault("period_ends_at", now + timedelta(days=31))
    for name, value in (values | {"changed_at": now, "revision": row.revision + 1}).items():
        setattr(row, name, value)
    row.save()
    return row


def own(site, name, *, now=AT, **more):
    """Say who owns a site."""
    OwnedSite.objects.filter(site=site).delete()
    customer = Customer.objects.create(name=name, created_at=now, **more)
    OwnedSite.objects.create(site=site, customer=customer, since=now)
    return customer


def make_site(host, number, **more):
    values = {"name": f"Site {number}", "base_url": f"http://site{number}.test"} | more
    return SiteRecord.objects.create(host=host, site=uuid.UUID(int=number), first_seen_at=AT, last_seen_at=AT, **values)
