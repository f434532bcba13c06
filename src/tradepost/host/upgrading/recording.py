"""Recording what an app answered to `installed`, once, over what was read when the call was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.plan import Because, Start
from tradepost.core.schedule import retry_lifecycle
from tradepost.core.states import INSTALLATION, InstallationEvent, InstallationState, UpgradeEvent, advance
from tradepost.foundation import audit
from tradepost.host.approvals import asking
from tradepost.host.installing.models import Installation, KnownVersion, bytes_of
from tradepost.host.installing.secrets import is_returning, take_pending
from tradepost.host.marketlink.reports import report, report_many

from .arriving import entry, land, land_plain, write_landed
from .lifecycle import LifecycleEvent
from .models import LifecycleCall, Upgrade
from .outcomes import Attempt, Outcome, call_row
from .planning import lock, move, move_many, replan, show
from .queries import INSTALL, Sight, lock_with_versions, look_at
from .queueing import CallCause, queue_calls

MOST_INSTALL_ATTEMPTS = 5
"""Repeats of a first installation whose answer was lost; an administrator waits for it, so it does not go on."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a call, and under which lease it was made for which upgrade."""

    installation_id: UUID
    upgrade_id: UUID
    lease: UUID
    outcome: Outcome


def record_results(results: Sequence[Result], *, now: datetime) -> None:
    """Write what came of calls: plain successes at once, set-wise; everything else one by one.

    A worker that dies in between has recorded a part, and the calls of the rest are repeated.
    """
    plain = _record_successes([each for each in results if each.outcome.succeeded], now)
    for each in results:
        if each.installation_id not in plain:
            record_result(each, now=now)


@transaction.atomic
def record_result(result: Result, *, now: datetime) -> bool:
    """Write what came of one call. False when it changes nothing any more: another worker's call counts instead, or
    the app was uninstalled meanwhile.
    """
    installation, outcome = lock(result.installation_id), result.outcome
    if installation.lease != result.lease:
        return False
    installation.lease = installation.lease_until = None
    if installation.upgrade_id != result.upgrade_id:
        _record_late(installation, result, now)
        return False
    sight = look_at([installation])[0]
    upgrade = sight.upgrade
    assert upgrade is not None
    target = KnownVersion.objects.defer(*bytes_of()).get(pk=upgrade.to_version_id)
    if outcome.call is not None:
        LifecycleCall.objects.bulk_create([_row(installation, upgrade, outcome, now)])
    if outcome.succeeded:
        _succeed(sight, upgrade, target, now)
    elif upgrade.trigger == INSTALL and (not outcome.is_unclear or upgrade.attempts >= MOST_INSTALL_ATTEMPTS):
        _give_up(installation, upgrade, outcome, now)
    else:
        _try_again(installation, upgrade, target, outcome, now)
    return True


@transaction.atomic
def _record_successes(results: Sequence[Result], now: datetime) -> frozenset[UUID]:
    """Record those about which nothing else is to be written; return which they were."""
    by_id = {each.installation_id: each for each in results}
    if not by_id:
        return frozenset()
    rows = lock_with_versions(Installation.objects.filter(pk__in=by_id))
    ours = [sight for sight in look_at(rows) if _is_ours(sight, by_id[sight.installation.pk])]
    plain = land_plain(ours, now)
    upgrades = [sight.upgrade for sight in plain if sight.upgrade is not None]
    calls = [
        _row(sight.installation, sight.upgrade, outcome, now)
        for sight in plain
        if (outcome := by_id[sight.installation.pk].outcome).call is not None and sight.upgrade is not None
    ]
    installations = [sight.installation for sight in plain]
    actors = {each.id: each.by for each in upgrades}
    move_many(upgrades, UpgradeEvent.SUCCEEDED, now=now, finished_at=now, last_failure="")
    LifecycleCall.objects.bulk_create(calls)
    write_landed(installations, actors, now)
    report_many(installations, now)
    return frozenset(each.pk for each in installations)


def _is_ours(sight: Sight, result: Result) -> bool:
    installation = sight.installation
    is_open = sight.upgrade is not None and installation.upgrade_id == result.upgrade_id
    return is_open and installation.lease == result.lease


