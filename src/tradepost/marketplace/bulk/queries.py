"""Rollouts that vendors started: who may see them, how far they are, and which sites of a host are in one now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Min, QuerySet
from django.db.models.functions import Floor

from tradepost.core.bulk import answers_within
from tradepost.core.errors import ConflictError, NotFoundError
from tradepost.core.states import BulkSiteState, BulkUpgradeState, VersionState
from tradepost.core.version import PER_MAJOR
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord

from .models import BulkSite, BulkUpgrade

ORDER = ("-started_at", "id")
RUNNING = BulkUpgradeState.RUNNING
OPEN = (BulkSiteState.PENDING, BulkSiteState.FAILED)
"""States from which a site may still come to run the version."""

MOST_POINTS = 100


@dataclass(frozen=True, slots=True)
class RunningBulk:
    """A rollout that is to bring a site to a major: the newest offered version of it, from `to_order_key` on."""

    id: UUID
    to_major: int
    to_order_key: int


Place = tuple[UUID, UUID]
"""A site, by its host's own identifier, and a listing."""


def running_for(sites: Collection[UUID], listings: Collection[UUID], host: HostService) -> Mapping[Place, RunningBulk]:
    """Which of some sites of a host are in a running rollout of which of some apps, in one statement."""
    if not sites or not listings:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(RUNNING_FOR, {"listings": list(listings), "host": host.pk, "sites": list(sites)})
        return {
            (site, listing): RunningBulk(bulk, order_key // PER_MAJOR, order_key)
            for site, listing, bulk, order_key in cursor.fetchall()
        }


RUNNING_FOR = """
SELECT site.site, bulk.listing_id, bulk.id, version.order_key
FROM bulk_bulkupgrade bulk
JOIN releases_appversion version ON version.id = bulk.to_version_id
JOIN bulk_bulksite member ON member.bulk_id = bulk.id AND member.state IN ('pending', 'failed')
JOIN hosts_siterecord site ON site.id = member.site_id
WHERE bulk.state = 'running' AND bulk.listing_id = ANY(%(listings)s)
  AND site.host_id = %(host)s AND site.site = ANY(%(sites)s)
"""


def rollouts(by: Deployer, app: DeployedApp, *, environment: str = "", state: str = "") -> QuerySet[BulkUpgrade]:
    """The rollouts of an app that the caller may see, of one environment or state where named."""
    found = BulkUpgrade.objects.filter(listing__group=app.group, listing__vendor=app.vendor_id)
    if by.caller is None:
        found = found.filter(listing__environment=by.environment)
    if environment:
        found = found.filter(listing__environment=environment)
    if state:
        found = found.filter(state=state)
    return found.select_related("listing", "to_version").order_by(*ORDER)


def get_rollout(by: Deployer, app: DeployedApp, rollout: UUID) -> BulkUpgrade:
    """Raises NotFoundError, also for a rollout of another app or of another environment than a deploy token's."""
    found = rollouts(by, app).filter(pk=rollout).first()
    if found is None:
        raise NotFoundError("rollout", rollout)
    return found


def find_running(listing: Listing) -> BulkUpgrade | None:
    """The one that runs now."""
    return BulkUpgrade.objects.filter(listing=listing, state=RUNNING).select_related("listing", "to_version").first()


def count_running(vendor: UUID | None = None) -> int:
    """How many run, of one vendor or of all."""
    found = BulkUpgrade.objects.filter(state=RUNNING)
    return (found.filter(listing__vendor=vendor) if vendor is not None else found).count()


def get_target(listing: Listing, number: str) -> AppVersion:
    """The version that a rollout leads to: the one named, else the newest offered.

    Raises NotFoundError for a number that was never made, ConflictError for one that no site may move to.
    """
    version = listing.versions.filter(number=number).first() if number else listing.offered
    if version is None and number:
        raise NotFoundError("version", number[:40])
    if version is None or version.state != VersionState.OFFERED:
        what = f"Version {version.number} is {version.state.replace('_', ' ')}" if version else "No version is offered"
        raise ConflictError(f"{what}: a rollout leads to a version that sites may move to.", NOT_OFFERED)
    if version.manifest_id is None:
        raise ConflictError(f"Version {version.number} was not deployed: rollouts are for deployed apps.", NOT_OFFERED)
    return version


NOT_OFFERED = "rollout.not_offered"


def newest_of_its_major(version: AppVersion) -> AppVersion:
    """What sites that go to the major of an offered version get: the newest offered one of it."""
    major = version.order_key // PER_MAJOR
    offered = AppVersion.objects.filter(listing=version.listing_id, state=VersionState.OFFERED)
    within = offered.filter(order_key__gte=version.order_key, order_key__lt=(major + 1) * PER_MAJOR)
    return within.exclude(manifest=None).order_by("-order_key").first() or version


def majors_in_use(listing: Listing, *, below: int) -> list[tuple[int, int]]:
    """The majors below one that sites run, the newest first, each with how many sites."""
    records = InstallationRecord.objects.filter(listing=listing, running__order_key__lt=below * PER_MAJOR)
    rows = records.exclude(state="uninstalled").order_by().values_list("running__order_key").annotate(n=Count("id"))
    sites: dict[int, int] = defaultdict(int)
    for order_key, counted in rows:
        sites[order_key // PER_MAJOR] += counted
    return sorted(sites.items(), reverse=True)


def targets(listing: Listing) -> list[AppVersion]:
    """The newest offered version of each deployed major, the newest first: what sites that go there get."""
    offered = AppVersion.objects.filter(listing=listing, state=VersionState.OFFERED).exclude(manifest=None)
    major = Floor(F("order_key") / PER_MAJOR)
    return list(offered.annotate(major=major).order_by("-major", "-order_key").distinct("major")[:MOST_TARGETS])


MOST_TARGETS = 50


@dataclass(frozen=True, slots=True)
class Counts:
    """What has become of the sites of one rollout."""

    pending: int = 0
    upgraded: int = 0
    failed: int = 0
    left: int = 0

    @property
    def taken(self) -> int:
        """How many sites it took when it started."""
        return self.pending + self.upgraded + self.failed + self.left

    @property
    def failure_rate(self) -> float:
        """The share of failures among the sites that came or failed, from 0 to 1; 0 before the first."""
        ended = self.upgraded + self.failed
        return self.failed / ended if ended else 0.0


def counts_of(bulks: Iterable[BulkUpgrade]) -> dict[UUID, Counts]:
    """The counts of each of some rollouts, in one statement."""
    members = BulkSite.objects.filter(bulk__in=[bulk.pk for bulk in bulks]).order_by()
    found: dict[UUID, dict[str, int]] = {bulk.pk: {} for bulk in bulks}
    for bulk, state, sites in members.values_list("bulk", "state").annotate(sites=Count("id")):
        found[bulk][state] = sites
    return {bulk: Counts(**states) for bulk, states in found.items()}


def sites_of(bulk: BulkUpgrade, *, state: str = "") -> QuerySet[BulkSite]:
    """The sites of a rollout, with their hosts; order them by `id` for pages."""
    found = BulkSite.objects.filter(bulk=bulk).select_related("site__host")
    return (found.filter(state=state) if state else found).order_by("id")


def reports_of(bulk: BulkUpgrade, sites: Iterable[int]) -> dict[int, InstallationRecord]:
    """The newest report of each of some sites (ids of their records) about the app of a rollout."""
    records = InstallationRecord.objects.filter(listing=bulk.listing_id, site__in=list(sites))
    return {record.site_id: record for record in records.select_related("running", "target")}


@dataclass(frozen=True, slots=True)
class Point:
    """How many sites of a rollout had come, failed, or were still to come at a moment (domain time).

    A site counts with what it is now, since when it is that.
    """

    at: datetime
    upgraded: int
    failed: int
    pending: int


def over_time(bulk: BulkUpgrade, *, until: datetime) -> list[Point]:
    """A rollout over time, at most about MOST_POINTS points, the first when it started."""
    step = max((until - bulk.started_at) / MOST_POINTS, timedelta(minutes=1))
    with connection.cursor() as cursor:
        cursor.execute(OVER_TIME, [step, bulk.started_at, bulk.started_at, bulk.pk])
        rows = cursor.fetchall()
    totals = {"upgraded": 0, "failed": 0, "left": 0}
    taken = sum(sites for *_, sites in rows)
    points = {bulk.started_at: Point(bulk.started_at, 0, 0, taken)}
    for at, state, sites in rows:
        if state != BulkSiteState.PENDING:
            totals[state] += sites
            points[at] = Point(at, totals["upgraded"], totals["failed"], taken - sum(totals.values()))
    return list(points.values())


# A site that has not ended stands at the start, where it is counted as pending.
OVER_TIME = """
SELECT greatest(date_bin(%s, at, %s), %s) AS bucket, state, count(*)::int
FROM bulk_bulksite WHERE bulk_id = %s GROUP BY 1, 2 ORDER BY 1, 2
"""


def silent_since(now: datetime) -> QuerySet[BulkUpgrade]:
    """Running rollouts whose sites have had the time to answer, the oldest first."""
    started = now - answers_within(configuration.policy.check_interval)
    return BulkUpgrade.objects.filter(state=RUNNING, started_at__lte=started).order_by("started_at", "id")


def next_due() -> datetime | None:
    """When the sites of the oldest running rollout must have answered."""
    first: datetime | None = BulkUpgrade.objects.filter(state=RUNNING).aggregate(first=Min("started_at"))["first"]
    return first and first + answers_within(configuration.policy.check_interval)
