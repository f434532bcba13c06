"""Reports to the marketplace: written in the transaction of the change, sent by a job, at least once."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import F

from tradepost.core.states import InstallationState
from tradepost.foundation import jobs
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import MARKETPLACE, Installation
from tradepost.host.upgrading.models import Upgrade
from tradepost.wire import messages as wire

from .client import MarketplaceError, marketplace
from .commands import note_problem
from .models import PendingReport
from .queries import is_linked

LEASE = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)

_STATES = {
    InstallationState.INSTALLING: "installing",
    InstallationState.FAILED: "install_failed",
    InstallationState.UNINSTALLED: "uninstalled",
}
_WAITS = {"consent": "waiting_consent", "declined": "declined", "window": "waiting_window", "retry": "failed"}
_WAITS |= {"turn": "waiting_turn", "vendor": "waiting_vendor"}


def report(installation: Installation, now: datetime) -> None:
    """Write the report of a locked installation whose row has just been saved. Raises its `sequence` by one."""
    report_many([installation], now)


def report_many(installations: Sequence[Installation], now: datetime) -> None:
    """Write the reports of many locked installations, whose versions are at hand, by two or three statements.

    Of apps that a site has by their address the marketplace knows nothing.
    """
    assert connection.in_atomic_block, "a report is written in the transaction of the change"
    installations = [each for each in installations if each.source == MARKETPLACE]
    if not installations:
        return
    Installation.objects.filter(pk__in=[each.pk for each in installations]).update(sequence=F("sequence") + 1)
    due_at, targets = machine_now(), _targets(installations)
    rows = []
    for each in installations:
        each.sequence += 1
        message = _message(each, targets.get(each.pk), now)
        rows.append(
            PendingReport(
                id=message.id,
                installation=each,
                sequence=each.sequence,
                message=msgspec.to_builtins(message),
                due_at=due_at,
            )
        )
    PendingReport.objects.bulk_create(rows, batch_size=1000)
    jobs.defer("send_reports")


def send_reports(_now: datetime) -> int:
    """Send a batch of reports in the order they were made; return how many were taken up."""
    if not is_linked():
        return 0
    batch = _claim()
    if not batch:
        return 0
    message = wire.Reports(reports=[msgspec.convert(row.message, wire.Report) for row in batch])
    try:
        marketplace().report(message)
    except MarketplaceError as error:
        note_problem(str(error))
        _put_off(batch)
        return len(batch)
    # What the marketplace does not know (an app withdrawn, say) is not sent again: it would not know it then either.
    PendingReport.objects.filter(pk__in=[row.pk for row in batch]).delete()
    note_problem("")
    return len(batch)


def state_word(installation: Installation) -> str:
    """The word of the wire for what an installation does now."""
    fixed = _STATES.get(InstallationState(installation.state))
    if fixed:
        return fixed
    if installation.because:
        return _WAITS[installation.because]
    return "scheduled" if installation.upgrade_id else "current"


def _message(installation: Installation, target: str | None, now: datetime) -> wire.Report:
    running, granted = installation.running, installation.granted
    return wire.Report(
        id=new_id(),
        sequence=installation.sequence,
        site=installation.site_id,
        app=installation.app_key,
        running=running.number if running else None,
        state=state_word(installation),
        at=now,
        since=installation.since,
        target=target,
        until=installation.until,
        text=installation.text[:2000],
        enabled=installation.state == InstallationState.ENABLED,
        granted=granted.number if granted else None,
    )


def _targets(installations: Sequence[Installation]) -> dict[UUID, str]:
    """What installations are on their way to, or wait for. Of a deployed app that need not be the newest version."""
    found = {}
    for each in installations:
        if each.newest is not None and each.newest_id != each.running_id:
            found[each.pk] = each.newest.number
    moving = [each for each in installations if each.upgrade_id and (each.within_id or each.granted_id)]
    if moving:
        rows = Upgrade.objects.filter(
            installation_id__in=[each.pk for each in moving], id__in=[each.upgrade_id for each in moving]
        )
        found |= dict(rows.values_list("installation_id", "to_number"))
    return found


def _claim() -> list[PendingReport]:
    now = machine_now()
    most = min(configuration.limits.reports_per_request, wire.MOST_REPORTS)
    with transaction.atomic():
        rows = PendingReport.objects.select_for_update(skip_locked=True).filter(due_at__lte=now)
        batch = list(rows.order_by("due_at", "sequence")[:most])
        PendingReport.objects.filter(pk__in=[row.pk for row in batch]).update(due_at=now + LEASE)
    return sorted(batch, key=lambda row: row.sequence)


def _put_off(batch: Iterable[PendingReport]) -> None:
    now = machine_now()
    for row in batch:
        row.attempts += 1
        row.due_at = now + min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 12), LONGEST_PAUSE)
    PendingReport.objects.bulk_update(batch, ["attempts", "due_at"], batch_size=500)
