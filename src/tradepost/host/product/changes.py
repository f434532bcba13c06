"""Tells others of every change, in its transaction. Who wants to know registers here; the product knows nobody.

Events and payloads are those that apps know: `jira:issue_created`, `comment_created`, ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from tradepost.host.sites.models import Site

from .actors import Actor

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "project_created",
    "project_updated",
    "project_deleted",
    "issue_property_set",
    "issue_property_deleted",
    "project_property_set",
    "project_property_deleted",
    "user_property_set",
    "user_property_deleted",
)
"""Everything the product announces."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `entity` is what it happened to, like ("issue", "10012"): changes of one entity have an order.

    `payload` is the body an app gets, with `timestamp` (milliseconds of domain time) and `webhookEvent`.
    `context` names what variables in addresses mean: `issue.id`, `issue.key`, `project.id`, `project.key`, ...
    """

    event: str
    site: Site
    entity: tuple[str, str]
    payload: Mapping[str, Any]
    actor: Actor
    now: datetime
    context: Mapping[str, str] = field(default_factory=dict)


Listener = Callable[[Change], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Call `listener` inside the transaction of every change from now on. It must be quick and call no stranger."""
    if listener not in _listeners:
        _listeners.append(listener)


def stop_listening(listener: Listener) -> None:
    """For tests: the opposite of `listen`."""
    _listeners.remove(listener)


def announce(
    event: str,
    site: Site,
    entity: tuple[str, object],
    payload: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    context: Mapping[str, str] | None = None,
) -> None:
    """Tell every listener of a change that the caller's transaction makes."""
    assert connection.in_atomic_block, "a change is announced in its own transaction"
    assert event in EVENTS, event
    body = {"timestamp": int(now.timestamp() * 1000), "webhookEvent": event, **payload}
    change = Change(event, site, (entity[0], str(entity[1])), body, actor, now, context or {})
    for listener in _listeners:
        listener(change)
