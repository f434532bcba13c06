"""The trace of a simulation: what happened, in names and times instead of ids, so that two runs can be compared."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from tradepost.foundation.models import AuditEntry, OutgoingMail
from tradepost.host.installing.models import Installation

TOLD = ("app", "number", "version", "to", "trigger", "attempts", "because", "change", "kind", "before", "fingerprint")
"""What of an audit row's detail is the same in every run of a seed."""


class Trace:
    """Lines of text, sorted within each day: at one instant there is no order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._today: list[str] = []

    def note(self, at: datetime, text: str) -> None:
        """Write down what happened outside of the database."""
        self._today.append(f"{_stamp(at)} {text}")

    def end_day(self, texts: Iterable[str]) -> None:
        """Add what the database says of the day, and close it."""
        self.lines += sorted([*self._today, *texts])
        self._today = []

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole trace."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def audit_lines(since: datetime, until: datetime, names: Mapping[UUID, str]) -> Iterable[str]:
    """The audit rows after `since` and up to `until`; `names` are those of sites and vendors."""
    rows = AuditEntry.objects.filter(at__gt=since, at__lte=until)
    for at, action, actor, scope, detail in rows.values_list("at", "action", "actor", "scope_id", "detail"):
        told = " ".join(
            f"{name}={_short(detail[name])}" for name in TOLD if name in detail and not _is_id(detail[name])
        )
        yield f"{_stamp(at)} {action} by {actor} for {names.get(scope, '-')} {told}"


def mail_lines(since: datetime, until: datetime) -> Iterable[str]:
    """The mails that were decided on in this time."""
    rows = OutgoingMail.objects.filter(decided_at__gt=since, decided_at__lte=until)
    for at, to, subject in rows.values_list("decided_at", "to", "subject"):
        yield f"{_stamp(at)} mail to {to}: {subject}"


def installation_lines(now: datetime) -> Iterable[str]:
    """What every installation runs at the end of a day, and what it waits for."""
    rows = Installation.objects.values_list(
        "site__context_path", "app_key", "state", "running__number", "newest__number", "because", "until"
    )
    for site, app, state, running, newest, because, until in rows:
        ends = _stamp(until) if until else "-"
        yield f"{_stamp(now)} {site} {app} is {state}, runs {running}, newest {newest}, {because or 'free'} {ends}"


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _short(value: object) -> str:
    return str(value)[:60]


def _is_id(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
