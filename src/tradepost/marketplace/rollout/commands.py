"""Taking reports: what each installation runs and what it waits for. Sent at least once, taken once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from tradepost.core.errors import InvalidInputError
from tradepost.core.states import ListingState
from tradepost.foundation.clock import new_id
from tradepost.marketplace.bulk import commands as bulk
from tradepost.marketplace.catalog.models import Listing, Source
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.reviews.models import Review
from tradepost.wire.messages import Report, ReportsAnswer

from . import mails, queries
from .models import InstallationRecord, RolloutEvent
from .moves import BulkMove
from .news import note_late_arrivals
from .numbers import major_of

STATES = frozenset(
    {
        "current",
        "scheduled",
        "waiting_consent",
        "declined",
        "waiting_window",
        "waiting_turn",
        "waiting_vendor",
        "failed",
        "installing",
        "install_failed",
        "uninstalled",
    }
)
LARGEST = 2**63 - 1

Place = tuple[int, UUID]
"""An installation: the id of its SiteRecord and of its listing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one installation before a report."""

    sequence: int
    running: UUID | None


@dataclass(frozen=True, slots=True)
class Named:
    """A version that a report names."""

    pk: UUID
    order_key: int
    is_deployed: bool


@dataclass(frozen=True, slots=True)
class Located:
    """A report of an installation of this host, its numbers translated to versions."""

    place: Place
    report: Report
    running: Named | None
    target: Named | None
    granted: Named | None


@transaction.atomic
def take_reports(host: HostService, reports: Sequence[Report], *, now: datetime) -> ReportsAnswer:
    """Take what is new of a batch of reports, in any order; what is known or older than known changes nothing.

    The rows of the apps named are locked first, in one order: who is the last to leave a version is only certain
    when nobody else moves between versions of the same app meanwhile.
    """
    _check(reports)
    listings = {
        listing.app_key: listing
        for listing in Listing.objects.select_for_update(no_key=True)
        .filter(app_key__in={report.app for report in reports})
        .order_by("id")
    }
    located, unknown, known = _locate(host, reports, listings, now=now)
    newest: dict[Place, Located] = {}
    events: list[RolloutEvent] = []
    accepted = 0
    for each in sorted(located, key=lambda each: each.report.sequence):
        before = known.get(each.place)
        if before is not None and before.sequence >= each.report.sequence:
            continue
        accepted += 1
        newest[each.place] = each
        known[each.place] = Known(each.report.sequence, _pk(each.running))
        events += _events(each, before.running if before else None, now=now)
    _write(newest.values(), now=now)
    RolloutEvent.objects.bulk_create(events, batch_size=1000)
    _tell_of_deserted({event.version_id for event in events if event.kind == "left"}, now)
    deployed = {listing.pk for listing in listings.values() if listing.source == Source.DEPLOYED}
    _tell_rollouts([each for each in newest.values() if each.place[1] in deployed], events, host=host, now=now)
    return ReportsAnswer(accepted=accepted, unknown=unknown)


def _tell_rollouts(
    newest: Sequence[Located], events: Iterable[RolloutEvent], *, host: HostService, now: datetime
) -> None:
    """What reports of deployed apps set off. Costs nothing where no report is of one."""
    if not newest:
        return
    # The order is that of deployments, so that neither waits for the other in a circle: first the number that every
    # change of what is offered raises (a rollout that ends does), then the news.
    bulk.note_reports([_move(each) for each in newest], now=now)
    arrived = {event.version_id for event in events if event.kind == "arrived"}
    running = {each.running.pk for each in newest if each.running is not None and each.running.is_deployed}
    note_late_arrivals(host, arrived & running, now=now)


def _move(each: Located) -> BulkMove:
    site, listing = each.place
    order_key = each.running.order_key if each.running is not None else None
    return BulkMove(site, listing, order_key, each.report.state, each.report.text)


def _check(reports: Sequence[Report]) -> None:
    """What the types of the contract leave open. Raises InvalidInputError."""
    for place, report in enumerate(reports):
        if report.state not in STATES:
            raise InvalidInputError("This state is not of the contract.", f"/reports/{place}/state")
        if not 0 <= report.sequence <= LARGEST:
            raise InvalidInputError("A sequence is from 0 to 2^63 - 1.", f"/reports/{place}/sequence")
        for name in ("at", "since", "until"):
            value = getattr(report, name)
            if value is not None and value.tzinfo is None:
                raise InvalidInputError("A time names its zone.", f"/reports/{place}/{name}")


def _locate(
    host: HostService, reports: Sequence[Report], listings: dict[str, Listing], *, now: datetime
) -> tuple[list[Located], list[UUID], dict[Place, Known]]:
    """The reports of apps this host can have, the ids of the others, and what is known so far."""
    versions = _versions(reports, listings.values())
    told = [each for each in reports if each.app in listings and _names_versions(each, listings[each.app], versions)]
    sites = _sites(host, {report.site for report in told}, now=now)
    known = _known(sites.values(), listings.values())
    been_public = _been_public(listings.values())
    holders = _holders(sites.values(), [each for each in listings.values() if each.pk not in been_public])
    located = []
    for report in told:
        listing = listings[report.app]
        place = (sites[report.site], listing.pk)
        # A host cannot come to see a private app by claiming that a site has it.
        if place in known or listing.pk in been_public or place in holders:
            named = [versions.get((listing.pk, number or "")) for number in _numbers(report)]
            located.append(Located(place, report, *named))
    taken = {each.report.id for each in located}
    return located, [report.id for report in reports if report.id not in taken], known


def _names_versions(report: Report, listing: Listing, versions: Mapping[tuple[UUID, str], Named]) -> bool:
    return all((listing.pk, number) in versions for number in _numbers(report) if number is not None)


def _sites(host: HostService, sites: set[UUID], *, now: datetime) -> dict[UUID, int]:
    """The records of the sites. A report may come before a site's first check, which brings its name."""
    rows = SiteRecord.objects.filter(host=host, site__in=sites)
    found = dict(rows.values_list("site", "id"))
    new = sorted(sites - found.keys())
    if not new:
        return found
    SiteRecord.objects.bulk_create(
        [SiteRecord(host=host, site=site, name=str(site), first_seen_at=now, last_seen_at=now) for site in new],
        ignore_conflicts=True,
    )
    return dict(rows.values_list("site", "id"))


