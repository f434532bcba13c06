"""Sites asking the marketplace: claim those that are due, ask once for all of them, record the answer set-wise.

The marketplace is asked outside of any transaction; what it answered is recorded over what holds then, in one.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q

from tradepost.core.errors import TradepostError
from tradepost.core.schedule import next_check
from tradepost.core.states import InstallationState
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import MARKETPLACE, Installation, KnownVersion
from tradepost.host.installing.versions import find_known, learn
from tradepost.host.sites.models import Member, Site
from tradepost.host.upgrading.offering import Offered, Told, take_offers
from tradepost.wire import messages as wire

from .client import MarketplaceClient, MarketplaceError, MarketplaceProblem, marketplace
from .commands import note_problem
from .queries import is_linked

BATCH = 200
LEASE = timedelta(minutes=5)
_RUNNING_SOMETHING = (InstallationState.ENABLED, InstallationState.DISABLED)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a batch of sites learnt: offers with the versions that can be taken, and those that cannot, with reasons."""

    offered: Offered
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    offers: tuple[wire.Offer, ...] = ()

    def problems_of(self, site_id: UUID) -> str:
        """What of the offers to a site could not be taken, in words."""
        mine = sorted({(o.app, o.version) for o in self.offers if o.site == site_id} & set(self.refused))
        return " ".join(f"{app} {number}: {self.refused[app, number]}" for app, number in mine)[:2000]


def check_due(now: datetime) -> int:
    """Let a batch of sites that are due ask what they may move to; return how many were taken up."""
    if not is_linked():
        return 0
    lease = new_id()
    sites = claim(now, lease)
    if sites:
        _check(sites, lease, now)
    return len(sites)


def introduce(site_ids: Collection[UUID], *, now: datetime) -> None:
    """Let some sites check now, so that the marketplace has heard of them. One that is checking is left alone."""
    lease, machine = new_id(), machine_now()
    free = Q(check_lease_until=None) | Q(check_lease_until__lt=machine)
    Site.objects.filter(free, pk__in=site_ids).update(check_lease=lease, check_lease_until=machine + LEASE)
    sites = list(Site.objects.filter(check_lease=lease).order_by("pk"))
    if sites:
        _check(sites, lease, now)


def _check(sites: Sequence[Site], lease: UUID, now: datetime) -> None:
    try:
        client = marketplace()
        answer = _read_answer(client, client.check(question(sites)), sites, now)
    except MarketplaceError as error:
        _record_failure(sites, lease, str(error), now)
    else:
        _record_answer(sites, lease, answer, now)


def claim(now: datetime, lease: UUID) -> list[Site]:
    """Put the lease on sites that are due and free, those due longest first."""
    machine = machine_now()
    most = min(BATCH, configuration.limits.checks_per_request, wire.MOST_SITES)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease, machine + LEASE, now, machine, most])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Site.objects.filter(pk__in=ids, check_lease=lease).order_by("pk"))


_CLAIM = """
    UPDATE sites_site SET check_lease = %s, check_lease_until = %s
    WHERE id IN (
        SELECT id FROM sites_site
        WHERE next_check_at <= %s AND (check_lease_until IS NULL OR check_lease_until < %s)
        ORDER BY next_check_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


def question(sites: Sequence[Site]) -> wire.Check:
    """What the sites ask: only apps that run; what is being installed is what an administrator was shown."""
    running: dict[UUID, list[wire.Running]] = {site.pk: [] for site in sites}
    rows = Installation.objects.filter(
        site_id__in=running, source=MARKETPLACE, state__in=_RUNNING_SOMETHING, running__isnull=False
    ).values_list("site_id", "app_key", "running__number")
    for site_id, app, number in rows:
        running[site_id].append(wire.Running(app=app, version=number))
    users = _users_of(running)
    return wire.Check(
        sites=[
            wire.SiteCheck(
                site=site.pk,
                base_url=site.base_url,
                name=site.name,
                installations=running[site.pk],
                product_edition=site.product_edition,
                users=users.get(site.pk, 0),
            )
            for site in sites
        ]
    )


def _users_of(site_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many active people use each site."""
    rows = Member.objects.filter(site_id__in=site_ids, user__is_active=True).values("site_id")
    return dict(rows.annotate(users=Count("pk")).values_list("site_id", "users"))


