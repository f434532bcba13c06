"""The page that adds an environment to an app. Part of the pages of the catalog, in a file of its own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from tradepost.core.errors import TradepostError
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now

from . import commands, queries
from .forms import EnvironmentForm, explain
from .models import Source


@require_http_methods(["GET", "POST"])
@signed_in
def add_environment(request: HttpRequest, app_key: str) -> HttpResponse:
    """List the same app once more, for another environment."""
    caller = caller_of(request)
    found = queries.get_listing(caller, app_key)
    if found.source == Source.DEPLOYED:
        messages.info(request, "An environment of a deployed app comes with the first deployment to it.")
        return redirect("listing", app_key)
    missing = queries.missing_environments(found)
    if not missing:
        messages.info(request, "The app has every environment already.")
        return redirect("listing", app_key)
    form = EnvironmentForm(request.POST or None, missing=missing)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.add_environment(app_key, **form.cleaned_data, by=caller, now=domain_now())
        except TradepostError as error:
            explain(form, error, at="descriptor_url")
        else:
            messages.success(request, f"{made.app_key} is listed for {made.environment}, with version {made.offered}.")
            return redirect("listing", made.app_key)
    context = {"listing": found, "form": form, "tab": "overview"}
    return render(request, "catalog/environment_form.html", context, status=422 if form.errors else 200)


urls = [path("listings/<str:app_key>/environments/new/", add_environment, name="add_environment")]
