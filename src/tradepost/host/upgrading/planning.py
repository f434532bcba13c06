"""Deciding anew for one installation whose row is locked: what to move to, whom to ask, what to wait for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradepost.core.consent import ConsentKind
from tradepost.core.errors import NotFoundError
from tradepost.core.plan import Because, Plan, Start, Wait
from tradepost.core.states import UPGRADE, ApprovalState, UpgradeEvent, UpgradeState, advance
from tradepost.foundation import audit, jobs
from tradepost.foundation.clock import new_id
from tradepost.host.approvals import asking
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import report, state_word

from .models import Upgrade
from .queries import AHEAD, APPROVED, HELD_BACK, Sight, due_text, lock_with_versions, look_at

ACTOR = "upgrading"
_OPEN = frozenset({ApprovalState.WAITING, ApprovalState.APPROVED})
WORK = "upgrade_due_installations"


def lock(installation_id: UUID) -> Installation:
    """The installation, locked until the transaction ends: its row guards everything about it.

    Where a site is locked too, it comes first: a new approval refers to its site while somebody else may hold that and
    wait for the installation.
    """
    found = lock_with_versions(Installation.objects.filter(pk=installation_id))
    if not found:
        raise NotFoundError("installation", installation_id)
    return found[0]


def replan(installation: Installation, *, now: datetime) -> Plan | None:
    """Bring upgrade, requests and shown reason of a locked installation in step with what is decided now.

    While a worker calls the app nothing is changed (None): it decides anew when it records the answer.
    """
    sight = look_at([installation])[0]
    if sight.upgrade is not None and sight.upgrade.state == UpgradeState.APPLYING:
        return None
    intent = sight.intent(now)
    before = (state_word(installation), installation.running_id)
    if isinstance(intent, Start):
        _go(sight, intent, now)
    elif isinstance(intent, Wait) and intent.because not in HELD_BACK:
        drop_upgrade(sight, now=now)
        show(installation, because=intent.because, text=intent.text)
        _ask(sight, intent, now)
    else:
        asking.supersede(sight.approvals, states=_OPEN, now=now)
        drop_upgrade(sight, now=now)
        _hold(installation, intent)
    _save(installation, before, now)
    return intent


def schedule(
    installation: Installation, target: KnownVersion, *, trigger: str, by: str, now: datetime, keeps_grant: bool = False
) -> Upgrade:
    """Make an upgrade of a locked installation due now; the caller saves the installation."""
    upgrade = Upgrade.objects.create(
        id=new_id(),
        site_id=installation.site_id,
        installation_id=installation.pk,
        app_key=installation.app_key,
        from_number=installation.running.number if installation.running else "",
        to_number=target.number,
        to_version_id=target.pk,
        state=UPGRADE.start,
        trigger=trigger,
        by=by,
        planned_at=now,
        keeps_grant=keeps_grant,
    )
    installation.upgrade_id, installation.due_at, installation.due_since = upgrade.id, now, now
    show(installation, text=due_text(target.number))
    audit_upgrade("upgrade.scheduled", upgrade, now, actor=by, to=target.number, trigger=trigger)
    jobs.defer(WORK)
    return upgrade


def drop_upgrade(sight: Sight, *, now: datetime) -> None:
    """Supersede the open upgrade, if there is one; the caller saves the installation."""
    if sight.upgrade is not None:
        move(sight.upgrade, UpgradeEvent.SUPERSEDED, now=now, finished_at=now)
    each = sight.installation
    each.upgrade_id = each.due_at = each.due_since = None


def move(upgrade: Upgrade, event: UpgradeEvent, *, now: datetime, **fields: Any) -> None:
    """Advance an upgrade whose installation is locked, with its audit row."""
    move_many([upgrade], event, now=now, **fields)


def move_many(upgrades: Sequence[Upgrade], event: UpgradeEvent, *, now: datetime, **fields: Any) -> None:
    """Advance upgrades whose installations are locked by one statement for each state they are in.

    A field may be an expression; what it comes to is the caller's to know.
    """
    groups: dict[str, list[Upgrade]] = {}
    for upgrade in upgrades:
        groups.setdefault(upgrade.state, []).append(upgrade)
    for state, group in groups.items():
        after = advance(UPGRADE, UpgradeState(state), event)
        owners = [upgrade.installation_id for upgrade in group]
        rows = Upgrade.objects.filter(installation_id__in=owners, id__in=[upgrade.id for upgrade in group])
        rows.update(state=after, **fields)
        for upgrade in group:
            upgrade.state = after
            for name, value in fields.items():
                setattr(upgrade, name, value)
    audit.record_many([_entry(f"upgrade.{event}", upgrade, now) for upgrade in upgrades])


def show(installation: Installation, *, because: str = "", text: str = "", until: datetime | None = None) -> None:
    """Set why the installation is not on the newest version; the caller saves it."""
    installation.because, installation.text, installation.until = because, text, until


def audit_upgrade(action: str, upgrade: Upgrade, now: datetime, *, actor: str, **detail: Any) -> None:
    audit.record(
        action, service="host", actor=actor, subject=("upgrade", upgrade.id), now=now, scope_id=upgrade.site_id,
        app=upgrade.app_key, **detail,
    )  # fmt: skip


def _entry(action: str, upgrade: Upgrade, now: datetime) -> audit.AuditEntry:
    return audit.entry(
        action, service="host", actor=ACTOR, subject=("upgrade", upgrade.id), now=now, scope_id=upgrade.site_id,
        app=upgrade.app_key, to=upgrade.to_number,
    )  # fmt: skip


def _hold(installation: Installation, intent: Plan) -> None:
    """Nothing is to be done, or not before its turn; nothing is made for that, the row alone falls due."""
    show(installation)
    if isinstance(intent, Wait):
        show(installation, because=intent.because, text=intent.text, until=intent.until)
        installation.due_at = intent.until


def _ask(sight: Sight, wait: Wait, now: datetime) -> None:
    """Have the request to administrators be for what waits for them."""
    assert wait.ask is not None
    version = sight.version_of(wait.target)
    if wait.because is Because.CONSENT:
        asking.ask(sight.installation, version, wait.ask, sight.approvals, now=now)
    else:
        asking.stay_declined(version, wait.ask, sight.approvals, now=now)


def _go(sight: Sight, start: Start, now: datetime) -> None:
    """The upgrade is due, unless this very one is open. What is asked beside it stays asked."""
    each, target = sight.installation, sight.version_of(start.target)
    covered = start.consent is not None and start.consent.kind is ConsentKind.COVERED
    if start.also is not None:
        _ask(sight, start.also, now)
    else:
        # Where nothing is asked any more an unused approval ends too: what comes back later is asked for again.
        asking.supersede(sight.approvals, states={ApprovalState.WAITING} if covered else _OPEN, now=now)
    if sight.is_for(start):
        return
    trigger, by = _set_off_by(sight, start, covered=covered)
    drop_upgrade(sight, now=now)
    schedule(each, target, trigger=trigger, by=by, now=now, keeps_grant=start.keeps_grant)


def _set_off_by(sight: Sight, start: Start, *, covered: bool) -> tuple[str, str]:
    """The trigger of an upgrade, and who or what set it off."""
    standing, upgrade = sight.standing, sight.upgrade
    if covered and standing is not None:
        return APPROVED, standing.decided_by
    if upgrade is not None and upgrade.trigger == AHEAD:
        return AHEAD, upgrade.by  # a newer version came before what they went ahead to
    return sight.trigger_of(start), ACTOR


def _save(installation: Installation, before: tuple[str, UUID | None], now: datetime) -> None:
    if (state_word(installation), installation.running_id) != before:
        installation.since = now
    installation.save(
        update_fields=[
            "newest", "within", "granted", "rollout", "turn_at", "because", "text", "until", "since", "upgrade_id",
            "due_at", "due_since",
        ]
    )  # fmt: skip
    report(installation, now)
