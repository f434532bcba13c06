"""The pages about reviews: the queue, and one review with all that a decision needs."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from tradepost.core.errors import ConflictError, InvalidInputError, ProblemsError
from tradepost.core.scopes import plain_words
from tradepost.core.states import ReviewState
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import caller_of, operators_only, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog.forms import explain
from tradepost.marketplace.editions import queries as editions
from tradepost.marketplace.editions.checks import find_missing, find_warnings
from tradepost.marketplace.editions.drafts import from_json
from tradepost.marketplace.editions.showing import compared, differences
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.releases.pages import pretty

from . import commands, queries
from .forms import DecisionForm
from .models import Review

ROWS = 50


@require_GET
@signed_in
def review_list(request: HttpRequest) -> HttpResponse:
    """What waits, the longest first; other states the newest first."""
    state = request.GET.get("state", ReviewState.WAITING)
    waits = state == ReviewState.WAITING
    rows = queries.reviews(caller_of(request), state=state)
    order = ["asked_at", "id"] if waits else ["-asked_at", "-id"]
    found = rest.slice_of(rows, order=order, after=request.GET.get("after", "")[: rest.LONGEST_CURSOR], limit=ROWS)
    context = {"reviews": found.items, "next": found.next, "state": state, "states": list(ReviewState), "waits": waits}
    return render(request, "reviews/reviews.html", context)


@require_GET
@signed_in
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """One review; its vendor may look, too."""
    return _show(request, queries.get_review(caller_of(request), review_id), DecisionForm())


@require_http_methods(["POST"])
@operators_only
def decide(request: HttpRequest, review_id: UUID, verdict: str) -> HttpResponse:
    """Approve or reject."""
    caller = caller_of(request)
    found = queries.get_review(caller, review_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    command = commands.approve if verdict == "approval" else commands.reject
    try:
        command(found.pk, comment=form.cleaned_data["comment"], by=caller, now=domain_now())
    except InvalidInputError as error:
        explain(form, error, at="comment")
        return _show(request, found, form, status=422)
    except (ConflictError, ProblemsError) as error:
        messages.error(request, str(error))
        return redirect("review", found.pk)
    said = "approved" if verdict == "approval" else "rejected; the vendor is told why"
    messages.success(request, f"The review of {found.about} is {said}.")
    return redirect("reviews")


def _show(request: HttpRequest, found: Review, form: DecisionForm, *, status: int = 200) -> HttpResponse:
    may_decide = caller_of(request).is_operator and found.state == ReviewState.WAITING
    context = {"review": found, "listing": found.listing, "form": form, "may_decide": may_decide}
    if found.version is None:
        return render(request, "reviews/editions.html", context | _edition_facts(found), status=status)
    return render(request, "reviews/review.html", context | _version_facts(found, found.version), status=status)


def _edition_facts(found: Review) -> dict[str, object]:
    """What was submitted; while it waits beside what is live, and with what it lacks now."""
    draft, waits = from_json(found.draft), found.state == ReviewState.WAITING
    live = editions.live_draft(found.listing) if waits else None
    modules = [each.key for each in editions.module_choices(found.listing)]
    return {
        "table": compared(draft),
        "live": compared(live) if live else None,
        "changes": differences(live, draft) if live else [],
        "missing": find_missing(draft, paid=editions.is_paid(found.listing), modules=modules),
        "warnings": find_warnings(draft),
    }


def _version_facts(found: Review, reviewed: AppVersion) -> dict[str, object]:
    version = versions.get_version(found.listing, reviewed.number)
    before = None if found.kind == "listing" else versions.find_offered_before(version)
    text, is_whole = pretty(version)
    return {
        "version": version,
        "before": before,
        "difference": versions.difference_between(before, version) if before else None,
        "scopes": [(scope, plain_words(scope)) for scope in version.scopes],
        "text": text,
        "is_whole": is_whole,
    }


navigation.add("marketplace", "Reviews", "reviews")

urls = [
    path("reviews/", review_list, name="reviews"),
    path("reviews/<uuid:review_id>/", review, name="review"),
    *(
        path(f"reviews/<uuid:review_id>/{verdict}/", decide, {"verdict": verdict}, name=f"review_{verdict}")
        for verdict in ("approval", "rejection")
    ),
]
