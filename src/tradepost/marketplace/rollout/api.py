"""REST: how far sites are with the versions of an app."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.releases.api import ProgressOut

from . import queries
from .majors import MajorSites, sites_per_major
from .models import InstallationRecord

router = Router(tags=["rollout"])

USUAL_PERIOD = timedelta(days=30)


class PointOut(Schema):
    """How many sites ran each version at a moment."""

    at: datetime
    running: dict[str, int]


class WholeProgress(Schema):
    """The newest version first; `over_time` is for a chart. Times are domain time."""

    versions: list[ProgressOut]
    over_time: list[PointOut]


class ProgressQuery(Schema):
    since: AwareDatetime | None = Field(None, description="30 days ago, where it is left out")


class MajorOut(Schema):
    """A major of an app. `states` counts its sites by what they wait for; `code_ahead` those whose code went ahead of
    the permissions they have granted.
    """

    major: int
    newest: str | None
    is_deployed: bool
    sites: int
    on_newest: int
    code_ahead: int
    states: dict[str, int]


class SiteOut(Schema):
    """One installation: what the site runs, where it goes, what it waits for since when and until when."""

    host: str
    name: str
    base_url: str
    running: str | None
    target: str | None
    state: str
    enabled: bool
    since: datetime
    until: datetime | None
    text: str
    reported_at: datetime
    granted: str | None = Field(None, description="whose permissions hold, where the code went ahead of them")


class SiteQuery(PageQuery):
    state: str = Field("", max_length=20)
    version: str = Field("", max_length=40)
    major: str = Field("", max_length=9, description="the major that the site runs")
    q: str = Field("", max_length=100, description="a part of the site's name or address")


@router.get("/listings/{key}/progress", response=WholeProgress, operation_id="get_progress")
def get_progress(request: HttpRequest, key: str, query: Query[ProgressQuery]) -> dict[str, Any]:
    """How many sites run each version, wait for it, or failed."""
    listing = _listing(request, key)
    now = domain_now()
    since = query.since or now - USUAL_PERIOD
    return {
        "versions": queries.version_progress(listing),
        "over_time": queries.progress_over_time(listing, since=min(since, now), until=now),
    }


@router.get("/listings/{key}/majors", response=list[MajorOut], operation_id="list_majors")
def list_majors(request: HttpRequest, key: str) -> list[MajorSites]:
    """How many sites run each major, and what they wait for; the highest first."""
    return sites_per_major(_listing(request, key))


@router.get("/listings/{key}/sites", response=Page[SiteOut], operation_id="list_listing_sites")
def list_sites(request: HttpRequest, key: str, query: Query[SiteQuery]) -> dict[str, Any]:
    """The sites that have the app, and why each is not on the newest version."""
    found = queries.site_rows(
        _listing(request, key), state=query.state, version=query.version, major=query.major, q=query.q
    )
    page = page_of(found, order=("id",), query=query)
    return {**page, "items": [_site(each) for each in page["items"]]}


def _listing(request: HttpRequest, key: str) -> Listing:
    caller = caller_of(request)
    caller.require("apps:read")
    return catalog.get_listing(caller, key)


def _site(record: InstallationRecord) -> dict[str, Any]:
    return {
        "host": record.site.host.name,
        "name": record.site.name,
        "base_url": record.site.base_url,
        "running": record.running.number if record.running else None,
        "target": record.target.number if record.target else None,
        "state": record.state,
        "enabled": record.enabled,
        "since": record.since,
        "until": record.until,
        "text": record.text,
        "reported_at": record.reported_at,
        "granted": record.granted.number if record.granted else None,
    }
