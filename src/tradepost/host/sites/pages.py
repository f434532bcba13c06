"""Pages of sites: the front page, a site's overview and its settings; for operators, making sites."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation import navigation
from tradepost.foundation.callers import Caller, caller_of, find_caller, operators_only
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.problems import answer_for
from tradepost.foundation.rest import slice_of
from tradepost.host.approvals.queries import find_waiting
from tradepost.host.marketlink.queries import find_link, is_linked
from tradepost.host.upgrading.queries import find_installations

from . import commands, entering
from .forms import MemberForm, ProductEditionForm, SiteForm, WindowForm, zones
from .frame import REFUSALS, ROWS, Visit, after_of, attempt, blame, on_site, refreshed, root_of, show
from .hours import find_next_window
from .models import Site
from .queries import find_administrators, find_members, find_visible, window_of, zone_of
from .routing import find_site
from .standing import ORDER, find_standing, is_checking

LOCAL = "%a %d %b %Y, %H:%M"
"""How an instant is written on a site's own clock."""


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The front page: a person's sites, all of them for an operator; at a site's own host name, that site."""
    if find_site(request) is not None:
        return overview(request)
    caller = find_caller(request)
    if caller is None:
        return render(request, "sites/welcome.html")
    found = slice_of(find_standing(caller), order=ORDER, after=after_of(request), limit=ROWS)
    context = {
        "sites": [(site, root_of(site, request)) for site in found.items],
        "next": found.next,
        "waiting": find_waiting(caller).count(),
        "link": find_link(caller) if caller.is_operator else None,
    }
    return render(request, "sites/home.html", context)


@require_GET
@on_site
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A site: what it is, what waits on it, and its talks with the marketplace."""
    site = visit.site
    context = {
        "here": "overview",
        "apps": find_installations(visit.caller, site.pk).count(),
        "waiting": find_waiting(visit.caller).filter(site=site).count(),
        "administrators": [person.email for person in find_administrators([site.pk])],
        "is_linked": is_linked(),
        **_window_facts(site),
    }
    return show(request, visit, "sites/overview.html", context)


@require_http_methods(["GET", "POST"])
@on_site
def check(request: HttpRequest, visit: Visit) -> HttpResponse:
    """POST: ask the marketplace now. GET: the part of a page that watches until that is done."""
    if request.method == "POST":
        attempt(
            request,
            lambda: commands.check_now(visit.site.pk, by=visit.caller, now=domain_now()),
            "The site asks the marketplace for updates.",
        )
        return redirect(visit.address("apps") if request.POST.get("from") == "apps" else visit.address())
    if not is_checking(visit.site):
        return refreshed()
    return show(request, visit, "sites/checking.html")


