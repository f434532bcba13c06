"""Editions of listings: whether they are live, what they hold, and which vendors may have them already."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tradepost.core.difference import pointer
from tradepost.core.edition import LOWEST
from tradepost.core.errors import ForbiddenError, Problem
from tradepost.core.license import PAID
from tradepost.core.manifest_rights import says_editions
from tradepost.core.module import modules_of
from tradepost.core.states import EditionsState, ReviewState
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing, Vendor
from tradepost.marketplace.deployments.queries import manifest_of
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.reviews.models import Review

from .checks import find_missing
from .drafts import Draft, FeatureDraft, PriceDraft, from_json
from .models import EarlyAccess, ListingEditions

KIND = "editions"
"""What a review of editions is called."""


def live_at(listing_id: UUID) -> datetime | None:
    """Since when customers have editions of the app; None while they have not."""
    return live_at_of([listing_id]).get(listing_id)


def live_at_of(listing_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Like `live_at` for many listings, with one question; those without live editions are missing."""
    live = ListingEditions.objects.filter(listing__in=list(listing_ids), state=EditionsState.LIVE)
    return dict(live.exclude(live_at=None).values_list("listing_id", "live_at"))


def hold_live(listing_id: UUID) -> datetime | None:
    """Like `live_at`, and keeps it so until the caller's transaction ends: nobody withdraws what is being bought.

    Lock the license first: a withdrawal takes licenses before editions, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [listing_id, EditionsState.LIVE])
        row = cursor.fetchone()
    return row[0] if row else None


def may_offer(vendor: Vendor) -> bool:
    """Whether a vendor may make editions: the feature is open to all, or was opened to them."""
    return configuration.policy.editions_for_all or EarlyAccess.objects.filter(vendor=vendor).exists()


def has_editions(listing: Listing) -> bool:
    """Whether more than the lowest edition can be tried: drafted by a vendor who may, or live."""
    editions = find_editions(listing)
    if editions is None:
        return False
    if editions.state != EditionsState.LIVE and not may_offer(listing.vendor):
        return False
    mapped = editions.features.values_list("in_editions", flat=True)
    return any(word != LOWEST for words in mapped for word in words)


def find_editions(listing: Listing) -> ListingEditions | None:
    return ListingEditions.objects.filter(listing=listing).first()


def kept(editions: ListingEditions | None) -> Draft:
    """The features and prices that stand in rows: what is live, or drafted while nothing is."""
    if editions is None:
        return Draft()
    features = [
        FeatureDraft(
            id=str(row.pk),
            name=row.name,
            text=row.text,
            kind=row.kind,
            in_editions=tuple(row.in_editions),
            modules=tuple(row.modules),
        )
        for row in editions.features.order_by("position", "name")
    ]
    prices = [
        PriceDraft(edition=row.edition, period=row.period, per_user=row.per_user) for row in editions.prices.all()
    ]
    prices.sort(key=lambda price: (price.edition != LOWEST, price.edition, price.period != "monthly"))
    return Draft(currency=editions.currency, features=tuple(features), prices=tuple(prices))


def drafted(editions: ListingEditions | None) -> Draft:
    """What the vendor works on: the changes of live editions where there are any, else what is kept."""
    if editions is not None and editions.draft is not None:
        return from_json(editions.draft)
    return kept(editions)


def live_draft(listing: Listing) -> Draft | None:
    """What customers see; None where editions are not live."""
    editions = find_editions(listing)
    return kept(editions) if editions is not None and editions.state == EditionsState.LIVE else None


def waiting_review(listing: Listing) -> Review | None:
    """The review of its editions that waits for an operator."""
    return Review.objects.filter(listing=listing, kind=KIND, state=ReviewState.WAITING).first()


def paying_above_lowest(listing: Listing) -> int:
    """How many licenses are paid for more than the lowest edition. Trials of a higher one are not paid for it."""
    paid = SiteLicense.objects.filter(listing=listing, state__in=PAID, edition_trial_ends_at=None)
    return paid.exclude(edition=None).exclude(edition=LOWEST).count()


@dataclass(frozen=True, slots=True)
class ModuleChoice:
    """A module of the live version that can make a feature."""

    key: str
    name: str
    kind: str


def module_choices(listing: Listing) -> list[ModuleChoice]:
    """The modules of the live version that have keys, in the order of its descriptor. Each key once."""
    if listing.offered_id is None:
        return []
    version = versions.get_version(listing, listing.offered.number)
    document = versions.document_of(version)
    names = {module.pointer: module.name for module in modules_of(document)}
    found: dict[str, ModuleChoice] = {}
    modules = document.get("modules")
    for kind, entries in modules.items() if isinstance(modules, dict) else ():
        where = pointer("modules", kind)
        rows = enumerate(entries) if isinstance(entries, list) else [(None, entries)]
        for place, entry in rows:
            key = entry.get("key") if isinstance(entry, dict) else None
            if isinstance(key, str) and key:
                at = where if place is None else where + pointer(place)
                found.setdefault(key, ModuleChoice(key, names.get(at) or key, kind))
    return list(found.values())


def missing_from(draft: Draft, listing: Listing, modules: Collection[str]) -> tuple[Problem, ...]:
    """What a draft lacks to go live. `modules` are the keys of the live version."""
    manifest = manifest_of(listing.offered) if listing.offered is not None else None
    return find_missing(
        draft, paid=is_paid(listing), modules=modules, switched_on=manifest is None or says_editions(manifest)
    )


def is_paid(listing: Listing) -> bool:
    """Whether the live version costs something."""
    return listing.offered is not None and listing.offered.paid


def vendors_by_access(caller: Caller) -> QuerySet[Vendor]:
    """Every vendor, with `early_access` where editions were opened to it; for operators."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator sees to whom editions are open.")
    return Vendor.objects.select_related("early_access").order_by("name")


def states_of(listings: Iterable[Listing]) -> Mapping[UUID, str]:
    """The state of the editions of each of some listings; those without any are missing."""
    rows = ListingEditions.objects.filter(listing__in=list(listings))
    return dict(rows.values_list("listing_id", "state"))


HOLD = "SELECT live_at FROM editions_listingeditions WHERE listing_id = %s AND state = %s FOR SHARE"
