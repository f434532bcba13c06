"""REST: vendors, their people, and listings."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, queries
from .models import Listing, Membership, Vendor

router = Router(tags=["apps"])

Url = Annotated[str, Field(min_length=1, max_length=commands.LONGEST_URL)]


class VendorOut(Schema):
    id: UUID
    name: str
    contact_email: str
    created_at: datetime


class NewVendor(Schema):
    name: str = Field(min_length=1, max_length=100)
    contact_email: str = Field(max_length=254)


class Member(Schema):
    email: str
    name: str
    role: str


class MemberRole(Schema):
    role: Literal["owner", "developer"]


class ListingOut(Schema):
    """An app's entry. Times are domain time; `problem` says what the last poll stumbled over.

    The listings of one app, one for each environment, have the same `group`. `source` is watched, or deployed for an
    app that its vendor deploys from the command line: then there is no address and no next poll.
    """

    key: str
    name: str
    summary: str
    vendor: UUID
    vendor_name: str
    state: str
    environment: str
    source: str
    group: UUID
    offered: str | None
    descriptor_url: str
    created_at: datetime
    created_by: str
    next_poll_at: datetime | None
    poll_started_at: datetime | None
    poll_failures: int
    problem: dict[str, Any] | None
    problem_since: datetime | None
    degraded_at: datetime | None
    held_at: datetime | None
    held_reason: str


class NewListing(Schema):
    vendor: UUID
    descriptor_url: Url


class DescriptorUrl(Schema):
    descriptor_url: Url


class NewEnvironment(Schema):
    environment: Literal["development", "staging", "production"]
    descriptor_url: Url


class ListingQuery(PageQuery):
    vendor: UUID | None = None
    state: str = Field("", max_length=12)
    q: str = Field("", max_length=100, description="a part of the key or the name")


@router.get("/vendors", response=Page[VendorOut], operation_id="list_vendors", summary="Your vendors")
def list_vendors(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    return page_of(queries.vendors(_reader(request)), order=("name",), query=query)


@router.post("/vendors", response={201: VendorOut}, operation_id="make_vendor", summary="Make a vendor (operators)")
def make_vendor(request: HttpRequest, vendor: NewVendor) -> Status[Vendor]:
    caller = caller_of(request)
    caller.require("operate")
    made = commands.create_vendor(vendor.name, vendor.contact_email, by=caller, now=domain_now())
    return Status(201, made)


@router.get("/vendors/{uuid:vendor_id}/members", response=list[Member], operation_id="list_members")
def list_members(request: HttpRequest, vendor_id: UUID) -> list[dict[str, str]]:
    """The people of a vendor."""
    vendor = queries.get_vendor(_reader(request), vendor_id)
    return [_member(each) for each in queries.members(vendor)]


@router.put("/vendors/{uuid:vendor_id}/members/{email}", response=Member, operation_id="set_member")
def set_member(request: HttpRequest, vendor_id: UUID, email: str, member: MemberRole) -> dict[str, str]:
    """Give a person a role; somebody who is new gets a mail."""
    made = commands.set_member(vendor_id, email, member.role, by=_writer(request), now=domain_now())
    assert made is not None
    return _member(made)


@router.delete("/vendors/{uuid:vendor_id}/members/{email}", response={204: None}, operation_id="remove_member")
def remove_member(request: HttpRequest, vendor_id: UUID, email: str) -> Status[None]:
    """Take a person's role away."""
    commands.set_member(vendor_id, email, None, by=_writer(request), now=domain_now())
    return Status(204, None)


@router.get("/listings", response=Page[ListingOut], operation_id="list_listings", summary="The apps of your vendors")
def list_listings(request: HttpRequest, query: Query[ListingQuery]) -> dict[str, Any]:
    found = queries.listings(_reader(request), vendor=query.vendor, state=query.state, q=query.q)
    page = page_of(found, order=("app_key",), query=query)
    return {**page, "items": [_listing(each) for each in page["items"]]}