@require_GET
@on_site
def settings(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Maintenance window and zone, the product's edition, private listings, and members."""
    return _settings(request, visit)


@require_POST
@on_site
def change_window(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = WindowForm(request.POST)
    if form.is_valid():
        window, zone = form.cleaned_data["window"], form.cleaned_data["zone"]
        try:
            commands.change_window(
                visit.site.pk, start=window.start, end=window.end, zone=zone, by=visit.caller, now=domain_now()
            )
        except REFUSALS as error:
            blame(form, error)
        else:
            messages.success(request, "The window is set. What waits for it is looked at anew.")
            return redirect(visit.address("settings"))
    return _settings(request, visit, window_form=form)


@require_POST
@on_site
def change_product_edition(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = ProductEditionForm(request.POST)
    if not form.is_valid():
        return _settings(request, visit, edition_form=form)
    edition = form.cleaned_data["product_edition"]
    attempt(
        request,
        lambda: commands.change_product_edition(visit.site.pk, edition, by=visit.caller, now=domain_now()),
        f"The site's product has the edition {edition.title()} now.",
    )
    return redirect(visit.address("settings"))


@require_POST
@on_site
def add_member(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Give somebody a role, or another one."""
    form = MemberForm(request.POST)
    if form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            commands.set_member(visit.site.pk, email=email, role=role, by=visit.caller, now=domain_now())
        except NotFoundError as error:
            if error.kind != "account":
                raise
            form.add_error("email", "Nobody has an account with this address. Accounts are made by an operator.")
        except REFUSALS as error:
            blame(form, error)
        else:
            messages.success(request, f"{email} is a member now.")
            return redirect(visit.address("settings"))
    return _settings(request, visit, member_form=form)


@require_POST
@on_site
def remove_member(request: HttpRequest, visit: Visit) -> HttpResponse:
    email = request.POST.get("email", "")[:254]
    attempt(
        request,
        lambda: commands.set_member(visit.site.pk, email=email, role=None, by=visit.caller, now=domain_now()),
        f"{email} is no member any more.",
    )
    is_still_there = find_visible(visit.caller).filter(pk=visit.site.pk).exists()
    return redirect(visit.address("settings") if is_still_there else "home")


@require_http_methods(["GET", "POST"])
@operators_only
def make_site(request: HttpRequest) -> HttpResponse:
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = _make(form, caller_of(request))
        except REFUSALS as error:
            blame(form, error)
        else:
            messages.success(request, f"{site.name} is there. Now give it an administrator.")
            return redirect(f"{root_of(site, request)}/settings/")
    status = 200 if request.method == "GET" else 422
    return render(request, "sites/make_site.html", {"form": form, "zones": zones()}, status=status)


def _make(form: SiteForm, caller: Caller) -> Site:
    given = form.cleaned_data
    return commands.create_site(
        name=given["name"],
        context_path=given["context_path"],
        host_name=given["host_name"],
        zone=given["zone"],
        window=given["window"],
        by=caller,
        now=domain_now(),
    )


def _settings(
    request: HttpRequest,
    visit: Visit,
    *,
    window_form: WindowForm | None = None,
    member_form: MemberForm | None = None,
    edition_form: ProductEditionForm | None = None,
) -> HttpResponse:
    site = visit.site
    members = find_members(visit.caller, site.pk)
    present = {"zone": site.zone, "window_start": site.window_start, "window_end": site.window_end}
    context = {
        "here": "settings",
        "members": members,
        "window_form": window_form or WindowForm(initial=present),
        "member_form": member_form or MemberForm(),
        "edition_form": edition_form or ProductEditionForm(initial={"product_edition": site.product_edition}),
        "zones": zones(),
        **_window_facts(site),
    }
    refused = window_form or member_form or edition_form
    return show(request, visit, "sites/settings.html", context, status=422 if refused else 200)


def _window_facts(site: Site) -> dict[str, object]:
    now, zone = domain_now(), zone_of(site)
    hours = find_next_window(window_of(site), now=now, zone=zone)
    found: dict[str, object] = {
        "window": window_of(site),
        "hours": hours,
        "local_text": f"{now.astimezone(zone):{LOCAL}}",
    }
    if hours is not None:
        found["end_text"] = f"{hours.end:%H:%M}"
        start, end = hours.local_start, hours.local_end
        found["hours_text"] = f"{end:%H:%M}" if hours.is_now else f"{start:{LOCAL}} to {end:%H:%M}"
    return found


navigation.add("host", "Sites", "home")
navigation.add("host", "Updates", "updates")
navigation.add("host", "Make a site", "make_site", navigation.operators, group="operator")


@require_GET
def enter(request: HttpRequest, ticket: str) -> HttpResponse:
    """Exchange an operator's ticket for a session as the person it names, and show the page it was made for."""
    host = request.get_host().partition(":")[0]
    try:
        entry = entering.take_ticket(ticket, host=host, machine=machine_now())
    except ForbiddenError as error:
        response = answer_for(request, error)
    else:
        login(request, entry.user)
        request.session.set_expiry(entering.SESSION_LIFE)
        response = redirect(entry.path)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


urls = [
    path("", home, name="home"),
    path(f"{entering.ENTRANCE}/<str:ticket>", enter, name="enter"),
    path("operate/sites/new/", make_site, name="make_site"),
]
site_urls = [
    path("", overview, name="site"),
    path("settings/check/", check, name="site_check"),
    path("settings/", settings, name="site_settings"),
    path("settings/window/", change_window, name="site_window"),
    path("settings/product-edition/", change_product_edition, name="site_product_edition"),
    path("settings/members/", add_member, name="site_members"),
    path("settings/members/remove/", remove_member, name="site_remove_member"),
]
