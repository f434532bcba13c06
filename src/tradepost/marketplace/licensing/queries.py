"""Customers, licenses and their history, as operators, billing systems and host services may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from tradepost.core.states import ListingState
from tradepost.marketplace.hosts.models import HostService


@dataclass(frozen=True, slots=True)
class Place:
    """A site and an app as a host service names them, and the rows they are. `sees`: the site may know of the app.

    `site_id` is None for a site that never was checked, or is another host's; `listing_id` for an app nobody listed.
    """

    site: UUID
    app: str
    site_id: int | None
    listing_id: UUID | None
    sees: bool


def places(host: HostService, asked: Sequence[tuple[UUID, str]]) -> list[Place]:
    """Find sites of a host and apps, in the order asked, with one question."""
    if not asked:
        return []
    sites, apps = zip(*asked, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [ListingState.PUBLIC, list(sites), list(apps), host.pk])
        return [Place(*row) for row in cursor.fetchall()]


PLACES = """
SELECT asked.site, asked.app, site.id, listing.id,
       site.id IS NOT NULL AND listing.id IS NOT NULL AND (
           listing.state = %s
           OR EXISTS (SELECT FROM rollout_installationrecord i
                      WHERE i.site_id = site.id AND i.listing_id = listing.id AND i.state <> 'uninstalled')
           OR EXISTS (SELECT FROM tokens_accesstoken token
                      WHERE token.site_id = site.id AND token.listing_id = listing.id AND token.state = 'bound')
           OR EXISTS (SELECT FROM licensing_sitelicense license
                      WHERE license.site_id = site.id AND license.listing_id = listing.id AND license.state <> 'none')
       ) AS sees
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS asked(site, app, place)
LEFT JOIN hosts_siterecord site ON site.site = asked.site AND site.host_id = %s
LEFT JOIN catalog_listing listing ON listing.app_key = asked.app
ORDER BY asked.place
"""
