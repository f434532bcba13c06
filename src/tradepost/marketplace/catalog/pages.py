"""The pages about apps: the front page, the public catalogue, a vendor's listings, and what a vendor does with one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, IllegalTransitionError, TradepostError
from tradepost.core.scopes import plain_words
from tradepost.core.states import LISTING, ListingState
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import Caller, caller_of, find_caller, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.hosts import queries as hosts
from tradepost.marketplace.notices import queries as notices
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.listed_versions import VersionLine, version_lines
from tradepost.marketplace.reviews import queries as reviews
from tradepost.marketplace.rollout import queries as rollout
from tradepost.marketplace.rollout.catalogue import catalogue
from tradepost.marketplace.rollout.drawing import chart_of, worth_showing
from tradepost.marketplace.watching import commands as watching
from tradepost.marketplace.watching import queries as polls
from tradepost.wire.messages import CatalogEntry

from . import commands, queries
from .forms import AddressForm, ListAppForm, explain
from .models import Listing, Source

ROWS = 50
FEW = 10
"""How many rows of another page an overview shows."""


@dataclass(frozen=True, slots=True)
class ListingLine:
    """One listing in a table, with how many sites have it."""

    listing: Listing
    reach: rollout.Reach


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The front page: a vendor's apps, an operator's work, or what this place is."""
    caller = find_caller(request)
    if caller is None:
        return render(request, "catalog/welcome.html", {"apps": _public_page(limit=FEW)[0]})
    found = rest.slice_of(queries.listings(caller), order=["app_key"], limit=20)
    context: dict[str, object] = {
        "lines": listing_lines(found.items),
        "more": found.next is not None,
        "troubled": queries.troubled(caller)[:FEW],
        "vendors": queries.vendors(caller)[:FEW],
    }
    if caller.is_operator:
        context |= {"reviews": reviews.waiting(caller)[:FEW], "hosts": hosts.hosts(caller)[:FEW]}
    return render(request, "catalog/home.html", context)


@require_GET
def apps(request: HttpRequest) -> HttpResponse:
    """The public catalogue, for everybody."""
    q = request.GET.get("q", "").strip()[:100]
    found, more = _public_page(after=request.GET.get("after", "")[:64], q=q)
    context = {"apps": found, "next": found[-1].app if more else None, "q": q}
    return render(request, "catalog/apps.html", context)


@require_GET
def app(request: HttpRequest, app_key: str) -> HttpResponse:
    """One app of the public catalogue, for everybody."""
    listing = queries.get_public(app_key)
    offered = listing.offered
    assert offered is not None
    context = {
        "listing": listing,
        "scopes": scope_words(offered.scopes),
        "versions": versions.offered_versions(listing)[:FEW],
    }
    return render(request, "catalog/app.html", context)


@require_GET
@signed_in
def listing_list(request: HttpRequest) -> HttpResponse:
    """Every listing the caller may see."""
    caller = caller_of(request)
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "state")}
    found = rest.slice_of(queries.listings(caller, **asked), order=["app_key"], after=after_of(request), limit=ROWS)
    context = {"lines": listing_lines(found.items), "next": found.next, "asked": asked, "states": list(ListingState)}
    return render(request, "catalog/listings.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def list_app(request: HttpRequest) -> HttpResponse:
    """List an app in two steps: read the address and show what stands there, then list it."""
    caller = caller_of(request)
    form = ListAppForm(request.POST or None, caller=caller, initial={"vendor": queries.vendors(caller).first()})
    context: dict[str, object] = {"form": form, "may_list": queries.vendors(caller).exists()}
    if request.method == "POST" and form.is_valid():
        url = form.cleaned_data["descriptor_url"]
        try:
            # The button carries the address that was read, so nothing is listed that was not shown before.
            if request.POST.get("confirm") == url:
                return _list(request, form, caller)
            found = watching.fetch_descriptor(url).descriptor
            context |= {"found": found, "scopes": scope_words(sorted(found.scopes)), "read_url": url}
        except TradepostError as error:
            explain(form, error, at="descriptor_url")
    return render(request, "catalog/list_app.html", context, status=422 if form.errors else 200)


@require_GET
@signed_in
def listing(request: HttpRequest, app_key: str) -> HttpResponse:
    """One listing: how it stands, what it waits for, and how far its versions have come."""
    found = queries.get_listing(caller_of(request), app_key)
    now = domain_now()
    progress = rollout.version_progress(found)
    newest = versions.find_newest(found)
    reached = rollout.reach([found]).get(found.pk, rollout.Reach())
    context = {
        **watching_facts(found, now),
        "tab": "overview",
        "newest": newest,
        "reach": reached,
        "progress": worth_showing(progress, keep={str(newest), str(found.offered)}),
        "chart": _chart(found, now),
        "versions": recent_versions(found, progress),
        "notices": notices.notices_of(found)[:5],
        "polls": polls.poll_events(found)[:5],
        "reviews": reviews.reviews_of(found)[:5],
        "environments": listing_lines(queries.environments_of(found)),
        "missing_environments": [] if found.source == Source.DEPLOYED else queries.missing_environments(found),
        "events": {str(event) for event in LISTING.transitions[ListingState(found.state)]},
    }
    return render(request, "catalog/listing.html", context)


@require_GET
@signed_in
def listing_watching(request: HttpRequest, app_key: str) -> HttpResponse:
    """The part of a listing's page that waits for a poll under way; the whole page is loaded anew after it."""
    facts = watching_facts(queries.get_listing(caller_of(request), app_key), domain_now())
    response = render(request, "catalog/watching.html", facts)
    if not facts["is_polling"]:
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "POST"])
@signed_in
def listing_address(request: HttpRequest, app_key: str) -> HttpResponse:
    """Watch another address from now on."""
    caller = caller_of(request)
    found = queries.get_listing(caller, app_key)
    if found.source == Source.DEPLOYED:
        return _not_watched(request, found)
    form = AddressForm(request.POST or None, initial={"descriptor_url": found.descriptor_url})
    if request.method == "POST" and form.is_valid():
        try:
            commands.change_descriptor_url(app_key, form.cleaned_data["descriptor_url"], by=caller, now=domain_now())
        except TradepostError as error:
            explain(form, error, at="descriptor_url")
        else:
            messages.success(request, "This address is watched from now on; it is polled at once.")
            return redirect("listing", app_key)
    context = {"listing": found, "form": form, "tab": "overview"}
    return render(request, "catalog/address.html", context, status=422 if form.errors else 200)


