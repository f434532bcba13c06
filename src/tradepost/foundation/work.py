"""Keeping house: partitions made ahead, jobs of dead workers taken up, old rows thrown away.

Both services do it, each for its own rows, at most every ten minutes of machine time.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q

from . import jobs, partitions
from .clock import machine_now
from .models import AuditEntry, HouseKeeping, OutgoingMail
from .queries import WORKER_IS_GONE_AFTER

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
KEEP_FINISHED_JOBS = timedelta(days=1)
KEEP_FAILED_JOBS = timedelta(days=14)
KEEP_SENT_MAIL = timedelta(days=90)
KEEP_ACCOUNT_MAIL = timedelta(days=1)
"""Mails of accounts hold links that open an account for an hour."""

ACCOUNT_MAIL = "account."
BATCH = 5_000
_LOCK = 7_203_551
"""Advisory lock: two services on one database must not make the same partition."""

partitions.register(AuditEntry)


def keep_house(service: str, now: datetime) -> int:
    """Do what is to be done; 0 when it was done in the last ten minutes. `now` is domain time, for partitions."""
    machine = machine_now()
    if not _claim(service, machine):
        return 0
    make_partitions(now)
    requeue_stalled_jobs(service, machine=machine)
    delete_old_jobs(service, machine=machine)
    delete_old_mail(service, machine=machine)
    Session.objects.filter(expire_date__lt=machine).delete()
    return 1


def make_partitions(now: datetime) -> list[str]:
    """Make the coming months of every registered table and return the names of new partitions."""
    made: list[str] = []
    for model in partitions.registered():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            made += partitions.make_monthly_partitions(model, now=now)
    return made


@transaction.atomic
def requeue_stalled_jobs(service: str, *, machine: datetime) -> list[str]:
    """Ask anew for the work of jobs whose worker is gone, and return its names.

    A job carries nothing but a name, so a fresh one replaces it: that is never refused because one waits already.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM procrastinate_jobs WHERE id IN (
                SELECT job.id FROM procrastinate_jobs job
                LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
                WHERE job.status = 'doing' AND job.queue_name = %s
                  AND (worker.id IS NULL OR worker.last_heartbeat < %s)
                FOR UPDATE OF job SKIP LOCKED)
            RETURNING task_name
            """,
            [service, machine - WORKER_IS_GONE_AFTER],
        )
        stalled = sorted({name.rpartition(".")[2] for (name,) in cursor.fetchall()})
    for name in {work.name for work in jobs.works(service=service)}.intersection(stalled):
        jobs.defer(name)
    if stalled:
        log.warning("took up the work of a worker that is gone: %s", ", ".join(stalled))
    return stalled


def delete_old_jobs(service: str, *, machine: datetime) -> int:
    """Delete finished jobs after a day, failed ones after two weeks; return how many."""
    return _in_batches(
        lambda: _execute(
            """
            DELETE FROM procrastinate_jobs WHERE id IN (
                SELECT job.id FROM procrastinate_jobs job
                WHERE job.queue_name = %s AND job.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
                  AND (SELECT max(event.at) FROM procrastinate_events event WHERE event.job_id = job.id)
                      < CASE job.status WHEN 'failed' THEN %s::timestamptz ELSE %s::timestamptz END
                LIMIT %s)
            """,
            [service, machine - KEEP_FAILED_JOBS, machine - KEEP_FINISHED_JOBS, BATCH],
        )
    )


def delete_old_mail(service: str, *, machine: datetime) -> int:
    """Delete mails that are over: sent or given up 90 days ago, mails of accounts a day ago; return how many."""
    day, quarter = machine - KEEP_ACCOUNT_MAIL, machine - KEEP_SENT_MAIL
    is_old = Q(sent_at__lt=quarter) | Q(given_up_at__lt=quarter)
    is_old |= Q(dedupe_key__startswith=ACCOUNT_MAIL) & (Q(sent_at__lt=day) | Q(given_up_at__lt=day))

    def delete() -> int:
        old = OutgoingMail.objects.filter(is_old, service=service).values_list("pk", flat=True)[:BATCH]
        return OutgoingMail.objects.filter(pk__in=list(old)).delete()[0]

    return _in_batches(delete)


def next_due(service: str) -> datetime:
    """Return when the house is to be kept again (machine time)."""
    at = HouseKeeping.objects.filter(service=service).values_list("due_at", flat=True).first()
    return at or machine_now()


def _claim(service: str, machine: datetime) -> bool:
    """Move the due time by a condition in the database: of two workers at once one gets it."""
    _, is_new = HouseKeeping.objects.get_or_create(service=service, defaults={"due_at": machine + EVERY})
    due = HouseKeeping.objects.filter(service=service, due_at__lte=machine)
    return is_new or due.update(due_at=machine + EVERY) == 1


def _in_batches(delete: Callable[[], int]) -> int:
    total = 0
    while count := delete():
        total += count
        if count < BATCH:
            break
    return total


def _execute(statement: str, parameters: list[object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


for _service in ("marketplace", "host"):
    jobs.register(
        jobs.Work(
            f"keep_{_service}_house",
            _service,
            run=lambda now, service=_service: keep_house(service, now),
            next_due=lambda service=_service: next_due(service),
            waits_for_machine=True,
        )
    )
