"""Pages for a site's administrators: what each app is licensed for, its editions, and access tokens."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import InvalidInputError
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.queries import AUDIT_ORDER
from tradepost.foundation.rest import slice_of
from tradepost.host.installing.deployed import deployed_of
from tradepost.host.marketlink.client import MarketplaceError
from tradepost.host.marketlink.queries import is_linked
from tradepost.host.sites.frame import REFUSALS, ROWS, Visit, after_of, attempt, blame, on_site, show
from tradepost.host.sites.queries import zone_of
from tradepost.host.upgrading.queries import get_installation
from tradepost.wire.licenses import CHANGED_MEANWHILE, CONFIRM, LicenseDecision

from . import commands
from .deeds import what_happened, who_did
from .forms import SimulationForm, TokenForm
from .gains import gains_of
from .holding import Holder
from .rows import row_of
from .sights import LicenseSight, find_history, find_licensed, get_sight, sights_of
from .words import edition_word, local

LONGEST_NUMBER = 18


@require_GET
@on_site
def manage(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every app of the site with its license."""
    now = domain_now()
    found = slice_of(
        find_licensed(visit.caller, visit.site.pk), order=("app_key",), after=after_of(request), limit=ROWS
    )
    sights = sights_of(found.items, now=now)
    rows = [row_of(each, now=now, zone=zone_of(visit.site)) for each in sights]
    context = {
        "here": "manage",
        "rows": rows,
        "next": found.next,
        "is_linked": is_linked(),
        "silent": next((each for each in rows if each.is_silent), None),
    }
    return show(request, visit, "licenses/manage.html", context)


