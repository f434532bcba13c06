"""The pages about vendors and their people. Part of the pages of the catalog, in a file of its own."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, NotFoundError, TradepostError
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import Caller, caller_of, operators_only, signed_in
from tradepost.foundation.clock import domain_now

from . import commands, queries
from .forms import MemberForm, RoleForm, VendorForm, explain
from .models import Vendor
from .pages import ROWS, after_of, listing_lines


@require_GET
@signed_in
def vendor_list(request: HttpRequest) -> HttpResponse:
    """The vendors of the caller; an operator's: all."""
    found = rest.slice_of(queries.vendors(caller_of(request)), order=["name"], after=after_of(request), limit=ROWS)
    return render(request, "catalog/vendors.html", {"vendors": found.items, "next": found.next})


@require_http_methods(["GET", "POST"])
@operators_only
def make_vendor(request: HttpRequest) -> HttpResponse:
    form = VendorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vendor = commands.create_vendor(**form.cleaned_data, by=caller_of(request), now=domain_now())
        except TradepostError as error:
            explain(form, error, at="name")
        else:
            messages.success(request, f"{vendor.name} is made. Give it an owner now, who can add the others.")
            return redirect("vendor", vendor.pk)
    return render(request, "catalog/vendor_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def vendor(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """A vendor, its apps and its people; a POST gives a person a role."""
    caller = caller_of(request)
    found = queries.get_vendor(caller, vendor_id)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            commands.set_member(found.pk, email, role, by=caller, now=domain_now())
        except ConflictError as error:
            explain(form, error, at="email")
        else:
            messages.success(request, f"{email} is now {role} at {found.name}.")
            return redirect("vendor", found.pk)
    context = _facts(found, caller) | {"form": form}
    return render(request, "catalog/vendor.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def change_member(request: HttpRequest, vendor_id: UUID, membership_id: int) -> HttpResponse:
    """Change a person's role, or take it away."""
    caller = caller_of(request)
    found = queries.get_vendor(caller, vendor_id)
    member = queries.members(found).filter(pk=membership_id).first()
    if member is None:
        raise NotFoundError("person", membership_id)
    form = RoleForm(request.POST)
    role = form.cleaned_data["role"] if form.is_valid() else None
    if role is None and "remove" not in request.POST:
        messages.error(request, "Choose a role.")
        return redirect("vendor", found.pk)
    try:
        commands.set_member(found.pk, member.user.email, role, by=caller, now=domain_now())
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        done = f"is now {role} at" if role else "has no role any more at"
        messages.success(request, f"{member.user.email} {done} {found.name}.")
    is_gone = not queries.vendors(caller).filter(pk=found.pk).exists()
    return redirect("vendors") if is_gone else redirect("vendor", found.pk)


def _facts(found: Vendor, caller: Caller) -> dict[str, object]:
    listed = rest.slice_of(queries.listings(caller, vendor=found.pk), order=["app_key"], limit=ROWS)
    return {
        "vendor": found,
        "members": queries.members(found),
        "may_manage": caller.is_operator or queries.role_of(caller, found) == "owner",
        "lines": listing_lines(listed.items),
        "more": listed.next is not None,
        "roles": commands.ROLES,
    }


navigation.add("marketplace", "Vendors", "vendors")

urls = [
    path("vendors/", vendor_list, name="vendors"),
    path("vendors/new/", make_vendor, name="make_vendor"),
    path("vendors/<uuid:vendor_id>/", vendor, name="vendor"),
    path("vendors/<uuid:vendor_id>/people/<int:membership_id>/", change_member, name="change_member"),
]
