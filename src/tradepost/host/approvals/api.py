"""REST: what waits for an administrator, and the decision."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tradepost.core.consent import Ask
from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.host.sites.queries import get_site

from . import commands, queries
from .models import Approval

router = Router(tags=["approvals"])


class ApprovalOut(Schema):
    """A request to the administrators of a site. Hand `fingerprint` back with the decision."""

    id: UUID
    site: UUID
    app: str
    app_name: str
    running: str | None
    version: str
    state: str
    fingerprint: str
    rights: list[str]
    becomes_paid: bool
    api_version: int | None
    sentences: list[str]
    notes: str
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str
    reminders: int


class ApprovalQuery(PageQuery):
    state: Literal["", "waiting", "approved", "declined", "used", "superseded"] = ""


class Decision(Schema):
    """The decision on what was shown; `fingerprint` says what that was."""

    decision: Literal["approve", "decline"]
    fingerprint: str = Field(min_length=64, max_length=64)


@router.get(
    "/sites/{uuid:site_id}/approvals", response=Page[ApprovalOut], operation_id="list_approvals", summary="Requests"
)
def list_approvals(request: HttpRequest, site_id: UUID, query: Query[ApprovalQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    get_site(caller, site_id)
    rows = queries.find_approvals(caller, site_id, state=query.state or None)
    found = page_of(rows, order=("-asked_at", "-id"), query=query)
    return {"items": [_out(each) for each in found["items"]], "next": found["next"]}


@router.get("/approvals/{uuid:approval_id}", response=ApprovalOut, operation_id="get_approval", summary="One request")
def get_approval(request: HttpRequest, approval_id: UUID) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    return _out(queries.get_approval(caller, approval_id))


@router.put(
    "/approvals/{uuid:approval_id}/decision", response=ApprovalOut, operation_id="decide", summary="Approve or decline"
)
def put_decision(request: HttpRequest, approval_id: UUID, decision: Decision) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    decide = commands.approve if decision.decision == "approve" else commands.decline
    decide(approval_id, fingerprint=decision.fingerprint, by=caller, now=domain_now())
    return _out(queries.get_approval(caller, approval_id))


def _out(approval: Approval) -> dict[str, Any]:
    asked, running = Ask.from_json(approval.ask), approval.installation.running
    return {
        "id": approval.pk,
        "site": approval.site_id,
        "app": approval.installation.app_key,
        "app_name": approval.version.name,
        "running": running.number if running else None,
        "version": approval.version.number,
        "state": approval.state,
        "fingerprint": approval.fingerprint,
        "rights": sorted(asked.rights),
        "becomes_paid": asked.becomes_paid,
        "api_version": asked.api_version,
        "sentences": list(asked.sentences),
        "notes": approval.version.notes,
        "asked_at": approval.asked_at,
        "decided_at": approval.decided_at,
        "decided_by": approval.decided_by,
        "reminders": approval.reminders,
    }
