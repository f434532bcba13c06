"""The page about the builds of an app: who may deploy it without a person, who tried, and how it is done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from tradepost.core.errors import ConflictError, InvalidInputError, ProblemsError
from tradepost.foundation import rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.queries import ENVIRONMENTS

from . import commands, queries
from .exchanging import LIFE, MOST_REFUSALS
from .forms import DeployTokenForm, TrustedBuildForm
from .issuers import accepted_issuers
from .models import DeployToken
from .snippets import snippets_for

ROWS = 50
TAB = "builds"
MOST_RUNS = 10
"""Tokens of builds that the page shows."""


@require_GET
@signed_in
def builds(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Trusted builds, refused ones, deploy tokens, and what to write into a build."""
    app, now = queries.get_app(caller_of(request), app_id), machine_now()
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found = rest.slice_of(queries.made_tokens_of(app), order=queries.ORDER, after=after, limit=ROWS)
    accepted = accepted_issuers()
    environment = _chosen_environment(request)
    context = {
        "app": app,
        "tab": TAB,
        "issuers": accepted,
        "trusted": [(each, each.issuer in accepted) for each in queries.trusted_builds_of(app)],
        "runs": queries.runs_of(app)[:MOST_RUNS],
        "refused": queries.refused_builds_of(app).order_by(*queries.REFUSED_ORDER)[:MOST_REFUSALS],
        "tokens": [(each, _state_of(each, now)) for each in found.items],
        "next": found.next,
        "usable": queries.count_usable(queries.made_tokens_of(app), now),
        "most": commands.MOST_TOKENS,
        "minutes": round(LIFE.total_seconds() / 60),
        "environment": environment,
        "environments": ENVIRONMENTS,
        "snippets": snippets_for(app.app_id, environment=environment, marketplace=configuration.marketplace_url),
    }
    return render(request, "builds/builds.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def make_token(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Make a deploy token and show it, this once: the page is not kept and cannot be asked for again."""
    caller = caller_of(request)
    app = queries.get_app(caller, app_id)
    form = DeployTokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        name, environment = form.cleaned_data["name"], form.cleaned_data["environment"]
        try:
            made = commands.make_token(
                app_id, by=caller, environment=environment, name=name, days=form.days_of_life(), now=machine_now()
            )
        except (ConflictError, InvalidInputError) as error:
            form.add_error(None, str(error))
        else:
            return _unkept(render(request, "builds/token_made.html", {"app": app, "tab": TAB, "made": made}))
    return _form(request, "builds/token_form.html", app=app, form=form)


@require_http_methods(["GET", "POST"])
@signed_in
def revoke_token(request: HttpRequest, app_id: UUID, token_id: UUID) -> HttpResponse:
    """Say what revoking a token does, and do it where somebody confirms."""
    caller, now = caller_of(request), machine_now()
    token = queries.get_token(caller, app_id, token_id)
    if request.method == "POST":
        commands.revoke_token(app_id, token_id, by=caller, now=now)
        messages.success(request, f"The deploy token {token.prefix}… is revoked.")
        return redirect("app_builds", app_id)
    context = {"app": token.app, "tab": TAB, "token": token, "state": _state_of(token, now)}
    return render(request, "builds/token_revocation.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def trust_build(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Name an issuer and what its tokens must say."""
    caller = caller_of(request)
    app, accepted = queries.get_app(caller, app_id), accepted_issuers()
    form = TrustedBuildForm(request.POST if request.method == "POST" else None, issuers=accepted)
    if request.method == "POST" and form.is_valid():
        try:
            commands.trust_build(app_id, by=caller, now=domain_now(), **form.cleaned_data)
        except ProblemsError as error:
            for problem in error.problems:
                form.add_error("claims", problem.text)
        except (ConflictError, InvalidInputError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Such builds may deploy to {form.cleaned_data['environment']} from now on.")
            return redirect("app_builds", app_id)
    return _form(request, "builds/trust_form.html", app=app, form=form, issuers=accepted)


@require_http_methods(["GET", "POST"])
@signed_in
def distrust_build(request: HttpRequest, app_id: UUID, trusted_id: UUID) -> HttpResponse:
    """Say what it means to trust a build no longer, and do it where somebody confirms."""
    caller = caller_of(request)
    trusted = queries.get_trusted_build(caller, app_id, trusted_id)
    if request.method == "POST":
        commands.distrust_build(app_id, trusted_id, by=caller, now=domain_now())
        messages.success(request, f"Such builds no longer deploy to {trusted.environment}.")
        return redirect("app_builds", app_id)
    usable = queries.count_usable(trusted.tokens.all(), machine_now())
    context = {"app": trusted.app, "tab": TAB, "trusted": trusted, "usable": usable}
    return render(request, "builds/trust_removal.html", context)


def _form(request: HttpRequest, template: str, *, form: Form, **context: Any) -> HttpResponse:
    return render(request, template, {**context, "tab": TAB, "form": form}, status=422 if form.errors else 200)


def _unkept(response: HttpResponse) -> HttpResponse:
    """The page holds a secret: nobody keeps it."""
    response["Cache-Control"] = "no-store"
    return response


def _chosen_environment(request: HttpRequest) -> str:
    chosen = request.GET.get("environment", "")
    return chosen if chosen in ENVIRONMENTS else ENVIRONMENTS[0]


def _state_of(token: DeployToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= now else "active"


urls = [
    path("deployed-apps/<uuid:app_id>/builds/", builds, name="app_builds"),
    path("deployed-apps/<uuid:app_id>/builds/tokens/new/", make_token, name="make_deploy_token"),
    path(
        "deployed-apps/<uuid:app_id>/builds/tokens/<uuid:token_id>/revocation/",
        revoke_token,
        name="deploy_token_revocation",
    ),
    path("deployed-apps/<uuid:app_id>/builds/trusted/new/", trust_build, name="trust_build"),
    path(
        "deployed-apps/<uuid:app_id>/builds/trusted/<uuid:trusted_id>/removal/",
        distrust_build,
        name="trusted_build_removal",
    ),
]
