"""Pages of approvals: everything that waits for an administrator, one request, and the answer to it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from tradepost.core.consent import Ask
from tradepost.core.errors import ConflictError, IllegalTransitionError
from tradepost.core.states import ApprovalState
from tradepost.foundation.callers import Caller, caller_of, signed_in
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import slice_of
from tradepost.host.sites.frame import ROWS, after_of, root_of
from tradepost.host.sites.queries import administers
from tradepost.host.upgrading.coming import crossing_of

from . import commands
from .models import Approval
from .queries import find_waiting, get_approval
from .questions import find_decided, find_question

ANSWERS = {"approve": commands.approve, "decline": commands.decline}


@require_GET
@signed_in
def updates(request: HttpRequest) -> HttpResponse:
    """What waits for a decision on any site of the caller, oldest first."""
    caller = caller_of(request)
    found = slice_of(find_waiting(caller), order=("asked_at", "id"), after=after_of(request), limit=ROWS)
    rows = [
        (each, Ask.from_json(each.ask), root_of(each.site, request), administers(caller, each.site_id))
        for each in found.items
    ]
    return render(request, "approvals/updates.html", {"rows": rows, "next": found.next})


@require_GET
@signed_in
def approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """One request, to which mails lead. Where it was replaced, the one that replaced it is shown with it."""
    caller = caller_of(request)
    asked = get_approval(caller, approval_id)
    question = find_question(asked.installation)
    context = {
        "approval": asked,
        "ask": Ask.from_json(asked.ask),
        "question": question,
        "crossing": crossing_of(asked.installation, None, asks=True),
        "is_current": question is not None and question.approval.pk == asked.pk,
        "is_admin": administers(caller, asked.site_id),
        "decided": find_decided(asked.installation, besides=question),
        "site": asked.site,
        "root": root_of(asked.site, request),
    }
    return render(request, "approvals/approval.html", context)


@require_POST
@signed_in
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve or decline what was shown, then show how it stands."""
    caller = caller_of(request)
    asked = get_approval(caller, approval_id)
    answer, fingerprint = request.POST.get("answer", ""), request.POST.get("fingerprint", "")
    if answer in ANSWERS:
        try:
            _decide(request, caller, asked, answer, fingerprint)
        except (ConflictError, IllegalTransitionError) as error:
            _explain_refusal(request, asked, answer, error)
    else:
        messages.error(request, "Choose to approve or to decline.")
    root = root_of(asked.site, request)
    is_elsewhere = "://" in root
    return redirect("approval", asked.pk) if is_elsewhere else redirect(f"{root}/apps/{asked.installation.app_key}/")


def _decide(request: HttpRequest, caller: Caller, asked: Approval, answer: str, fingerprint: str) -> None:
    decided = ANSWERS[answer](asked.pk, fingerprint=fingerprint, by=caller, now=domain_now())
    running = asked.installation.running
    if answer == "approve":
        is_for_rights = decided.version_id == asked.installation.running_id
        number = decided.version.number
        goes = f"Version {number} gets what it asks" if is_for_rights else f"The site moves to version {number}"
        messages.success(request, f"Approved. {goes} at once.")
    else:
        stays = f"The site stays on version {running.number}" if running else "The site stays as it is"
        if asked.installation.granted_id:
            stays = "The app keeps the permissions that it has"
        messages.success(request, f"Declined. {stays}, and the same is not asked again. You can change your mind.")


def _explain_refusal(request: HttpRequest, asked: Approval, answer: str, error: Exception) -> None:
    """An answer that came twice has been heard the first time; everything else is said as it is."""
    asked.refresh_from_db(fields=["state"])
    if answer == "approve" and asked.state == ApprovalState.USED:
        messages.info(request, "This was approved already, and the upgrade is done.")
    elif isinstance(error, IllegalTransitionError):
        messages.error(request, "This request is over; below is how it stands now.")
    else:
        messages.error(request, str(error))


urls = [
    path("approvals/", updates, name="updates"),
    path("approvals/<uuid:approval_id>", approval, name="approval"),
    path("approvals/<uuid:approval_id>/decision", decide, name="decide"),
]
