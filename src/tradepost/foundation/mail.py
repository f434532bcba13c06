"""Mail: a transaction decides on a mail (`send_later`), the mail job delivers it by SMTP.

Delivery is at least once; the dedupe key says what one mail is about, so that deciding twice sends once.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from django.db import transaction

from . import due, jobs
from .clock import machine_now
from .configuration import configuration
from .models import OutgoingMail

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 20
LONGEST_PAUSE = timedelta(hours=1)


def send_later(*, service: str, to: str, subject: str, text: str, dedupe_key: str, now: datetime) -> bool:
    """Decide on a mail in the caller's transaction. False when a mail with this key was decided on before."""
    _, created = OutgoingMail.objects.get_or_create(
        dedupe_key=dedupe_key[:200],
        defaults={
            "service": service,
            "to": to,
            "subject": " ".join(subject.split())[:200],
            "text": text,
            "decided_at": now,
            "due_at": machine_now(),
        },
    )
    if created:
        jobs.defer(f"deliver_{service}_mail")
    return created


def deliver_due_mail(service: str) -> int:
    """Deliver a batch of the mails that are due; return how many were taken up."""
    batch = _claim(service)
    if not batch:
        return 0
    try:
        with _connect() as server:
            for mail in batch:
                _deliver(server, mail)
    except (OSError, smtplib.SMTPException) as error:
        for mail in batch:
            _put_off(mail, str(error))
    return len(batch)


def _claim(service: str) -> list[OutgoingMail]:
    now = machine_now()
    with transaction.atomic():
        due = list(
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(service=service, due_at__lte=now, sent_at=None, given_up_at=None)
            .order_by("due_at")[:BATCH]
        )
        OutgoingMail.objects.filter(pk__in=[mail.pk for mail in due]).update(due_at=now + LEASE)
    return due


def _connect() -> smtplib.SMTP:
    host, _, port = configuration.smtp.rpartition(":")
    limit = configuration.limits.total_seconds
    if configuration.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, int(port), timeout=limit)
    else:
        server = smtplib.SMTP(host, int(port), timeout=limit)
        if configuration.smtp_security == "starttls":
            server.starttls()
    if configuration.smtp_user:
        server.login(configuration.smtp_user, configuration.smtp_password)
    return server


def _deliver(server: smtplib.SMTP, mail: OutgoingMail) -> None:
    message = EmailMessage()
    message["From"] = configuration.mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(machine_now())
    message["Message-ID"] = make_msgid(idstring=mail.pk.hex, domain="tradepost.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        _put_off(mail, str(error))
        return
    OutgoingMail.objects.filter(pk=mail.pk).update(sent_at=machine_now(), attempts=mail.attempts + 1, last_error="")


def _put_off(mail: OutgoingMail, error: str) -> None:
    attempts = mail.attempts + 1
    now = machine_now()
    pause = min(timedelta(seconds=15 * 2 ** min(attempts, 12)), LONGEST_PAUSE)
    OutgoingMail.objects.filter(pk=mail.pk, sent_at=None).update(
        attempts=attempts,
        last_error=error[:500],
        due_at=now + pause,
        given_up_at=now if attempts >= MOST_ATTEMPTS else None,
    )
    log.warning("mail %s was not delivered (attempt %d): %s", mail.pk, attempts, error)


def _next_due(service: str) -> due.NextDue:
    waiting = OutgoingMail.objects.filter(service=service, sent_at=None, given_up_at=None)
    return due.earliest("due_at")(lambda _machine: waiting)


for _service in ("marketplace", "host"):
    jobs.register(
        jobs.Work(
            f"deliver_{_service}_mail",
            _service,
            run=lambda _now, service=_service: deliver_due_mail(service),
            next_due=_next_due(_service),
            waits_for_machine=True,
        )
    )