def _numbers(report: Report) -> tuple[str | None, str | None, str | None]:
    """What a report says is running, comes next, and is granted. What is gone runs nothing and has granted nothing."""
    is_gone = report.state == "uninstalled"
    return (None, report.target, None) if is_gone else (report.running, report.target, report.granted)


def _known(sites: Iterable[int], listings: Iterable[Listing]) -> dict[Place, Known]:
    records = InstallationRecord.objects.filter(site__in=list(sites), listing__in=list(listings))
    return {
        (site, listing): Known(sequence, running)
        for site, listing, sequence, running in records.values_list("site_id", "listing_id", "sequence", "running_id")
    }


def _holders(sites: Iterable[int], private: Sequence[Listing]) -> set[Place]:
    """Sites that came to a private app by an access token. No question is asked where no private app is named."""
    return queries.holders_of([each.pk for each in private], sites=list(sites)) if private else set()


def _been_public(listings: Iterable[Listing]) -> set[UUID]:
    """Apps that are public, or were: a site may have installed one then and report it now."""
    public = {listing.pk for listing in listings if listing.state == ListingState.PUBLIC}
    others = [listing.pk for listing in listings if listing.pk not in public]
    if not others:
        return public
    approved = Review.objects.filter(listing__in=others, kind="listing", state="approved")
    return public | set(approved.values_list("listing_id", flat=True))


def _versions(reports: Sequence[Report], listings: Iterable[Listing]) -> dict[tuple[UUID, str], Named]:
    numbers = {number for report in reports for number in _numbers(report)} - {None}
    found = AppVersion.objects.filter(listing__in=list(listings), number__in=numbers)
    rows = found.values_list("listing_id", "number", "pk", "order_key", "manifest_id")
    return {
        (listing, number): Named(pk, order_key, is_deployed=manifest is not None)
        for listing, number, pk, order_key, manifest in rows
    }


def _pk(version: Named | None) -> UUID | None:
    return version.pk if version is not None else None


def _events(each: Located, before: UUID | None, *, now: datetime) -> list[RolloutEvent]:
    after = _pk(each.running)
    if before == after:
        return []
    moves = [("left", before), ("arrived", after)]
    site, listing = each.place
    return [
        RolloutEvent(
            id=new_id(),
            at=min(each.report.at, now),
            listing_id=listing,
            site_id=site,
            kind=kind,
            version_id=version,
        )
        for kind, version in moves
        if version is not None
    ]


def _write(newest: Iterable[Located], *, now: datetime) -> None:
    rows = [
        (
            *each.place,
            _pk(each.running),
            _pk(each.target),
            _pk(each.granted),
            each.report.state,
            each.report.enabled,
            each.report.since,
            each.report.until,
            each.report.text,
            each.report.sequence,
        )
        for each in newest
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [now, *map(list, zip(*rows, strict=True))])


WRITE = """
INSERT INTO rollout_installationrecord AS r
    (reported_at, site_id, listing_id, running_id, target_id, granted_id, state, enabled, since, until, text, sequence)
SELECT %s, told.* FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[],
                              %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[]) AS told
ON CONFLICT (site_id, listing_id) DO UPDATE
SET reported_at = excluded.reported_at, running_id = excluded.running_id, target_id = excluded.target_id,
    granted_id = excluded.granted_id, state = excluded.state, enabled = excluded.enabled, since = excluded.since,
    until = excluded.until, text = excluded.text, sequence = excluded.sequence
WHERE excluded.sequence > r.sequence
"""


def _tell_of_deserted(left: set[UUID], now: datetime) -> None:
    """Tell the vendor of versions that the last site has just left, so that code kept for them can go.

    Of a deployed app it is told when a whole major is left: that sites leave a minor for the next goes without saying.
    """
    versions = AppVersion.objects.filter(pk__in=left)
    for version in versions.select_related("listing__offered", "listing__vendor").order_by(
        "listing__app_key", "order_key"
    ):
        offered = version.listing.offered
        if offered is None or version.order_key >= offered.order_key:
            continue
        if version.manifest_id is None:
            if queries.is_deserted(version):
                mails.tell_of_desertion(version.listing, version, now=now)
        elif major_of(version) < major_of(offered) and queries.is_major_deserted(version):
            mails.tell_of_left_major(version.listing, major_of(version), now=now)