def _read_answer(client: MarketplaceClient, answer: wire.CheckAnswer, sites: Sequence[Site], now: datetime) -> Answered:
    """Learn what is new, once per version. What cannot be taken here is not taken, and said to the sites concerned."""
    asked = {site.pk for site in sites}
    offers = tuple(offer for offer in answer.offers if offer.site in asked)
    wanted = {(offer.app, offer.version) for offer in offers}
    versions = find_known(wanted)
    refused: dict[tuple[str, str], str] = {}
    for told in answer.versions:
        pair = (told.app, told.version)
        if pair in wanted:
            try:
                versions[pair] = learn(told, client, now)
            except MarketplaceError as error:
                # One version's trouble is not everybody's; a marketplace that is down is.
                if error.kind not in {MarketplaceProblem.NOT_THERE, MarketplaceProblem.NONSENSE}:
                    raise
                versions.pop(pair, None)
                refused[pair] = str(error)
            except TradepostError as error:
                versions.pop(pair, None)
                refused[pair] = f"This version cannot be taken here: {error}"
    for pair in wanted - set(versions) - set(refused):
        refused[pair] = "The marketplace offered this version and did not say what it is."
    return Answered(_told(offers, versions), refused, offers)


def _told(offers: Sequence[wire.Offer], versions: Mapping[tuple[str, str], KnownVersion]) -> Offered:
    """The offers by site and app: of a deployed app there may be two."""
    found: dict[tuple[UUID, str], list[wire.Offer]] = defaultdict(list)
    for offer in offers:
        found[offer.site, offer.app].append(offer)
    return Offered({place: _told_of(mine, versions) for place, mine in found.items()})


def _told_of(offers: Sequence[wire.Offer], versions: Mapping[tuple[str, str], KnownVersion]) -> Told:
    pairs = [(offer.app, offer.version) for offer in offers]
    return Told(
        versions=[versions[pair] for pair in pairs if pair in versions],
        refused=[number for app, number in pairs if (app, number) not in versions],
        not_before=max((offer.not_before for offer in offers if offer.not_before is not None), default=None),
        is_rolled_out=any(offer.rollout is not None for offer in offers),
    )


def _record_answer(sites: Sequence[Site], lease: UUID, answer: Answered, now: datetime) -> None:
    with transaction.atomic():
        mine = _still_mine(sites, lease)
        take_offers(frozenset(site.pk for site in mine), answer.offered, now=now)
        for site in mine:
            site.last_check_at, site.check_failures = now, 0
            site.check_problem = answer.problems_of(site.pk)
        _give_back(mine, sites, now)
    note_problem("")


def _record_failure(sites: Sequence[Site], lease: UUID, text: str, now: datetime) -> None:
    """Nobody loses anything: sites keep what they run and ask again sooner, ever less often."""
    with transaction.atomic():
        mine = _still_mine(sites, lease)
        for site in mine:
            site.check_failures += 1
            site.check_problem = text
        _give_back(mine, sites, now)
    note_problem(text)


def _still_mine(sites: Sequence[Site], lease: UUID) -> list[Site]:
    rows = Site.objects.select_for_update(no_key=True).filter(pk__in=[site.pk for site in sites], check_lease=lease)
    return list(rows.order_by("pk"))


def _give_back(sites: Sequence[Site], claimed: Sequence[Site], now: datetime) -> None:
    """A site that was told to check soon while it was checking does so: the answer may be older than what it is about.

    `claimed` are the rows as they were when the check began.
    """
    interval = configuration.policy.check_interval
    began = {site.pk: site.next_check_at for site in claimed}
    rows = []
    for site in sites:
        after = next_check(now, failures=site.check_failures, interval=interval, seed=site.base_url)
        is_hurried = site.next_check_at != began[site.pk]
        at = min(site.next_check_at, after) if is_hurried else after
        rows.append((site.pk, at, site.last_check_at, site.check_failures, site.check_problem))
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, list(map(list, zip(*rows, strict=True))))


_GIVE_BACK = """
    UPDATE "sites_site" s
    SET check_lease = NULL, check_lease_until = NULL, next_check_at = told.next_check_at,
        last_check_at = told.last_check_at, check_failures = told.check_failures, check_problem = told.check_problem
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::text[])
        AS told(id, next_check_at, last_check_at, check_failures, check_problem)
    WHERE s.id = told.id
"""
