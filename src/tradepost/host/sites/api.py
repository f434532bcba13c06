"""REST: sites, their members, windows and checks."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.core.edition import ProductEdition
from tradepost.core.window import DEFAULT_WINDOW, MaintenanceWindow
from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, entering, queries

router = Router(tags=["sites"])


class SiteOut(Schema):
    """A site. Times are domain time; the window is local time in `zone`."""

    id: UUID
    name: str
    context_path: str
    host_name: str
    base_url: str
    product_type: str
    product_edition: str
    private_listings: bool
    zone: str
    window_start: time
    window_end: time
    next_check_at: datetime
    last_check_at: datetime | None
    check_failures: int
    check_problem: str


class NewSite(Schema):
    """A site stands under a context path or has a host name; `window` is written HH:MM-HH:MM."""

    name: str = Field(max_length=100)
    context_path: str = Field("", max_length=50)
    host_name: str = Field("", max_length=253)
    zone: str = Field("UTC", max_length=64)
    window: str = Field(str(DEFAULT_WINDOW), max_length=20)


class SitesQuery(PageQuery):
    named: str = Field("", max_length=253, description="only sites of this name, context path or host name")


class NewPageAddress(Schema):
    """`path` is that of a page of the site, `user` the e-mail address or account id of a member."""

    path: str = Field(max_length=2000)
    user: str = Field(min_length=1, max_length=254)


class PageAddress(Schema):
    """Good once, until `expires_at` (machine time)."""

    url: str
    expires_at: datetime


class Window(Schema):
    """Local hours in which the site must not be touched; the same time twice means none."""

    window: str = Field(max_length=20)
    zone: str | None = Field(None, max_length=64)


class ProductEditionIn(Schema):
    """The edition of the site's own product; it limits no edition of an app."""

    product_edition: ProductEdition


class MemberOut(Schema):
    email: str
    name: str
    role: str


class NewMember(Schema):
    email: str = Field(max_length=254)
    role: str = Field(pattern="^(admin|user)$")


@router.post("/sites", response={201: SiteOut}, operation_id="create_site", summary="Make a site (operators)")
def create_site(request: HttpRequest, new: NewSite) -> Status[Any]:
    caller = caller_of(request)
    caller.require("operate")
    site = commands.create_site(
        name=new.name,
        context_path=new.context_path,
        host_name=new.host_name,
        zone=new.zone,
        window=MaintenanceWindow.parse(new.window, pointer="/window"),
        by=caller,
        now=domain_now(),
    )
    return Status(201, site)


@router.get("/sites", response=Page[SiteOut], operation_id="list_sites", summary="Your sites")
def list_sites(request: HttpRequest, query: Query[SitesQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    rows = queries.find_named(caller, query.named) if query.named else queries.find_visible(caller)
    return page_of(rows, order=("name", "id"), query=query)


@router.get("/sites/{uuid:site_id}", response=SiteOut, operation_id="get_site", summary="One site")
def get_site(request: HttpRequest, site_id: UUID) -> Any:
    caller = caller_of(request)
    caller.require("sites:read")
    return queries.get_site(caller, site_id)


@router.put("/sites/{uuid:site_id}/window", response=SiteOut, operation_id="set_window", summary="Change the window")
def put_window(request: HttpRequest, site_id: UUID, change: Window) -> Any:
    caller = caller_of(request)
    caller.require("sites:write")
    window = MaintenanceWindow.parse(change.window, pointer="/window")
    return commands.change_window(
        site_id, start=window.start, end=window.end, zone=change.zone, by=caller, now=domain_now()
    )


@router.put(
    "/sites/{uuid:site_id}/product-edition",
    response=SiteOut,
    operation_id="set_product_edition",
    summary="Say which edition the site's product has",
)
def put_product_edition(request: HttpRequest, site_id: UUID, change: ProductEditionIn) -> Any:
    caller = caller_of(request)
    caller.require("sites:write")
    return commands.change_product_edition(site_id, change.product_edition, by=caller, now=domain_now())


@router.put(
    "/sites/{uuid:site_id}/check",
    response={202: SiteOut},
    operation_id="check_now",
    summary="Ask the marketplace now",
)
def put_check(request: HttpRequest, site_id: UUID) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    return Status(202, commands.check_now(site_id, by=caller, now=domain_now()))


@router.post(
    "/sites/{uuid:site_id}/page-urls",
    response={201: PageAddress},
    operation_id="make_page_url",
    summary="An address that shows a page to a member, once (operators)",
)
def post_page_url(request: HttpRequest, site_id: UUID, new: NewPageAddress) -> Status[Any]:
    caller = caller_of(request)
    caller.require("operate")
    url, until = entering.make_page_address(
        site_id, new.path, user=new.user, by=caller, now=domain_now(), machine=machine_now()
    )
    return Status(201, {"url": url, "expires_at": until})


@router.get("/sites/{uuid:site_id}/members", response=list[MemberOut], operation_id="list_members", summary="Members")
def list_members(request: HttpRequest, site_id: UUID) -> list[dict[str, str]]:
    caller = caller_of(request)
    caller.require("sites:read")
    found = queries.find_members(caller, site_id)
    return [{"email": each.user.email, "name": each.user.name, "role": each.role} for each in found]


@router.put("/sites/{uuid:site_id}/members", response=MemberOut, operation_id="set_member", summary="Give a role")
def put_member(request: HttpRequest, site_id: UUID, new: NewMember) -> dict[str, str]:
    caller = caller_of(request)
    caller.require("sites:write")
    member = commands.set_member(site_id, email=new.email, role=new.role, by=caller, now=domain_now())
    assert member is not None
    return {"email": member.user.email, "name": member.user.name, "role": member.role}


@router.delete(
    "/sites/{uuid:site_id}/members/{email}",
    response={204: None},
    operation_id="remove_member",
    summary="Take a role away",
)
def delete_member(request: HttpRequest, site_id: UUID, email: str) -> Status[None]:
    caller = caller_of(request)
    caller.require("sites:write")
    commands.set_member(site_id, email=email, role=None, by=caller, now=domain_now())
    return Status(204, None)
