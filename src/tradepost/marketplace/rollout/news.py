"""Noting, in the transaction of a change, which hosts are to hear that there is something new for their sites."""

from datetime import datetime

from django.db import connection

from tradepost.foundation import jobs
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.pushing import give_turns

from .models import NewsTurn

PUSH = "push_news"
"""The name of the work that tells hosts."""

PER_MAJOR = 10**12
"""The order keys of a major are those from `major * PER_MAJOR` to below `(major + 1) * PER_MAJOR`."""


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
    with connection.cursor() as cursor:
        cursor.execute(NOTE, values)
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
