"""Which site runs which version and what it waits for: for vendors, and for host services about their own sites."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from tradepost.core.states import AccessTokenState, ListingState, VersionState
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.tokens.models import AccessToken

from .models import InstallationRecord
from .numbers import in_major, major_of

GONE = ("uninstalled",)
WAITS = ("waiting_consent", "declined", "waiting_window", "waiting_turn", "waiting_vendor", "failed", "scheduled")
"""States of the wire in which a site is on its way to a version, or stays away from it."""

VERSIONS = ("running", "target", "granted")
"""What a record says of versions."""

MOST_POINTS = 200

LONGEST_MAJOR = 7
"""Digits; an order key of 64 bits has no room for more."""

Sight = tuple[UUID, UUID]
"""A site, by its host's own identifier, and an app it may see."""


def private_on_sites(host: HostService, *, sites: Collection[UUID], listings: Collection[UUID]) -> set[Sight]:
    """Which of some sites of a host may see which of some private apps, in one question."""
    tokens = AccessToken.objects.filter(HELD, site__host=host, site__site__in=sites, listing__in=listings)
    records = InstallationRecord.objects.filter(BEFORE_TOKENS, site__host=host, site__site__in=sites)
    records = records.filter(listing__in=listings)
    return set(tokens.values_list("site__site", "listing").union(records.values_list("site__site", "listing")))


def holders_of(listings: Collection[UUID], *, sites: Collection[int]) -> set[tuple[int, UUID]]:
    """Which of some sites (ids of their records) hold an access token of which of some apps."""
    tokens = AccessToken.objects.filter(HELD, site__in=sites, listing__in=listings)
    return set(tokens.values_list("site_id", "listing_id"))


def sees_private(host: HostService, listing: UUID, *, site: UUID | None = None) -> bool:
    """Whether a site of the host may see a private app; without `site`, whether any of them may."""
    return Listing.objects.filter(_seen_by(host, site), pk=listing).exists()


def find_descriptor(host: HostService, sha256: str) -> bytes | None:
    """The bytes of a descriptor this host service may read.

    It may where they are an offered version of a public app or of an app one of its sites may see, or what one runs.
    """
    return _content(AppVersion.objects.filter(_readable_by(host), document_id=sha256), "document__content")


def find_manifest(host: HostService, sha256: str) -> bytes | None:
    """The bytes of a manifest as it was deployed, under the same rule as a descriptor."""
    return _content(AppVersion.objects.filter(_readable_by(host), manifest_id=sha256), "manifest__content")


def _content(found: QuerySet[AppVersion], name: str) -> bytes | None:
    content = found.values_list(name, flat=True).first()
    return bytes(content) if content is not None else None


def _readable_by(host: HostService) -> Q:
    mine = InstallationRecord.objects.filter(site__host=host).exclude(state__in=GONE)
    offered = Q(state=VersionState.OFFERED)
    return (
        offered & Q(listing__state=ListingState.PUBLIC)
        | offered & Q(listing__in=Listing.objects.filter(_seen_by(host)).values("pk"))
        | Q(pk__in=mine.exclude(running=None).values("running"))
        | Q(pk__in=mine.exclude(granted=None).values("granted"))
    )


def _seen_by(host: HostService, site: UUID | None = None) -> Q:
    """Listings that this site of the host, or any of them, may see though they are private."""
    whose = Q(site__host=host) if site is None else Q(site__host=host, site__site=site)
    tokens = AccessToken.objects.filter(HELD, whose)
    records = InstallationRecord.objects.filter(BEFORE_TOKENS, whose).exclude(state__in=GONE)
    return Q(pk__in=tokens.values("listing")) | Q(pk__in=records.values("listing"))


HELD = Q(state=AccessTokenState.BOUND)
"""A token that its site has, whether or not it uses it now."""

BEFORE_TOKENS = ~Exists(AccessToken.objects.filter(site=OuterRef("site"), listing=OuterRef("listing")))
"""A site that came to an app without any token, when it was public, keeps seeing it. One whose tokens were all removed
sees it no more: that is what removing means."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far sites are with one version. `since` is when the oldest of the waits for it began (domain time).

    `running` counts sites that run it; the others count sites for which it is the next one.
    """

    number: str
    running: int = 0
    waiting_consent: int = 0
    declined: int = 0
    waiting_window: int = 0
    waiting_turn: int = 0
    waiting_vendor: int = 0
    failed: int = 0
    scheduled: int = 0
    since: datetime | None = None


