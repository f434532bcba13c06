"""Answering update checks. Nothing is written by a check that brings nothing new."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from tradepost.marketplace.bulk.queries import RunningBulk, running_for
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.wire.messages import Check, CheckAnswer, Offer, OfferedVersion, SiteCheck

from . import queries
from .catalogue import Entry, catalogue
from .offering import offers_of

SEEN_AT_MOST = timedelta(hours=1)
"""How often `last_seen_at` of a site is written."""


def answer_check(host: HostService, check: Check, *, now: datetime) -> CheckAnswer:
    """What the sites of a host service may move to. Sites it has not named before are recorded."""
    catalogue.refresh()
    meet_sites(host, check.sites, now=now)
    known_private = _private_on_sites(host, check)
    rollouts = _rollouts_on_sites(host, check)
    offers: list[Offer] = []
    versions: dict[tuple[str, str], OfferedVersion] = {}
    unknown: dict[str, None] = {}
    for site, app, running in _installations(check):
        entry = catalogue.find(app)
        if entry is None or entry.offered is None or not _may_see(entry, site, known_private):
            unknown[app] = None
        elif running is not None:
            rollout = rollouts.get((site, entry.listing))
            for offer, version in offers_of(entry, site=site, running=running, rollout=rollout):
                offers.append(offer)
                versions[app, version.version] = version
    return CheckAnswer(offers=offers, versions=list(versions.values()), unknown=list(unknown))


def meet_sites(host: HostService, sites: Sequence[SiteCheck], *, now: datetime) -> None:
    """Record sites that are new, renamed or moved, and, at most once an hour, that they were seen."""
    told = {site.site: site for site in sites}
    rows = SiteRecord.objects.filter(host=host, site__in=told).values_list("site", "last_seen_at", *TOLD)
    known = {site: (seen, what) for site, seen, *what in rows}
    fresh = [each for each in told.values() if _is_news(each, *known.get(each.site, (now, None)), now=now)]
    if not fresh:
        return
    fresh.sort(key=lambda each: each.site)  # in one order for everybody, so that two checks do not block each other
    values = [
        host.pk,
        now,
        now,
        [each.site for each in fresh],
        [each.name for each in fresh],
        [each.base_url for each in fresh],
        [each.product_edition for each in fresh],
        [each.users for each in fresh],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MEET, values)


TOLD = ("name", "base_url", "product_edition", "users")
MEET = """
INSERT INTO hosts_siterecord AS s
    (host_id, first_seen_at, last_seen_at, site, name, base_url, product_edition, users)
SELECT %s, %s, %s, told.* FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[]) AS told
ON CONFLICT (host_id, site) DO UPDATE
SET name = excluded.name, base_url = excluded.base_url, last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
    product_edition = excluded.product_edition, users = excluded.users
"""


def _is_news(told: SiteCheck, seen: datetime, known: list[object] | None, *, now: datetime) -> bool:
    return known != [getattr(told, name) for name in TOLD] or now - seen > SEEN_AT_MOST


def _installations(check: Check) -> Iterator[tuple[UUID, str, str | None]]:
    for site in check.sites:
        for running in site.installations:
            yield site.site, running.app, running.version


def _may_see(entry: Entry, site: UUID, known_private: set[queries.Sight]) -> bool:
    return entry.is_public or (site, entry.listing) in known_private


def _private_on_sites(host: HostService, check: Check) -> set[queries.Sight]:
    """Which of the asked sites may see which private apps. No question is asked where no private app is named."""
    sites, listings = _named(check, lambda entry: not entry.is_public)
    return queries.private_on_sites(host, sites=sites, listings=listings) if listings else set()


def _rollouts_on_sites(host: HostService, check: Check) -> Mapping[queries.Sight, RunningBulk]:
    """Which of the asked sites a rollout is to bring on. No question is asked where none runs of any app named."""
    sites, listings = _named(check, lambda entry: entry.has_rollout)
    return running_for(sites, listings, host) if listings else {}


def _named(check: Check, concerns: Callable[[Entry], bool]) -> tuple[set[UUID], set[UUID]]:
    """The asked sites with apps that something concerns, and these apps."""
    sites, listings = set(), set()
    for site, app, _ in _installations(check):
        entry = catalogue.find(app)
        if entry is not None and concerns(entry):
            sites.add(site)
            listings.add(entry.listing)
    return sites, listings
