"""Recording what an app answered to `installed`, once, over what was read when the call was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tradepost.core.plan import Because
from tradepost.core.schedule import retry_lifecycle
from tradepost.core.states import (
    INSTALLATION,
    ApprovalState,
    InstallationEvent,
    InstallationState,
    UpgradeEvent,
    advance,
)
from tradepost.foundation import audit
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.host.approvals import asking
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import report, report_many

from .lifecycle import MASK, SUCCESS, InstalledCall, may_have_acted
from .models import LifecycleCall, Upgrade
from .planning import ACTOR, lock, move, move_many, replan, show
from .queries import INSTALL, Sight, look_at, with_versions

MOST_INSTALL_ATTEMPTS = 5
"""Repeats of a first installation whose answer was lost; an administrator waits for it, so it does not go on."""

MOST_HEADERS, LONGEST_HEADER = 40, 200
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authenticate"})


class _NotCalled:
    """Stands for the answer of an app that has nothing to be told."""


NOT_CALLED: Final = _NotCalled()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call. `problem` is set where it could not even be made."""

    call: InstalledCall | None
    answer: OutgoingResponse | OutgoingError | _NotCalled | None
    problem: str = ""

    @property
    def succeeded(self) -> bool:
        if isinstance(self.answer, OutgoingResponse):
            return self.answer.status in SUCCESS
        return self.answer is NOT_CALLED

    @property
    def failure(self) -> str:
        """Why it failed, in words."""
        if isinstance(self.answer, OutgoingResponse):
            return f"it answered with status {self.answer.status}"
        if isinstance(self.answer, OutgoingError):
            return self.answer.text.rstrip(".")
        return self.problem.rstrip(".")

    @property
    def is_unclear(self) -> bool:
        """Whether the app may have taken the call although it looks failed."""
        return isinstance(self.answer, OutgoingError) and may_have_acted(self.answer)


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
    """Write what came of one call. False when the lease has gone to another worker, whose call counts instead."""
    installation, outcome = lock(result.installation_id), result.outcome
    if installation.lease != result.lease or installation.upgrade_id != result.upgrade_id:
        return False
    upgrade = look_at([installation])[0].upgrade
    assert upgrade is not None
    target = KnownVersion.objects.defer("descriptor").get(pk=upgrade.to_version_id)
    installation.lease = installation.lease_until = None
    if outcome.call is not None:
        LifecycleCall.objects.bulk_create([_call_row(installation, upgrade, outcome, now)])
    if outcome.succeeded:
        _succeed(installation, upgrade, target, now)
    elif upgrade.trigger == INSTALL and (not outcome.is_unclear or upgrade.attempts >= MOST_INSTALL_ATTEMPTS):
        _give_up(installation, upgrade, outcome, now)
    else:
        _try_again(installation, upgrade, target, outcome, now)
    return True


@transaction.atomic
def _record_successes(results: Sequence[Result], now: datetime) -> frozenset[UUID]:
    """Record those that reached the newest version and about which nobody was asked; return which they were."""
    by_id = {each.installation_id: each for each in results}
    if not by_id:
        return frozenset()
    rows = with_versions(
        Installation.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=by_id)
    ).order_by("pk")
    plain = [sight for sight in look_at(list(rows)) if _is_plain(sight, by_id[sight.installation.pk])]
    upgrades = [sight.upgrade for sight in plain if sight.upgrade is not None]
    calls = [
        _call_row(sight.installation, sight.upgrade, outcome, now)
        for sight in plain
        if (outcome := by_id[sight.installation.pk].outcome).call is not None and sight.upgrade is not None
    ]
    installations = [sight.installation for sight in plain]
    move_many(upgrades, UpgradeEvent.SUCCEEDED, now=now, finished_at=now, last_failure="")
    LifecycleCall.objects.bulk_create(calls)
    _arrive(installations, now)
    report_many(installations, now)
    return frozenset(each.pk for each in installations)


def _is_plain(sight: Sight, result: Result) -> bool:
    installation, upgrade = sight.installation, sight.upgrade
    is_ours = installation.lease == result.lease and installation.upgrade_id == result.upgrade_id
    was_asked = any(each.state != ApprovalState.DECLINED for each in sight.approvals)
    return is_ours and not was_asked and upgrade is not None and upgrade.to_version_id == installation.newest_id


