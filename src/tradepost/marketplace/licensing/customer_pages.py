"""The operator's pages of customers: who they are, which sites are theirs, how they are billed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, TradepostError
from tradepost.core.license import Billing
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import caller_of, operators_only
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog.forms import explain

from . import customers, queries
from .forms import BILLINGS, CustomerForm, NewCustomerForm, SiteForm
from .models import Customer
from .pages import license_lines

ROWS = 50
FEW = 20
"""Rows of a table that is not the page's own; the rest stands on a page of its own."""


@require_GET
@operators_only
def customer_list(request: HttpRequest) -> HttpResponse:
    """Every customer, found by name, address or reference."""
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "billing")}
    found = rest.slice_of(
        queries.customers(caller_of(request), **asked), order=queries.CUSTOMER_ORDER, after=_after(request), limit=ROWS
    )
    context = {"customers": found.items, "next": found.next, "asked": asked, "billings": list(Billing)}
    return render(request, "licensing/customers.html", context)


@require_http_methods(["GET", "POST"])
@operators_only
def new_customer(request: HttpRequest) -> HttpResponse:
    """Make a customer."""
    form = NewCustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        given = {**given, "billing": Billing(given["billing"])}
        try:
            made = customers.make(by=caller_of(request), now=domain_now(), **given)
        except TradepostError as error:
            explain(form, error, at=_field_of(error))
        else:
            messages.success(request, f"{made.name} is a customer. Give them their sites.")
            return redirect("customer", made.pk)
    return render(
        request, "licensing/customer_form.html", {"form": form, "customer": None}, status=422 if form.errors else 200
    )


@require_GET
@operators_only
def customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """One customer."""
    return _show(request, customer_id, SiteForm())


@require_http_methods(["GET", "POST"])
@operators_only
def edit_customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Change what a customer is called."""
    found = queries.get_customer(caller_of(request), customer_id)
    present = {name: getattr(found, name) for name in ("name", "contact_email", "reference")}
    form = CustomerForm(request.POST or None, initial=present)
    if request.method == "POST" and form.is_valid():
        try:
            customers.change(customer_id, by=caller_of(request), now=domain_now(), **form.cleaned_data)
        except TradepostError as error:
            explain(form, error, at=_field_of(error))
        else:
            messages.success(request, "Changed.")
            return redirect("customer", customer_id)
    return render(
        request, "licensing/customer_form.html", {"form": form, "customer": found}, status=422 if form.errors else 200
    )


@require_POST
@operators_only
def move_billing(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Bill a customer in another way."""
    to = Billing.ORIGINAL if request.POST.get("to") == Billing.ORIGINAL else Billing.IMPROVED
    try:
        moved = customers.move_billing(customer_id, to, by=caller_of(request), now=domain_now())
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{moved.name} is on {moved.billing} billing; the sites' hosts are told.")
    return redirect("customer", customer_id)


@require_POST
@operators_only
def assign_site(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Give a site to a customer."""
    form = SiteForm(request.POST)
    if form.is_valid():
        try:
            site = queries.find_site(caller_of(request), form.cleaned_data["site"])
            customers.assign_site(customer_id, site, by=caller_of(request), now=domain_now())
        except TradepostError as error:
            explain(form, error, at="site")
        else:
            messages.success(request, f"{site.name} is theirs now. Its licenses stay what they are.")
            return redirect("customer", customer_id)
    return _show(request, customer_id, form)


@require_POST
@operators_only
def remove_customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Forget a customer without sites."""
    try:
        customers.remove(customer_id, by=caller_of(request), now=domain_now())
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("customer", customer_id)
    messages.success(request, "The customer is forgotten; the audit log keeps what was.")
    return redirect("customers")


@require_GET
@operators_only
def customer_sites(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """All sites of a customer."""
    found = queries.get_customer(caller_of(request), customer_id)
    sites = rest.slice_of(queries.sites_of(found), order=("site_id",), after=_after(request), limit=ROWS)
    context = {"customer": found, "sites": sites.items, "next": sites.next}
    return render(request, "licensing/customer_sites.html", context)


def _show(request: HttpRequest, customer_id: UUID, form: SiteForm) -> HttpResponse:
    caller = caller_of(request)
    found = queries.get_customer(caller, customer_id)
    licenses = rest.slice_of(queries.licenses(caller, customer=customer_id), order=queries.LICENSE_ORDER, limit=FEW)
    context = {
        "customer": found,
        "billing_words": BILLINGS[Billing(found.billing)],
        "sites": queries.sites_of(found).order_by("site_id")[:FEW],
        "more_sites": max(0, _site_count(found) - FEW),
        "lines": license_lines(licenses.items, now=domain_now()),
        "more_licenses": licenses.next is not None,
        "form": form,
    }
    return render(request, "licensing/customer.html", context, status=422 if form.errors else 200)


def _site_count(found: Customer) -> int:
    return getattr(found, "site_count", 0)


def _field_of(error: TradepostError) -> str | None:
    return "reference" if getattr(error, "rule", "") == customers.REFERENCE_USED else None


def _after(request: HttpRequest) -> str:
    return request.GET.get("after", "")[: rest.LONGEST_CURSOR]


navigation.add("marketplace", "Customers", "customers", navigation.operators, group="operator")

urls = [
    path("customers/", customer_list, name="customers"),
    path("customers/new/", new_customer, name="new_customer"),
    path("customers/<uuid:customer_id>/", customer, name="customer"),
    path("customers/<uuid:customer_id>/edit/", edit_customer, name="edit_customer"),
    path("customers/<uuid:customer_id>/billing/", move_billing, name="move_billing"),
    path("customers/<uuid:customer_id>/removal/", remove_customer, name="remove_customer"),
    path("customers/<uuid:customer_id>/sites/", customer_sites, name="customer_sites"),
    path("customers/<uuid:customer_id>/sites/new/", assign_site, name="assign_site"),
]
