"""Customers, licenses and their history, as operators, billing systems and host services may see them."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.core.states import ListingState
from tradepost.foundation.callers import Caller
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService, SiteRecord

from .models import Customer, LicenseChange, OwnedSite, PendingPush, PushTurn, SiteLicense

LICENSE_ORDER = ("-changed_at", "-id")
CUSTOMER_ORDER = ("name", "id")
HISTORY_ORDER = ("-number", "-id")


@dataclass(frozen=True, slots=True)
class Place:
    """A site and an app as a host service names them, and the rows they are. `sees`: the site may know of the app.

    `site_id` is None for a site that never was checked, or is another host's; `listing_id` for an app nobody listed.
    """

    site: UUID
    app: str
    site_id: int | None
    listing_id: UUID | None
    sees: bool


def places(host: HostService, asked: Sequence[tuple[UUID, str]]) -> list[Place]:
    """Find sites of a host and apps, in the order asked, with one question."""
    if not asked:
        return []
    sites, apps = zip(*asked, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [ListingState.PUBLIC, list(sites), list(apps), host.pk])
        return [Place(*row) for row in cursor.fetchall()]


def require_biller(caller: Caller) -> None:
    """Raise ForbiddenError for anybody but operators and their billing systems."""
    caller.require("licenses:write")


def customers(caller: Caller, *, q: str = "", billing: str = "", reference: str = "") -> QuerySet[Customer]:
    """Customers with the number of their sites, by a part of the name or address, to be sorted by CUSTOMER_ORDER."""
    require_biller(caller)
    theirs = OwnedSite.objects.filter(customer=OuterRef("pk")).order_by().values("customer")
    count = Subquery(theirs.annotate(count=Count("pk")).values("count"))
    # Counted for the rows of a page only, which a join would not do.
    found = Customer.objects.annotate(site_count=Coalesce(count, 0))
    if q:
        found = found.filter(Q(name__icontains=q) | Q(contact_email__icontains=q) | Q(reference=q))
    if billing:
        found = found.filter(billing=billing)
    return found.filter(reference=reference) if reference else found


def get_customer(caller: Caller, customer_id: UUID) -> Customer:
    """Raises ForbiddenError for people who are no operators, NotFoundError where there is none."""
    customer = customers(caller).filter(pk=customer_id).first()
    if customer is None:
        raise NotFoundError("customer", customer_id)
    return customer


def sites_of(customer: Customer) -> QuerySet[OwnedSite]:
    """Whose sites they are, to be sorted by `site_id`."""
    return OwnedSite.objects.filter(customer=customer).select_related("site__host")


def licenses(
    caller: Caller,
    *,
    customer: UUID | None = None,
    host: UUID | None = None,
    site: UUID | None = None,
    app: str = "",
    state: str = "",
    number: str = "",
) -> QuerySet[SiteLicense]:
    """Licenses, to be sorted by LICENSE_ORDER. `number` is an entitlement's or a support number, whole."""
    require_biller(caller)
    found = SiteLicense.objects.select_related("site__host", "site__owned__customer", "listing__vendor")
    wanted = {
        "site__owned__customer": customer,
        "site__host": host,
        "site__site": site,
        "listing__app_key": app,
        "state": state,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    if number:
        found = found.filter(Q(entitlement_number=number.upper()) | Q(support_number=number.upper()))
    return found


def get_license(caller: Caller, license_id: UUID) -> SiteLicense:
    """Raises ForbiddenError for people who are no operators, NotFoundError where there is none."""
    row = licenses(caller).filter(pk=license_id).first()
    if row is None:
        raise NotFoundError("license", license_id)
    return row


def history(license_id: UUID) -> QuerySet[LicenseChange]:
    """What happened to a license, to be sorted by HISTORY_ORDER."""
    return LicenseChange.objects.filter(license=license_id)


def get_site(host_id: UUID, site: UUID) -> SiteRecord:
    """A site by its host and the host's name for it. Raises NotFoundError."""
    record = SiteRecord.objects.select_related("host").filter(host=host_id, site=site).first()
    if record is None:
        raise NotFoundError("site", site)
    return record


def find_site(caller: Caller, text: str) -> SiteRecord:
    """A site by its address or its host's identifier. Raises InvalidInputError where none or several have it."""
    require_biller(caller)
    named = Q(base_url=text.strip().rstrip("/"))
    with contextlib.suppress(ValueError):
        named |= Q(site=UUID(text.strip()))
    found = list(SiteRecord.objects.select_related("host").filter(named)[:2])
    if len(found) == 1:
        return found[0]
    text = "Several sites are called so." if found else "No site that was ever checked is called so."
    raise InvalidInputError(text, "/site")


def find_push(row: SiteLicense) -> PushTurn | None:
    """The turn of the host that is still to be told of a license; None where it was told."""
    if not PendingPush.objects.filter(site=row.site_id, listing=row.listing_id).exists():
        return None
    return PushTurn.objects.filter(host=row.site.host_id).first()


def get_app(app_key: str) -> Listing:
    """Any listed app, public or not: licenses are the operator's business. Raises NotFoundError."""
    listing = Listing.objects.filter(app_key=app_key).first()
    if listing is None:
        raise NotFoundError("app", app_key)
    return listing


PLACES = """
SELECT asked.site, asked.app, site.id, listing.id,
       site.id IS NOT NULL AND listing.id IS NOT NULL AND (
           listing.state = %s
           OR EXISTS (SELECT FROM rollout_installationrecord i
                      WHERE i.site_id = site.id AND i.listing_id = listing.id AND i.state <> 'uninstalled')
           OR EXISTS (SELECT FROM tokens_accesstoken token
                      WHERE token.site_id = site.id AND token.listing_id = listing.id AND token.state = 'bound')
           OR EXISTS (SELECT FROM licensing_sitelicense license
                      WHERE license.site_id = site.id AND license.listing_id = listing.id AND license.state <> 'none')
       ) AS sees
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS asked(site, app, place)
LEFT JOIN hosts_siterecord site ON site.site = asked.site AND site.host_id = %s
LEFT JOIN catalog_listing listing ON listing.app_key = asked.app
ORDER BY asked.place
"""
