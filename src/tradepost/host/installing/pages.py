"""Pages of what a site can install, and for operators the keys that sign calls to apps."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, LimitError, ProblemsError
from tradepost.core.states import InstallationState
from tradepost.foundation import navigation
from tradepost.foundation.callers import caller_of, operators_only
from tradepost.foundation.clock import domain_now
from tradepost.host.marketlink.client import MarketplaceError
from tradepost.host.sites.frame import Visit, after_of, attempt, on_site, show
from tradepost.host.upgrading.queries import find_installations

from . import commands
from .deployed import deployed_of
from .keys import rotate_key
from .queries import find_catalogue, find_signing_keys, get_app
from .versions import terms_of
from .wording import rights_in_words

LONGEST_SEARCH = 100
LONGEST_FINGERPRINT = 64


@require_GET
@on_site
def catalogue(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The public apps of the marketplace, searched by `q`."""
    q = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    context: dict[str, object] = {"here": "catalogue", "q": q}
    try:
        context["page"] = find_catalogue(visit.caller, visit.site.pk, after=after_of(request), q=q)
    except MarketplaceError as error:
        return show(request, visit, "installing/catalogue.html", context | {"trouble": str(error)}, status=503)
    return show(request, visit, "installing/catalogue.html", context)


@require_GET
@on_site
def catalogue_app(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """One app before it is installed: what it is and what installing it grants."""
    context: dict[str, object] = {"here": "catalogue", "key": key}
    try:
        found = get_app(visit.caller, visit.site.pk, key, now=domain_now())
    except MarketplaceError as error:
        return show(request, visit, "installing/app.html", context | {"trouble": str(error)}, status=503)
    except ProblemsError as error:
        return show(request, visit, "installing/app.html", context | {"problems": error.problems}, status=422)
    context |= {
        "app": found,
        "deployed": deployed_of(found.version),
        "rights": rights_in_words(terms_of(found.version).rights),
    }
    return show(request, visit, "installing/app.html", context)


@require_POST
@on_site
def install(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Install what was shown; its page then says how it goes. Where something else is asked now, show that."""
    fingerprint = request.POST.get("fingerprint", "")[:LONGEST_FINGERPRINT]
    try:
        commands.install(visit.site.pk, key, fingerprint=fingerprint, by=visit.caller, now=domain_now())
    except (ConflictError, LimitError, ProblemsError) as error:
        return _refused(request, visit, key, error)
    messages.success(request, "The app is being installed.")
    return redirect(visit.address("apps", key))


def _refused(request: HttpRequest, visit: Visit, key: str, error: Exception) -> HttpResponse:
    """A second press of the button finds the app there, or on its way: that is no error to tell."""
    present = find_installations(visit.caller, visit.site.pk).filter(app_key=key).first()
    if present is not None and present.state != InstallationState.FAILED:
        messages.info(request, "The app is on this site already.")
        return redirect(visit.address("apps", key))
    messages.error(request, str(error))
    return redirect(visit.address("catalogue", key))


@require_POST
@on_site
def uninstall(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Take an app away from the site."""
    attempt(
        request,
        lambda: commands.uninstall(visit.site.pk, key, by=visit.caller, now=domain_now()),
        "The app is uninstalled. What it keeps on this site stays for a return.",
    )
    return redirect(visit.address("apps", key))


@require_POST
@on_site
def rotate_secret(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Offer an app a new secret."""
    attempt(
        request,
        lambda: commands.rotate_secret(visit.site.pk, key, by=visit.caller, now=domain_now()),
        "The app is being offered a new secret, which counts once it has taken it.",
    )
    return redirect(visit.address("apps", key))


@require_http_methods(["GET", "POST"])
@operators_only
def signing_keys(request: HttpRequest) -> HttpResponse:
    """The keys that sign calls to apps. POST signs with a new one from now on."""
    caller = caller_of(request)
    if request.method == "POST":
        attempt(
            request, lambda: rotate_key(by=caller, now=domain_now()), lambda key: f"Calls are signed with {key.kid}."
        )
        return redirect("signing_keys")
    return render(request, "installing/keys.html", {"keys": find_signing_keys(caller)})


navigation.add("host", "Signing keys", "signing_keys", navigation.operators, group="operator")

urls = [path("operate/keys/", signing_keys, name="signing_keys")]
site_urls = [
    path("catalogue/", catalogue, name="site_catalogue"),
    path("catalogue/<str:key>/", catalogue_app, name="site_catalogue_app"),
    path("catalogue/<str:key>/install/", install, name="site_install"),
    path("apps/<str:key>/uninstall/", uninstall, name="site_uninstall"),
    path("apps/<str:key>/secret/", rotate_secret, name="site_app_secret"),
]
