"""What operators do on both services: move the clock, send a mail again, run a failed job again."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from tradepost.core.errors import ConflictError, NotFoundError

from . import audit, jobs, queries
from .callers import Caller
from .clock import domain_now, machine_now, move_clock
from .configuration import configuration
from .models import OutgoingMail

GRACE = timedelta(seconds=5)


@transaction.atomic
def set_clock(to: datetime, *, by: Caller, service: str) -> datetime:
    """Move domain time forward and return where it stood before.

    A time that passed while the caller looked at the clock (GRACE) is "now": nothing moves. Raises ForbiddenError for
    anybody but operators, ConflictError outside a sandbox and InvalidInputError for a time further back. What the
    move makes due is asked for at once.
    """
    by.require("operate")
    if not configuration.sandbox:
        raise ConflictError("Domain time can only be moved in a sandbox.")
    before = domain_now()
    if before - GRACE <= to <= before:
        jobs.tick(service=service)
        return before
    step = move_clock(to)
    audit.record(
        "clock.moved",
        service=service,
        actor=by.actor,
        subject=("clock", "domain"),
        now=to,
        before=before.isoformat(),
        seconds=round(step.total_seconds(), 3),
    )
    jobs.tick(service=service, now=to)
    return before


@transaction.atomic
def send_mail_again(mail_id: UUID, *, by: Caller, service: str, now: datetime) -> None:
    """Give a mail that was given up a fresh start. Raises NotFoundError, and ConflictError for one that is not."""
    by.require("operate")
    mail = OutgoingMail.objects.select_for_update().filter(pk=mail_id, service=service).first()
    if mail is None:
        raise NotFoundError("mail", mail_id)
    if mail.given_up_at is None:
        raise ConflictError("This mail is sent or still being tried.")
    mail.given_up_at, mail.attempts, mail.due_at = None, 0, machine_now()
    mail.save(update_fields=["given_up_at", "attempts", "due_at"])
    audit.record("mail.repeated", service=service, actor=by.actor, subject=("mail", mail.pk), now=now)
    jobs.defer(f"deliver_{service}_mail")


@transaction.atomic
def repeat_job(job_id: int, *, by: Caller, service: str, now: datetime) -> None:
    """Run the work of a failed job again: what is due says what there is to do, so the old job itself can go.

    Raises NotFoundError for a job that did not fail, or of another service.
    """
    by.require("operate")
    job = queries.failed_jobs(service).filter(pk=job_id).first()
    names = {work.name for work in jobs.works(service=service)}
    name = job.task_name.rpartition(".")[2] if job else ""
    if job is None or name not in names:
        raise NotFoundError("failed job", job_id)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'failed'", [job_id])
    audit.record("work.repeated", service=service, actor=by.actor, subject=("work", name), now=now, job=job_id)
    jobs.defer(name)
