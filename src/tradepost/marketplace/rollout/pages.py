"""The page of the sites that have an app: what each runs, why it is not on the newest, and until when."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing, Source

from . import queries
from .drawing import WORDS, crossing_chart, site_line, words_of
from .majors import find_crossing, sites_per_major

ROWS = 50


@require_GET
@signed_in
def sites(request: HttpRequest, app_key: str) -> HttpResponse:
    """The installations of an app, filtered by state, version, and name or address of the site."""
    listing = catalog.get_listing(caller_of(request), app_key)
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("state", "version", "major", "q")}
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.site_rows(listing, **asked), order=["id"], after=after, limit=ROWS)
    now = domain_now()
    context = {
        "listing": listing,
        "tab": "sites",
        "lines": [site_line(record, listing, now=now) for record in found.items],
        "next": found.next,
        "asked": asked,
        "states": [(state, words) for state, (_, words) in WORDS.items()],
    }
    if not after and not any(asked.values()):
        context |= _majors(listing, now)
    return render(request, "rollout/sites.html", context)


def _majors(listing: Listing, now: datetime) -> dict[str, object]:
    """How sites stand between majors, of a deployed app; nothing of a watched one, whose majors say little."""
    if listing.source != Source.DEPLOYED:
        return {}
    crossing = find_crossing(listing)
    facts: dict[str, object] = {"majors": sites_per_major(listing), "crossing": crossing}
    if crossing is not None:
        points = queries.progress_over_time(listing, since=crossing.began, until=now)
        deployed = set(listing.versions.exclude(manifest=None).values_list("number", flat=True))
        facts["crossing_chart"] = crossing_chart(crossing, points, deployed, now=now)
        waits = {state: sites for state, sites in crossing.states.items() if state != "current"}
        facts["crossing_waits"] = words_of(waits)
    return facts


urls = [path("listings/<str:app_key>/sites/", sites, name="listing_sites")]
