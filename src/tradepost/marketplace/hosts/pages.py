"""The pages about host services, for operators: inviting, revoking, and the sites each has told of."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import IllegalTransitionError, TradepostError
from tradepost.core.states import HOST, HostState
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import caller_of, operators_only
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog.forms import explain

from . import commands, queries
from .forms import InviteForm
from .models import HostService

ROWS = 50


@require_GET
@operators_only
def host_list(request: HttpRequest) -> HttpResponse:
    """Every host service."""
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.hosts(caller_of(request)), order=["name"], after=after, limit=ROWS)
    return render(request, "hosts/hosts.html", {"hosts": found.items, "next": found.next})


@require_http_methods(["GET", "POST"])
@operators_only
def invite_host(request: HttpRequest) -> HttpResponse:
    """Invite a host service and show its code, this once: the page is not kept and cannot be asked for again."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited = commands.invite_host(form.cleaned_data["name"], by=caller_of(request), now=domain_now())
        except TradepostError as error:
            explain(form, error, at="name")
        else:
            return _show_code(request, *invited)
    return render(request, "hosts/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@operators_only
def host(request: HttpRequest, host_id: UUID) -> HttpResponse:
    """One host service and its sites."""
    found = queries.get_host(caller_of(request), host_id)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    sites = rest.slice_of(queries.sites_of(found), order=["name", "id"], after=after, limit=ROWS)
    context = {
        "host": found,
        "sites": sites.items,
        "next": sites.next,
        "events": {str(event) for event in HOST.transitions[HostState(found.state)]},
    }
    return render(request, "hosts/host.html", context)


@require_POST
@operators_only
def invite_again(request: HttpRequest, host_id: UUID) -> HttpResponse:
    """Give a host service a new code, shown this once."""
    return _show_code(request, *commands.invite_again(host_id, by=caller_of(request), now=domain_now()))


@require_POST
@operators_only
def revoke_host(request: HttpRequest, host_id: UUID) -> HttpResponse:
    """Refuse a host service from now on."""
    try:
        found = commands.revoke_host(host_id, by=caller_of(request), now=domain_now())
    except IllegalTransitionError:
        messages.error(request, "It is revoked already.")
    else:
        messages.success(request, f"{found.name} is refused from now on. Its sites keep what they run.")
    return redirect("host", host_id)


def _show_code(request: HttpRequest, found: HostService, code: str) -> HttpResponse:
    response = render(request, "hosts/code.html", {"host": found, "code": code})
    response["Cache-Control"] = "no-store"
    return response


navigation.add("marketplace", "Hosts", "hosts", navigation.operators, group="operator")

urls = [
    path("hosts/", host_list, name="hosts"),
    path("hosts/new/", invite_host, name="invite_host"),
    path("hosts/<uuid:host_id>/", host, name="host"),
    path("hosts/<uuid:host_id>/invitation/", invite_again, name="invite_again"),
    path("hosts/<uuid:host_id>/revocation/", revoke_host, name="revoke_host"),
]
