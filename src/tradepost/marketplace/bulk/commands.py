"""Starting and cancelling rollouts, and what reports of hosts and the passing of time do to them.

Who changes a rollout holds the row of its listing, then that of the rollout, then those of its sites.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from tradepost.core.bulk import SiteReport, decide_end, event_of_report, say_silence
from tradepost.core.errors import ConflictError
from tradepost.core.states import (
    BULK_SITE,
    BULK_UPGRADE,
    BulkSiteEvent,
    BulkSiteState,
    BulkUpgradeEvent,
    BulkUpgradeState,
    advance,
)
from tradepost.foundation import audit
from tradepost.foundation.clock import new_id
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments import queries as deployed
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.releases.commands import next_serial
from tradepost.marketplace.rollout.moves import BulkMove
from tradepost.marketplace.rollout.news import note_news

from . import mails, queries
from .models import BulkSite, BulkUpgrade
from .prospects import Prospect, Wanted, already_running, check_room, look_ahead

OVER = "rollout.over"
BATCH = 20
JOB = "end_silent_rollouts"
_STARTING = 7_209_343
"""An advisory lock's number: of two starts at once the second counts what the first began."""

UNINSTALLED = "The app was uninstalled."
CANCELLED = "The rollout was cancelled before the site was upgraded."


@dataclass(frozen=True, slots=True)
class Started:
    """A rollout that has begun, and what was known of it before."""

    bulk: BulkUpgrade
    prospect: Prospect


def start(app_id: UUID, wanted: Wanted, *, by: Deployer, now: datetime) -> Started:
    """Begin to bring sites of one major to another. Raises what `look` raises, and ForbiddenError for a deploy token.

    Raises ConflictError for a second rollout of the app in the environment, TooManyRolloutsError where too many run.
    """
    app = deployed.get_app(by, app_id)
    by.require_person()
    look_ahead(by, app, wanted).require_somebody()  # reads manifests, which nobody should have to wait for
    with transaction.atomic():
        _one_start_at_a_time()
        seen = look_ahead(by, app, wanted).listing
        _lock_listings([seen.pk])
        prospect = look_ahead(by, app, wanted)  # as it is now that nothing moves any more
        check_room(prospect.listing)
        prospect.require_somebody()
        bulk = _create(prospect, actor=by.actor, now=now)
        taken = _take_sites(bulk, prospect, now=now)
        _record("bulk_upgrade.started", bulk, actor=by.actor, now=now, sites=taken, eligible=bulk.eligible)
        _tell(bulk, now=now)
    return Started(bulk, prospect)


def look(app_id: UUID, wanted: Wanted, *, by: Deployer) -> Prospect:
    """What `start` would do, and the same errors; nothing changes."""
    app = deployed.get_app(by, app_id)
    by.require_person()
    prospect = look_ahead(by, app, wanted)
    prospect.require_somebody()
    check_room(prospect.listing)
    return prospect


@transaction.atomic
def cancel(app_id: UUID, rollout_id: UUID, *, by: Deployer, now: datetime) -> BulkUpgrade:
    """Stop a rollout: sites that were not upgraded yet leave it, the others stay upgraded. Twice is once.

    Raises ConflictError (OVER) for one that has ended by itself.
    """
    app = deployed.get_app(by, app_id)
    by.require_person()
    seen = queries.get_rollout(by, app, rollout_id)
    _lock_listings([seen.listing_id])
    (bulk,) = _lock_bulks([seen.pk])
    if bulk.state == BulkUpgradeState.CANCELLED:
        return bulk
    if bulk.state != BulkUpgradeState.RUNNING:
        raise ConflictError(f"The rollout is over already: it has {bulk.state}.", OVER)
    pending = BulkSite.objects.filter(bulk=bulk, state=BulkSiteState.PENDING).order_by("id")
    moves = [_Move(site, BulkSiteEvent.LEFT, CANCELLED) for site in pending]
    _move(moves, {bulk.pk: bulk}, actor=by.actor, now=now)
    bulk.state = advance(BULK_UPGRADE, BulkUpgradeState(bulk.state), BulkUpgradeEvent.CANCELLED)
    bulk.finished_at, bulk.finished_by = now, by.actor
    bulk.save(update_fields=["state", "finished_at", "finished_by"])
    _record("bulk_upgrade.cancelled", bulk, actor=by.actor, now=now, left=len(moves))
    _tell(bulk, now=now)  # sites that heard of it are to hear that it is over
    return bulk


