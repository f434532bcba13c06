"""Queueing events for the apps that want them, in the transaction of the change; and replaying by hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, InvalidInputError
from tradepost.core.variables import substitute
from tradepost.foundation import audit, jobs
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.host.product.actors import Actor
from tradepost.host.product.changes import EVENTS, Change
from tradepost.host.product.jql import parse_jql
from tradepost.host.product.queries import find_issues
from tradepost.host.sites.queries import get_site, require_keeper
from tradepost.host.upgrading.queries import get_installation

from . import queries
from .models import Delivery

WORK = "deliver_webhooks"
LICENSE_CHANGED = "license.changed"
"""Told to one app: what it sees of its license is not what it was."""

ANNOUNCED = (*EVENTS, LICENSE_CHANGED)
LONGEST_BODY = 200_000
"""bytes of a webhook's body; what does not fit is sent without its content"""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, in the words of the wire. `entity` is kind and id; `context` fills variables in addresses."""

    name: str
    entity: tuple[str, str]
    payload: Mapping[str, Any]
    context: Mapping[str, str]


def queue_change(change: Change) -> None:
    """Queue a change of the product for every app that wants it, in the transaction of the change."""
    event = Event(change.event, change.entity, change.payload, change.context)
    queue_event(change.site.pk, event, now=change.now)


def queue_event(site_id: UUID, event: Event, *, now: datetime, app_key: str | None = None) -> list[Delivery]:
    """Queue an event for the apps of a site that want it; return what was queued."""
    wanted = [
        (each, path)
        for each in queries.find_wanted(site_id, event.name, app_key=app_key)
        if (path := _path(each, event)) is not None and _passes_filter(each, event)
    ]
    if not wanted:
        return []
    numbers = queries.next_sequences(len(wanted))
    rows = [
        Delivery(
            id=new_id(),
            made_at=now,
            site_id=site_id,
            installation_id=each.installation.pk,
            app_key=each.installation.app_key,
            event=event.name,
            entity=":".join(event.entity)[:100],
            sequence=number,
            path=path,
            body=_body(event, exclude=each.module.raw.get("excludeBody") is True),
            due_at=now,
        )
        for (each, path), number in zip(wanted, numbers, strict=True)
    ]
    Delivery.objects.bulk_create(rows, batch_size=500)
    jobs.defer(WORK)
    return rows


@transaction.atomic
def send_test_event(
    site_id: UUID, event: str, *, app_key: str | None, payload: Mapping[str, Any], by: Caller, now: datetime
) -> list[Delivery]:
    """Send an event by hand, for people who build apps. Raises InvalidInputError for an event nobody announces.

    Raises NotFoundError for an app that is not on the site.
    """
    require_keeper(by, site_id)
    if event not in ANNOUNCED:
        raise InvalidInputError(f"{event[:100]} is no event of this product. It has: {', '.join(ANNOUNCED)}.", "/event")
    if app_key is not None:
        get_installation(by, site_id, app_key)
    body = {"timestamp": int(now.timestamp() * 1000), "webhookEvent": event, **payload}
    made = queue_event(site_id, Event(event, ("test", str(new_id())), body, {}), now=now, app_key=app_key)
    audit.record(
        "webhook.sent_by_hand",
        service="host",
        actor=by.actor,
        subject=("site", site_id),
        now=now,
        scope_id=site_id,
        event=event,
        apps=[each.app_key for each in made],
    )
    return made


@transaction.atomic
def replay(site_id: UUID, app_key: str, delivery_id: UUID, *, by: Caller, now: datetime) -> Delivery:
    """Deliver an event once more, as a delivery of its own that stands in no order. Raises ConflictError while the
    first one still waits.
    """
    get_site(by, site_id)
    require_keeper(by, site_id)
    before = queries.get_delivery(by, site_id, app_key, delivery_id)
    if before.state == "waiting":
        raise ConflictError("This delivery still waits; it will be tried again by itself.")
    again = Delivery.objects.create(
        id=new_id(),
        made_at=now,
        site_id=site_id,
        installation_id=before.installation_id,
        app_key=app_key,
        event=before.event,
        entity=f"replay:{delivery_id}",
        sequence=queries.next_sequences(1)[0],
        path=before.path,
        body=before.body,
        replay_of=before.id,
        due_at=now,
    )
    audit.record(
        "webhook.replayed",
        service="host",
        actor=by.actor,
        subject=("delivery", again.id),
        now=now,
        scope_id=site_id,
        app=app_key,
        replay_of=str(before.id),
    )
    jobs.defer(WORK)
    return again


def _path(wanted: queries.Wanted, event: Event) -> str | None:
    """None where a value would change the path: the change itself goes on, the app is not told."""
    try:
        return substitute(wanted.module.url, event.context)
    except InvalidInputError:
        return None


def _passes_filter(wanted: queries.Wanted, event: Event) -> bool:
    """Whether an issue's event fits the app's JQL `filter`. A filter that cannot be read lets nothing through; that
    something is gone passes every filter, for there is nothing left to look at.
    """
    text = wanted.module.raw.get("filter")
    if not isinstance(text, str) or not text.strip() or event.entity[0] != "issue" or event.name.endswith("_deleted"):
        return True
    try:
        search = parse_jql(text)
    except InvalidInputError:
        return False
    reader = Actor(wanted.installation.site, app_key=wanted.installation.app_key)
    return find_issues(reader, search).filter(pk=event.entity[1]).exists()


def _body(event: Event, *, exclude: bool) -> str:
    """`excludeBody` is the app's wish; a body that is too long is left out as well, for the app can ask."""
    if exclude:
        return ""
    text = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) <= LONGEST_BODY:
        return text
    kept = {name: event.payload[name] for name in ("timestamp", "webhookEvent") if name in event.payload}
    return json.dumps(kept)
