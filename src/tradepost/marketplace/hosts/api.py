"""REST: host services, for operators."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, queries
from .models import HostService

router = Router(tags=["operator"])


class HostOut(Schema):
    """`code_expires_at` is machine time, the others domain time."""

    id: UUID
    name: str
    state: str
    base_url: str
    product: str
    code_expires_at: datetime | None
    linked_at: datetime | None
    last_seen_at: datetime | None
    site_count: int = 0


class NewHost(Schema):
    name: str = Field(min_length=1, max_length=100)


class Invitation(HostOut):
    """With the one-time code, which is shown this once."""

    code: str


@router.get("/hosts", response=Page[HostOut], operation_id="list_hosts", summary="Host services")
def list_hosts(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    return page_of(queries.hosts(_operator(request)), order=("name",), query=query)


@router.post("/hosts", response={201: Invitation}, operation_id="invite_host", summary="Invite a host service")
def invite_host(request: HttpRequest, host: NewHost) -> Status[dict[str, Any]]:
    return Status(201, _invitation(*commands.invite_host(host.name, by=_operator(request), now=domain_now())))


@router.put("/hosts/{uuid:host_id}/invitation", response=Invitation, operation_id="invite_host_again")
def invite_again(request: HttpRequest, host_id: UUID) -> dict[str, Any]:
    """Make a new one-time code for a host service."""
    return _invitation(*commands.invite_again(host_id, by=_operator(request), now=domain_now()))


@router.delete("/hosts/{uuid:host_id}", response=HostOut, operation_id="revoke_host")
def revoke_host(request: HttpRequest, host_id: UUID) -> HostService:
    """Refuse a host service from now on; its sites keep what they run."""
    return commands.revoke_host(host_id, by=_operator(request), now=domain_now())


def _operator(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("operate")
    return caller


def _invitation(host: HostService, code: str) -> dict[str, Any]:
    own = [name for name in HostOut.model_fields if name != "site_count"]
    return {**{name: getattr(host, name) for name in own}, "code": code}
