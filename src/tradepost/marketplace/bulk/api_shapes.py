"""What the REST endpoints about rollouts between majors take and give."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from tradepost.foundation.rest import PageQuery
from tradepost.marketplace.deployments.api_shapes import EnvironmentName, PlacedReasonOut

from .models import BulkSite, BulkUpgrade
from .prospects import LARGEST_MAJOR, Prospect
from .queries import Counts

MOST_SITES_ASKED = 1_000_000_000


class IneligibleOut(Schema):
    """A version whose sites are not taken, and why. `granted` where their code is ahead of what they have granted."""

    version: str
    granted: str | None = None
    sites: int
    reasons: list[PlacedReasonOut]


class BulkRolloutOut(Schema):
    """A rollout that a vendor starts: `bulk` gives no new right, `rolling` brings code ahead of permissions.

    `pending`, `upgraded`, `failed` and `left` count the sites it took, `remaining` those that it did not take though
    they were eligible; `failure_rate` is from 0 to 1. `capped` says that more sites were asked for than one rollout may
    take. A dry run has neither id nor state, and `pending` is how many it would take. Times are domain time.
    """

    id: UUID | None
    environment: str
    kind: str
    from_major: int
    to_version: str
    limit: int
    capped: bool
    eligible: int
    state: str
    started_at: datetime | None
    started_by: str
    finished_at: datetime | None
    finished_by: str
    pending: int
    upgraded: int
    failed: int
    left: int
    remaining: int
    failure_rate: float
    ineligible: list[IneligibleOut]
    dry_run: bool


class NewRollout(Schema):
    """`to_version` is the newest offered version where it is left out, `limit` as many sites as are allowed."""

    environment: EnvironmentName
    from_major: int = Field(ge=0, le=LARGEST_MAJOR)
    to_version: str | None = Field(None, max_length=40)
    limit: int | None = Field(None, ge=1, le=MOST_SITES_ASKED)
    dry_run: bool = False


class RolloutQuery(PageQuery):
    environment: EnvironmentName | None = None
    state: Literal["", "running", "completed", "failed", "cancelled"] = ""


class BulkSiteOut(Schema):
    """A site in a rollout. `at` is when it came to its state, `text` why it failed or left."""

    host: str
    name: str
    base_url: str
    state: str
    text: str
    at: datetime


class RolloutSiteQuery(PageQuery):
    state: Literal["", "pending", "upgraded", "failed", "left"] = ""


def rollout_out(bulk: BulkUpgrade, counts: Counts) -> dict[str, Any]:
    own = ("id", "kind", "from_major", "limit", "capped", "eligible", "state", "started_at", "started_by")
    counted = ("pending", "upgraded", "failed", "left", "failure_rate")
    return {
        **{name: getattr(bulk, name) for name in (*own, "finished_at", "finished_by", "ineligible")},
        **{name: getattr(counts, name) for name in counted},
        "environment": bulk.listing.environment,
        "to_version": bulk.to_version.number,
        "remaining": max(0, bulk.eligible - counts.taken),
        "dry_run": False,
    }


def prospect_out(prospect: Prospect) -> dict[str, Any]:
    own = ("kind", "from_major", "limit", "capped", "eligible", "remaining")
    return {
        **{name: getattr(prospect, name) for name in own},
        "id": None,
        "environment": prospect.listing.environment,
        "to_version": prospect.to.number,
        "state": "",
        "started_at": None,
        "started_by": "",
        "finished_at": None,
        "finished_by": "",
        "pending": prospect.taken,
        "upgraded": 0,
        "failed": 0,
        "left": 0,
        "failure_rate": 0.0,
        "ineligible": prospect.apart(),
        "dry_run": True,
    }


def site_out(row: BulkSite) -> dict[str, Any]:
    site = row.site
    told = {"host": site.host.name, "name": site.name, "base_url": site.base_url}
    return {**told, "state": row.state, "text": row.text, "at": row.at}
