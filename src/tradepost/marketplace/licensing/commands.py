"""The license of a site for an app: getting hold of it, and noting that what hosts are told of it has changed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from tradepost.core.license import Billing
from tradepost.foundation import audit
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.tokens.models import AccessToken

from .changes import BY_TIME, settle_row, touch, touch_many
from .models import Customer, OwnedSite, SiteLicense
from .numbers import new_license_number, new_support_number
from .telling import tell_hosts, tell_hosts_of_listing

__all__ = ["customer_of", "default_billing", "hold_owner", "lock", "obtain", "touch", "touch_listing", "touch_tested"]

TRIES = 5
"""To draw numbers that nobody has. With three million licenses one in a thousand needs a second try, at most."""


def obtain(site: SiteRecord, listing: Listing, *, now: datetime) -> SiteLicense:
    """The license of a site for an app, made where there is none, locked and settled to `now`.

    A new one is in the state none with revision 0. Call it in the transaction that changes it, and `touch` afterwards.
    """
    row = lock(site, listing, now=now)
    settle_row(row, now=now)
    return row


def lock(site: SiteRecord, listing: Listing, *, now: datetime) -> SiteLicense:
    """Like `obtain`, not settled: as whoever asks for something has seen it. The owner's row is locked first."""
    hold_owner(site, now=now)
    for _ in range(TRIES):
        found = SiteLicense.objects.select_for_update().filter(site=site, listing=listing).first()
        if found is not None:
            found.site, found.listing = site, listing
            return found
        _make(site, listing, now=now)
    raise AssertionError("no numbers are left for a license")


def hold_owner(site: SiteRecord, *, now: datetime) -> Customer:
    """Whose a site is, made where nobody is said to be, and neither moved nor billed otherwise until the end of the
    transaction.
    """
    assert connection.in_atomic_block, "an owner is held in the transaction of the change"
    for _ in range(TRIES):
        customer_of(site, now=now)
        with connection.cursor() as cursor:
            cursor.execute(HOLD, [site.pk])
            row = cursor.fetchone()
        if row is not None:
            return Customer.objects.get(pk=row[0])
    raise AssertionError("a site changes hands all the time")


def customer_of(site: SiteRecord, *, now: datetime) -> Customer:
    """Whose a site is. A site of nobody gets a customer of its own, billed as policy says of new ones."""
    owner = Customer.objects.filter(sites__site=site).first()
    if owner is not None:
        return owner
    try:
        with transaction.atomic():
            return _own_customer(site, now=now)
    except IntegrityError:  # somebody else was quicker
        return Customer.objects.get(sites__site=site)


def default_billing() -> Billing:
    """How a customer is billed of whom nothing else is said."""
    return Billing.IMPROVED if configuration.policy.new_customers_improved else Billing.ORIGINAL


def touch_listing(listing: Listing, *, now: datetime) -> int:
    """Raise the revision of every license of a listing and have all hosts told; return how many there are.

    For what changes for all: editions that go live or are withdrawn, an app that begins to cost something. One
    statement each, 100,000 licenses in some seconds.
    """
    assert connection.in_atomic_block, "licenses are touched in the transaction of what changes for them"
    count = touch_many("license.listing_id = %s", [listing.pk], now=now)
    if count:
        tell_hosts_of_listing(listing.pk)
    return count


def touch_tested(listings: Collection[UUID], *, now: datetime) -> int:
    """Like `touch_listing` of some listings, where an access token is in use: for what changes for those alone."""
    assert connection.in_atomic_block, "licenses are touched in the transaction of what changes for them"
    in_use = AccessToken.objects.filter(applied=True, listing__in=listings)
    count = touch_many(TESTED, [list(listings)], now=now)
    if count:
        tell_hosts(in_use.values_list("site_id", "listing_id"))
    return count


def _make(site: SiteRecord, listing: Listing, *, now: datetime) -> None:
    """Make the row unless there is one, or one has these numbers already: whoever asks looks again."""
    SiteLicense.objects.bulk_create(
        [
            SiteLicense(
                id=new_id(),
                site=site,
                listing=listing,
                entitlement_id=new_id(),
                entitlement_number=new_license_number(),
                support_number=new_support_number(),
                changed_at=now,
            )
        ],
        ignore_conflicts=True,
    )


def _own_customer(site: SiteRecord, *, now: datetime) -> Customer:
    made = Customer.objects.create(id=new_id(), name=site.name, billing=default_billing(), created_at=now)
    OwnedSite.objects.create(site=site, customer=made, since=now)
    audit.record(
        "customer.made",
        service="marketplace",
        actor=BY_TIME,
        subject=("customer", made.pk),
        now=now,
        name=made.name,
        billing=made.billing,
        site=site.name,
    )
    return made


TESTED = """license.listing_id = ANY(%s) AND EXISTS (SELECT FROM tokens_accesstoken token
    WHERE token.site_id = license.site_id AND token.listing_id = license.listing_id AND token.applied)"""

HOLD = """
SELECT customer.id FROM licensing_ownedsite o JOIN licensing_customer customer ON customer.id = o.customer_id
WHERE o.site_id = %s FOR SHARE
"""
