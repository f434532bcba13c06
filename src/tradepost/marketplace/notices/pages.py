"""The page of what a vendor was told about an app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.marketplace.catalog import queries as catalog

from . import queries

ROWS = 30


@require_GET
@signed_in
def notices(request: HttpRequest, app_key: str) -> HttpResponse:
    """What was told, on this page and by mail, the newest first."""
    listing = catalog.get_listing(caller_of(request), app_key)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.notices_of(listing), order=["-at", "-id"], after=after, limit=ROWS)
    context = {"listing": listing, "tab": "notices", "notices": found.items, "next": found.next}
    return render(request, "notices/notices.html", context)


urls = [path("listings/<str:app_key>/notices/", notices, name="listing_notices")]
