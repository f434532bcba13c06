"""Simulated administrators: they read their mail, look at what is asked, and decide, each in their own manner."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tradepost.core.consent import Ask
from tradepost.core.errors import TradepostError
from tradepost.foundation.callers import Caller
from tradepost.foundation.models import OutgoingMail
from tradepost.host.approvals import commands as approvals
from tradepost.host.approvals.queries import get_approval

from .ledger import Decision, Ledger
from .lots import lots

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

MANNERS = {"prompt": 40, "declining": 15, "silent": 12, "fickle": 10, "dithering": 13, "nudged": 10}
"""How many of a hundred administrators are so. Fickle ones decline first and approve days later; dithering ones take
days and then do either; nudged ones approve after the first reminder; silent ones never open their mail."""

LINK = re.compile(r"/approvals/([0-9a-f-]{36})\b")
REMINDER = "Reminder: "


@dataclass(frozen=True, slots=True)
class Person:
    """An administrator of one site."""

    caller: Caller
    site: str
    manner: str


@dataclass(frozen=True, slots=True)
class Intention:
    """What a person means to do, and when."""

    at: datetime
    person: Person
    approval: UUID
    kind: str


def manner_of(seed: int, site: str) -> str:
    """How the administrator of a site is."""
    return lots(seed, "manner", site).choices(list(MANNERS), list(MANNERS.values()))[0]


def new_mails(since: datetime | None) -> list[OutgoingMail]:
    """Mails to administrators that were decided on after `since`, in an order that does not depend on ids."""
    rows = OutgoingMail.objects.filter(service="host", text__contains="/approvals/")
    if since is not None:
        rows = rows.filter(decided_at__gt=since)
    return sorted(rows, key=lambda mail: (mail.decided_at, mail.to, mail.subject))


def approval_in(text: str) -> UUID | None:
    """Which approval a mail is about, by its link."""
    found = LINK.search(text)
    return UUID(found[1]) if found else None


def intend(person: Person, mail: OutgoingMail, *, seed: int) -> Iterator[Intention]:
    """What the person will do about a mail."""
    approval = approval_in(mail.text)
    assert approval is not None, f"a mail to an administrator has no link: {mail.subject}"
    is_reminder = mail.subject.startswith(REMINDER)
    lot = lots(seed, "intention", person.site, mail.decided_at.isoformat(), mail.subject)
    for after, kind in _steps(person.manner, lot.random(), lot.random(), is_reminder=is_reminder):
        yield Intention(mail.decided_at + after, person, approval, kind)


def _steps(manner: str, one: float, two: float, *, is_reminder: bool) -> Sequence[tuple[timedelta, str]]:
    if manner == "nudged":
        return [(MINUTE + 6 * HOUR * one, "approve")] if is_reminder else []
    if is_reminder or manner == "silent":
        return []
    if manner == "prompt":
        return [(5 * MINUTE + 4 * HOUR * one, "approve")]
    if manner == "declining":
        return [(HOUR + 2 * DAY * one, "decline")]
    if manner == "fickle":
        declined = HOUR + DAY * one
        return [(declined, "decline"), (declined + DAY + 8 * DAY * two, "approve")]
    return [(DAY + 11 * DAY * one, "approve" if two < 0.5 else "decline")]


def act(intention: Intention, ledger: Ledger, *, now: datetime) -> str:
    """Look at the page and decide; return in words what came of it."""
    by = intention.person.caller
    approval = get_approval(by, intention.approval)
    place = (intention.person.site, approval.installation.app_key)
    decide = approvals.approve if intention.kind == "approve" else approvals.decline
    try:
        decide(approval.pk, fingerprint=approval.fingerprint, by=by, now=now)
    except TradepostError as error:
        return f"{place[0]} {place[1]} {intention.kind}: too late: {error}"
    ledger.decisions[place].append(Decision(now, place, intention.kind, Ask.from_json(approval.ask)))
    return f"{place[0]} {place[1]} {intention.kind}: {approval.version.number} {approval.fingerprint[:8]}"