@router.post("/listings", response={201: ListingOut}, operation_id="list_app", summary="List an app by its descriptor")
def list_app(request: HttpRequest, listing: NewListing) -> Status[dict[str, Any]]:
    caller = _writer(request)
    made = commands.list_app(listing.vendor, listing.descriptor_url, by=caller, now=domain_now())
    return Status(201, _listing(made))


@router.get("/listings/{key}", response=ListingOut, operation_id="get_listing", summary="One app")
def get_listing(request: HttpRequest, key: str) -> dict[str, Any]:
    return _listing(queries.get_listing(_reader(request), key))


@router.put("/listings/{key}/descriptor-url", response=ListingOut, operation_id="change_descriptor_url")
def change_descriptor_url(request: HttpRequest, key: str, address: DescriptorUrl) -> dict[str, Any]:
    """Watch another address, which must serve a listable descriptor of the same app."""
    caller = _writer(request)
    return _listing(commands.change_descriptor_url(key, address.descriptor_url, by=caller, now=domain_now()))


@router.put("/listings/{key}/submission", response=ListingOut, operation_id="submit_listing")
def submit_listing(request: HttpRequest, key: str) -> dict[str, Any]:
    """Ask for a review, so that every site can install the app."""
    return _listing(commands.submit_listing(key, by=_writer(request), now=domain_now()))


@router.delete("/listings/{key}/submission", response=ListingOut, operation_id="withdraw_submission")
def withdraw_submission(request: HttpRequest, key: str) -> dict[str, Any]:
    """Take the submission back."""
    return _listing(commands.withdraw_submission(key, by=_writer(request), now=domain_now()))


@router.delete("/listings/{key}/publication", response=ListingOut, operation_id="make_private")
def make_private(request: HttpRequest, key: str) -> dict[str, Any]:
    """Make a public app private; sites that have it keep it."""
    return _listing(commands.make_private(key, by=_writer(request), now=domain_now()))


@router.put("/listings/{key}/poll", response={202: ListingOut}, operation_id="poll_now", summary="Poll now")
def poll_now(request: HttpRequest, key: str) -> Status[dict[str, Any]]:
    return Status(202, _listing(commands.poll_now(key, by=_writer(request), now=domain_now())))


@router.put("/listings/{key}/resumption", response=ListingOut, operation_id="resume", summary="End a hold")
def resume(request: HttpRequest, key: str) -> dict[str, Any]:
    return _listing(commands.resume(key, by=_writer(request), now=domain_now()))


@router.get("/listings/{key}/environments", response=list[ListingOut], operation_id="list_environments")
def list_environments(request: HttpRequest, key: str) -> list[dict[str, Any]]:
    """The listings of one app, one for each environment, production first."""
    return [_listing(each) for each in queries.environments_of(queries.get_listing(_reader(request), key))]


@router.post("/listings/{key}/environments", response={201: ListingOut}, operation_id="add_environment")
def add_environment(request: HttpRequest, key: str, wanted: NewEnvironment) -> Status[dict[str, Any]]:
    """List the app for another environment: at another address, with an app key of its own."""
    by, url = _writer(request), wanted.descriptor_url
    return Status(201, _listing(commands.add_environment(key, wanted.environment, url, by=by, now=domain_now())))


def _reader(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:read")
    return caller


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:write")
    return caller


def _member(membership: Membership) -> dict[str, str]:
    return {"email": membership.user.email, "name": membership.user.name, "role": membership.role}


def _listing(listing: Listing) -> dict[str, Any]:
    names = [name for name in ListingOut.model_fields if name not in {"key", "vendor", "vendor_name", "offered"}]
    return {
        **{name: getattr(listing, name) for name in names},
        "key": listing.app_key,
        "vendor": listing.vendor_id,
        "vendor_name": listing.vendor.name,
        "offered": listing.offered.number if listing.offered else None,
    }
