"""The wire contract's access tokens: a host hands on what the administrators of its sites do. See tradepost.wire."""

from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.core.errors import NotFoundError
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.throttling import Throttle
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.marketplace.hosts.wire import authenticate_host, read, reply, view
from tradepost.marketplace.licensing.deciding import decisions_for
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.marketplace.rollout.catalogue import catalogue
from tradepost.wire.licenses import LicenseDecision, TokenApplication, TokenApplied, TokenRemoval, TokenSimulation

from . import queries, using

GUESSES = Throttle(most=100, window=timedelta(minutes=10))
"""Texts that are no token, for each host service."""


@view("POST")
def apply(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/access-tokens/apply"""
    now, machine = domain_now(), machine_now()
    host = authenticate_host(request, now=now)
    GUESSES.check(str(host.pk), now=machine)
    told = read(request, TokenApplication)
    site = _meet(host, told.site, now=now)
    try:
        held = using.apply(site, told.token, by=told.by, now=now, app=told.app, confirmed=told.confirmed)
    except using.UnknownTokenError:
        GUESSES.count(str(host.pk), now=machine)
        raise
    catalogue.refresh()
    entry = catalogue.find(held.listing.app_key)
    return reply(TokenApplied(decision=_decision(held, now=now), version=entry.offered if entry else None))


@view("POST")
def remove(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/access-tokens/remove"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    told = read(request, TokenRemoval)
    held = using.withdraw(_get(host, told.site), told.app, by=told.by, now=now)
    return reply(_decision(held, now=now))


@view("POST")
def simulate(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/access-tokens/simulate"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    told = read(request, TokenSimulation)
    site = _get(host, told.site)
    held = using.simulate(site, told.app, by=told.by, now=now, simulated=told.simulated, edition=told.edition)
    return reply(_decision(held, now=now))


def _meet(host: HostService, site: UUID, *, now: datetime) -> SiteRecord:
    """The record of a site. A token may come before the site's first check, which brings its name."""
    fresh = {"name": str(site), "first_seen_at": now, "last_seen_at": now}
    return SiteRecord.objects.get_or_create(host=host, site=site, defaults=fresh)[0]


def _get(host: HostService, site: UUID) -> SiteRecord:
    found = queries.find_site(host, site)
    if found is None:
        raise NotFoundError("site", site)
    return found


def _decision(held: SiteLicense, *, now: datetime) -> LicenseDecision:
    (decision,) = decisions_for([(held.site, held.listing)], now=now)
    return decision


urls = [
    path("wire/1/access-tokens/apply", apply),
    path("wire/1/access-tokens/remove", remove),
    path("wire/1/access-tokens/simulate", simulate),
]