def note_reports(moves: Sequence[BulkMove], *, now: datetime) -> None:
    """Take what the newest reports of sites say about rollouts they are in, and end those that nobody is pending in.

    Called in the transaction that took the reports, after they were written; it holds the rows of the listings. A site
    counts in the last rollout that took it, and may come there after that has ended.
    """
    assert connection.in_atomic_block, "reports and what follows from them are one"
    told = {(move.site_id, move.listing_id): move for move in moves}
    bulks = {bulk.pk: bulk for bulk in _lock_bulks(_concerned(told.keys()))} if told else {}
    if not bulks:
        return
    found = [_moved(site, since, told, bulks[site.bulk_id]) for site, since in _open_sites(told.keys(), bulks)]
    changed = [move for move in found if move is not None]
    _move(changed, bulks, actor="reports", now=now)
    _end_done([bulks[pk] for pk in sorted({move.site.bulk_id for move in changed})], actor="reports", now=now)


def end_silent(now: datetime) -> int:
    """Count sites as failed that have had the time to answer, and end their rollouts. Returns how many rollouts."""
    return sum(_end_one(bulk, now=now) for bulk in queries.silent_since(now)[:BATCH])


@transaction.atomic
def _end_one(seen: BulkUpgrade, *, now: datetime) -> bool:
    _lock_listings([seen.listing_id])
    (bulk,) = _lock_bulks([seen.pk])
    if bulk.state != BulkUpgradeState.RUNNING:
        return False
    pending = list(BulkSite.objects.filter(bulk=bulk, state=BulkSiteState.PENDING).order_by("id"))
    reports = queries.reports_of(bulk, [site.site_id for site in pending])
    moves = []
    for site in pending:
        record = reports.get(site.site_id)
        report = SiteReport(None, record.state, record.since) if record is not None else None
        moves.append(_Move(site, BulkSiteEvent.FAILED, say_silence(report, started_at=bulk.started_at)))
    _move(moves, {bulk.pk: bulk}, actor=JOB, now=now)
    _end_done([bulk], actor=JOB, now=now)
    return True


@dataclass(frozen=True, slots=True)
class _Move:
    site: BulkSite
    event: BulkSiteEvent
    text: str


def _moved(site: BulkSite, since: datetime, told: dict[tuple[int, UUID], BulkMove], bulk: BulkUpgrade) -> _Move | None:
    move = told[site.site_id, bulk.listing_id]
    report = SiteReport(move.running_order_key, move.state, since)
    reached = bulk.to_version.order_key
    event = event_of_report(BulkSiteState(site.state), report, reached=reached, started_at=bulk.started_at)
    texts = {BulkSiteEvent.LEFT: UNINSTALLED, BulkSiteEvent.FAILED: move.text}
    return _Move(site, event, texts.get(event, "")) if event is not None else None


def _one_start_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_STARTING])


def _lock_listings(pks: Collection[UUID]) -> None:
    list(Listing.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("id").values_list("pk"))


def _lock_bulks(pks: Iterable[UUID]) -> list[BulkUpgrade]:
    rows = BulkUpgrade.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=list(pks))
    return list(rows.select_related("listing", "to_version").order_by("id"))


def _create(prospect: Prospect, *, actor: str, now: datetime) -> BulkUpgrade:
    bulk = BulkUpgrade(
        id=new_id(),
        listing=prospect.listing,
        kind=prospect.kind,
        from_major=prospect.from_major,
        to_version=prospect.to,
        limit=prospect.limit,
        capped=prospect.capped,
        eligible=prospect.eligible,
        ineligible=prospect.apart(),
        state=BULK_UPGRADE.start,
        started_at=now,
        started_by=actor,
    )
    try:
        with transaction.atomic():
            bulk.save(force_insert=True)
    except IntegrityError as error:  # the last word, should the locks ever not be enough
        raise already_running(prospect.listing) from error
    return bulk


