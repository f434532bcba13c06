"""Webhook deliveries over REST: the log of an app, a replay, and events by hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, queries
from .models import Delivery

router = Router(tags=["webhooks"])


class DeliveryOut(Schema):
    """One event for one app."""

    id: UUID
    app_key: str
    event: str
    entity: str
    made_at: datetime
    state: str
    attempts: int
    due_at: datetime
    finished_at: datetime | None
    url: str
    body: str
    status: int | None
    response_excerpt: str
    error: str
    seconds: float | None
    replay_of: UUID | None


class NewEvent(Schema):
    """An event to send by hand. `app` limits it to one app; `payload` is added to the body."""

    event: str = Field(min_length=1, max_length=100)
    app: str | None = Field(None, max_length=64)
    payload: dict[str, Any] = Field(default_factory=dict)


class Sent(Schema):
    deliveries: list[UUID]
    apps: list[str]


@router.get(
    "/sites/{uuid:site_id}/apps/{key}/deliveries",
    response=Page[DeliveryOut],
    operation_id="list_deliveries",
    summary="Webhooks an app was sent",
)
def list_deliveries(request: HttpRequest, site_id: UUID, key: str, page: Query[PageQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    return page_of(queries.find_deliveries(caller, site_id, key), order=queries.LOG_ORDER, query=page)


@router.post(
    "/sites/{uuid:site_id}/apps/{key}/deliveries/{uuid:delivery_id}/replays",
    response={202: DeliveryOut},
    operation_id="replay_delivery",
    summary="Deliver a webhook once more",
)
def post_replay(request: HttpRequest, site_id: UUID, key: str, delivery_id: UUID) -> Status[Delivery]:
    caller = caller_of(request)
    caller.require("sites:write")
    return Status(202, commands.replay(site_id, key, delivery_id, by=caller, now=domain_now()))


@router.post(
    "/sites/{uuid:site_id}/webhook-events",
    response={202: Sent},
    operation_id="send_event",
    summary="Send an event to the apps of a site by hand",
)
def post_event(request: HttpRequest, site_id: UUID, new: NewEvent) -> Status[dict[str, Any]]:
    caller = caller_of(request)
    caller.require("sites:write")
    made = commands.send_test_event(
        site_id, new.event, app_key=new.app, payload=new.payload, by=caller, now=domain_now()
    )
    return Status(202, {"deliveries": [each.id for each in made], "apps": [each.app_key for each in made]})