@require_GET
@on_site
def app_license(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """One app's license, and what can be done about it."""
    return _app_license(request, visit, key)


@require_GET
@on_site
def history(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """What people of the site did about an app's license, and what the app was told."""
    installation = get_installation(visit.caller, visit.site.pk, key)
    version = installation.running or installation.newest
    rows = find_history(visit.caller, visit.site.pk, key)
    found = slice_of(rows, order=AUDIT_ORDER, after=after_of(request), limit=ROWS)
    context = {
        "here": "manage",
        "key": key,
        "name": version.name if version else key,
        "entries": [(each, who_did(each), what_happened(each)) for each in found.items],
        "next": found.next,
    }
    return show(request, visit, "licenses/history.html", context)


@require_POST
@on_site
def trial(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Begin the trial of an app."""
    revision = _revision(request)
    return _wished(
        request, visit, key, "The trial has begun.",
        lambda: commands.begin_trial(visit.site.pk, key, revision=revision, by=visit.caller, now=domain_now()),
    )  # fmt: skip


@require_POST
@on_site
def keep(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Take back a downgrade that was to come."""
    revision = _revision(request)
    return _wished(
        request, visit, key, lambda told: f"The site keeps the edition {edition_word(told.edition)}.",
        lambda: commands.keep_edition(visit.site.pk, key, revision=revision, by=visit.caller, now=domain_now()),
    )  # fmt: skip


@require_POST
@on_site
def edition_trial(request: HttpRequest, visit: Visit, key: str, edition: str) -> HttpResponse:
    """Try a higher edition."""
    revision = _revision(request)
    return _wished(
        request, visit, key, lambda told: f"The site tries the edition {edition_word(told.edition)} now.",
        lambda: commands.try_edition(visit.site.pk, key, edition, revision=revision, by=visit.caller, now=domain_now()),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@on_site
def edition(request: HttpRequest, visit: Visit, key: str, edition: str) -> HttpResponse:
    """GET: what another edition would mean. POST: switch to it, as it was seen."""
    if request.method == "GET":
        return _preview(request, visit, key, edition)
    revision = _revision(request)
    try:
        told = commands.switch_edition(
            visit.site.pk, key, edition, revision=revision, by=visit.caller, now=domain_now()
        )
    except MarketplaceError as error:
        if error.rule == CHANGED_MEANWHILE:
            return _preview(request, visit, key, edition, trouble=str(error), status=409)
        messages.error(request, str(error))
    except REFUSALS as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _switched(told, edition, visit))
    return redirect(visit.address("manage", key))


@never_cache
@require_POST
@on_site
def apply_token(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Use an access token for an app. Where the site pays for the app, ask first."""
    holder = Holder(visit.site.pk, key, visit.caller)
    sealed = request.POST.get("sealed", "")
    form = TokenForm(request.POST)
    if not sealed and not form.is_valid():
        return _app_license(request, visit, key, token_form=form)
    try:
        text = holder.hand_back(sealed, machine=machine_now()) if sealed else form.cleaned_data["token"]
        commands.apply_token(visit.site.pk, key, text, confirmed=bool(sealed), by=visit.caller, now=domain_now())
    except REFUSALS as error:
        if isinstance(error, MarketplaceError) and error.rule == CONFIRM:
            return _confirm(request, visit, key, holder.hold(text, machine=machine_now()), str(error))
        return _blamed(request, visit, key, form, error)
    messages.success(request, "The access token is applied. It belongs to this site now, for ever.")
    return redirect(visit.address("manage", key))


def _confirm(request: HttpRequest, visit: Visit, key: str, sealed: str, why: str) -> HttpResponse:
    context = {
        "here": "manage",
        "key": key,
        "sealed": sealed,
        "why": why,
        "action": f"/manage/{key}/access-token/",
        "back": f"/manage/{key}/",
    }
    return show(request, visit, "licenses/confirm.html", context, status=409)


@require_POST
@on_site
def remove_token(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Use the access token no longer."""
    return _wished(
        request, visit, key, "The access token is used no longer; it stays this site's own and can be applied again.",
        lambda: commands.remove_token(visit.site.pk, key, by=visit.caller, now=domain_now()),
    )  # fmt: skip


@require_POST
@on_site
def simulate(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Let the applied token look like another license."""
    form = SimulationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the licenses and editions that are offered.")
        return redirect(visit.address("manage", key))
    wanted = form.cleaned_data
    return _wished(
        request, visit, key, "The app is told that from now on.",
        lambda: commands.simulate(
            visit.site.pk, key, simulated=wanted["simulated"], edition=wanted["edition"], by=visit.caller,
            now=domain_now(),
        ),
    )  # fmt: skip


def _wished(
    request: HttpRequest,
    visit: Visit,
    key: str,
    done: str | Callable[[LicenseDecision], str],
    command: Callable[[], LicenseDecision],
) -> HttpResponse:
    attempt(request, command, done)
    return redirect(visit.address("manage", key))


def _app_license(request: HttpRequest, visit: Visit, key: str, *, token_form: TokenForm | None = None) -> HttpResponse:
    now = domain_now()
    sight = get_sight(visit.caller, visit.site.pk, key, now=now)
    row = row_of(sight, now=now, zone=zone_of(visit.site))
    running = sight.installation.running
    context = {
        "here": "manage",
        "row": row,
        "installation": sight.installation,
        "deployed": deployed_of(running) if running else None,
        "token_form": token_form or TokenForm(),
        "simulation_form": _simulation_form(sight),
        "is_linked": is_linked(),
    }
    return show(request, visit, "licenses/license.html", context, status=422 if token_form else 200)


def _preview(
    request: HttpRequest, visit: Visit, key: str, edition: str, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    sight = get_sight(visit.caller, visit.site.pk, key, now=domain_now())
    context: dict[str, Any] = {
        "here": "manage",
        "key": key,
        "name": sight.name,
        "edition": edition,
        "edition_word": edition_word(edition),
        "trouble": trouble,
    }
    try:
        found = commands.preview_switch(visit.site.pk, key, edition, by=visit.caller)
    except InvalidInputError as error:
        return show(request, visit, "licenses/preview.html", context | {"trouble": str(error)}, status=404)
    except REFUSALS as error:
        status = 503 if commands.is_silence(error) else 409
        return show(request, visit, "licenses/preview.html", context | {"trouble": str(error)}, status=status)
    now = domain_now()
    context |= {
        "preview": found,
        "gains": gains_of(sight.installation, found),
        "before_word": edition_word(found.before),
        "is_there": found.before == edition,
        "next_word": edition_word(sight.told.next_edition if sight.told else None),
        "is_now": found.at <= now,
        "at": local(found.at, zone_of(visit.site)),
    }
    return show(request, visit, "licenses/preview.html", context, status=status)


def _blamed(request: HttpRequest, visit: Visit, key: str, form: TokenForm, error: Exception) -> HttpResponse:
    if not form.is_bound or not form.data.get("token"):
        messages.error(request, str(error))
        return redirect(visit.address("manage", key))
    form.full_clean()
    blame(form, error)
    return _app_license(request, visit, key, token_form=form)


def _simulation_form(sight: LicenseSight) -> SimulationForm | None:
    token = sight.told.token if sight.told else None
    if token is None:
        return None
    return SimulationForm(initial={"simulated": token.simulated, "edition": token.edition})


def _switched(told: LicenseDecision, wanted: str, visit: Visit) -> str:
    if told.next_edition == wanted and told.period_ends_at:
        at = local(told.period_ends_at, zone_of(visit.site))
        return f"The edition becomes {edition_word(wanted)} {at}; until then everything stays as it is."
    return f"The site has the edition {edition_word(told.edition or wanted)} now."


def _revision(request: HttpRequest) -> int:
    """The license as the person saw it; what is no number was never seen."""
    text = request.POST.get("revision", "")[:LONGEST_NUMBER]
    return int(text) if text.isascii() and text.isdecimal() else -1


site_urls = [
    path("manage/", manage, name="site_licenses"),
    path("manage/<str:key>/", app_license, name="site_license"),
    path("manage/<str:key>/history/", history, name="site_license_history"),
    path("manage/<str:key>/trial/", trial, name="site_trial"),
    path("manage/<str:key>/editions/<str:edition>/", edition, name="site_edition"),
    path("manage/<str:key>/editions/<str:edition>/trial/", edition_trial, name="site_edition_trial"),
    path("manage/<str:key>/kept-edition/", keep, name="site_kept_edition"),
    path("manage/<str:key>/access-token/", apply_token, name="site_access_token"),
    path("manage/<str:key>/access-token/removal/", remove_token, name="site_access_token_removal"),
    path("manage/<str:key>/simulation/", simulate, name="site_simulation"),
]
