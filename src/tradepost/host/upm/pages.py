"""Pages of apps by address: the switch, the form, and how a wish goes on."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.licenses.holding import Holder
from tradepost.host.licenses.links import is_own, read_link
from tradepost.host.sites.frame import REFUSALS, Visit, attempt, blame, on_site, refreshed, show
from tradepost.wire.licenses import CONFIRM

from . import polling
from .forms import AddressForm
from .models import InstallRequest
from .progress import Standing, progress_of
from .requests import ask_to_install, get_request, install_by_link
from .switch import set_private_listings


@require_POST
@on_site
def switch(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take apps by their address and by links, or no more."""
    allowed = request.POST.get("wanted") == "on"
    attempt(
        request,
        lambda: set_private_listings(visit.site.pk, allowed=allowed, by=visit.caller, now=domain_now()),
        "Private listings are on: apps can be installed by their address or a link, and access tokens be used."
        if allowed
        else "Private listings are off. No more apps are installed by their address; what is there stays.",
    )
    return redirect(visit.address("manage" if request.POST.get("from") == "manage" else "settings"))


@never_cache
@require_http_methods(["GET", "POST"])
@on_site
def by_address(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Install the app at an address, or that of an installation link of the marketplace."""
    form = AddressForm(request.POST or None)
    sealed = request.POST.get("sealed", "")
    if request.method == "POST" and (sealed or form.is_valid()):
        holder = Holder(visit.site.pk, "", visit.caller)
        try:
            text = holder.hand_back(sealed, machine=machine_now()) if sealed else form.cleaned_data["url"]
            wish = _ask(visit, text.strip(), confirmed=bool(sealed))
        except REFUSALS as error:
            if isinstance(error, ConflictError) and error.rule == CONFIRM:
                asked = {"here": "apps", "sealed": holder.hold(text, machine=machine_now()), "why": str(error)}
                return show(request, visit, "upm/confirm.html", asked, status=409)
            form = AddressForm({"url": ""}) if sealed else form
            form.full_clean()
            blame(form, error)
        else:
            return redirect(visit.address("by-address", str(wish.pk)))
    status = 200 if request.method == "GET" else 422
    return show(request, visit, "upm/by_address.html", {"here": "apps", "form": form}, status=status)


def _ask(visit: Visit, text: str, *, confirmed: bool) -> InstallRequest:
    """The wish for what somebody pasted. A link is followed at once, and what is wrong with it is said at once."""
    link = read_link(text)
    if link is None:
        return ask_to_install(visit.site.pk, text, by=visit.caller, now=domain_now())
    return install_by_link(visit.site.pk, link, confirmed=confirmed, by=visit.caller, now=domain_now())


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
    context = {"here": "apps", "wish": found, "progress": progress, "is_link": is_own(found.url)}
    return show(request, visit, template, context)


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
