"""The page of the sites that have an app: what each runs, why it is not on the newest, and until when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import queries as catalog

from . import queries
from .drawing import WORDS, site_line

ROWS = 50


@require_GET
@signed_in
def sites(request: HttpRequest, app_key: str) -> HttpResponse:
    """The installations of an app, filtered by state, version, and name or address of the site."""
    listing = catalog.get_listing(caller_of(request), app_key)
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("state", "version", "q")}
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
    return render(request, "rollout/sites.html", context)


urls = [path("listings/<str:app_key>/sites/", sites, name="listing_sites")]