def _succeed(sight: Sight, upgrade: Upgrade, target: KnownVersion, now: datetime) -> None:
    installation = sight.installation
    if not sight.is_silent:
        asking.use(sight.approvals, now=now)
    move(upgrade, UpgradeEvent.SUCCEEDED, now=now, finished_at=now, last_failure="")
    was_installing = installation.state == InstallationState.INSTALLING
    if was_installing:
        if is_returning(installation):
            take_pending(installation)
        _advance(installation, InstallationEvent.INSTALLED, now)
        installation.installed_at = now
    land(installation, target, keeps_grant=upgrade.keeps_grant)
    _close(installation, now)
    if was_installing:
        by = {installation.pk: upgrade.by}
        queue_calls([installation], LifecycleEvent.ENABLED, cause=CallCause.INSTALL, by=by, now=now)
    replan(installation, now=now)


def _give_up(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> None:
    """An installation failed: nothing runs, and an administrator may try again.

    A first one keeps its secret. One that was to return is as gone as before, with the secret of its former life; the
    new one is kept only where the app may have taken it although no answer came.
    """
    move(upgrade, UpgradeEvent.GIVEN_UP, now=now, finished_at=now, last_failure=outcome.failure)
    text = f"The app could not be installed: {outcome.failure}."
    if is_returning(installation):
        text = f"The app could not be installed again: {outcome.failure}."
        _advance(installation, InstallationEvent.RETURN_FAILED, now)
        if upgrade.attempts == 1 and not outcome.is_unclear:
            installation.sealed_pending_secret = ""
    else:
        _advance(installation, InstallationEvent.INSTALL_FAILED, now)
    _close(installation, now)
    show(installation, text=text)
    installation.save()
    report(installation, now)


def _record_late(installation: Installation, result: Result, now: datetime) -> None:
    """The upgrade ended while the app was being called: the call is in the log and changes nothing."""
    installation.save(update_fields=["lease", "lease_until"])
    upgrade = Upgrade.objects.filter(installation_id=installation.pk, id=result.upgrade_id).first()
    if upgrade is not None and result.outcome.call is not None:
        LifecycleCall.objects.bulk_create([_row(installation, upgrade, result.outcome, now)])


def _try_again(
    installation: Installation, upgrade: Upgrade, target: KnownVersion, outcome: Outcome, now: datetime
) -> None:
    """The old version stays in force; the pause grows with every failure."""
    move(upgrade, UpgradeEvent.FAILED, now=now, last_failure=outcome.failure)
    # By names and not by ids: the same world has the same pauses, whichever ids it drew.
    seed = f"{installation.site.base_url}\n{installation.app_key}\n{target.number}"
    until = now + retry_lifecycle(upgrade.attempts, seed=seed)
    if installation.because != Because.RETRY:
        installation.since = now
    text = (
        f"The app did not accept version {target.number}: {outcome.failure}. "
        f"It will be tried again at {until:%Y-%m-%d %H:%M} UTC."
    )
    show(installation, because=Because.RETRY, text=text, until=until)
    # The next try falls due then, and waits for a window by itself.
    installation.due_at = installation.due_since = until
    installation.save()
    sight = look_at([installation])[0]
    intent = sight.intent(now)
    if not isinstance(intent, Start) or not sight.is_for(intent):
        show(installation)  # something else is to be done by now
    replan(installation, now=now)


def _close(installation: Installation, now: datetime) -> None:
    show(installation)
    installation.upgrade_id = installation.due_at = installation.due_since = None
    installation.since = now
    installation.save()


def _advance(installation: Installation, event: InstallationEvent, now: datetime) -> None:
    installation.state = advance(INSTALLATION, InstallationState(installation.state), event)
    audit.record_many([entry(installation, event, now)])


def _row(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> LifecycleCall:
    cause = CallCause.INSTALL if upgrade.trigger == INSTALL else CallCause.UPGRADE
    attempt = Attempt(cause, upgrade.attempts, upgrade_id=upgrade.id)
    return call_row(installation, attempt, outcome, now)