def version_progress(listing: Listing) -> list[Progress]:
    """The progress of every version, the newest first."""
    records = InstallationRecord.objects.filter(listing=listing)
    running = dict(records.exclude(running=None).values_list("running").annotate(sites=Count("id")).order_by())
    waits: dict[UUID, dict[str, int]] = defaultdict(dict)
    since: dict[UUID, datetime] = {}
    rows = records.filter(state__in=WAITS).exclude(target=None).order_by()
    for target, state, sites, oldest in rows.values_list("target", "state").annotate(
        sites=Count("id"), oldest=Min("since")
    ):
        waits[target][state] = sites
        since[target] = min(oldest, since.get(target, oldest))
    versions = listing.versions.order_by("-order_key").values_list("pk", "number")
    return [
        Progress(number, running=running.get(pk, 0), since=since.get(pk), **waits.get(pk, {}))
        for pk, number in versions
    ]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many sites have an app, and how many of them run its newest offered version."""

    sites: int = 0
    newest: int = 0


def reach(listings: Iterable[Listing]) -> dict[UUID, Reach]:
    """The reach of each of some apps; an app that no site has is missing."""
    records = InstallationRecord.objects.filter(listing__in=list(listings)).exclude(state__in=GONE).order_by()
    rows = records.values_list("listing").annotate(
        sites=Count("id"), newest=Count("id", filter=Q(running=F("listing__offered")))
    )
    return {listing: Reach(sites, newest) for listing, sites, newest in rows}


def progress_of(version: AppVersion) -> Progress:
    """The progress of one version."""
    records = InstallationRecord.objects.filter(listing_id=version.listing_id)
    waits = records.filter(target=version, state__in=WAITS).order_by()
    counts = dict(waits.values_list("state").annotate(sites=Count("id")))
    return Progress(
        version.number,
        running=records.filter(running=version).count(),
        since=waits.aggregate(oldest=Min("since"))["oldest"],
        **counts,
    )


def site_rows(
    listing: Listing, *, state: str = "", version: str = "", major: str = "", q: str = ""
) -> QuerySet[InstallationRecord]:
    """The installations of an app with site and versions; order them by `id` for pages.

    `version` is a number that the site runs or that comes next, `major` the major that it runs; text that is no number
    is that of no version.
    """
    found = InstallationRecord.objects.filter(listing=listing).select_related("site__host", *VERSIONS)
    found = found.filter(state=state) if state else found.exclude(state__in=GONE)
    if version:
        found = found.filter(Q(running__number=version) | Q(target__number=version))
    if major:
        is_number = major.isascii() and major.isdigit() and len(major) <= LONGEST_MAJOR
        found = found.filter(in_major(int(major), of="running__")) if is_number else found.none()
    if q:
        found = found.filter(Q(site__name__icontains=q) | Q(site__base_url__icontains=q))
    return found.order_by("id")


def sites_of_version(version: AppVersion) -> QuerySet[InstallationRecord]:
    """The installations that run a version, with their sites."""
    found = InstallationRecord.objects.filter(listing_id=version.listing_id, running=version)
    return found.select_related("site__host", *VERSIONS).order_by("id")


def is_deserted(version: AppVersion) -> bool:
    """Whether no site runs the version."""
    return not InstallationRecord.objects.filter(listing_id=version.listing_id, running=version).exists()


def is_major_deserted(version: AppVersion) -> bool:
    """Whether no site runs any version of this version's major."""
    return not InstallationRecord.objects.filter(
        in_major(major_of(version), of="running__"), listing=version.listing_id
    ).exists()


def older_in_use(version: AppVersion) -> bool:
    """Whether some site runs a version older than this one."""
    records = InstallationRecord.objects.filter(listing_id=version.listing_id)
    return records.filter(running__order_key__lt=version.order_key).exists()


@dataclass(frozen=True, slots=True)
class Point:
    """How many sites ran each version at a moment (domain time), by version number."""

    at: datetime
    running: dict[str, int]


def progress_over_time(listing: Listing, *, since: datetime, until: datetime) -> list[Point]:
    """The sites on each version over time, at most MOST_POINTS points, for a chart."""
    step = max((until - since) / MOST_POINTS, timedelta(minutes=1))
    with connection.cursor() as cursor:
        cursor.execute(OVER_TIME, [step, since, since, listing.pk, until])
        rows = cursor.fetchall()
    numbers = dict(listing.versions.values_list("pk", "number"))
    running: dict[str, int] = {}
    points: list[Point] = []
    for at, version, moved in rows:
        number = numbers.get(version, "?")
        running = {**running, number: running.get(number, 0) + moved}
        if points and points[-1].at == at:
            points.pop()
        points.append(Point(at, {name: sites for name, sites in sorted(running.items()) if sites}))
    return points


# What happened before the first moment is one sum; then one sum per step and version.
OVER_TIME = """
SELECT greatest(date_bin(%s, at, %s), %s) AS bucket, version_id,
       sum(CASE kind WHEN 'arrived' THEN 1 ELSE -1 END)::int
FROM rollout_rolloutevent
WHERE listing_id = %s AND at <= %s
GROUP BY 1, 2 ORDER BY 1, 2
"""
