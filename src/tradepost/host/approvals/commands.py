"""An administrator's answer to what a version asks, and the weekly reminder until there is one."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError
from tradepost.core.states import APPROVAL, ApprovalEvent, ApprovalState, UpgradeState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import bytes_of
from tradepost.host.installing.versions import terms_of
from tradepost.host.sites.queries import require_administrator
from tradepost.host.upgrading.planning import lock, replan
from tradepost.host.upgrading.queries import Sight, look_at

from .mails import mail_administrators
from .models import Approval
from .queries import get_approval
from .terms import to_json

BATCH = 200


def approve(approval_id: UUID, *, fingerprint: str, by: Caller, now: datetime) -> Approval:
    """Grant what is asked; the upgrade is due at once. `fingerprint` is that of what the administrator was shown.

    Approving what is approved already is no error. Raises ConflictError when something else is asked now.
    """
    return _decide(approval_id, ApprovalEvent.APPROVED, fingerprint, by, now)


def decline(approval_id: UUID, *, fingerprint: str, by: Caller, now: datetime) -> Approval:
    """Refuse what is asked; the site stays, and the same is not asked again. Minds may change while nothing was used.

    Raises ConflictError when something else is asked now, and while an upgrade that was approved is being applied.
    """
    return _decide(approval_id, ApprovalEvent.DECLINED, fingerprint, by, now)


@transaction.atomic
def remind(now: datetime) -> int:
    """Remind the administrators of a batch of requests that have waited for a week more; return how many."""
    due = Approval.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        remind_at__lte=now, state=ApprovalState.WAITING
    )
    related = ("version", "installation__running", "installation__granted")
    rows = due.select_related("site", *related).defer(*bytes_of(*related))
    batch = list(rows.order_by("remind_at", "id")[:BATCH])
    for each in batch:
        each.reminders += 1
        each.remind_at = now + configuration.policy.reminder_interval
    Approval.objects.bulk_update(batch, ["reminders", "remind_at"])
    mail_administrators(batch, now=now)
    return len(batch)


@transaction.atomic
def _decide(approval_id: UUID, event: ApprovalEvent, fingerprint: str, by: Caller, now: datetime) -> Approval:
    seen = get_approval(by, approval_id)
    require_administrator(by, seen.site_id)
    installation = lock(seen.installation_id)
    approval = Approval.objects.get(pk=approval_id)  # as it is now that nobody else can decide
    sight = look_at([installation])[0]
    _check_asked_now(sight, approval, fingerprint)
    wanted = ApprovalState.APPROVED if event is ApprovalEvent.APPROVED else ApprovalState.DECLINED
    if approval.state == wanted:
        return approval
    if event is ApprovalEvent.DECLINED:
        _check_not_applying(sight)
    approval.state = advance(APPROVAL, ApprovalState(approval.state), event)
    approval.decided_at, approval.decided_by, approval.remind_at = now, by.actor, None
    if event is ApprovalEvent.APPROVED and sight.wanted is not None:
        approval.version, approval.covers = sight.wanted, to_json(terms_of(sight.wanted))
    approval.save()
    audit.record(
        f"approval.{event}", service="host", actor=by.actor, subject=("approval", approval.pk), now=now,
        scope_id=approval.site_id, app=installation.app_key, fingerprint=fingerprint, ask=approval.ask,
    )  # fmt: skip
    replan(installation, now=now)
    return approval


def _check_asked_now(sight: Sight, approval: Approval, fingerprint: str) -> None:
    consent = sight.consent
    asked = consent.ask if consent is not None else None
    if not asked or not asked.fingerprint == fingerprint == approval.fingerprint:
        raise ConflictError("What is asked has changed since it was shown; look at it again.")


def _check_not_applying(sight: Sight) -> None:
    is_applying = sight.upgrade is not None and sight.upgrade.state == UpgradeState.APPLYING
    if is_applying and not sight.is_silent:
        raise ConflictError("The upgrade is being applied at this moment; it cannot be stopped any more.")
