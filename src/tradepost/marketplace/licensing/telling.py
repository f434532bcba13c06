"""Noting, in the transaction of a change, which hosts are to be told of it. `pushing` tells them."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from tradepost.foundation import jobs
from tradepost.marketplace.hosts.pushing import give_turns

from .models import PushTurn

PUSH = "push_licenses"
"""The name of the work that tells hosts."""


def tell_hosts(pairs: Iterable[tuple[int, UUID]]) -> None:
    """Have the hosts of these (site record, listing) told. What waits already is told once, with a higher serial."""
    ordered = sorted(set(pairs))  # in one order for everybody, so that two changes do not block each other
    if ordered:
        sites, listings = zip(*ordered, strict=True)
        _queue("unnest(%s::bigint[], %s::uuid[]) AS told(site_id, listing_id)", [list(sites), list(listings)])


def tell_hosts_of_listing(listing_id: UUID) -> None:
    """Have every host with a license of the listing told, in one statement."""
    _queue("licensing_sitelicense AS told WHERE told.listing_id = %s", [listing_id])


def tell_hosts_of_site(site_id: int) -> None:
    """Have the host of a site told of all its licenses."""
    _queue("licensing_sitelicense AS told WHERE told.site_id = %s", [site_id])


def tell_hosts_of_customer(customer_id: UUID) -> None:
    """Have every host with a license of the customer's sites told, in one statement."""
    _queue(
        "licensing_sitelicense AS told JOIN licensing_ownedsite o ON o.site_id = told.site_id WHERE o.customer_id = %s",
        [customer_id],
    )


def _queue(what: str, values: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(QUEUE.format(what=what), values)
    give_turns(PushTurn)
    jobs.defer(PUSH)


QUEUE = """
INSERT INTO licensing_pendingpush AS p (host_id, site_id, listing_id, serial, attempts)
SELECT site.host_id, site.id, told.listing_id, 1, 0
FROM (SELECT told.site_id, told.listing_id FROM {what}) AS told
JOIN hosts_siterecord site ON site.id = told.site_id
ORDER BY site.id, told.listing_id
ON CONFLICT (site_id, listing_id) DO UPDATE SET serial = p.serial + 1
"""
