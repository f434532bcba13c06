"""The pages both services have: API tokens, and for operators the clock, the audit log, mails and work."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import InvalidInputError, TradepostError

from . import commands, navigation, queries, rest, tokens
from .callers import SCOPES, Caller, caller_of, operators_only, service_of, signed_in
from .clock import domain_now, machine_now
from .configuration import configuration
from .forms import ClockForm, TokenForm

STEPS = {"1": timedelta(hours=1), "5": timedelta(hours=5), "24": timedelta(hours=24)}
ROWS = 50


@require_GET
@signed_in
def token_list(request: HttpRequest) -> HttpResponse:
    mine = tokens.tokens_of(caller_of(request).user.pk).order_by("-created_at")[:200]
    return render(request, "foundation/tokens.html", {"tokens": mine, "now": machine_now(), "scopes": SCOPES})


@require_http_methods(["GET", "POST"])
@signed_in
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once: the page is not kept and cannot be asked for again."""
    caller = caller_of(request)
    form = TokenForm(request.POST or None, caller=caller)
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 422
        return render(request, "foundation/token_form.html", {"form": form}, status=status)
    try:
        token, plain = _make_token(request, caller, form)
    except InvalidInputError as error:
        form.add_error("name" if error.pointer == "/name" else None, str(error))
        return render(request, "foundation/token_form.html", {"form": form}, status=422)
    response = render(request, "foundation/token_made.html", {"token": token, "plain": plain})
    response["Cache-Control"] = "no-store"
    return response


def _make_token(request: HttpRequest, caller: Caller, form: TokenForm) -> tuple[tokens.ApiToken, str]:
    return tokens.make_token(
        by=caller,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_in=form.life(),
        service=service_of(request),
        now=machine_now(),
    )


@require_POST
@signed_in
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    tokens.revoke(token_id, by=caller_of(request), service=service_of(request), now=machine_now())
    messages.success(request, "The token is revoked: it works no more.")
    return redirect("tokens")


@require_http_methods(["GET", "POST"])
@operators_only
def clock(request: HttpRequest) -> HttpResponse:
    """Domain time: where it stands, what is due next, and moving it."""
    service = service_of(request)
    form = ClockForm(request.POST if request.method == "POST" and "to" in request.POST else None)
    if request.method == "POST":
        try:
            if _move(request, form, service):
                return redirect("clock")
        except TradepostError as error:
            form.add_error(None, str(error)) if form.is_bound else messages.error(request, str(error))
    return render(request, "foundation/clock.html", {"form": form, "steps": STEPS, **_clock_facts(service)})


def _move(request: HttpRequest, form: ClockForm, service: str) -> bool:
    """Move as the form asks. False when the form has to be shown again."""
    step = request.POST.get("step", "")
    now = domain_now()
    if step == "next":
        target = queries.clock_state(service).next_due
        if target is None:
            messages.info(request, "Nothing is due at any time.")
            return True
        target = max(target, now)
    elif step in STEPS:
        target = now + STEPS[step]
    elif form.is_bound and form.is_valid():
        target = form.instant()
    else:
        return False
    commands.set_clock(target, by=caller_of(request), service=service)
    messages.success(request, f"Domain time is now {domain_now():%Y-%m-%d %H:%M:%S} UTC.")
    return True


@require_GET
@operators_only
def clock_working(request: HttpRequest) -> HttpResponse:
    """The part of the clock page that refreshes itself while work goes on."""
    return render(request, "foundation/clock_working.html", _clock_facts(service_of(request)))


def _clock_facts(service: str) -> dict[str, object]:
    state = queries.clock_state(service)
    works = queries.work_states(service, now=state.now, machine=state.machine)
    return {
        "state": state,
        "works": works,
        "can_move": configuration.sandbox,
        "has_worker": queries.has_worker(machine=state.machine),
    }


@require_GET
@operators_only
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    asked = {name: request.GET.get(name, "").strip()[:254] for name in ("action", "actor", "subject")}
    rows = queries.audit_entries(service_of(request), **asked)
    found = rest.slice_of(rows, order=queries.AUDIT_ORDER, after=_after(request), limit=ROWS)
    return render(request, "foundation/audit.html", {"entries": found.items, "next": found.next, "asked": asked})


@require_GET
@operators_only
def mail_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = queries.mails(service_of(request), state=state)
    found = rest.slice_of(rows, order=queries.MAIL_ORDER, after=_after(request), limit=ROWS)
    mails = [(mail, queries.mail_state(mail)) for mail in found.items]
    context = {"mails": mails, "next": found.next, "asked": state, "states": list(queries.MAIL_STATES)}
    return render(request, "foundation/mails.html", context)


@require_POST
@operators_only
def repeat_mail(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    commands.send_mail_again(mail_id, by=caller_of(request), service=service_of(request), now=domain_now())
    messages.success(request, "The mail is tried again.")
    return redirect("mails")


@require_GET
@operators_only
def work(request: HttpRequest) -> HttpResponse:
    """Background work: what is due when, what runs, what failed."""
    service = service_of(request)
    context = {
        "unfinished": queries.unfinished_jobs(service)[:ROWS],
        "failed": queries.failed_jobs(service)[:ROWS],
        "last_sign": queries.last_sign_of_life(),
        **_clock_facts(service),
    }
    return render(request, "foundation/work.html", context)


@require_POST
@operators_only
def repeat_job(request: HttpRequest, job_id: int) -> HttpResponse:
    commands.repeat_job(job_id, by=caller_of(request), service=service_of(request), now=domain_now())
    messages.success(request, "The work is asked for again.")
    return redirect("work")


def _after(request: HttpRequest) -> str:
    return request.GET.get("after", "")[: rest.LONGEST_CURSOR]


navigation.add("both", "API tokens", "tokens", group="you")
navigation.add("both", "Change password", "account_change_password", group="you")
if configuration.sandbox:
    navigation.add("both", "Clock", "clock", navigation.operators, group="operator")
navigation.add("both", "Work", "work", navigation.operators, group="operator")
navigation.add("both", "Mails", "mails", navigation.operators, group="operator")
navigation.add("both", "Audit log", "audit", navigation.operators, group="operator")
navigation.add("both", "Back office", "admin:index", navigation.operators, group="operator")

urls = [
    path("you/tokens/", token_list, name="tokens"),
    path("you/tokens/new/", make_token, name="make_token"),
    path("you/tokens/<uuid:token_id>/revoke/", revoke_token, name="revoke_token"),
    path("clock/", clock, name="clock"),
    path("clock/working/", clock_working, name="clock_working"),
    path("audit/", audit_log, name="audit"),
    path("mails/", mail_list, name="mails"),
    path("mails/<uuid:mail_id>/again/", repeat_mail, name="repeat_mail"),
    path("work/", work, name="work"),
    path("work/<int:job_id>/again/", repeat_job, name="repeat_job"),
]
