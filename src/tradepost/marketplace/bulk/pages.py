"""The pages about rollouts that vendors start: to look ahead and start, to see how far they are, to cancel."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from tradepost.core.errors import ConflictError, InvalidInputError, LimitError
from tradepost.core.states import BulkSiteState, BulkUpgradeState
from tradepost.foundation import problems, rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog.queries import ENVIRONMENTS
from tradepost.marketplace.deployments import queries as deployed
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.rollout.numbers import major_of

from . import commands, queries
from .drawing import KINDS, SITE_WORDS, STATE_WORDS, RolloutLine, chart_of, site_lines
from .forms import RolloutForm
from .models import BulkUpgrade
from .prospects import look_ahead, told

ROWS = 50
FEW = 10
"""Failed sites that are shown beside the progress; all of them are in the table."""


@require_GET
@signed_in
def rollouts(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """The rollouts of an app, filtered by environment and state."""
    by, app = _who_and_what(request, app_id)
    asked = {name: request.GET.get(name, "").strip()[:20] for name in ("environment", "state")}
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.rollouts(by, app, **asked), order=queries.ORDER, after=after, limit=ROWS)
    counts = queries.counts_of(found.items)
    context = _about(app, asked["environment"]) | {
        "lines": [RolloutLine(bulk, counts[bulk.pk]) for bulk in found.items],
        "next": found.next,
        "asked": asked,
        "states": [(name, words) for name, (_, words) in STATE_WORDS.items()],
    }
    return render(request, "bulk/rollouts.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def start(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Say which sites a rollout would take and which not, and why; start it where somebody confirms."""
    by, app = _who_and_what(request, app_id)
    sent = request.POST if request.method == "POST" else request.GET
    environment = sent.get("environment", "")
    environment = environment if environment in ENVIRONMENTS else ENVIRONMENTS[0]
    choices = _choices(app, environment)
    form = RolloutForm(sent if "from_major" in sent else None, initial={"environment": environment}, **choices)
    context = _about(app, environment) | {"form": form, **choices}
    if form.is_bound and form.is_valid():
        try:
            if request.method == "POST":
                bulk = commands.start(app.pk, form.wanted(), by=by, now=domain_now()).bulk
                messages.success(request, "The rollout has begun; its sites are told within minutes.")
                return redirect("rollout", app.pk, bulk.pk)
            context |= _prospect(by, app, form)
        except (ConflictError, InvalidInputError, LimitError) as error:
            context |= {"refusal": error, "problems": problems.problems_of(error)}
    is_wrong = bool(form.errors) or ("refusal" in context and request.method == "POST")
    return render(request, "bulk/start.html", context, status=422 if is_wrong else 200)


@require_GET
@signed_in
def rollout(request: HttpRequest, app_id: UUID, rollout_id: UUID) -> HttpResponse:
    """One rollout: how far it is, what became of each site, and what it did not take."""
    by, app = _who_and_what(request, app_id)
    bulk = queries.get_rollout(by, app, rollout_id)
    state = request.GET.get("state", "")
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.sites_of(bulk, state=state[:20]), order=["id"], after=after, limit=ROWS)
    context = _progress(app, bulk) | {
        "rows": site_lines(found.items, queries.reports_of(bulk, [row.site_id for row in found.items])),
        "next": found.next,
        "asked": {"state": state},
        "states": [(name, words) for name, (_, words) in SITE_WORDS.items()],
    }
    return render(request, "bulk/rollout.html", context)


@require_GET
@signed_in
def progress(request: HttpRequest, app_id: UUID, rollout_id: UUID) -> HttpResponse:
    """The part of that page that changes while the rollout runs."""
    by, app = _who_and_what(request, app_id)
    return render(request, "bulk/progress.html", _progress(app, queries.get_rollout(by, app, rollout_id)))


@require_http_methods(["GET", "POST"])
@signed_in
def cancel(request: HttpRequest, app_id: UUID, rollout_id: UUID) -> HttpResponse:
    """Say what cancelling does, and do it where somebody confirms."""
    by, app = _who_and_what(request, app_id)
    bulk = queries.get_rollout(by, app, rollout_id)
    if request.method == "GET" and bulk.state == BulkUpgradeState.RUNNING:
        counts = queries.counts_of([bulk])[bulk.pk]
        context = _about(app, bulk.listing.environment) | {"line": RolloutLine(bulk, counts)}
        return render(request, "bulk/cancellation.html", context)
    try:
        commands.cancel(app.pk, bulk.pk, by=by, now=domain_now())
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The rollout is cancelled.")
    return redirect("rollout", app.pk, bulk.pk)


def _who_and_what(request: HttpRequest, app_id: UUID) -> tuple[Deployer, DeployedApp]:
    by = Deployer.of(caller_of(request))
    return by, deployed.get_app(by, app_id)


def _about(app: DeployedApp, environment: str) -> dict[str, Any]:
    """What the frame of an app's pages shows."""
    return {"app": app, "environment": environment, "environments": ENVIRONMENTS, "tab": "rollouts"}


def _choices(app: DeployedApp, environment: str) -> dict[str, Any]:
    """The majors from which and the versions to which sites could go."""
    listing = deployed.find_listing(app, environment)
    targets = queries.targets(listing) if listing is not None else []
    if listing is None or not targets:
        return {"majors": [], "targets": []}
    majors = queries.majors_in_use(listing, below=major_of(targets[0]))
    lowest = min((major for major, _ in majors), default=0)
    return {"majors": majors, "targets": [each for each in targets if major_of(each) > lowest]}


def _prospect(by: Deployer, app: DeployedApp, form: RolloutForm) -> dict[str, Any]:
    """What the page says before somebody confirms; also where nothing could be started now."""
    prospect = look_ahead(by, app, form.wanted())
    found: dict[str, Any] = {
        "prospect": prospect,
        "kind": KINDS[prospect.kind],
        "apart": prospect.apart(),
        "asked_later": told(prospect.asked_later),
    }
    try:
        commands.look(app.pk, form.wanted(), by=by)
    except (ConflictError, LimitError) as error:
        found |= {"refusal": error, "running": queries.find_running(prospect.listing)}
    return found


def _progress(app: DeployedApp, bulk: BulkUpgrade) -> dict[str, Any]:
    now = domain_now()
    failed = queries.sites_of(bulk, state=BulkSiteState.FAILED)[:FEW]
    until = bulk.finished_at or now
    return _about(app, bulk.listing.environment) | {
        "line": RolloutLine(bulk, queries.counts_of([bulk])[bulk.pk]),
        "failed": list(failed),
        "chart": chart_of(queries.over_time(bulk, until=until), until=until),
    }


urls = [
    path("deployed-apps/<uuid:app_id>/rollouts/", rollouts, name="rollouts"),
    path("deployed-apps/<uuid:app_id>/rollouts/new/", start, name="start_rollout"),
    path("deployed-apps/<uuid:app_id>/rollouts/<uuid:rollout_id>/", rollout, name="rollout"),
    path("deployed-apps/<uuid:app_id>/rollouts/<uuid:rollout_id>/progress/", progress, name="rollout_progress"),
    path("deployed-apps/<uuid:app_id>/rollouts/<uuid:rollout_id>/cancellation/", cancel, name="cancel_rollout"),
]
