"""The pages about deployed apps: which there are, what was deployed where, what lies between versions, and a try."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ConflictError, IllegalTransitionError, NotFoundError, TradepostError
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.forms import explain
from tradepost.marketplace.catalog.queries import ENVIRONMENTS
from tradepost.marketplace.rollout import queries as rollout

from . import commands, queries
from .deciding import Wanted
from .deployers import Deployer
from .drawing import majors_chart
from .forms import RegisterForm, TrialForm
from .models import DeployedApp
from .showing import deploying_commands, majors_of, registering_commands, shown_versions

ROWS = 50
FEW = 9
"""How many versions of one major are shown first (domain.md 4.6)."""

MOST_CHOICES = 200
"""Versions that can be chosen for a comparison; others are named in the address."""


@require_http_methods(["GET", "POST"])
@signed_in
def apps(request: HttpRequest) -> HttpResponse:
    """The deployed apps the caller may see; a POST registers one."""
    caller = caller_of(request)
    form = RegisterForm(request.POST or None, caller=caller, initial={"vendor": catalog.vendors(caller).first()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = commands.register(
                given["name"], vendor=given["vendor"].pk, app_id=given["app_id"] or None, by=caller, now=domain_now()
            )
        except TradepostError as error:
            explain(form, error, at="app_id")
        else:
            messages.success(request, f"{made.name} is registered. Deploy it from the command line now.")
            return redirect("deployed_app", made.pk)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.apps(Deployer.of(caller)), order=["name", "id"], after=after, limit=ROWS)
    context = {
        "lines": queries.app_lines(found.items),
        "next": found.next,
        "form": form,
        "may_register": catalog.vendors(caller).exists(),
        "commands": registering_commands(),
    }
    return render(request, "deployments/apps.html", context, status=422 if form.errors else 200)


@require_GET
@signed_in
def app(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """One app: its environments, and of one of them the versions by major and the sites over time."""
    found = _app(request, app_id)
    environment = _environment(request)
    now = domain_now()
    listing = queries.find_listing(found, environment)
    majors = queries.versions_by_major(listing, few=FEW) if listing else []
    sites = queries.sites_on([version for _, rows, _ in majors for version in rows])
    points = rollout.progress_over_time(listing, since=listing.created_at, until=now) if listing else []
    context = {
        **_about(found, environment, "overview"),
        "states": queries.environment_states(found),
        "listing": listing,
        "majors": majors_of(majors, sites),
        "chart": majors_chart(points, until=now),
        "commands": deploying_commands(found, environment),
    }
    return render(request, "deployments/app.html", context)


@require_GET
@signed_in
def versions(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """All versions of an environment, or of one major of it, the highest number first."""
    found = _app(request, app_id)
    environment, major = _environment(request), _major(request)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    rows = queries.versions_of(found, environment, major=major)
    page = rest.slice_of(rows, order=["-order_key"], after=after, limit=ROWS)
    context = {
        **_about(found, environment, "versions"),
        "listing": queries.find_listing(found, environment),
        "major": major,
        "rows": shown_versions(page.items, queries.sites_on(page.items)),
        "next": page.next,
    }
    return render(request, "deployments/versions.html", context)


@require_POST
@signed_in
def withdraw(request: HttpRequest, app_id: UUID, number: str) -> HttpResponse:
    """Take back a version that waits for its review."""
    found = _app(request, app_id)
    environment = request.POST.get("environment", "")
    if environment not in ENVIRONMENTS:
        raise NotFoundError("environment", environment[:20])
    try:
        commands.withdraw(found, environment, number, by=caller_of(request), now=domain_now())
    except IllegalTransitionError:
        messages.error(request, f"{number} does not wait for a review any more, so it cannot be taken back.")
    except ConflictError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{number} is withdrawn. Its number is never used again.")
    return redirect(f"{reverse('deployed_app', args=[found.pk])}?environment={environment}")


@require_GET
@signed_in
def comparison(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """What lies between two versions of an environment."""
    found = _app(request, app_id)
    environment = _environment(request)
    rows = list(queries.versions_of(found, environment)[:MOST_CHOICES])
    numbers = [each.number for each in rows]
    asked = [request.GET.get(name, "")[:40] for name in ("from", "to")]
    before, after = asked[0] or (numbers[1] if len(numbers) > 1 else ""), asked[1] or (numbers[0] if numbers else "")
    compared = queries.compare(found, environment, before, after) if before and after else None
    context = {
        **_about(found, environment, "comparison"),
        "numbers": list(dict.fromkeys([*numbers, *(each for each in (before, after) if each)])),
        "before": before,
        "after": after,
        "compared": compared,
        "listing": queries.find_listing(found, environment),
    }
    return render(request, "deployments/comparison.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def trial(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """What deploying a manifest would do. Nothing is written, so the answer may be loaded again."""
    found = _app(request, app_id)
    environment = _environment(request)
    data = request.POST if request.method == "POST" else None
    form = TrialForm(data, environments=ENVIRONMENTS, initial={"environment": environment})
    context: dict[str, object] = {**_about(found, environment, "trial"), "form": form}
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        wanted = Wanted(given["environment"], given["text"], major_version=given["major_version"], dry_run=True)
        try:
            context["outcome"] = commands.deploy(found, wanted, by=Deployer.of(caller_of(request)), now=domain_now())
        except TradepostError as error:
            context["refusal"] = error
            context["problems"] = getattr(error, "problems", ())
    status = 422 if form.errors or "refusal" in context else 200
    return render(request, "deployments/trial.html", context, status=status)


@require_GET
@signed_in
def manifest(request: HttpRequest, app_id: UUID, number: str) -> HttpResponse:
    """The manifest as it was deployed, to be kept in a file."""
    found = _app(request, app_id)
    version = queries.get_deployed_version(found, _environment(request), number)
    response = HttpResponse(queries.get_manifest(version), content_type="text/yaml; charset=utf-8")
    name = f"{version.listing.app_key}-{version.number}.yml"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@signed_in
def listing_preview(request: HttpRequest, app_key: str) -> HttpResponse:
    """From a listing to the page that tries its next manifest."""
    listing = catalog.get_listing(caller_of(request), app_key)
    found = queries.find_app_of(listing)
    if found is None:
        raise NotFoundError("deployed app", app_key)
    return redirect(f"{reverse('try_manifest', args=[found.pk])}?environment={listing.environment}")


def _app(request: HttpRequest, app_id: UUID) -> DeployedApp:
    return queries.get_app(Deployer.of(caller_of(request)), app_id)


def _environment(request: HttpRequest) -> str:
    """The environment of an address; production where it names none."""
    environment = request.GET.get("environment", "") or ENVIRONMENTS[0]
    if environment not in ENVIRONMENTS:
        raise NotFoundError("environment", environment[:20])
    return environment


def _major(request: HttpRequest) -> int | None:
    text = request.GET.get("major", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _about(found: DeployedApp, environment: str, tab: str) -> dict[str, object]:
    return {"app": found, "environment": environment, "environments": ENVIRONMENTS, "tab": tab}


navigation.add("marketplace", "Deployments", "deployed_apps")

urls = [
    path("deployed-apps/", apps, name="deployed_apps"),
    path("deployed-apps/<uuid:app_id>/", app, name="deployed_app"),
    path("deployed-apps/<uuid:app_id>/versions/", versions, name="deployed_versions"),
    path("deployed-apps/<uuid:app_id>/versions/<str:number>/withdrawal/", withdraw, name="withdraw_version"),
    path("deployed-apps/<uuid:app_id>/versions/<str:number>/manifest.yml", manifest, name="version_manifest"),
    path("deployed-apps/<uuid:app_id>/comparison/", comparison, name="compare_versions"),
    path("deployed-apps/<uuid:app_id>/trial/", trial, name="try_manifest"),
    path("listings/<str:app_key>/deployment-trial/", listing_preview, name="deployed_listing_preview"),
]
