"""The operator's pages of licenses: all of them, and one with its life, its history and what can be done to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from tradepost.core.errors import NotFoundError, TradepostError
from tradepost.core.license import Billing
from tradepost.core.states import LICENSE, LicenseEvent, LicenseState
from tradepost.foundation import navigation, rest
from tradepost.foundation.callers import Caller, caller_of, operators_only
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog.forms import explain
from tradepost.wire.licenses import CHANGED_MEANWHILE

from . import acts, queries
from .acts import Act
from .drawing import history_line, timeline_of
from .forms import ActForm, ChangeForm, PaymentForm, TrialForm
from .models import LicenseChange, SiteLicense
from .sights import LicenseSight, sight_of, sights_of
from .vendor_drawing import WORDS

ROWS = 50
DRAWN = 500
"""Changes that the picture is drawn from, the newest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One license in a table: what it is now, a word for the badge's colour, and what the badge says."""

    sight: LicenseSight
    badge: str
    words: str


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that can be done to a license from its page."""

    name: str
    form: Callable[[LicenseSight, Any], ActForm]
    do: Callable[[UUID, Act, Any], LicenseChange]
    said: str


@require_GET
@operators_only
def license_list(request: HttpRequest) -> HttpResponse:
    """Every license, the one that changed last first."""
    caller = caller_of(request)
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("app", "state", "number", "customer")}
    customer = _uuid(asked["customer"])
    found = rest.slice_of(
        queries.licenses(caller, app=asked["app"], state=asked["state"], number=asked["number"], customer=customer),
        order=queries.LICENSE_ORDER,
        after=request.GET.get("after", "")[: rest.LONGEST_CURSOR],
        limit=ROWS,
    )
    context = {
        "lines": license_lines(found.items, now=domain_now()),
        "next": found.next,
        "asked": asked,
        "is_filtered": any(asked.values()),
        "owner": queries.customers(caller).filter(pk=customer).first() if customer else None,
        "states": [(state.value, WORDS[state][1]) for state in LicenseState],
    }
    return render(request, "licensing/licenses.html", context)


@require_GET
@operators_only
def license_page(request: HttpRequest, license_id: UUID) -> HttpResponse:
    """One license."""
    return _show(request, license_id)


@require_POST
@operators_only
def act(request: HttpRequest, license_id: UUID, way: str) -> HttpResponse:
    """Do something to a license. What is refused stands beside the form; a page that was too old is shown anew."""
    caller, now = caller_of(request), domain_now()
    sight = sight_of(queries.get_license(caller, license_id), now=now)
    chosen = WAYS[way]
    form = chosen.form(sight, request.POST)
    if not form.is_valid():
        return _show(request, license_id, {way: form})
    try:
        chosen.do(license_id, _act_of(caller, form, now=now), form)
    except TradepostError as error:
        if getattr(error, "rule", "") in {CHANGED_MEANWHILE, acts.REFERENCE_USED}:
            messages.error(request, str(error))
            return redirect("license", license_id)
        explain(form, error, at="until" if way == "trial" and getattr(error, "pointer", "") else None)
        return _show(request, license_id, {way: form})
    messages.success(request, chosen.said)
    return redirect("license", license_id)


def license_lines(rows: Sequence[SiteLicense], *, now: datetime) -> list[Line]:
    """Rows for a table."""
    return [Line(sight, *WORDS[sight.terms.state]) for sight in sights_of(rows, now=now)]


def _show(request: HttpRequest, license_id: UUID, bound: dict[str, ActForm] | None = None) -> HttpResponse:
    caller, now = caller_of(request), domain_now()
    row = queries.get_license(caller, license_id)
    sight = sight_of(row, now=now)
    after = request.GET.get("after", "")[: rest.LONGEST_CURSOR]
    changes = rest.slice_of(queries.history(license_id), order=queries.HISTORY_ORDER, after=after, limit=ROWS)
    drawn = queries.history(license_id).order_by(*queries.HISTORY_ORDER)[:DRAWN]
    badge, words = WORDS[sight.terms.state]
    context = {
        "sight": sight,
        "row": row,
        "terms": sight.terms,
        "told": sight.told,
        "badge": badge,
        "words": words,
        "is_original": sight.standing.billing is Billing.ORIGINAL,
        "push": queries.find_push(row),
        "picture": timeline_of(list(drawn), sight.terms, changes_at=sight.told.changes_at, now=now),
        "changes": [history_line(each) for each in changes.items],
        "next": changes.next,
        **_forms(sight, bound or {}),
    }
    return render(request, "licensing/license.html", context, status=422 if bound else 200)


def _forms(sight: LicenseSight, bound: dict[str, ActForm]) -> dict[str, Any]:
    """The forms of what the state allows, and the one that was refused."""
    events = LICENSE.transitions[sight.terms.state]
    paid = sight.standing.paid
    may = {
        "payment": paid and (LicenseEvent.BOUGHT in events or LicenseEvent.RENEWED in events),
        "change": sight.terms.state in {LicenseState.TRIAL, LicenseState.ACTIVE, LicenseState.CANCELLED},
        "trial": paid and sight.terms.state in {LicenseState.NONE, LicenseState.TRIAL},
        "cancellation": LicenseEvent.CANCELLED in events and sight.terms.period_ends_at is not None,
        "resumption": LicenseEvent.RESUMED in events,
        "end": LicenseEvent.ENDED in events,
    }
    shown = {name: bound.get(name) or WAYS[name].form(sight, None) for name, is_open in may.items() if is_open}
    return {"forms": {**bound, **shown}, "refused": next(iter(bound), "")}


def _act_of(caller: Caller, form: ActForm, *, now: datetime) -> Act:
    given = form.cleaned_data
    return Act(
        by=caller,
        now=now,
        why=given["why"],
        reference=given["reference"] or None,
        seen=given["seen"],
    )


def _plain_form(sight: LicenseSight, given: Any) -> ActForm:
    return ActForm(given, seen=sight.row.revision, auto_id="id_%s")


def _order_form(kind: type[PaymentForm | ChangeForm]) -> Callable[[LicenseSight, Any], ActForm]:
    def form(sight: LicenseSight, given: Any) -> ActForm:
        standing = sight.standing
        has_editions = standing.live_at is not None and standing.billing is Billing.IMPROVED
        name = "pay" if kind is PaymentForm else "change"
        return kind(given, seen=sight.row.revision, terms=sight.terms, has_editions=has_editions, auto_id=f"{name}_%s")

    return form


def _trial_form(sight: LicenseSight, given: Any) -> ActForm:
    ends = sight.terms.trial_ends_at
    initial = {"until": ends} if ends else {}
    return TrialForm(given, seen=sight.row.revision, initial=initial, auto_id="trial_%s")


def _set_trial(license_id: UUID, act: Act, form: TrialForm) -> LicenseChange:
    return acts.set_trial(license_id, act, ends_at=form.ends_at())


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFoundError("customer", text) from error


WAYS = {
    way.name: way
    for way in (
        Way("payment", _order_form(PaymentForm), lambda pk, act, form: acts.pay(pk, act, form.order()), "It is paid."),
        Way("change", _order_form(ChangeForm), lambda pk, act, form: acts.change(pk, act, form.order()), "Changed."),
        Way("trial", _trial_form, _set_trial, "The trial is set."),
        Way("cancellation", _plain_form, lambda pk, act, _: acts.cancel(pk, act), "It is cancelled, and runs on."),
        Way("resumption", _plain_form, lambda pk, act, _: acts.resume(pk, act), "The cancellation is taken back."),
        Way("end", _plain_form, lambda pk, act, _: acts.end(pk, act), "It is over."),
    )
}

navigation.add("marketplace", "All licenses", "licenses", navigation.operators, group="operator")

urls = [
    path("licenses/", license_list, name="licenses"),
    path("licenses/<uuid:license_id>/", license_page, name="license"),
    *(path(f"licenses/<uuid:license_id>/{name}/", act, {"way": name}, name=f"license_{name}") for name in WAYS),
]