def _take_sites(bulk: BulkUpgrade, prospect: Prospect, *, now: datetime) -> int:
    eligible = [each for each in prospect.in_use if each.is_eligible]
    values = {
        "bulk": bulk.pk,
        "listing": bulk.listing_id,
        "now": now,
        "start": BULK_SITE.start,
        "limit": bulk.limit,
        "running": [each.running.pk for each in eligible],
        "granted": [each.granted.pk if each.granted else None for each in eligible],
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        return cursor.rowcount


# Those that failed before come after those that no rollout has tried; among equals, who has had the app for longest.
TAKE = """
INSERT INTO bulk_bulksite (bulk_id, site_id, state, text, at)
SELECT %(bulk)s, r.site_id, %(start)s, '', %(now)s
FROM unnest(%(running)s::uuid[], %(granted)s::uuid[]) AS ok (running, granted)
JOIN rollout_installationrecord r ON r.listing_id = %(listing)s AND r.running_id = ok.running
    AND r.granted_id IS NOT DISTINCT FROM ok.granted AND r.state <> 'uninstalled'
JOIN hosts_siterecord site ON site.id = r.site_id
JOIN hosts_hostservice host ON host.id = site.host_id AND host.state = 'linked'
ORDER BY EXISTS (
    SELECT 1 FROM bulk_bulksite before JOIN bulk_bulkupgrade other ON other.id = before.bulk_id
    WHERE before.site_id = r.site_id AND before.state = 'failed' AND other.listing_id = r.listing_id
), r.id
LIMIT %(limit)s
"""


def _concerned(places: Collection[tuple[int, UUID]]) -> list[UUID]:
    sites, listings = zip(*places, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(CONCERNED, [list(sites), list(listings)])
        return [pk for (pk,) in cursor.fetchall()]


CONCERNED = """
SELECT DISTINCT bulk.id
FROM unnest(%s::bigint[], %s::uuid[]) AS told (site, listing)
JOIN bulk_bulksite member ON member.site_id = told.site AND member.state IN ('pending', 'failed')
JOIN bulk_bulkupgrade bulk ON bulk.id = member.bulk_id AND bulk.listing_id = told.listing
"""


def _open_sites(places: Collection[tuple[int, UUID]], bulks: Collection[UUID]) -> list[tuple[BulkSite, datetime]]:
    """The open rows of sites, each with when the state that its site is in now began."""
    sites, listings = zip(*places, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(OPEN_SITES, [list(sites), list(listings), list(bulks)])
        return [
            (BulkSite(id=pk, bulk_id=bulk, site_id=site, state=state), since)
            for pk, bulk, site, state, since in cursor.fetchall()
        ]


OPEN_SITES = """
SELECT member.id, member.bulk_id, member.site_id, member.state, r.since
FROM unnest(%s::bigint[], %s::uuid[]) AS told (site, listing)
JOIN bulk_bulksite member ON member.site_id = told.site AND member.state IN ('pending', 'failed')
JOIN bulk_bulkupgrade bulk ON bulk.id = member.bulk_id AND bulk.listing_id = told.listing
JOIN rollout_installationrecord r ON r.site_id = told.site AND r.listing_id = told.listing
WHERE bulk.id = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM bulk_bulksite later JOIN bulk_bulkupgrade other ON other.id = later.bulk_id
    WHERE later.site_id = member.site_id AND later.id > member.id AND other.listing_id = bulk.listing_id
)
ORDER BY member.id FOR UPDATE OF member
"""


def _move(moves: Sequence[_Move], bulks: dict[UUID, BulkUpgrade], *, actor: str, now: datetime) -> None:
    """Write what becomes of sites, with their audit rows; the same few statements however many there are."""
    if not moves:
        return
    states = [advance(BULK_SITE, BulkSiteState(move.site.state), move.event) for move in moves]
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [now, [move.site.pk for move in moves], states, [move.text for move in moves]])
    audit.record_many(
        [
            audit.entry(
                "bulk_site.moved",
                service="marketplace",
                actor=actor,
                subject=("bulk_site", move.site.pk),
                now=now,
                scope_id=bulks[move.site.bulk_id].listing.vendor_id,
                app=bulks[move.site.bulk_id].listing.app_key,
                rollout=str(move.site.bulk_id),
                state=state,
            )
            for move, state in zip(moves, states, strict=True)
        ]
    )


MOVE = """
UPDATE bulk_bulksite member SET state = told.state, text = told.text, at = %s
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS told (id, state, text) WHERE member.id = told.id
"""


def _end_done(bulks: Sequence[BulkUpgrade], *, actor: str, now: datetime) -> None:
    running = [bulk for bulk in bulks if bulk.state == BulkUpgradeState.RUNNING]
    counts = queries.counts_of(running) if running else {}
    for bulk in running:
        event = decide_end(pending=counts[bulk.pk].pending, upgraded=counts[bulk.pk].upgraded)
        if event is None:
            continue
        bulk.state = advance(BULK_UPGRADE, BulkUpgradeState(bulk.state), event)
        bulk.finished_at = now
        bulk.save(update_fields=["state", "finished_at"])
        _record("bulk_upgrade.ended", bulk, actor=actor, now=now, state=bulk.state, failed=counts[bulk.pk].failed)
        _raise_serial(bulk.listing_id)
        mails.tell_of_end(bulk, counts[bulk.pk], now=now)


def _tell(bulk: BulkUpgrade, *, now: datetime) -> None:
    """Let every process, and the hosts of its sites, hear of a rollout: in this order, as deployments do, so that
    neither waits for the other in a circle.
    """
    _raise_serial(bulk.listing_id)
    note_news(bulk.listing, bulk.from_major, now=now)


def _raise_serial(listing: UUID) -> None:
    """Let the catalogue of every process hear that a rollout of the app began or is over."""
    Listing.objects.filter(pk=listing).update(offer_serial=next_serial())


def _record(action: str, bulk: BulkUpgrade, *, actor: str, now: datetime, **detail: object) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=("bulk_upgrade", bulk.pk),
        now=now,
        scope_id=bulk.listing.vendor_id,
        app=bulk.listing.app_key,
        environment=bulk.listing.environment,
        from_major=bulk.from_major,
        to=bulk.to_version.number,
        **detail,
    )
