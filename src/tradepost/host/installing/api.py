"""REST: what a site can install, switching off and on, new secrets, and the signing key.

Installing and removing are where apps are listed and explained.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.core.consent import Ask
from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now

from . import commands, queries
from .keys import rotate_key

router = Router(tags=["apps of a site"])


class Entry(Schema):
    """An app of the catalogue."""

    key: str
    name: str
    vendor: str
    summary: str
    version: str
    is_installed: bool


class EntryPage(Schema):
    items: list[Entry]
    next: str | None


class AskOut(Schema):
    """What is asked, in plain words; `fingerprint` is handed back with the decision."""

    fingerprint: str
    rights: list[str]
    becomes_paid: bool
    sentences: list[str]


class Details(Entry):
    ask: AskOut
    warnings: list[dict[str, Any]]
    notes: str


class Accepted(Schema):
    app: str
    state: str


class CatalogueQuery(Schema):
    after: str = Field("", max_length=500)


class Key(Schema):
    kid: str


@router.get(
    "/sites/{uuid:site_id}/catalogue",
    response=EntryPage,
    operation_id="list_catalogue",
    summary="What can be installed",
)
def list_catalogue(request: HttpRequest, site_id: UUID, query: Query[CatalogueQuery]) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    page = queries.find_catalogue(caller, site_id, after=query.after)
    items = [
        {
            "key": each.app,
            "name": each.name,
            "vendor": each.vendor,
            "summary": each.summary,
            "version": each.version.version,
            "is_installed": each.app in page.installed,
        }
        for each in page.entries
    ]
    return {"items": items, "next": page.next}


@router.get(
    "/sites/{uuid:site_id}/catalogue/{key}",
    response=Details,
    operation_id="get_catalogue_app",
    summary="What installing an app would grant",
)
def get_catalogue_app(request: HttpRequest, site_id: UUID, key: str) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    app = queries.get_app(caller, site_id, key, now=domain_now())
    return {
        "key": app.key,
        "name": app.name,
        "vendor": app.vendor,
        "summary": app.summary,
        "version": app.version.number,
        "is_installed": app.installation is not None,
        "ask": ask_out(app.ask),
        "warnings": app.version.warnings,
        "notes": app.version.notes,
    }


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/activation", response=Accepted, operation_id="enable", summary="Switch an app on"
)
def put_activation(request: HttpRequest, site_id: UUID, key: str) -> dict[str, str]:
    caller = caller_of(request)
    caller.require("sites:write")
    found = commands.enable(site_id, key, by=caller, now=domain_now())
    return {"app": found.app_key, "state": found.state}


@router.delete(
    "/sites/{uuid:site_id}/apps/{key}/activation",
    response=Accepted,
    operation_id="disable",
    summary="Switch an app off",
)
def delete_activation(request: HttpRequest, site_id: UUID, key: str) -> dict[str, str]:
    caller = caller_of(request)
    caller.require("sites:write")
    found = commands.disable(site_id, key, by=caller, now=domain_now())
    return {"app": found.app_key, "state": found.state}


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/secret",
    response={202: Accepted},
    operation_id="rotate_secret",
    summary="Offer an app a new secret",
)
def put_secret(request: HttpRequest, site_id: UUID, key: str) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    found = commands.rotate_secret(site_id, key, by=caller, now=domain_now())
    return Status(202, {"app": found.app_key, "state": found.state})


@router.post("/keys", response={201: Key}, operation_id="rotate_key", summary="Sign with a new key (operators)")
def post_key(request: HttpRequest) -> Status[Any]:
    caller = caller_of(request)
    caller.require("operate")
    return Status(201, {"kid": rotate_key(by=caller, now=domain_now()).kid})


def ask_out(ask: Ask) -> dict[str, Any]:
    """What is asked, for REST."""
    return {
        "fingerprint": ask.fingerprint,
        "rights": sorted(ask.rights),
        "becomes_paid": ask.becomes_paid,
        "sentences": list(ask.sentences),
    }
