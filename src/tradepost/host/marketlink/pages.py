"""Pages of the link to the marketplace, for operators."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from tradepost.foundation import navigation
from tradepost.foundation.callers import caller_of, operators_only
from tradepost.foundation.clock import domain_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.rest import slice_of
from tradepost.host.sites.frame import REFUSALS, ROWS, after_of, blame

from .commands import enrol
from .queries import find_link, find_pending_reports

REPORT_ORDER = ("due_at", "sequence", "id")


class EnrolForm(forms.Form):
    url = forms.CharField(label="Address of the marketplace", max_length=500, initial=configuration.marketplace_url)
    code = forms.CharField(
        label="One-time code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "tpe_…"}),
        help_text="An operator of the marketplace makes it; it works once.",
    )


@require_http_methods(["GET", "POST"])
@operators_only
def link(request: HttpRequest) -> HttpResponse:
    """Which marketplace we are linked to, and enrolling with a code."""
    caller = caller_of(request)
    known = find_link(caller)
    form = EnrolForm(request.POST or None, initial={"url": known.url} if known else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = enrol(**form.cleaned_data, by=caller, now=domain_now())
        except REFUSALS as error:
            blame(form, error)
        else:
            messages.success(request, f"Linked to {made.url} as {made.name}.")
            return redirect("marketplace_link")
    context = {"form": form, "link": known, "reports": find_pending_reports(caller).count()}
    return render(request, "marketlink/link.html", context, status=200 if request.method == "GET" else 422)


@require_GET
@operators_only
def reports(request: HttpRequest) -> HttpResponse:
    """What the marketplace has not taken yet."""
    rows = find_pending_reports(caller_of(request))
    found = slice_of(rows, order=REPORT_ORDER, after=after_of(request), limit=ROWS)
    return render(request, "marketlink/reports.html", {"reports": found.items, "next": found.next})


navigation.add("host", "Marketplace link", "marketplace_link", navigation.operators, group="operator")
navigation.add("host", "Reports", "reports", navigation.operators, group="operator")

urls = [
    path("operate/marketplace/", link, name="marketplace_link"),
    path("operate/reports/", reports, name="reports"),
]
