"""REST endpoints both services have: who am I, tokens, and for operators the clock and the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from . import commands, queries, tokens
from .callers import caller_of, service_of
from .clock import machine_now
from .rest import Page, PageQuery, page_of

router = Router()


class Me(Schema):
    email: str
    name: str
    is_operator: bool
    scopes: list[str]


class Token(Schema):
    """A token without its secret; times are the machine's."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Clock(Schema):
    """Domain time, and what waits for it. `next_due` is the earliest domain time at which anything happens."""

    now: datetime
    machine: datetime
    sandbox: bool
    next_due: datetime | None
    overdue: list[str]
    working: int


class MoveClock(Schema):
    to: AwareDatetime


class Entry(Schema):
    """One row of the audit log; `at` is domain time, `recorded_at` the machine's."""

    id: UUID
    at: datetime
    recorded_at: datetime
    action: str
    actor: str
    subject_kind: str
    subject_id: str
    scope_id: UUID | None
    detail: dict[str, Any]


class AuditQuery(PageQuery):
    action: str = Field("", max_length=60, description="what actions begin with, such as `listing.`")
    actor: str = Field("", max_length=254)
    subject: str = Field("", max_length=64, description="the id of what was changed")


@router.get("/me", response=Me, tags=["you"], operation_id="get_me", summary="Who this token speaks for")
def get_me(request: HttpRequest) -> dict[str, Any]:
    caller = caller_of(request)
    return {
        "email": caller.user.email,
        "name": caller.user.name,
        "is_operator": caller.is_operator,
        "scopes": sorted(caller.scopes or ()),
    }


@router.get("/tokens", response=Page[Token], tags=["you"], operation_id="list_tokens", summary="Your tokens")
def list_tokens(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    mine = tokens.tokens_of(caller_of(request).user.pk)
    return page_of(mine, order=("-created_at", "-id"), query=page)


@router.delete(
    "/tokens/{uuid:token_id}",
    response={204: None},
    tags=["you"],
    operation_id="revoke_token",
    summary="Revoke a token of yours for good",
)
def revoke_token(request: HttpRequest, token_id: UUID) -> Status[None]:
    tokens.revoke(token_id, by=caller_of(request), service=service_of(request), now=machine_now())
    return Status(204, None)


@router.get("/clock", response=Clock, tags=["operator"], operation_id="get_clock", summary="Domain time")
def get_clock(request: HttpRequest) -> queries.ClockState:
    caller_of(request).require("operate")
    return queries.clock_state(service_of(request))


@router.put(
    "/clock",
    response=Clock,
    tags=["operator"],
    operation_id="move_clock",
    summary="Move domain time forward (in a sandbox)",
)
def put_clock(request: HttpRequest, move: MoveClock) -> queries.ClockState:
    service = service_of(request)
    commands.set_clock(move.to, by=caller_of(request), service=service)
    return queries.clock_state(service)


@router.get("/audit", response=Page[Entry], tags=["operator"], operation_id="list_audit", summary="The audit log")
def list_audit(request: HttpRequest, query: Query[AuditQuery]) -> dict[str, Any]:
    caller_of(request).require("operate")
    rows = queries.audit_entries(service_of(request), action=query.action, actor=query.actor, subject=query.subject)
    return page_of(rows, order=queries.AUDIT_ORDER, query=query)
