"""The pages about versions: each with its reasons and its difference, a preview of the next, and the rules."""

import json
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import TradepostError
from tradepost.core.rules import RULES
from tradepost.core.scopes import plain_words
from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import commands as catalog_commands
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.forms import explain
from tradepost.marketplace.catalog.models import Listing, Source
from tradepost.marketplace.rollout import queries as rollout
from tradepost.marketplace.rollout.drawing import site_line

from . import commands, queries
from .explained import in_parts, manifest_rules
from .forms import NotesForm, PreviewForm
from .listed_versions import version_lines
from .models import AppVersion

ROWS = 50
FEW = 20
LONGEST_SHOWN = 100_000
"""Characters of a descriptor that a page shows; the whole can be downloaded."""


@require_GET
@signed_in
def versions(request: HttpRequest, app_key: str) -> HttpResponse:
    """Every version of an app, the newest first."""
    listing = catalog.get_listing(caller_of(request), app_key)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.versions_of(listing), order=["-order_key"], after=after, limit=ROWS)
    running = {each.number: each.running for each in rollout.version_progress(listing)}
    context = {
        "listing": listing,
        "tab": "versions",
        "versions": version_lines(found.items, running),
        "next": found.next,
    }
    return render(request, "releases/versions.html", context)


@require_GET
@signed_in
def version(request: HttpRequest, app_key: str, number: str) -> HttpResponse:
    """One version: its number and why, what differs, how far it has come, and the descriptor itself."""
    listing = catalog.get_listing(caller_of(request), app_key)
    found = queries.get_version(listing, number)
    form = NotesForm(initial={"notes": found.notes})
    return render(request, "releases/version.html", _version_facts(listing, found) | {"form": form})


@require_POST
@signed_in
def version_notes(request: HttpRequest, app_key: str, number: str) -> HttpResponse:
    """Write the release notes of a version."""
    caller = caller_of(request)
    listing = catalog.get_listing(caller, app_key)
    found = queries.get_version(listing, number)
    form = NotesForm(request.POST)
    if not form.is_valid():
        return render(request, "releases/version.html", _version_facts(listing, found) | {"form": form}, status=422)
    commands.write_notes(app_key, number, form.cleaned_data["notes"], by=caller, now=domain_now())
    messages.success(request, "The release notes are kept.")
    return redirect("version", app_key, number)


@require_GET
@signed_in
def version_descriptor(request: HttpRequest, app_key: str, number: str) -> HttpResponse:
    """The bytes of a version as they were fetched, to be kept in a file."""
    listing = catalog.get_listing(caller_of(request), app_key)
    found = queries.get_version(listing, number)
    response = HttpResponse(bytes(found.document.content), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{listing.app_key}-{found.number}.json"'
    return response


@require_http_methods(["GET", "POST"])
@signed_in
def preview(request: HttpRequest, app_key: str) -> HttpResponse:
    """What a new descriptor would do. Nothing is published, so the answer may be loaded again."""
    caller = caller_of(request)
    listing = catalog.get_listing(caller, app_key)
    if listing.source == Source.DEPLOYED:
        return redirect("deployed_listing_preview", app_key)
    form = PreviewForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"listing": listing, "tab": "preview", "form": form}
    if form.is_bound and form.is_valid():
        try:
            found = catalog_commands.preview(app_key, form.raw(), by=caller)
            context |= {"preview": found, "is_pasted": form.raw() is not None}
        except TradepostError as error:
            explain(form, error, at="text")
    return render(request, "releases/preview.html", context, status=422 if form.errors else 200)


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule that a reason can name, for everybody."""
    groups = groupby(RULES.values(), key=lambda rule: rule.subject)
    shown = [(str(subject), [in_parts(rule) for rule in found]) for subject, found in groups]
    return render(request, "releases/rules.html", {"groups": shown + manifest_rules()})


def pretty(found: AppVersion) -> tuple[str, bool]:
    """The descriptor as people read JSON, and whether all of it is there."""
    text = json.dumps(queries.document_of(found), ensure_ascii=False, indent=2)
    return text[:LONGEST_SHOWN], len(text) <= LONGEST_SHOWN


def _version_facts(listing: Listing, found: AppVersion) -> dict[str, object]:
    now = domain_now()
    text, is_whole = pretty(found)
    offered = listing.offered
    sites = list(rollout.sites_of_version(found)[: FEW + 1])
    return {
        "listing": listing,
        "tab": "versions",
        "version": found,
        "difference": queries.difference(found),
        "progress": rollout.progress_of(found),
        "lines": [site_line(record, listing, now=now) for record in sites[:FEW]],
        "more_sites": len(sites) > FEW,
        "is_left": offered is not None and found.order_key < offered.order_key and rollout.is_deserted(found),
        "older_in_use": rollout.older_in_use(found),
        "scopes": [(scope, plain_words(scope)) for scope in found.scopes],
        "text": text,
        "is_whole": is_whole,
    }


urls = [
    path("listings/<str:app_key>/versions/", versions, name="versions"),
    path("listings/<str:app_key>/versions/<str:number>/", version, name="version"),
    path("listings/<str:app_key>/versions/<str:number>/notes/", version_notes, name="version_notes"),
    path("listings/<str:app_key>/versions/<str:number>/descriptor.json", version_descriptor, name="version_descriptor"),
    path("listings/<str:app_key>/preview/", preview, name="preview"),
    path("rules/", rules, name="rules"),
]
