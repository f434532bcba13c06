"""REST: what a vendor was told."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from tradepost.foundation.callers import caller_of
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import queries as catalog

from . import queries

router = Router(tags=["apps"])


class NoticeOut(Schema):
    """One thing the vendor was told; `at` is domain time."""

    at: datetime
    kind: str
    subject: str
    text: str


@router.get("/listings/{key}/notices", response=Page[NoticeOut], operation_id="list_notices")
def list_notices(request: HttpRequest, key: str, query: Query[PageQuery]) -> dict[str, Any]:
    """What the vendor of an app was told, the newest first."""
    caller = caller_of(request)
    caller.require("apps:read")
    return page_of(queries.notices_of(catalog.get_listing(caller, key)), order=("-at", "-id"), query=query)
