"""The pages about the access tokens of an app, and the address that an installation link leads to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError, InvalidInputError, LimitError
from tradepost.core.license import Simulated
from tradepost.core.states import AccessTokenState
from tradepost.foundation import problems, rest
from tradepost.foundation.callers import caller_of, signed_in
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.throttling import Throttle
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.editions import queries as editions

from . import commands, queries
from .forms import SIMULATED_WORDS, NewTokenForm, SimulationForm
from .models import AccessToken

ROWS = 50
TAB = "tokens"

GUESSES = Throttle(most=30, window=timedelta(minutes=10))
"""Links that lead nowhere, for each address they are asked from."""


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token in the table: what it is now, and what it makes its site's license look like, in words."""

    token: AccessToken
    state: AccessTokenState
    simulates: str
    edition: str

    @property
    def is_usable(self) -> bool:
        return self.state in {AccessTokenState.UNBOUND, AccessTokenState.BOUND}


@require_GET
@signed_in
def token_list(request: HttpRequest, app_key: str) -> HttpResponse:
    """The access tokens of an app."""
    listing = catalog.get_listing(caller_of(request), app_key)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    found, now = rest.slice_of(queries.tokens_of(listing), order=queries.ORDER, after=after, limit=ROWS), domain_now()
    context = {
        "listing": listing,
        "tab": TAB,
        "lines": [_line(token, now) for token in found.items],
        "next": found.next,
        "active": queries.count_active(listing, now),
        "most": configuration.policy.access_tokens_per_app,
    }
    return render(request, "tokens/tokens.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def make_token(request: HttpRequest, app_key: str) -> HttpResponse:
    """Make a token and show it, this once: the page is not kept and cannot be asked for again."""
    caller = caller_of(request)
    listing = catalog.get_listing(caller, app_key)
    form, now = NewTokenForm(request.POST if request.method == "POST" else None), domain_now()
    if request.method == "POST" and form.is_valid():
        life = form.life()
        try:
            expires_at = now + life if life is not None else None
            made = commands.make(app_key, by=caller, now=now, name=form.cleaned_data["name"], expires_at=expires_at)
        except (ConflictError, InvalidInputError) as error:
            form.add_error(None, str(error))
        else:
            return _show(request, made)
    context = {"listing": listing, "tab": TAB, "form": form}
    return render(request, "tokens/token_form.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def new_link(request: HttpRequest, app_key: str, token_id: UUID) -> HttpResponse:
    """Give a token another secret and link and show them, this once."""
    try:
        made = commands.new_link(app_key, token_id, by=caller_of(request), now=domain_now())
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("access_tokens", app_key)
    return _show(request, made)


@require_http_methods(["GET", "POST"])
@signed_in
def remove_token(request: HttpRequest, app_key: str, token_id: UUID) -> HttpResponse:
    """Say what removing a token does, and do it where somebody confirms."""
    caller = caller_of(request)
    token = queries.get_token(caller, app_key, token_id)
    if request.method == "POST":
        try:
            commands.remove(app_key, token_id, by=caller, now=domain_now())
        except ConflictError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The token {token.prefix}… is removed.")
        return redirect("access_tokens", app_key)
    context = {"listing": token.listing, "tab": TAB, "line": _line(token, domain_now())}
    return render(request, "tokens/token_removal.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def simulation(request: HttpRequest, app_key: str, token_id: UUID) -> HttpResponse:
    """Choose what a token makes its site's license look like."""
    caller, now = caller_of(request), domain_now()
    token = queries.get_token(caller, app_key, token_id)
    form = SimulationForm(
        request.POST if request.method == "POST" else None,
        initial={"simulated": token.simulated, "edition": token.edition},
        has_editions=editions.has_editions(token.listing),
    )
    if request.method == "POST" and form.is_valid():
        try:
            commands.simulate(app_key, token_id, by=caller, now=now, **form.cleaned_data)
        except (ConflictError, InvalidInputError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _simulated_now(token))
            return redirect("access_tokens", app_key)
    context = {"listing": token.listing, "tab": TAB, "line": _line(token, now), "form": form}
    return render(request, "tokens/token_simulation.html", context, status=422 if form.errors else 200)


@require_GET
def descriptor(request: HttpRequest, app_key: str) -> HttpResponse:
    """What an installation link leads to: the newest descriptor, for whoever holds a token that is not used yet.

    Looking at it binds nothing. Whatever is wrong with a token, the answer is the same.
    """
    address = request.META.get("REMOTE_ADDR", "")
    machine = machine_now()
    try:
        GUESSES.check(address, now=machine)
    except LimitError as error:
        return _unkept(problems.answer_for(request, error))
    content = queries.find_installable(app_key, request.GET.get(queries.PARAMETER, ""), now=domain_now())
    if content is None:
        GUESSES.count(address, now=machine)
        text = "There is no app behind this link: it was used, removed or replaced, or has expired."
        return _unkept(problems.answer_status(request, 404, text))
    return _unkept(HttpResponse(content, content_type="application/json"))


def _unkept(response: HttpResponse) -> HttpResponse:
    """The address holds a secret: nobody keeps the answer or says from where they come."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _show(request: HttpRequest, made: commands.Made) -> HttpResponse:
    context = {"listing": made.token.listing, "tab": TAB, "made": made}
    return _unkept(render(request, "tokens/token_made.html", context))


def _line(token: AccessToken, now: datetime) -> TokenLine:
    words = SIMULATED_WORDS[Simulated(token.simulated)]
    return TokenLine(token, queries.state_of(token, now), words, Edition(token.edition).word)


def _simulated_now(token: AccessToken) -> str:
    if token.applied and token.site is not None:
        return f"{token.site.name} is told of it at once."
    return "The license looks so as soon as a site uses the token."


urls = [
    path("apps/<str:app_key>/descriptor", descriptor, name="descriptor_behind_link"),
    path("listings/<str:app_key>/tokens/", token_list, name="access_tokens"),
    path("listings/<str:app_key>/tokens/new/", make_token, name="make_access_token"),
    path("listings/<str:app_key>/tokens/<uuid:token_id>/link/", new_link, name="access_token_link"),
    path("listings/<str:app_key>/tokens/<uuid:token_id>/removal/", remove_token, name="access_token_removal"),
    path("listings/<str:app_key>/tokens/<uuid:token_id>/simulation/", simulation, name="access_token_simulation"),
]
