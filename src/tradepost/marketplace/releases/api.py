"""REST: versions of an app, why they were made, and what a document would do."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import commands as catalog_commands
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.rollout import queries as rollout

from . import commands, queries
from .models import AppVersion

router = Router(tags=["versions"])


class ReasonOut(Schema):
    rule: str
    pointer: str
    change: str
    consent: bool
    text: str


class Warned(Schema):
    pointer: str
    text: str
    rule: str


class ProgressOut(Schema):
    """Sites that run the version, and sites for which it is the next one, by what they wait for."""

    number: str
    running: int
    waiting_consent: int
    declined: int
    waiting_window: int
    failed: int
    scheduled: int
    waiting_turn: int = 0
    waiting_vendor: int = 0
    since: datetime | None


class VersionOut(Schema):
    """A version. `change` is first, patch, minor or major; times are domain time.

    `descriptor` is the SHA-256 of its descriptor, `manifest` that of what was deployed; null for a watched app.
    """

    number: str
    build: int | None
    state: str
    change: str
    consent: bool
    reasons: list[ReasonOut]
    warnings: list[Warned]
    notes: str
    base_url: str
    api_version: int
    paid: bool
    scopes: list[str]
    descriptor: str
    manifest: str | None
    made_at: datetime
    made_by: str
    offered_at: datetime | None
    progress: ProgressOut


class ValueOut(Schema):
    """`old` and `new` are JSON text, null where the value is missing; for `moved` they are places in the list."""

    pointer: str
    kind: str
    old: str | None
    new: str | None


class DifferenceOut(Schema):
    """`complete` is false where more values changed than are shown."""

    before: str | None
    values: list[ValueOut]
    complete: bool


class WholeVersion(VersionOut):
    """A version with its difference to the one before, and the pointers of changes that could have gone alone."""

    separable: list[str]
    difference: DifferenceOut


class Notes(Schema):
    notes: str = Field(max_length=commands.LONGEST_NOTES)


class Document(Schema):
    """A descriptor to look at; null is the one the descriptor address serves now."""

    document: dict[str, Any] | None = None


class PreviewOut(Schema):
    """What a document would do. `next` is null for no change and for a refusal."""

    live: str | None
    next: str | None
    change: str
    consent: bool
    reasons: list[ReasonOut]
    separable: list[str]
    review: list[ReasonOut]
    refusal: Warned | None
    warnings: list[Warned]


@router.get("/listings/{key}/versions", response=Page[VersionOut], operation_id="list_versions")
def list_versions(request: HttpRequest, key: str, query: Query[PageQuery]) -> dict[str, Any]:
    """The versions of an app, the newest first."""
    listing = _listing(request, key)
    page = page_of(queries.versions_of(listing), order=("-order_key",), query=query)
    progress = {each.number: each for each in rollout.version_progress(listing)}
    return {**page, "items": [_version(each, progress[each.number]) for each in page["items"]]}


@router.get("/listings/{key}/versions/{number}", response=WholeVersion, operation_id="get_version")
def get_version(request: HttpRequest, key: str, number: str) -> dict[str, Any]:
    """One version, with its difference to the one before."""
    return _whole(queries.get_version(_listing(request, key), number))


@router.put("/listings/{key}/versions/{number}/notes", response=WholeVersion, operation_id="write_notes")
def write_notes(request: HttpRequest, key: str, number: str, notes: Notes) -> dict[str, Any]:
    """Write the release notes of a version, which administrators read before they agree."""
    return _whole(commands.write_notes(key, number, notes.notes, by=_writer(request), now=domain_now()))


@router.post("/listings/{key}/previews", response=PreviewOut, operation_id="preview", tags=["versions"])
def preview(request: HttpRequest, key: str, document: Document) -> dict[str, Any]:
    """What would happen if this document were published. Changes nothing."""
    found = catalog_commands.preview(key, document.document, by=_writer(request))
    return asdict(found)


def _listing(request: HttpRequest, key: str) -> Listing:
    caller = caller_of(request)
    caller.require("apps:read")
    return catalog.get_listing(caller, key)


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:write")
    return caller


def _version(version: AppVersion, progress: rollout.Progress) -> dict[str, Any]:
    names = [name for name in VersionOut.model_fields if name not in {"descriptor", "manifest", "progress"}]
    return {
        **{name: getattr(version, name) for name in names},
        "descriptor": version.document_id,
        "manifest": version.manifest_id,
        "progress": progress,
    }


def _whole(version: AppVersion) -> dict[str, Any]:
    difference = queries.difference(version)
    return {
        **_version(version, rollout.progress_of(version)),
        "separable": difference.separable,
        "difference": difference,
    }
