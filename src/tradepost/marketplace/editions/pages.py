"""The pages about the editions of an app: what a vendor drafts, what is missing, and what is live."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, IllegalTransitionError, NotFoundError, ProblemsError
from tradepost.core.states import EditionsState
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import Caller, caller_of, operators_only, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing

from . import commands, queries
from .checks import find_warnings
from .drafts import Draft, FeatureDraft
from .forms import FeatureForm, PricesForm, explain, feature_initial, prices_initial
from .models import ListingEditions
from .showing import compared, differences

ROWS = 50

Change = Callable[[Draft], Draft]


@require_GET
@signed_in
def editions(request: HttpRequest, app_key: str) -> HttpResponse:
    """What is live, what is drafted, what it lacks."""
    return _show(request, catalog.get_listing(caller_of(request), app_key))


@require_http_methods(["GET", "POST"])
@signed_in
def new_feature(request: HttpRequest, app_key: str) -> HttpResponse:
    """Add a feature behind the others."""
    listing = catalog.get_listing(caller_of(request), app_key)
    return _edit_feature(request, listing, None)


@require_http_methods(["GET", "POST"])
@signed_in
def feature(request: HttpRequest, app_key: str, feature_id: UUID) -> HttpResponse:
    """Change a feature."""
    listing = catalog.get_listing(caller_of(request), app_key)
    return _edit_feature(request, listing, _find(listing, feature_id))


@require_POST
@signed_in
def feature_removal(request: HttpRequest, app_key: str, feature_id: UUID) -> HttpResponse:
    """Take a feature away."""
    listing = catalog.get_listing(caller_of(request), app_key)
    gone = _find(listing, feature_id)
    return _change(
        request,
        listing,
        lambda draft: replace(draft, features=tuple(each for each in draft.features if each.id != gone.id)),
        said=f"{gone.name} is taken away.",
    )


@require_POST
@signed_in
def feature_rise(request: HttpRequest, app_key: str, feature_id: UUID) -> HttpResponse:
    """Put a feature before the one above it."""
    listing = catalog.get_listing(caller_of(request), app_key)
    rising = _find(listing, feature_id)
    return _change(request, listing, lambda draft: _risen(draft, rising.id), said=f"{rising.name} stands higher now.")


@require_POST
@signed_in
def prices(request: HttpRequest, app_key: str) -> HttpResponse:
    """Set the prices."""
    caller = caller_of(request)
    listing = catalog.get_listing(caller, app_key)
    form = PricesForm(request.POST)
    if not form.is_valid():
        return _show(request, listing, form, status=422)
    draft = queries.drafted(queries.find_editions(listing))
    draft = replace(draft, currency=form.cleaned_data["currency"], prices=form.prices())
    try:
        _save(caller, listing, draft, form.cleaned_data["revision"])
    except (ProblemsError, ConflictError) as error:
        explain(form, error)
        return _show(request, listing, form, status=422)
    messages.success(request, _kept(listing, "The prices are saved."))
    return redirect("editions", app_key)


ACTIONS = {
    "submission": (commands.submit, "Submitted: an operator looks at the editions now."),
    "submission-withdrawal": (commands.withdraw_submission, "The submission is taken back."),
    "withdrawal": (commands.withdraw_live, "The app is offered without editions again."),
}
"""What the buttons of the page do: last part of the address -> command, and what is said when it is done."""


@require_POST
@signed_in
def editions_action(request: HttpRequest, app_key: str, action: str) -> HttpResponse:
    """Do what one button says. What is missing stands on the page already."""
    command, said = ACTIONS[action]
    try:
        command(app_key, by=caller_of(request), now=domain_now())
    except IllegalTransitionError:
        messages.error(request, "Nothing was done: the editions have changed meanwhile and now are what you see here.")
    except ProblemsError as error:
        texts = " ".join(problem.text for problem in error.problems[:5])
        messages.error(request, f"They cannot go live yet. {texts}")
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("editions", app_key)


@require_GET
@operators_only
def early_access(request: HttpRequest) -> HttpResponse:
    """To which vendors editions are open."""
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    rows = queries.vendors_by_access(caller_of(request))
    found = rest.slice_of(rows, order=["name"], after=after, limit=ROWS)
    context = {"vendors": found.items, "next": found.next, "for_all": configuration.policy.editions_for_all}
    return render(request, "editions/early_access.html", context)


@require_POST
@operators_only
def change_early_access(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """Open editions to a vendor, or close them."""
    is_open = "open" in request.POST
    vendor = commands.set_early_access(vendor_id, is_open=is_open, by=caller_of(request), now=domain_now())
    done = "open" if is_open else "closed; those that are live stay"
    messages.success(request, f"Editions are {done} for {vendor.name}.")
    return redirect("early_access")


def _edit_feature(request: HttpRequest, listing: Listing, found: FeatureDraft | None) -> HttpResponse:
    kept = queries.find_editions(listing)
    form = FeatureForm(
        request.POST or None,
        modules=queries.module_choices(listing),
        feature=found,
        initial=feature_initial(found, kept.revision if kept else 0),
    )
    if request.method == "POST" and form.is_valid():
        draft, place = _with_feature(queries.drafted(kept), form.draft())
        try:
            _save(caller_of(request), listing, draft, form.cleaned_data["revision"])
        except (ProblemsError, ConflictError) as error:
            explain(form, error, place=f"/features/{place}")
        else:
            messages.success(request, _kept(listing, f"{form.cleaned_data['name']} is saved."))
            return redirect("editions", listing.app_key)
    context = {"listing": listing, "tab": "editions", "form": form, "feature": found}
    return render(request, "editions/feature.html", context, status=422 if form.errors else 200)


def _with_feature(draft: Draft, given: FeatureDraft) -> tuple[Draft, int]:
    """The draft with a feature put in its place, and which place that is."""
    ids = [each.id for each in draft.features]
    place = ids.index(given.id) if given.id in ids else len(ids)
    features = [*draft.features[:place], given, *draft.features[place + 1 :]]
    return replace(draft, features=tuple(features)), place


def _risen(draft: Draft, ref: str) -> Draft:
    rows = list(draft.features)
    place = next((n for n, each in enumerate(rows) if each.id == ref), 0)
    if place:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    return replace(draft, features=tuple(rows))


def _change(request: HttpRequest, listing: Listing, change: Change, *, said: str) -> HttpResponse:
    """Change the draft with one button. The page that was seen says its revision."""
    revision = request.POST.get("revision", "")
    draft = change(queries.drafted(queries.find_editions(listing)))
    try:
        _save(caller_of(request), listing, draft, int(revision) if revision.isdecimal() else -1)
    except (ProblemsError, ConflictError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _kept(listing, said))
    return redirect("editions", listing.app_key)


def _save(caller: Caller, listing: Listing, draft: Draft, revision: int) -> None:
    commands.save_draft(listing.app_key, draft, revision=revision, by=caller, now=domain_now())


def _kept(listing: Listing, said: str) -> str:
    found = queries.find_editions(listing)
    waits = found is not None and found.draft is not None
    later = " Customers see the change once an operator has agreed: submit it when you are ready."
    return said + later if waits else said


def _find(listing: Listing, feature_id: UUID) -> FeatureDraft:
    found = queries.drafted(queries.find_editions(listing)).find_feature(str(feature_id))
    if found is None:
        raise NotFoundError("feature", feature_id)
    return found


def _show(request: HttpRequest, listing: Listing, form: PricesForm | None = None, *, status: int = 200) -> HttpResponse:
    found = queries.find_editions(listing)
    facts = found or ListingEditions(listing=listing, revision=0)
    draft, live = queries.drafted(found), queries.live_draft(listing)
    modules = queries.module_choices(listing)
    in_review = queries.waiting_review(listing)
    is_open = queries.may_offer(listing.vendor)
    context = {
        "listing": listing,
        "tab": "editions",
        "editions": facts,
        "is_live": facts.state == EditionsState.LIVE,
        "has_changes": facts.draft is not None,
        "changes": differences(live, draft) if live and facts.draft else [],
        "draft": compared(draft),
        "live": compared(live) if live else None,
        "in_review": in_review,
        "is_open": is_open,
        "may_change": (is_open or live is not None) and in_review is None,
        "missing": queries.missing_from(draft, listing, [each.key for each in modules]),
        "warnings": find_warnings(draft),
        "form": form or PricesForm(initial=prices_initial(draft, facts.revision)),
        "paying": queries.paying_above_lowest(listing) if live else 0,
    }
    return render(request, "editions/editions.html", context, status=status)


navigation.add("marketplace", "Early access", "early_access", navigation.operators, group="operator")

FEATURE = "listings/<str:app_key>/editions/features/<uuid:feature_id>/"
urls = [
    path("listings/<str:app_key>/editions/", editions, name="editions"),
    path("listings/<str:app_key>/editions/features/new/", new_feature, name="new_feature"),
    path(FEATURE, feature, name="feature"),
    path(f"{FEATURE}removal/", feature_removal, name="feature_removal"),
    path(f"{FEATURE}rise/", feature_rise, name="feature_rise"),
    path("listings/<str:app_key>/editions/prices/", prices, name="edition_prices"),
    *(
        path(f"listings/<str:app_key>/editions/{action}/", editions_action, {"action": action}, name=f"editions_{name}")
        for action in ACTIONS
        for name in [action.replace("-", "_")]
    ),
    path("early-access/", early_access, name="early_access"),
    path("early-access/<uuid:vendor_id>/", change_early_access, name="change_early_access"),
]
