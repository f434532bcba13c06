"""Questions that operators ask of both services: the clock, the audit log, the mails, the work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from tradepost.core.errors import NotFoundError

from . import jobs
from .clock import domain_now, machine_now
from .configuration import configuration
from .models import AuditEntry, OutgoingMail

AUDIT_ORDER = ("-at", "-id")
MAIL_ORDER = ("-decided_at", "-id")
WORKER_IS_GONE_AFTER = timedelta(seconds=60)
"""Machine time without a sign of life; a worker gives one every 10 s."""

UNFINISHED = ("todo", "doing")


@dataclass(frozen=True, slots=True)
class WorkState:
    """One kind of background work: when it is due next, in domain time unless `is_machine_time`."""

    name: str
    next_due: datetime | None
    is_overdue: bool
    is_machine_time: bool


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clock page and `GET /api/1/clock` say. `next_due` is the next domain time at which something happens.

    `overdue` are the names of work that should have run by now, `working` counts jobs that wait or run.
    """

    now: datetime
    machine: datetime
    sandbox: bool
    next_due: datetime | None
    overdue: list[str]
    working: int


def work_states(service: str, *, now: datetime, machine: datetime) -> list[WorkState]:
    """Ask every kind of work of a service when it is due."""
    return [_work_state(work, machine if work.waits_for_machine else now) for work in jobs.works(service=service)]


def clock_state(service: str) -> ClockState:
    """Return where time stands and what waits for it."""
    now, machine = domain_now(), machine_now()
    states = work_states(service, now=now, machine=machine)
    coming = [s.next_due for s in states if s.next_due is not None and not s.is_machine_time]
    return ClockState(
        now=now,
        machine=machine,
        sandbox=configuration.sandbox,
        next_due=min(coming, default=None),
        overdue=[s.name for s in states if s.is_overdue],
        working=unfinished_jobs(service).count(),
    )


def unfinished_jobs(service: str) -> QuerySet[ProcrastinateJob]:
    return ProcrastinateJob.objects.filter(queue_name=service, status__in=UNFINISHED).order_by("id")


def failed_jobs(service: str) -> QuerySet[ProcrastinateJob]:
    return ProcrastinateJob.objects.filter(queue_name=service, status="failed").order_by("-id")


def last_sign_of_life() -> datetime | None:
    """Return when a worker last said that it lives (machine time)."""
    return ProcrastinateWorker.objects.order_by("-last_heartbeat").values_list("last_heartbeat", flat=True).first()


def has_worker(*, machine: datetime) -> bool:
    seen = last_sign_of_life()
    return seen is not None and seen > machine - WORKER_IS_GONE_AFTER


def audit_entries(
    service: str,
    *,
    action: str = "",
    actor: str = "",
    subject: str = "",
    scope_id: UUID | None = None,
) -> QuerySet[AuditEntry]:
    """Return audit rows, to be sorted by AUDIT_ORDER. `action` is a beginning ("listing."), the others are whole.

    `scope_id` limits to one vendor or site: whoever asks checks that the caller may see it.
    """
    rows = AuditEntry.objects.filter(service=service)
    if scope_id is not None:
        rows = rows.filter(scope_id=scope_id)
    if action:
        rows = rows.filter(action__startswith=action)
    if actor:
        rows = rows.filter(actor__iexact=actor)
    if subject:
        rows = rows.filter(subject_id=subject)
    return rows


MAIL_STATES = {
    "waiting": Q(sent_at=None, given_up_at=None),
    "sent": Q(sent_at__isnull=False),
    "given_up": Q(given_up_at__isnull=False),
}


def mails(service: str, *, state: str = "") -> QuerySet[OutgoingMail]:
    """Return mails of a service, to be sorted by MAIL_ORDER. Their texts stay with their readers: they hold links."""
    rows = OutgoingMail.objects.filter(service=service).defer("text")
    return rows.filter(MAIL_STATES[state]) if state in MAIL_STATES else rows


def mail_state(mail: OutgoingMail) -> str:
    if mail.sent_at is not None:
        return "sent"
    return "given_up" if mail.given_up_at is not None else "waiting"


def get_mail(service: str, mail_id: UUID) -> OutgoingMail:
    """Raises NotFoundError for a mail of another service."""
    mail = mails(service).filter(pk=mail_id).first()
    if mail is None:
        raise NotFoundError("mail", mail_id)
    return mail


def _work_state(work: jobs.Work, now: datetime) -> WorkState:
    at = work.next_due()
    return WorkState(work.name, at, at is not None and at <= now, work.waits_for_machine)
