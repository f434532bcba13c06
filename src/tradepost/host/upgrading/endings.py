"""Recording what an app answered to a queued call, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.schedule import retry_lifecycle
from tradepost.foundation import audit
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import is_rotating, take_pending

from .lifecycle import LifecycleEvent
from .models import LifecycleCall, QueuedCall
from .outcomes import Attempt, Outcome, call_row
from .planning import ACTOR, lock
from .queueing import CallCause

MOST_FAREWELLS = 4
"""Calls of `uninstalled`, the first included; nobody waits for them, and the app is gone from the site anyway."""

MOST_LICENSE_CALLS = 4
"""Calls of `installed` about another edition, the first included; every other channel tells it, too."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The outcome of a queued call, and under which lease it was made."""

    row: QueuedCall
    lease: UUID
    outcome: Outcome


@transaction.atomic
def record_ending(ended: Ended, *, now: datetime) -> None:
    """Write what came of one call. Where the lease has gone to another worker, that one's call counts instead."""
    installation, outcome, row = lock(ended.row.installation_id), ended.outcome, ended.row
    if outcome.call is not None:
        LifecycleCall.objects.bulk_create([call_row(installation, _attempt(row), outcome, now)])
    if installation.lease != ended.lease:
        return
    installation.lease = installation.lease_until = None
    installation.save(update_fields=["lease", "lease_until"])
    if not QueuedCall.objects.filter(pk=row.pk).exists():
        return  # it was given up meanwhile
    if row.cause == CallCause.ROTATION:
        _end_rotation(installation, row, outcome, now)
    elif _is_to_be_repeated(row, outcome):
        _put_off(installation, row, outcome, now)
    else:
        row.delete()


def _attempt(row: QueuedCall) -> Attempt:
    return Attempt(row.cause, row.attempts, delivery=row.delivery, replay_of=row.replay_of)


def _is_to_be_repeated(row: QueuedCall, outcome: Outcome) -> bool:
    """`enabled` and `disabled` are told once, `uninstalled` some times; a new address until the app has heard it."""
    if outcome.succeeded:
        return False
    if row.cause == CallCause.UNINSTALL and row.event == LifecycleEvent.UNINSTALLED:
        return row.attempts < MOST_FAREWELLS
    return row.cause == CallCause.MOVE or (row.cause == CallCause.LICENSE and row.attempts < MOST_LICENSE_CALLS)


def _end_rotation(installation: Installation, row: QueuedCall, outcome: Outcome, now: datetime) -> None:
    """Take the new secret into force, drop it, or, while nobody can tell, offer that same one again.

    After a lost answer only a success or a refusal tells: an app that is down or out of order may hold either secret.
    """
    assert is_rotating(installation), "a rotation that was given up has no row"
    is_unclear = row.is_unclear or outcome.is_unclear or row.attempts > 1
    if outcome.succeeded:
        take_pending(installation)
        _audit("secret.rotated", installation, now)
    elif is_unclear and not outcome.is_refusal:
        row.is_unclear = True
        _put_off(installation, row, outcome, now)
        return
    else:
        installation.sealed_pending_secret = ""
        _audit("secret.refused", installation, now, failure=outcome.failure)
    installation.save(update_fields=["sealed_secret", "sealed_pending_secret"])
    row.delete()


def _put_off(installation: Installation, row: QueuedCall, outcome: Outcome, now: datetime) -> None:
    """The pause grows with every failure. By names and not by ids, so that a simulation can be played again."""
    seed = f"{installation.site.base_url}\n{installation.app_key}\n{row.event}"
    row.due_at = now + retry_lifecycle(row.attempts, seed=seed)
    row.last_failure = outcome.failure
    row.save(update_fields=["due_at", "last_failure", "is_unclear"])


def _audit(action: str, installation: Installation, now: datetime, **detail: str) -> None:
    audit.record(
        action, service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, **detail,
    )  # fmt: skip
