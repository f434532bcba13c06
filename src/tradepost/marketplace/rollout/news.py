"""Noting, in the transaction of a change, which hosts are to hear that there is something new for their sites."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from tradepost.core.version import PER_MAJOR
from tradepost.foundation import jobs
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.hosts.pushing import give_turns

from .models import NewsTurn

PUSH = "push_news"
"""The name of the work that tells hosts."""


def note_news(listing: Listing, major: int, *, now: datetime) -> None:
    """Have every host told of which a site runs this major of the app: its sites are to ask soon.

    What waits already is told once, with a higher serial.
    """
    values = {
        "listing": listing.pk,
        "major": major,
        "least": major * PER_MAJOR,
        "below": (major + 1) * PER_MAJOR,
        "now": now,
    }
    _note(NOTE, values)


def note_late_arrivals(host: HostService, versions: Collection[UUID], *, now: datetime) -> None:
    """Have a host told whose sites have just come to run these versions, where their majors have newer ones already.

    What was told of the newer ones came while these sites still ran another major, and so was not meant for them.
    """
    if versions:
        _note(NOTE_LATE, {"host": host.pk, "versions": list(versions), "now": now})


def _note(statement: str, values: dict[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        is_any = cursor.rowcount > 0
    if is_any:
        give_turns(NewsTurn)
        jobs.defer(PUSH)


# Hosts in one order for everybody, so that two changes do not block each other.
NOTE = """
INSERT INTO rollout_pendingnews AS p (host_id, listing_id, major, noted_at, serial, attempts)
SELECT DISTINCT site.host_id, %(listing)s::uuid, %(major)s::int, %(now)s::timestamptz, 1, 0
FROM releases_appversion version
JOIN rollout_installationrecord r ON r.listing_id = version.listing_id AND r.running_id = version.id
JOIN hosts_siterecord site ON site.id = r.site_id
WHERE version.listing_id = %(listing)s AND version.order_key >= %(least)s AND version.order_key < %(below)s
ORDER BY site.host_id
ON CONFLICT (host_id, listing_id, major) DO UPDATE
SET serial = p.serial + 1, noted_at = greatest(p.noted_at, excluded.noted_at)
"""
NOTE_LATE = """
INSERT INTO rollout_pendingnews AS p (host_id, listing_id, major, noted_at, serial, attempts)
SELECT DISTINCT %(host)s::uuid, version.listing_id, (version.order_key / 1000000000000)::int, %(now)s::timestamptz, 1, 0
FROM releases_appversion version
WHERE version.id = ANY(%(versions)s) AND EXISTS (
    SELECT FROM releases_appversion newer
    WHERE newer.listing_id = version.listing_id AND newer.state = 'offered' AND newer.order_key > version.order_key
      AND newer.order_key < (version.order_key / 1000000000000 + 1) * 1000000000000
)
ORDER BY 2, 3
ON CONFLICT (host_id, listing_id, major) DO UPDATE
SET serial = p.serial + 1, noted_at = greatest(p.noted_at, excluded.noted_at)
"""
