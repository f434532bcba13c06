"""What administrators are told by mail about a version that asks for more."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tradepost.core.plan import Rollout
from tradepost.foundation import jobs
from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import OutgoingMail
from tradepost.host.sites.queries import Administrator, find_administrators

from .models import Approval
from .wording import asked

LONGEST_NOTES = 2000


def mail_administrators(approvals: Sequence[Approval], *, now: datetime) -> None:
    """Decide on one mail per approval and administrator of its site; deciding twice on the same sends once.

    The approvals' site, version and installation (with what it runs and has granted) are at hand. A reminder is another
    mail than the first one: the number of reminders is part of what a mail is about.
    """
    by_site: dict[object, list[Administrator]] = {}
    for person in find_administrators({approval.site_id for approval in approvals}):
        by_site.setdefault(person.site_id, []).append(person)
    mails = [_mail(approval, person, now) for approval in approvals for person in by_site.get(approval.site_id, ())]
    if mails:
        OutgoingMail.objects.bulk_create(mails, ignore_conflicts=True, batch_size=500)
        jobs.defer("deliver_host_mail")


def link_to(approval: Approval) -> str:
    """The page on which an administrator decides."""
    return f"{configuration.host_url}/approvals/{approval.pk}"


def _mail(approval: Approval, person: Administrator, now: datetime) -> OutgoingMail:
    subject = f"{approval.version.name} asks for your approval on {approval.site.name}"
    if approval.reminders:
        subject = f"Reminder: {subject}"
    return OutgoingMail(
        service="host",
        dedupe_key=f"approval:{approval.pk}:{person.user_id}:{approval.reminders}",
        to=person.email,
        subject=" ".join(subject.split())[:200],
        text="\n".join(_lines(approval)),
        decided_at=now,
        due_at=machine_now(),
    )


def _lines(approval: Approval) -> Iterable[str]:
    version, running = approval.version, approval.installation.running
    runs = running.number if running else "no version"
    yield f"A new version of the app {version.name} ({version.app_key}) asks for more than your site has granted."
    yield ""
    yield f"Site:            {approval.site.name} ({approval.site.base_url})"
    yield f"Running now:     {runs}"
    yield f"New version:     {version.number}"
    yield ""
    yield "What it asks:"
    for sentence in asked(approval):
        yield f"  * {sentence}"
    yield ""
    if version.notes.strip():
        yield "The vendor writes:"
        for line in version.notes.strip()[:LONGEST_NOTES].splitlines():
            yield f"  > {line}"
        yield ""
    yield f"{_meanwhile(approval)} Nothing is granted without you."
    yield "Approve or decline here:"
    yield link_to(approval)


def _meanwhile(approval: Approval) -> str:
    """What the site runs until somebody decides. The code of a deployed app goes on without them."""
    installation, version = approval.installation, approval.version
    running, granted = installation.running, installation.rights_version
    if running is None or granted is None or not (version.is_deployed and running.is_deployed):
        return f"Until somebody decides, your site stays on {running.number if running else 'no version'}."
    if running.order_key >= version.order_key or installation.rollout == Rollout.ROLLING:
        return (
            "Until somebody decides, the app may do here what it could with "
            f"version {granted.number}; its code goes ahead, for its vendor has rolled it out."
        )
    return f"Until somebody decides, your site stays on major version {running.major} and gets the updates of that one."
