"""REST: reviews and an operator's decision."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, queries
from .models import Review

router = Router(tags=["reviews"])


class Why(Schema):
    rule: str
    pointer: str
    text: str


class ReviewOut(Schema):
    """`kind` is listing, version or editions; `reasons` say why the review is due. Times are domain time.

    Of editions `version` is empty, and `draft` is what the vendor submitted; else it is null.
    """

    id: UUID
    app: str
    name: str
    vendor_name: str
    version: str
    kind: str
    state: str
    reasons: list[Why]
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str
    comment: str
    draft: dict[str, Any] | None


class ReviewQuery(PageQuery):
    state: str = Field("", max_length=12)


class Decision(Schema):
    """A rejection says why."""

    decision: Literal["approve", "reject"]
    comment: str = Field("", max_length=commands.LONGEST_COMMENT)


@router.get("/reviews", response=Page[ReviewOut], operation_id="list_reviews", summary="Reviews, the newest first")
def list_reviews(request: HttpRequest, query: Query[ReviewQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("apps:read")
    page = page_of(queries.reviews(caller, state=query.state), order=("-asked_at", "-id"), query=query)
    return {**page, "items": [_review(each) for each in page["items"]]}


@router.put("/reviews/{uuid:review_id}/decision", response=ReviewOut, operation_id="decide_review")
def decide_review(request: HttpRequest, review_id: UUID, decision: Decision) -> dict[str, Any]:
    """Approve or reject (operators)."""
    caller = caller_of(request)
    caller.require("operate")
    decide = commands.approve if decision.decision == "approve" else commands.reject
    return _review(decide(review_id, comment=decision.comment, by=caller, now=domain_now()))


def _review(review: Review) -> dict[str, Any]:
    own = ("id", "kind", "state", "reasons", "asked_at", "asked_by", "decided_at", "decided_by", "comment", "draft")
    return {
        **{name: getattr(review, name) for name in own},
        "app": review.listing.app_key,
        "name": review.listing.name,
        "vendor_name": review.listing.vendor.name,
        "version": review.version.number if review.version else "",
    }
