"""Answering host services that ask what their sites have licensed. Only a trial that begins is written."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tradepost.core.errors import NotFoundError
from tradepost.core.license_decision import may_begin_trial
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.marketplace.releases.models import AppVersion
from tradepost.wire.licenses import LicenseDecision, LicenseDecisions, LicenseQuestion, LicenseWish

from . import queries, wishes
from .deciding import decision_of, decisions_by_id, look_up
from .queries import Place

Pair = tuple[int, UUID]


def answer_questions(host: HostService, questions: Sequence[LicenseQuestion], *, now: datetime) -> LicenseDecisions:
    """What the sites of a host have licensed. An app that a site may not know of is unknown, like one nobody listed."""
    # Of two questions about one place the one with the trial counts: sorting keeps it last.
    asked = {(each.site, each.app): each for each in sorted(questions, key=lambda each: each.begin_trial)}
    found = queries.places(host, list(asked))
    seen = {(each.site, each.app): pair for each in found if (pair := _pair(each)) is not None}
    known = look_up(list(seen.values()), now=now)
    fresh = {(each.site_id, each.listing_id) for each in known if may_begin_trial(replace(each.standing, paid=True))}
    if _begin_trials([(pair, asked[place]) for place, pair in seen.items() if pair in fresh], host, now=now):
        known = look_up(list(seen.values()), now=now)
    return LicenseDecisions(
        decisions=[decision_of(each, now=now) for each in known],
        unknown=sorted({each.app for each in found if each.site_id is not None and not each.sees}),
        unknown_sites=sorted({each.site for each in found if each.site_id is None}),
    )


def take_wish(host: HostService, wish: LicenseWish, *, now: datetime) -> LicenseDecision:
    """Do what an administrator wishes and say what holds now.

    Raises NotFoundError for a site that is not this host's and an app the site may not know of, ConflictError where the
    wish is not possible.
    """
    site, listing = find_place(host, wish.site, wish.app)
    wishes.grant(wish, site, listing, now=now)
    return decisions_by_id([(site.pk, listing.pk)], now=now)[0]


def find_place(host: HostService, site: UUID, app: str) -> tuple[SiteRecord, Listing]:
    """A site of this host and an app that it may know of. Raises NotFoundError."""
    place = queries.places(host, [(site, app)])[0]
    if place.site_id is None:
        raise NotFoundError("site", site)
    if not place.sees:
        raise NotFoundError("app", app)
    return SiteRecord.objects.get(pk=place.site_id), Listing.objects.get(pk=place.listing_id)


def _begin_trials(candidates: Sequence[tuple[Pair, LicenseQuestion]], host: HostService, *, now: datetime) -> bool:
    """Begin a trial for each of them whose version costs something; whether there was any."""
    wanted = [(pair, question) for pair, question in candidates if question.begin_trial and question.version]
    if not wanted or not configuration.policy.trial_on_install:
        return False
    costs = _that_cost(wanted)
    begun = False
    # In one order for everybody, so that two hosts' questions do not block each other.
    for (site_id, listing_id), question in sorted(wanted, key=lambda each: each[0]):
        if (listing_id, question.version) in costs:
            site, listing = SiteRecord.objects.get(pk=site_id), Listing.objects.get(pk=listing_id)
            why = f"The site came to version {question.version}, which costs something."
            begun |= wishes.begin_trial(site, listing, actor=host.name, why=why, now=now)
    return begun


def _that_cost(wanted: Iterable[tuple[Pair, LicenseQuestion]]) -> set[tuple[UUID, str]]:
    listings = {listing_id for (_, listing_id), _ in wanted}
    numbers = {question.version for _, question in wanted}
    versions = AppVersion.objects.filter(listing__in=listings, number__in=numbers, paid=True)
    return set(versions.values_list("listing_id", "number"))


def _pair(place: Place) -> Pair | None:
    return (place.site_id, place.listing_id) if place.sees and place.site_id and place.listing_id else None
