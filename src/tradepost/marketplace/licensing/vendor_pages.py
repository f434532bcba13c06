"""The pages of a vendor's licenses: every site's license and edition, and all of them as a file."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.core.edition import Edition
from tradepost.core.license import LicenseType
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Vendor

from . import vendor_queries as queries
from .vendor_drawing import GROUPS, WORDS, edition_words, line_of, picture_of
from .vendor_report import csv_lines, json_parts
from .vendor_weeks import weeks_of

ROWS = 50
LONGEST = 100
KINDS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "json": (json_parts, "application/json")}
"""Ending of a file -> who writes it, and what it is."""


@require_GET
@signed_in
def my_licenses(request: HttpRequest) -> HttpResponse:
    """The licenses of the caller's vendor; a choice where there are several."""
    found = list(catalog.vendors(caller_of(request))[: ROWS + 1])
    if len(found) == 1:
        return redirect("vendor_licenses", found[0].pk)
    return render(request, "licensing/vendor_choice.html", {"vendors": found[:ROWS], "more": len(found) > ROWS})


@require_GET
@signed_in
def vendor_licenses(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """Which site has what of a vendor's apps."""
    vendor = catalog.get_vendor(caller_of(request), vendor_id)
    asked = filter_of(request)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.licenses_of(vendor, asked), order=queries.ORDER, after=after, limit=ROWS)
    apps = queries.apps_of(vendor)
    counted = queries.counts(vendor, app=asked.app)
    context = {
        "vendor": vendor,
        "lines": [line_of(row) for row in found.items],
        "next": found.next,
        "asked": asked,
        "is_filtered": asked != queries.Filter(),
        "apps": apps,
        "shows_app": len(apps) > 1 and not asked.app,
        "states": [(state, words) for state, (_, words) in WORDS.items()],
        "kinds": list(LicenseType),
        "editions": [(name, edition_words(name)) for name in (queries.NO_EDITION, *Edition)],
        "counts": [(edition_words(each.edition), each) for each in counted],
        "picture": picture_of(counted),
        "weeks": weeks_of(vendor, counted, app=asked.app, now=domain_now()),
        "groups": GROUPS,
        "query": request.GET.urlencode(),
    }
    return render(request, "licensing/vendor_licenses.html", context)


@require_GET
@signed_in
def vendor_license_file(request: HttpRequest, vendor_id: UUID, kind: str) -> StreamingHttpResponse:
    """The same licenses as a file."""
    vendor = catalog.get_vendor(caller_of(request), vendor_id)
    return file_of(vendor, filter_of(request), kind)


def filter_of(request: HttpRequest) -> queries.Filter:
    """What an address asks for. Words that mean nothing find nothing."""
    names = ("app", "state", "kind", "edition", "q", "test")
    return queries.Filter(**{name: request.GET.get(name, "").strip()[:LONGEST] for name in names})


def file_of(vendor: Vendor, asked: queries.Filter, kind: str) -> StreamingHttpResponse:
    """All licenses that are asked for, written while they are read."""
    write, content_type = KINDS[kind]
    rows = queries.read_on(queries.licenses_of(vendor, asked))
    answer = StreamingHttpResponse(write(rows), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="licenses.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer


navigation.add("marketplace", "Licenses", "my_licenses")

urls = [
    path("license-report/", my_licenses, name="my_licenses"),
    path("license-report/<uuid:vendor_id>/", vendor_licenses, name="vendor_licenses"),
    *(
        path(
            f"license-report/<uuid:vendor_id>/licenses.{kind}",
            vendor_license_file,
            {"kind": kind},
            name=f"vendor_licenses_{kind}",
        )
        for kind in KINDS
    ),
]
