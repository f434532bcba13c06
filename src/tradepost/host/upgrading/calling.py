"""Making the calls that are queued: claim, start, commit, call the apps, record each answer.

Calls to one app about one site are made one at a time, in order, and never while an upgrade of it is under way: both
take the installation's lease. A worker may die at any point; the next one calls again when the lease has run out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from tradepost.core.states import InstallationState
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.foundation.secrets import UnreadableSecretError
from tradepost.host.installing.models import Installation, bytes_of
from tradepost.host.installing.secrets import is_rotating, pending_secret
from tradepost.host.licenses.caching import refresh

from .endings import Ended, record_ending
from .lifecycle import AppCall, LifecycleEvent, account_ids, event_call, installed_call
from .models import QueuedCall
from .outcomes import Outcome
from .queries import lock_with_versions
from .queueing import CallCause
from .sending import BATCH, lease_life, send_calls

PRESENT = frozenset({InstallationState.ENABLED, InstallationState.DISABLED})


@dataclass(frozen=True, slots=True)
class StartedCall:
    """A call this worker may make while the lease on its installation is its own. Without `call` it has a problem."""

    row: QueuedCall
    lease: UUID
    call: AppCall | None
    problem: str = ""


def call_due(now: datetime) -> int:
    """Make a batch of calls that are due; return how many installations were taken up."""
    lease = new_id()
    claimed = claim_called(now, lease)
    if not claimed:
        return 0
    refresh(claimed, now=now)
    started = start_calls(claimed, lease, now)
    answers = iter(send_calls([each.call for each in started if each.call is not None]))
    for each in started:
        answer = next(answers) if each.call is not None else None
        record_ending(Ended(each.row, each.lease, _outcome(each, answer)), now=now)
    return len(claimed)


def claim_called(now: datetime, lease: UUID, *, most: int = BATCH) -> list[UUID]:
    """Put the lease on free installations with calls that are due, those due longest first; return their ids."""
    machine = machine_now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease, machine + lease_life(), now, machine, most])
        return [row[0] for row in cursor.fetchall()]


_CLAIM = """
    UPDATE installing_installation SET lease = %s, lease_until = %s
    WHERE id IN (
        SELECT i.id FROM installing_installation i
        JOIN (SELECT installation_id, min(due_at) AS due_at FROM upgrading_queuedcall
              WHERE due_at <= %s GROUP BY installation_id) q ON q.installation_id = i.id
        WHERE i.lease_until IS NULL OR i.lease_until < %s
        ORDER BY q.due_at, i.id LIMIT %s FOR UPDATE OF i SKIP LOCKED
    )
    RETURNING id
"""


@transaction.atomic
def start_calls(ids: Sequence[UUID], lease: UUID, now: datetime) -> list[StartedCall]:
    """Take the first call that is due of each installation, and count the try before it is made."""
    rows = Installation.objects.filter(pk__in=ids, lease=lease)
    installations = {each.pk: each for each in lock_with_versions(rows)}
    first = _first_due(installations, now)
    people = account_ids({row.by for row in first.values()})
    started, free = [], []
    for pk, installation in installations.items():
        row = first.get(pk)
        if row is None or not makes_sense(row, installation):
            free.append(pk)
            if row is not None:
                row.delete()
            continue
        row.attempts += 1
        row.save(update_fields=["attempts"])
        started.append(_started(row, installation, lease, people.get(row.by)))
    Installation.objects.filter(pk__in=free).update(lease=None, lease_until=None)
    return started


def makes_sense(row: QueuedCall, installation: Installation) -> bool:
    """Whether the app is still to be told. What happened is told in order; what would be wrong now is not."""
    if row.cause == CallCause.ROTATION:
        return is_rotating(installation)
    if row.event == LifecycleEvent.INSTALLED:
        return installation.state in PRESENT and installation.running is not None
    return row.cause != CallCause.REPLAY or fits(LifecycleEvent(row.event), installation)


def fits(event: LifecycleEvent, installation: Installation) -> bool:
    """Whether the event says how an installation stands now."""
    if event is LifecycleEvent.INSTALLED:
        return installation.state in PRESENT and installation.running is not None
    return installation.state == event


def _first_due(installations: Mapping[UUID, Installation], now: datetime) -> dict[UUID, QueuedCall]:
    rows = QueuedCall.objects.filter(installation_id__in=installations, due_at__lte=now).order_by("-id")
    related = rows.select_related("version").defer(*bytes_of("version"))
    return {row.installation_id: row for row in related}


def _started(row: QueuedCall, installation: Installation, lease: UUID, account_id: str | None) -> StartedCall:
    try:
        return StartedCall(row, lease, _call(row, installation, account_id))
    except UnreadableSecretError as error:
        return StartedCall(row, lease, None, str(error))


def _call(row: QueuedCall, installation: Installation, account_id: str | None) -> AppCall:
    event = LifecycleEvent(row.event)
    if event is not LifecycleEvent.INSTALLED:
        return event_call(installation, row.version, event, account_id=account_id)
    assert installation.running is not None
    offered = pending_secret(installation) if row.cause == CallCause.ROTATION else None
    return installed_call(
        installation,
        installation.running,
        counting=installation.rights_version,
        secret=offered,
        account_id=account_id,
    )


def _outcome(started: StartedCall, answer: OutgoingResponse | OutgoingError | None) -> Outcome:
    return Outcome(started.call, answer, started.problem)