def _not_watched(request: HttpRequest, found: Listing) -> HttpResponse:
    messages.info(request, f"{found.name} is deployed from the command line. It has no address that is watched.")
    return redirect("listing", found.app_key)


ListingCommand = Callable[..., Listing]

ACTIONS: dict[str, tuple[ListingCommand, str]] = {
    "submission": (commands.submit_listing, "Submitted: an operator looks at it now. Until then it stays private."),
    "withdrawal": (commands.withdraw_submission, "The submission is taken back."),
    "privacy": (commands.make_private, "It is private now. Sites that have it keep it and get its new versions."),
    "poll": (commands.poll_now, "A poll is asked for; what it finds shows here."),
    "resumption": (commands.resume, "Resumed: versions are made again, and it is polled at once."),
}
"""What the buttons of a listing do: last part of the address -> command, and what is said when it is done."""


@require_POST
@signed_in
def listing_action(request: HttpRequest, app_key: str, action: str) -> HttpResponse:
    """Do what one button of a listing's page says. What does not fit the state of things is said there."""
    command, said = ACTIONS[action]
    try:
        command(app_key, by=caller_of(request), now=domain_now())
    except IllegalTransitionError:
        messages.error(request, "Nothing was done: the app's state has changed meanwhile and now is what you see here.")
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("listing", app_key)


def listing_lines(listings: Iterable[Listing]) -> list[ListingLine]:
    """Put beside each listing how far it has come, with one question for all of them."""
    rows = list(listings)
    reached = rollout.reach(rows)
    return [ListingLine(row, reached.get(row.pk, rollout.Reach())) for row in rows]


def watching_facts(found: Listing, now: datetime) -> dict[str, object]:
    """How watching a listing stands; it is being polled when it is due and not held. A deployed one never is."""
    return {
        "listing": found,
        "is_polling": found.held_at is None and found.next_poll_at is not None and found.next_poll_at <= now,
        "interval": configuration.policy.poll_interval,
    }


def recent_versions(found: Listing, progress: Iterable[rollout.Progress]) -> list[VersionLine]:
    rows = versions.versions_of(found)[:FEW]
    return version_lines(rows, {each.number: each.running for each in progress})


def scope_words(scopes: Iterable[str]) -> list[tuple[str, str]]:
    """Scopes with what they let an app do."""
    return [(scope, plain_words(scope)) for scope in scopes]


def after_of(request: HttpRequest) -> str:
    """Where the page of rows begins that an address asks for."""
    return request.GET.get("after", "")[: rest.LONGEST_CURSOR]


def _list(request: HttpRequest, form: ListAppForm, caller: Caller) -> HttpResponse:
    made = commands.list_app(
        form.cleaned_data["vendor"].pk, form.cleaned_data["descriptor_url"], by=caller, now=domain_now()
    )
    messages.success(request, f"{made.name} is listed, privately, with version {made.offered}.")
    return redirect("listing", made.app_key)


def _public_page(*, after: str = "", q: str = "", limit: int = ROWS) -> tuple[list[CatalogEntry], bool]:
    catalogue.refresh()
    found, more = catalogue.public(after=after, limit=limit, q=q)
    return [each.entry for each in found if each.entry is not None], more


def _chart(found: Listing, now: datetime) -> str:
    return chart_of(rollout.progress_over_time(found, since=found.created_at, until=now), until=now)


navigation.add("marketplace", "Apps", "home")
navigation.add("marketplace", "Catalogue", "apps")

urls = [
    path("", home, name="home"),
    path("apps/", apps, name="apps"),
    path("apps/<str:app_key>/", app, name="app"),
    path("listings/", listing_list, name="listings"),
    path("new-listing/", list_app, name="list_app"),
    path("listings/<str:app_key>/", listing, name="listing"),
    path("listings/<str:app_key>/watching/", listing_watching, name="listing_watching"),
    path("listings/<str:app_key>/address/", listing_address, name="listing_address"),
    *(
        path(f"listings/<str:app_key>/{action}/", listing_action, {"action": action}, name=f"listing_{action}")
        for action in ACTIONS
    ),
]
