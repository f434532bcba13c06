"""Sites that reach a version: what it means for one of them, and the many that need no decision of their own, set-wise.

Most do: they run their newest version then, or wait for the same person about the same as before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from tradepost.core.plan import Nothing, Wait
from tradepost.core.states import INSTALLATION, ApprovalState, InstallationEvent, InstallationState, advance
from tradepost.foundation import audit
from tradepost.host.installing.models import Installation, KnownVersion

from .judging import NO_VERDICT, judge
from .lifecycle import LifecycleEvent
from .planning import ACTOR, show
from .queries import ASKED_IN, Sight
from .queueing import CallCause, queue_calls


def land(installation: Installation, target: KnownVersion, *, keeps_grant: bool) -> None:
    """Set in memory that a locked installation runs `target`, and what that ends; the caller saves it.

    With `keeps_grant` what was granted stays what counts, else the version comes with its permissions.
    """
    installation.granted = installation.rights_version if keeps_grant else None
    installation.running = target
    within, newest = installation.within, installation.newest
    if within is not None and (within.order_key <= target.order_key or within.major != target.major):
        installation.within = None
    if newest is None or newest.order_key <= target.order_key:
        installation.rollout = ""
    if target.is_deployed:
        installation.turn_at = None


def forget_deployments(installation: Installation) -> None:
    """Drop in memory what was offered and granted of a deployed app, where an installation ends or begins."""
    installation.within = installation.granted = installation.turn_at = None
    installation.rollout = ""


def land_plain(sights: Sequence[Sight], now: datetime) -> list[Sight]:
    """Set in memory that installations run what their open upgrades brought, and show how they stand then.

    Returns the sights of those about which nothing else is to be written. All others are to be read anew.
    """
    silent = {sight.installation.pk for sight in sights if sight.is_silent}
    targets = _targets(sights)
    for sight in sights:
        assert sight.upgrade is not None
        target = targets[sight.upgrade.to_version_id]
        land(sight.installation, target, keeps_grant=sight.upgrade.keeps_grant)
    verdicts = judge([sight.installation for sight in sights])
    plain = []
    for sight in sights:
        after = replace(sight, verdict=verdicts.get(sight.installation.pk, NO_VERDICT))
        if _stands(after, now, was_silent=sight.installation.pk in silent):
            plain.append(sight)
    return plain


def _targets(sights: Iterable[Sight]) -> Mapping[UUID, KnownVersion]:
    """The versions that upgrades lead to, nearly always at hand with their installations."""
    wanted = {sight.upgrade.to_version_id for sight in sights if sight.upgrade is not None}
    known = {}
    for sight in sights:
        each = sight.installation
        for version in (each.newest, each.within, each.running):
            if version is not None:
                known[version.pk] = version
    missing = wanted - known.keys()
    if missing:
        known |= {row.pk: row for row in KnownVersion.objects.defer("descriptor", "manifest").filter(pk__in=missing)}
    return known


def _stands(sight: Sight, now: datetime, *, was_silent: bool) -> bool:
    """Whether there is nothing to write about requests to administrators; sets what is shown."""
    intent, approvals = sight.intent(now), sight.approvals
    show(sight.installation)
    if isinstance(intent, Nothing):
        return all(each.state == ApprovalState.DECLINED for each in approvals)
    if not was_silent or not isinstance(intent, Wait) or intent.because not in ASKED_IN or intent.ask is None:
        return False
    show(sight.installation, because=intent.because, text=intent.text)
    asked = [each for each in approvals if each.fingerprint == intent.ask.fingerprint]
    others = [each for each in approvals if each not in asked and each.state != ApprovalState.DECLINED]
    wanted = sight.wanted
    is_same = len(asked) == 1 and wanted is not None and asked[0].version_id == wanted.pk
    return is_same and not others and asked[0].state == ASKED_IN[intent.because]


def write_landed(installations: Sequence[Installation], actors: Mapping[UUID, str], now: datetime) -> None:
    """Write what `land_plain` set, and enable those that were being installed. `actors` say by upgrades who did it."""
    fresh = [each for each in installations if each.state == InstallationState.INSTALLING]
    by = {each.pk: actors[each.upgrade_id] for each in fresh if each.upgrade_id is not None}
    alike: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    for each in installations:
        each.upgrade_id = each.due_at = each.due_since = each.lease = each.lease_until = None
        each.since = now
        alike[tuple(getattr(each, name) for name in _LANDED)].append(each.pk)
    for values, ids in alike.items():
        Installation.objects.filter(pk__in=ids).update(
            **dict(zip(_LANDED, values, strict=True)), until=None, since=now, upgrade_id=None, due_at=None,
            due_since=None, lease=None, lease_until=None,
        )  # fmt: skip
    _enable(fresh, by, now)


_LANDED = ("running_id", "granted_id", "within_id", "rollout", "turn_at", "because", "text")


def _enable(fresh: Sequence[Installation], by: Mapping[UUID, str], now: datetime) -> None:
    if not fresh:
        return
    for each in fresh:
        each.state = advance(INSTALLATION, InstallationState(each.state), InstallationEvent.INSTALLED)
    rows = Installation.objects.filter(pk__in=[each.pk for each in fresh])
    rows.update(state=fresh[0].state, installed_at=now)
    rows.exclude(sealed_pending_secret="").update(sealed_secret=F("sealed_pending_secret"), sealed_pending_secret="")
    audit.record_many([entry(each, InstallationEvent.INSTALLED, now) for each in fresh])
    queue_calls(fresh, LifecycleEvent.ENABLED, cause=CallCause.INSTALL, by=by, now=now)


def entry(installation: Installation, event: InstallationEvent, now: datetime) -> audit.AuditEntry:
    """The audit row of what became of an installation."""
    return audit.entry(
        f"installation.{event}", service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key,
    )  # fmt: skip
