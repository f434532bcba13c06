"""REST: apps of a site come and go, what they run, why not the newest version, and how they got there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.host.installing.commands import install, uninstall
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import is_rotating
from tradepost.host.sites.queries import get_site

from . import commands, queries

router = Router(tags=["apps of a site"])


class AppOut(Schema):
    """An app on a site. `because` is empty, consent, declined, window, retry, turn or vendor; `until` is empty if a
    person acts. `granted` is the version whose permissions count where its code went ahead of them.
    """

    app: str
    name: str
    state: str
    running: str | None
    newest: str | None
    because: str
    text: str
    until: datetime | None
    since: datetime
    granted: str | None


class CallOut(Schema):
    """A call to the app, secrets masked. `at` is domain time.

    `cause` is install, upgrade, switch, uninstall, rotation, move or replay; is the same for all
    attempts of a queued call, `replay_of` the call that was sent anew.
    """

    id: UUID
    event: str
    cause: str
    delivery: UUID | None
    replay_of: UUID | None
    attempt: int
    at: datetime
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: dict[str, str]
    response_excerpt: str
    error: str
    seconds: float
    succeeded: bool


class QueuedOut(Schema):
    """A call that is still to be made; after a failure, when and why again. `due_at` is domain time."""

    delivery: UUID
    event: str
    cause: str
    replay_of: UUID | None
    attempts: int
    due_at: datetime
    last_failure: str


class NewAddress(Schema):
    """Either a context path (`/alpha`) or a host name."""

    context_path: str = Field("", max_length=50)
    host_name: str = Field("", max_length=253)


class Moved(Schema):
    """`told` is how many apps are told."""

    id: UUID
    base_url: str
    told: int


class NewApp(Schema):
    """`fingerprint` is that of what was shown; without one, what the app asks at this moment is granted."""

    app: str = Field(min_length=1, max_length=64)
    fingerprint: str | None = Field(None, max_length=64)


class Accepted(Schema):
    app: str
    state: str


class Explained(AppOut):
    """With what happens next by the plan the worker follows, and the last calls.

    `also_asks` is what an administrator is asked while something else is on its way.
    """

    person: str | None
    asks: list[str]
    also_asks: list[str]
    may_go_ahead: bool
    is_rotating: bool
    calls: list[CallOut]
    queued: list[QueuedOut]


class UpgradeOut(Schema):
    id: UUID
    from_number: str
    to_number: str
    state: str
    trigger: str
    keeps_grant: bool
    by: str
    planned_at: datetime
    attempts: int
    last_failure: str
    finished_at: datetime | None


@router.get("/sites/{uuid:site_id}/apps", response=Page[AppOut], operation_id="list_apps", summary="Apps on a site")
def list_apps(request: HttpRequest, site_id: UUID, page: Query[PageQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    get_site(caller, site_id)
    found = page_of(queries.find_installations(caller, site_id), order=("app_key",), query=page)
    return {"items": _rows(found["items"]), "next": found["next"]}


@router.post("/sites/{uuid:site_id}/apps", response={202: Accepted}, operation_id="install", summary="Install an app")
def post_app(request: HttpRequest, site_id: UUID, new: NewApp) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    made = install(site_id, new.app, fingerprint=new.fingerprint, by=caller, now=domain_now())
    return Status(202, {"app": made.app_key, "state": made.state})


@router.get("/sites/{uuid:site_id}/apps/{key}", response=Explained, operation_id="get_app", summary="Explain an app")
def get_app(request: HttpRequest, site_id: UUID, key: str) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    installation = queries.get_remembered(caller, site_id, key)
    told = queries.explain(installation, domain_now())
    return _row(installation) | {
        "because": told.because,
        "text": told.text,
        "until": told.until,
        "person": told.person,
        "asks": list(told.ask.sentences) if told.ask else [],
        "also_asks": list(told.also_ask.sentences) if told.also_ask else [],
        "may_go_ahead": told.may_go_ahead,
        "is_rotating": is_rotating(installation),
        "calls": told.calls,
        "queued": queries.find_queued(installation),
    }


@router.delete(
    "/sites/{uuid:site_id}/apps/{key}", response=Accepted, operation_id="uninstall", summary="Take an app away"
)
def delete_app(request: HttpRequest, site_id: UUID, key: str) -> dict[str, str]:
    caller = caller_of(request)
    caller.require("sites:write")
    gone = uninstall(site_id, key, by=caller, now=domain_now())
    return {"app": gone.app_key, "state": gone.state}


@router.post(
    "/sites/{uuid:site_id}/apps/{key}/going-ahead",
    response={202: Accepted},
    operation_id="go_ahead",
    summary="Bring an app at once to what waits for its turn or its vendor",
)
def post_going_ahead(request: HttpRequest, site_id: UUID, key: str) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    found = commands.go_ahead(site_id, key, by=caller, now=domain_now())
    return Status(202, {"app": found.app_key, "state": found.state})


@router.get(
    "/sites/{uuid:site_id}/apps/{key}/upgrades",
    response=Page[UpgradeOut],
    operation_id="list_upgrades",
    summary="Moves",
)
def list_upgrades(request: HttpRequest, site_id: UUID, key: str, page: Query[PageQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    return page_of(queries.find_upgrades(caller, site_id, key), order=("-planned_at", "-id"), query=page)


@router.get(
    "/sites/{uuid:site_id}/apps/{key}/calls",
    response=Page[CallOut],
    operation_id="list_calls",
    summary="Calls to the app",
)
def list_calls(request: HttpRequest, site_id: UUID, key: str, page: Query[PageQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    return page_of(queries.find_calls(caller, site_id, key), order=queries.CALL_ORDER, query=page)


@router.post(
    "/sites/{uuid:site_id}/apps/{key}/calls/{uuid:call_id}/replays",
    response={202: QueuedOut},
    operation_id="replay_call",
    summary="Tell an app the same event anew",
)
def post_replay(request: HttpRequest, site_id: UUID, key: str, call_id: UUID) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    return Status(202, commands.replay(site_id, key, call_id, by=caller, now=domain_now()))


@router.put(
    "/sites/{uuid:site_id}/address",
    response={202: Moved},
    operation_id="move_site",
    summary="Move a site to another address (operators)",
)
def put_address(request: HttpRequest, site_id: UUID, new: NewAddress) -> Status[Any]:
    caller = caller_of(request)
    caller.require("operate")
    site, told = commands.move_site(
        site_id, context_path=new.context_path, host_name=new.host_name, by=caller, now=domain_now()
    )
    return Status(202, {"id": site.pk, "base_url": site.base_url, "told": told})


def _rows(installations: Sequence[Installation]) -> list[dict[str, Any]]:
    return [_row(each) for each in installations]


def _row(each: Installation) -> dict[str, Any]:
    shown = each.running or each.newest
    return {
        "app": each.app_key,
        "name": shown.name if shown else each.app_key,
        "state": each.state,
        "running": each.running.number if each.running else None,
        "newest": each.newest.number if each.newest else None,
        "because": each.because,
        "text": each.text,
        "until": each.until,
        "since": each.since,
        "granted": each.granted.number if each.granted else None,
    }
