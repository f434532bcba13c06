"""Deciding anew for one installation whose row is locked: what to move to, whom to ask, what to wait for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradepost.core.consent import ConsentKind
from tradepost.core.errors import NotFoundError
from tradepost.core.plan import Because, Nothing, Plan, Wait, plan_upgrade
from tradepost.core.states import UPGRADE, ApprovalState, UpgradeEvent, UpgradeState, advance
from tradepost.foundation import audit, jobs
from tradepost.foundation.clock import new_id
from tradepost.host.approvals import asking
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import report, state_word

from .models import Upgrade
from .queries import APPROVED, AUTOMATIC, Sight, look_at, with_versions

ACTOR = "upgrading"
WORK = "upgrade_due_installations"
_WAITING_FOR_PERSON = {Because.CONSENT, Because.DECLINED}


def lock(installation_id: UUID) -> Installation:
    """The installation, locked until the transaction ends: its row guards everything about it.

    Where a site is locked too, it comes first. Neither lock keeps others from referring to the row (`no_key`), for a
    new approval refers to its site while somebody else may hold that and wait for the installation.
    """
    rows = with_versions(Installation.objects.select_for_update(of=("self",), no_key=True))
    found = rows.filter(pk=installation_id).first()
    if found is None:
        raise NotFoundError("installation", installation_id)
    return found


def replan(installation: Installation, *, now: datetime) -> Plan | None:
    """Bring upgrade, requests and shown reason of a locked installation in step with what is decided now.

    While a worker calls the app nothing is changed (None): it decides anew when it records the answer.
    """
    sight = look_at([installation])[0]
    if sight.upgrade is not None and sight.upgrade.state == UpgradeState.APPLYING:
        return None
    plan = plan_upgrade(sight.facts, now=now, policy=asking.consent_policy())
    before = (state_word(installation), installation.running_id)
    if isinstance(plan, Nothing):
        asking.supersede(sight.approvals, states={ApprovalState.WAITING, ApprovalState.APPROVED}, now=now)
        drop_upgrade(sight, now=now)
        show(installation)
    elif isinstance(plan, Wait) and plan.because in _WAITING_FOR_PERSON:
        _wait_for_person(sight, plan, now)
    else:
        _go(sight, now)
    _save(installation, before, now)
    return plan


def schedule(installation: Installation, target: KnownVersion, *, trigger: str, by: str, now: datetime) -> Upgrade:
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
    )
    installation.upgrade_id, installation.due_at, installation.due_since = upgrade.id, now, now
    show(installation, text=scheduled_text(target))
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


def scheduled_text(target: KnownVersion) -> str:
    return f"Version {target.number} is due and will be applied in a moment."


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


def _wait_for_person(sight: Sight, plan: Wait, now: datetime) -> None:
    each, version = sight.installation, sight.installation.newest
    assert version is not None
    assert plan.ask is not None
    drop_upgrade(sight, now=now)
    show(each, because=plan.because, text=plan.text)
    if plan.because is Because.CONSENT:
        asking.ask(each, version, plan.ask, sight.approvals, now=now)
    else:
        asking.stay_declined(version, plan.ask, sight.approvals, now=now)


def _go(sight: Sight, now: datetime) -> None:
    """Nothing is asked, or what is asked was approved: the upgrade is due, unless one to this version is open."""
    each, consent, standing = sight.installation, sight.consent, sight.standing
    assert each.newest is not None
    covered = consent is not None and consent.kind is ConsentKind.COVERED
    # Where nothing is asked any more an unused approval ends too: what comes back later is asked for again.
    ended = {ApprovalState.WAITING} if covered else {ApprovalState.WAITING, ApprovalState.APPROVED}
    asking.supersede(sight.approvals, states=ended, now=now)
    if sight.upgrade is not None and sight.upgrade.to_version_id == each.newest.pk:
        return
    drop_upgrade(sight, now=now)
    if covered and standing is not None:
        schedule(each, each.newest, trigger=APPROVED, by=standing.decided_by, now=now)
    else:
        schedule(each, each.newest, trigger=AUTOMATIC, by=ACTOR, now=now)


def _save(installation: Installation, before: tuple[str, UUID | None], now: datetime) -> None:
    if (state_word(installation), installation.running_id) != before:
        installation.since = now
    installation.save(
        update_fields=[
            "newest", "because", "text", "until", "since", "upgrade_id", "due_at", "due_since",
        ]
    )  # fmt: skip
    report(installation, now)
