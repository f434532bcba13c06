"""The audit log: `record` in the transaction that changes a state, so that the two are one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from .clock import machine_now, new_id
from .models import AuditEntry


def record(
    action: str,
    *,
    service: str,
    actor: str,
    subject: tuple[str, object],
    now: datetime,
    scope_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Write one audit row. `action` is a stable dotted word, `actor` an e-mail address or the name of a job.

    `subject` is (kind, id); `scope_id` the vendor (marketplace) or site (host) that may read it. Must be called inside
    the transaction of the change: outside one it raises, for a change without its row must not exist.
    """
    assert connection.in_atomic_block, "an audit row is written in the transaction of the change"
    AuditEntry.objects.bulk_create(
        [
            _entry(
                action,
                service=service,
                actor=actor,
                subject=subject,
                now=now,
                scope_id=scope_id,
                detail=detail,
            )
        ]
    )


def record_many(entries: list[AuditEntry]) -> None:
    """Write the rows of a set-wise change at once."""
    assert connection.in_atomic_block, "an audit row is written in the transaction of the change"
    AuditEntry.objects.bulk_create(entries, batch_size=1000)


def entry(
    action: str,
    *,
    service: str,
    actor: str,
    subject: tuple[str, object],
    now: datetime,
    scope_id: UUID | None = None,
    **detail: Any,
) -> AuditEntry:
    """Return one row for `record_many`."""
    return _entry(action, service=service, actor=actor, subject=subject, now=now, scope_id=scope_id, detail=detail)


def _entry(
    action: str,
    *,
    service: str,
    actor: str,
    subject: tuple[str, object],
    now: datetime,
    scope_id: UUID | None,
    detail: dict[str, Any],
) -> AuditEntry:
    return AuditEntry(
        id=new_id(),
        at=now,
        recorded_at=machine_now(),
        service=service,
        action=action,
        actor=actor[:254],
        subject_kind=subject[0],
        subject_id=str(subject[1])[:64],
        scope_id=scope_id,
        detail=detail,
    )
