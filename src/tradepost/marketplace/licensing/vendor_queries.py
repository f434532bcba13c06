"""The licenses of a vendor's apps as the vendor may see them: which site has what, and how many there are of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import JSONObject

from tradepost.core.edition import Edition
from tradepost.core.license import PAID
from tradepost.core.states import LicenseState
from tradepost.marketplace.catalog.models import Listing, Vendor
from tradepost.marketplace.tokens.models import AccessToken

from .models import SiteLicense

ORDER = ("-changed_at", "id")
BATCH = 1_000
"""Rows that an export holds at once."""

Facts = Mapping[str, Any]
FACTS = (
    "pk", "support_number", "entitlement_id", "entitlement_number", "listing__app_key", "listing__name", "state",
    "kind", "user_tier", "changed_at", "anchor", "began_at", "period_ends_at", "trial_ends_at", "trial_used", "edition",
    "token", "site__site", "site__name", "site__base_url", "site__users", "site__product_edition",
    "site__host__product", "site__owned__customer__name", "site__owned__customer__contact_email",
)  # fmt: skip
"""What the report is made of, by the paths to it."""

NO_EDITION = "none"
TESTS = ("only", "without")
OVER = (LicenseState.TRIAL_EXPIRED, LicenseState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which licenses are asked for; an empty text asks for all. `edition` none is: without one.

    `q` is looked for in what people know of a license: its numbers, the site, the customer. Source: domain.md 9.3.
    `test` is only or without: licenses that an access token hides, or that are one.
    """

    app: str = ""
    state: str = ""
    kind: str = ""
    edition: str = ""
    q: str = ""
    test: str = ""


def licenses_of(vendor: Vendor, asked: Filter) -> QuerySet[SiteLicense]:
    """The licenses of a vendor's apps, each with site, customer, app, and as `token` what a token in use simulates.

    Rows to which nothing ever happened are none. Order them by ORDER for pages.
    """
    in_use = AccessToken.objects.filter(site=OuterRef("site"), listing=OuterRef("listing"), applied=True)
    token = in_use.values(told=JSONObject(prefix="prefix", simulated="simulated", edition="edition"))[:1]
    rows = SiteLicense.objects.filter(listing__vendor=vendor).select_related("site__host", "site__owned__customer")
    rows = rows.select_related("listing").annotate(is_test=Exists(in_use), token=Subquery(token))
    rows = rows.filter(~Q(state=LicenseState.NONE) | Q(is_test=True))
    for name, value in (("listing__app_key", asked.app), ("state", asked.state), ("kind", asked.kind)):
        rows = rows.filter(**{name: value}) if value else rows
    if asked.edition:
        rows = rows.filter(_of_edition(None if asked.edition == NO_EDITION else asked.edition))
    if asked.test:
        rows = rows.filter(is_test=asked.test == "only")
    return rows.filter(_looked_for(asked.q)) if asked.q else rows


def read_on(rows: QuerySet[SiteLicense]) -> Iterator[Facts]:
    """What the report tells of all rows, BATCH of them at a time from one cursor of the database.

    However many there are, few are held; and no models are made of them, which would take three times as long.
    """
    told = rows.select_related(None).order_by("pk").values(*FACTS)
    return told.iterator(chunk_size=BATCH)


def facts_of(row: SiteLicense) -> Facts:
    """The same of one row of `licenses_of`."""
    return {name: _follow(row, name.split("__")) for name in FACTS}


def _follow(found: Any, path: Sequence[str]) -> Any:
    for name in path:
        found = getattr(found, name, None)  # a site of nobody has no `owned`
    return found


@dataclass(frozen=True, slots=True)
class EditionCount:
    """How many licenses of an edition (none: without one) are paid, on trial, over."""

    edition: str
    active: int = 0
    trial: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        return self.active + self.trial + self.expired


def counts(vendor: Vendor, *, app: str = "") -> list[EditionCount]:
    """How many licenses of a vendor's apps there are by edition, those without one first. With one question."""
    rows = SiteLicense.objects.filter(listing__vendor=vendor).exclude(state=LicenseState.NONE)
    rows = rows.filter(listing__app_key=app) if app else rows
    group = Case(
        When(state__in=PAID, then=Value("active")),
        When(state__in=OVER, then=Value("expired")),
        default=Value("trial"),
        output_field=CharField(),
    )
    found: dict[str, dict[str, int]] = {}
    for edition, name, many in rows.annotate(group=group).values_list("edition", "group").annotate(many=Count("id")):
        found.setdefault(edition or NO_EDITION, {})[name] = many
    return [EditionCount(edition, **found[edition]) for edition in sorted(found, key=_rank)]


def apps_of(vendor: Vendor) -> list[Listing]:
    """What can be chosen as `app`."""
    return list(Listing.objects.filter(vendor=vendor).only("app_key", "name").order_by("app_key")[:500])


def _of_edition(edition: str | None) -> Q:
    """A license that only an access token makes has the token's edition, as the report says."""
    is_token_alone = Q(state=LicenseState.NONE)
    return ~is_token_alone & Q(edition=edition) | is_token_alone & Q(token__edition=edition)


def _rank(edition: str) -> tuple[int, str]:
    order = (NO_EDITION, *Edition)
    return (order.index(edition) if edition in order else len(order), edition)


def _looked_for(q: str) -> Q:
    found = Q(support_number__iexact=q) | Q(entitlement_number__iexact=q)
    found |= Q(site__name__icontains=q) | Q(site__base_url__icontains=q)
    found |= Q(site__owned__customer__name__icontains=q) | Q(site__owned__customer__contact_email__icontains=q)
    try:
        ref = UUID(q)
    except ValueError:
        return found
    return found | Q(entitlement_id=ref) | Q(site__site=ref)
