"""Taking listings that are due, politely: the oldest first, and never more at once than a host should bear."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration

LEASE = timedelta(minutes=2)
"""Machine time. Longer than the slowest batch takes; after it another worker polls again."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One listing a worker may ask for now, and what was known of it when it was taken."""

    app_key: str
    listing: UUID
    url: str
    etag: str
    last_modified: str
    sha256: str
    failing: bool
    lease: UUID
    started: datetime


def claim_due(now: datetime) -> list[Poll]:
    """Take due listings for this worker, in one statement.

    Places are numbered before rows are locked, so a second worker that comes at the same moment finds the same first
    four of a host, sees them locked, and leaves that host alone.
    """
    limits = configuration.limits
    machine, lease = machine_now(), new_id()
    values = {
        "now": now,
        "machine": machine,
        "until": machine + LEASE,
        "lease": lease,
        "per_host": limits.at_once_per_host,
        "at_once": limits.at_once,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        rows = sorted(cursor.fetchall())
    return [Poll(*row[1:], lease=lease, started=now) for row in rows]


CLAIM = """
WITH leased AS (
    SELECT descriptor_host, count(*) AS polls FROM catalog_listing
    WHERE poll_lease IS NOT NULL AND poll_lease_until > %(machine)s
    GROUP BY descriptor_host
), ranked AS (
    SELECT id, descriptor_host,
           row_number() OVER (PARTITION BY descriptor_host ORDER BY next_poll_at, app_key) AS place
    FROM catalog_listing
    WHERE next_poll_at <= %(now)s AND held_at IS NULL
      AND (poll_lease IS NULL OR poll_lease_until <= %(machine)s)
), chosen AS (
    SELECT l.id FROM ranked r
    JOIN catalog_listing l ON l.id = r.id
    LEFT JOIN leased ON leased.descriptor_host = r.descriptor_host
    WHERE r.place + coalesce(leased.polls, 0) <= %(per_host)s
      AND l.next_poll_at <= %(now)s AND l.held_at IS NULL
      AND (l.poll_lease IS NULL OR l.poll_lease_until <= %(machine)s)
    ORDER BY l.next_poll_at, l.app_key
    LIMIT %(at_once)s
    FOR NO KEY UPDATE OF l SKIP LOCKED
)
UPDATE catalog_listing l
SET poll_lease = %(lease)s, poll_lease_until = %(until)s, poll_started_at = %(now)s
FROM chosen WHERE l.id = chosen.id
RETURNING l.next_poll_at, l.app_key, l.id, l.descriptor_url, l.etag, l.last_modified, l.fetched_sha256,
          l.problem IS NOT NULL
"""
