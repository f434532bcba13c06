"""REST: the editions of an app, who may have some, and what everybody may see of them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tradepost.core.edition import Edition
from tradepost.core.errors import NotFoundError, Problem
from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing, Vendor

from . import checks, commands, drafts, queries
from .models import ListingEditions

router = Router(tags=["editions"])

Word = Annotated[str, Field(max_length=20)]


class FeatureIn(Schema):
    """A feature. Leave `id` out for a new one; features that are left out are taken away."""

    id: str = Field("", max_length=36)
    name: str = Field(max_length=200)
    text: str = Field("", max_length=2_000)
    kind: str = Field("product", max_length=20, description="product or service")
    editions: list[Word] = Field(max_length=20)
    modules: list[Annotated[str, Field(max_length=200)]] = Field([], description="keys of modules of the live version")


class PriceIn(Schema):
    """What one user costs for one period of one edition."""

    edition: Word
    period: str = Field(max_length=20, description="monthly or annual")
    per_user: Decimal = Field(description="at most two decimal places")


class EditionsIn(Schema):
    """All that is drafted. `revision` is that of the editions it was made from, 0 for the first."""

    revision: int = Field(ge=0, le=2**62)
    currency: str = Field("USD", max_length=10)
    features: list[FeatureIn] = Field(max_length=1_000)
    prices: list[PriceIn] = Field(max_length=100)


class FeatureOut(Schema):
    id: str
    name: str
    text: str
    kind: str
    editions: list[str]
    modules: list[str]


class PriceOut(Schema):
    edition: str
    period: str
    per_user: str


class OfferOut(Schema):
    """Features and prices, as customers see them or as they are drafted."""

    currency: str
    features: list[FeatureOut]
    prices: list[PriceOut]


class FoundOut(Schema):
    pointer: str
    text: str
    rule: str


class EditionsOut(Schema):
    """`live` is what customers see, null while editions are not live; `draft` what the vendor works on, the same where
    nothing is to change. `missing` keeps the draft from going live, `warnings` does not. Times are domain time.
    """

    app: str
    state: str
    revision: int
    may_change: bool
    in_review: bool
    submitted_at: datetime | None
    live_at: datetime | None
    comment: str
    live: OfferOut | None
    draft: OfferOut
    missing: list[FoundOut]
    warnings: list[FoundOut]
    modules: list[str]


class PublicEditionsOut(OfferOut):
    """The live editions of a public app, in the order of their rank."""

    app: str
    editions: list[str]


class AccessOut(Schema):
    """Whether editions were opened to a vendor."""

    vendor: UUID
    name: str
    open: bool
    opened_at: datetime | None
    opened_by: str


class AccessIn(Schema):
    open: bool


@router.get("/listings/{key}/editions", response=EditionsOut, operation_id="get_editions", summary="Editions of an app")
def get_editions(request: HttpRequest, key: str) -> dict[str, Any]:
    return _editions(_listing(request, key))


@router.put("/listings/{key}/editions", response=EditionsOut, operation_id="draft_editions")
def draft_editions(request: HttpRequest, key: str, editions: EditionsIn) -> dict[str, Any]:
    """Draft editions, or changes of live ones."""
    by = _writer(request)
    commands.save_draft(key, _draft(editions), revision=editions.revision, by=by, now=domain_now())
    return _editions(catalog.get_listing(by, key))


@router.put("/listings/{key}/editions/submission", response=EditionsOut, operation_id="submit_editions")
def submit_editions(request: HttpRequest, key: str) -> dict[str, Any]:
    """Ask an operator to let them go live. Everything that is missing is a problem of its own (422)."""
    by = _writer(request)
    commands.submit(key, by=by, now=domain_now())
    return _editions(catalog.get_listing(by, key))


@router.delete("/listings/{key}/editions/submission", response=EditionsOut, operation_id="withdraw_editions_submission")
def withdraw_submission(request: HttpRequest, key: str) -> dict[str, Any]:
    """Take the submission back."""
    by = _writer(request)
    commands.withdraw_submission(key, by=by, now=domain_now())
    return _editions(catalog.get_listing(by, key))


@router.delete("/listings/{key}/editions/publication", response=EditionsOut, operation_id="withdraw_editions")
def withdraw_live(request: HttpRequest, key: str) -> dict[str, Any]:
    """Offer the app without editions again; refused (409) while somebody pays for more than Standard."""
    by = _writer(request)
    commands.withdraw_live(key, by=by, now=domain_now())
    return _editions(catalog.get_listing(by, key))


@router.get("/apps/{key}/editions", response=PublicEditionsOut, operation_id="get_public_editions")
def get_public_editions(request: HttpRequest, key: str) -> dict[str, Any]:
    """The live editions of a public app, for everybody with a token."""
    caller_of(request)
    live = queries.live_draft(catalog.get_public(key))
    if live is None:
        raise NotFoundError("editions of", key)
    return {"app": key, "editions": [str(edition) for edition in Edition], **drafts.to_json(live)}


@router.get("/early-access", response=Page[AccessOut], operation_id="list_early_access")
def list_early_access(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    """Every vendor, and whether editions were opened to it (operators)."""
    caller = _operator(request)
    page = page_of(queries.vendors_by_access(caller), order=("name",), query=query)
    return {**page, "items": [_access(each) for each in page["items"]]}


@router.put("/vendors/{uuid:vendor_id}/early-access", response=AccessOut, operation_id="set_early_access")
def set_early_access(request: HttpRequest, vendor_id: UUID, access: AccessIn) -> dict[str, Any]:
    """Open editions to a vendor before they are open to all, or close them again (operators)."""
    by = _operator(request)
    return _access(commands.set_early_access(vendor_id, is_open=access.open, by=by, now=domain_now()))


def _listing(request: HttpRequest, key: str) -> Listing:
    caller = caller_of(request)
    caller.require("apps:read")
    return catalog.get_listing(caller, key)


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:write")
    return caller


def _operator(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("operate")
    return caller


def _draft(told: EditionsIn) -> drafts.Draft:
    features = tuple(
        drafts.FeatureDraft(
            id=each.id,
            name=each.name,
            text=each.text,
            kind=each.kind,
            in_editions=tuple(each.editions),
            modules=tuple(each.modules),
        )
        for each in told.features
    )
    prices = tuple(
        drafts.PriceDraft(edition=each.edition, period=each.period, per_user=each.per_user) for each in told.prices
    )
    return drafts.Draft(currency=told.currency, features=features, prices=prices)


def _editions(listing: Listing) -> dict[str, Any]:
    editions = queries.find_editions(listing) or ListingEditions(listing=listing, revision=0)
    draft = queries.drafted(editions if editions.pk else None)
    live = queries.live_draft(listing)
    modules = [each.key for each in queries.module_choices(listing)]
    missing = queries.missing_from(draft, listing, modules)
    own = ("state", "revision", "submitted_at", "live_at", "comment")
    return {
        **{name: getattr(editions, name) for name in own},
        "app": listing.app_key,
        "may_change": live is not None or queries.may_offer(listing.vendor),
        "in_review": queries.waiting_review(listing) is not None,
        "live": drafts.to_json(live) if live else None,
        "draft": drafts.to_json(draft),
        "missing": [_found(each) for each in missing],
        "warnings": [_found(each) for each in checks.find_warnings(draft)],
        "modules": modules,
    }


def _found(problem: Problem) -> dict[str, str]:
    return {"pointer": problem.pointer, "text": problem.text, "rule": problem.rule}


def _access(vendor: Vendor) -> dict[str, Any]:
    row = getattr(vendor, "early_access", None)
    return {
        "vendor": vendor.pk,
        "name": vendor.name,
        "open": row is not None,
        "opened_at": row.opened_at if row else None,
        "opened_by": row.opened_by if row else "",
    }
