"""The page of what the polls of an app found."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.marketplace.catalog import queries as catalog

from . import queries

ROWS = 50


@require_GET
@signed_in
def polls(request: HttpRequest, app_key: str) -> HttpResponse:
    """Polls that found something, the newest first; one that changes nothing leaves no row."""
    listing = catalog.get_listing(caller_of(request), app_key)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.poll_events(listing), order=["-at", "-id"], after=after, limit=ROWS)
    context = {"listing": listing, "tab": "polls", "polls": found.items, "next": found.next}
    return render(request, "watching/polls.html", context)


urls = [path("listings/<str:app_key>/polls/", polls, name="listing_polls")]
