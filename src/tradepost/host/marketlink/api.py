"""REST for operators: the link to the marketplace."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from tradepost.core.errors import NotFoundError
from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now

from . import commands, queries

router = Router(tags=["operator"])


class LinkOut(Schema):
    """The marketplace we are linked to; `problem` says why it cannot be used now, or is empty."""

    url: str
    host_id: UUID
    name: str
    enrolled_at: datetime
    problem: str


class Enrolment(Schema):
    url: str = Field(max_length=500)
    code: str = Field(max_length=100)


@router.get("/marketplace-link", response=LinkOut, operation_id="get_marketplace_link", summary="Our marketplace")
def get_link(request: HttpRequest) -> Any:
    caller = caller_of(request)
    caller.require("operate")
    link = queries.find_link(caller)
    if link is None:
        raise NotFoundError("marketplace link", "yet")
    return link


@router.put("/marketplace-link", response=LinkOut, operation_id="enrol", summary="Enrol with a one-time code")
def put_link(request: HttpRequest, enrolment: Enrolment) -> Any:
    caller = caller_of(request)
    caller.require("operate")
    return commands.enrol(code=enrolment.code, url=enrolment.url, by=caller, now=domain_now())