def _arrive(installations: Sequence[Installation], now: datetime) -> None:
    """They run their newest version from now on; those that were being installed are enabled."""
    fresh = [each for each in installations if each.state == InstallationState.INSTALLING]
    for each in installations:
        each.running = each.newest
        each.upgrade_id = each.due_at = each.due_since = each.lease = each.lease_until = None
        each.since = now
        show(each)
    for each in fresh:
        each.state = advance(INSTALLATION, InstallationState(each.state), InstallationEvent.INSTALLED)
    Installation.objects.filter(pk__in=[each.pk for each in installations]).update(
        running=F("newest"), because="", text="", until=None, since=now, upgrade_id=None, due_at=None, due_since=None,
        lease=None, lease_until=None,
    )  # fmt: skip
    if fresh:
        ids = [each.pk for each in fresh]
        Installation.objects.filter(pk__in=ids).update(state=fresh[0].state, installed_at=now)
        audit.record_many([_entry(each, InstallationEvent.INSTALLED, now) for each in fresh])


def _succeed(installation: Installation, upgrade: Upgrade, target: KnownVersion, now: datetime) -> None:
    move(upgrade, UpgradeEvent.SUCCEEDED, now=now, finished_at=now, last_failure="")
    asking.use(look_at([installation])[0].approvals, now=now)
    if installation.state == InstallationState.INSTALLING:
        _advance(installation, InstallationEvent.INSTALLED, now)
        installation.installed_at = now
    installation.running = target
    _close(installation, now)
    replan(installation, now=now)


def _give_up(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> None:
    """A first installation failed: nothing runs, and an administrator may try again with the same secret."""
    move(upgrade, UpgradeEvent.GIVEN_UP, now=now, finished_at=now, last_failure=outcome.failure)
    _advance(installation, InstallationEvent.INSTALL_FAILED, now)
    _close(installation, now)
    show(installation, text=f"The app could not be installed: {outcome.failure}.")
    installation.save()
    report(installation, now)


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
    if installation.newest_id != target.pk:
        show(installation)
        replan(installation, now=now)
    else:
        report(installation, now)


def _close(installation: Installation, now: datetime) -> None:
    show(installation)
    installation.upgrade_id = installation.due_at = installation.due_since = None
    installation.since = now
    installation.save()


def _advance(installation: Installation, event: InstallationEvent, now: datetime) -> None:
    installation.state = advance(INSTALLATION, InstallationState(installation.state), event)
    audit.record_many([_entry(installation, event, now)])


def _entry(installation: Installation, event: InstallationEvent, now: datetime) -> audit.AuditEntry:
    return audit.entry(
        f"installation.{event}", service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key,
    )  # fmt: skip


def _call_row(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> LifecycleCall:
    call, answer = outcome.call, outcome.answer
    assert call is not None
    response = answer if isinstance(answer, OutgoingResponse) else None
    return LifecycleCall(
        id=new_id(),
        site_id=installation.site_id,
        installation_id=installation.pk,
        upgrade_id=upgrade.id,
        event="installed",
        attempt=upgrade.attempts,
        at=now,
        recorded_at=machine_now(),
        url=call.url,
        request_headers={"Authorization": f"JWT {MASK}", "Content-Type": "application/json"},
        request_body=call.masked_body(),
        status=response.status if response else None,
        response_headers=_headers(response, call) if response else {},
        response_excerpt=_excerpt(response, call) if response else "",
        error=answer.text if isinstance(answer, OutgoingError) else "",
        seconds=response.seconds if response else 0.0,
        succeeded=outcome.succeeded,
    )


def _excerpt(response: OutgoingResponse, call: InstalledCall) -> str:
    most = configuration.limits.answer_excerpt_bytes
    text = response.body[: most + len(call.secret)].decode("utf-8", "replace")
    return _storable(text, call)[:most]


def _headers(response: OutgoingResponse, call: InstalledCall) -> dict[str, str]:
    kept = [(name, value) for name, value in response.headers if name not in _SECRET_HEADERS][:MOST_HEADERS]
    return {_storable(name[:LONGEST_HEADER], call): _storable(value[:LONGEST_HEADER], call) for name, value in kept}


def _storable(text: str, call: InstalledCall) -> str:
    """Some apps send back what they got: the secret does not come into the database in the clear that way."""
    return text.replace("\0", "\ufffd").replace(call.secret, MASK)
