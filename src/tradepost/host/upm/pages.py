"""Pages of apps by address: the switch, the form, and how a wish goes on."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.foundation.clock import domain_now
from tradepost.host.sites.frame import REFUSALS, Visit, attempt, blame, on_site, refreshed, show

from . import polling
from .forms import AddressForm
from .progress import Standing, progress_of
from .requests import ask_to_install, get_request
from .switch import set_private_listings


@require_POST
@on_site
def switch(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take apps by their address, or no more."""
    allowed = request.POST.get("wanted") == "on"
    attempt(
        request,
        lambda: set_private_listings(visit.site.pk, allowed=allowed, by=visit.caller, now=domain_now()),
        "Apps can be installed by their address." if allowed else "No more apps are installed by their address.",
    )
    return redirect(visit.address("settings"))


@require_http_methods(["GET", "POST"])
@on_site
def by_address(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Install the app at an address."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            wish = ask_to_install(visit.site.pk, form.cleaned_data["url"].strip(), by=visit.caller, now=domain_now())
        except REFUSALS as error:
            blame(form, error)
        else:
            return redirect(visit.address("by-address", str(wish.pk)))
    status = 200 if request.method == "GET" else 422
    return show(request, visit, "upm/by_address.html", {"here": "apps", "form": form}, status=status)


@require_GET
@on_site
def wish(request: HttpRequest, visit: Visit, request_id: UUID) -> HttpResponse:
    """How far a wish has come; once it is fulfilled, the app's page."""
    found = get_request(visit.caller, visit.site.pk, request_id)
    progress = progress_of(found)
    is_watching = bool(request.headers.get("HX-Request"))
    if is_watching and progress.standing is not Standing.RUNNING:
        return refreshed()
    if progress.standing is Standing.DONE and found.installation is not None:
        return redirect(visit.address("apps", found.installation.app_key))
    template = "upm/wish_watching.html" if is_watching else "upm/wish.html"
    return show(request, visit, template, {"here": "apps", "wish": found, "progress": progress})


@require_POST
@on_site
def poll(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Read the app's address now."""
    attempt(
        request,
        lambda: polling.poll_now(visit.site.pk, key, by=visit.caller, now=domain_now()),
        "The address is being asked.",
    )
    return redirect(visit.address("apps", key))


site_urls = [
    path("settings/private-listings/", switch, name="site_private_listings"),
    path("by-address/", by_address, name="site_by_address"),
    path("by-address/<uuid:request_id>/", wish, name="site_wish"),
    path("apps/<str:key>/poll/", poll, name="site_app_poll"),
]
