"""Telling apps that what they see of their license has changed: once per change, whoever noticed it.

What an app heard last is kept (`CachedLicense.told`). An app that is switched off hears of it when it is on again; one
that is being installed by its `installed` call.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection

from tradepost.core.module_kinds import Place
from tradepost.core.states import InstallationState
from tradepost.foundation import audit
from tradepost.foundation.configuration import configuration
from tradepost.host.embedding.compiled import compiled
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.secrets import is_rotating
from tradepost.host.upgrading.lifecycle import LifecycleEvent
from tradepost.host.upgrading.models import QueuedCall
from tradepost.host.upgrading.queueing import CallCause, queue_calls
from tradepost.host.webhooks.commands import LICENSE_CHANGED, Event, queue_event

from .deciding import license_in
from .models import CachedLicense
from .spelling import license_object

Told = dict[str, Any]
ACTOR = "licenses"
NO_CALLS: Mapping[tuple[UUID, str], KnownVersion] = MappingProxyType({})


def tell(
    seen: Sequence[tuple[Installation, CachedLicense]],
    *,
    now: datetime,
    calls: Mapping[tuple[UUID, str], KnownVersion] = NO_CALLS,
) -> None:
    """Queue what apps are to hear of locked rows that have just been written.

    Those in `calls`, by site and app key, hear of it by an `installed` call that is about to be made about a version.
    """
    assert connection.in_atomic_block, "apps are told in the transaction of the change"
    changed, switched, entries = [], [], []
    for installation, row in seen:
        called = calls.get((installation.site_id, installation.app_key))
        before, after = row.told or {}, _told_by(installation, row, now, called)
        if before == after and row.told is not None:
            continue
        is_on = installation.state == InstallationState.ENABLED
        if installation.state == InstallationState.DISABLED:
            continue
        row.told = after
        changed.append(row)
        if before != after:
            entries.append(_entry(installation, before, after, now))
        if is_on and called is None and before != after:
            _queue_event(installation, after, now)
            if before.get("capabilitySet") != after.get("capabilitySet"):
                switched.append(installation)
    CachedLicense.objects.bulk_update(changed, ["told"], batch_size=200)
    audit.record_many(entries)
    if configuration.policy.lifecycle_on_switch:
        _queue_calls(switched, now)


def _entry(installation: Installation, before: Told, after: Told, now: datetime) -> audit.AuditEntry:
    return audit.entry(
        "license.seen", service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, before=_shown(before), after=_shown(after),
    )  # fmt: skip


def _shown(told: Told) -> dict[str, Any]:
    """What an administrator wants to read of it."""
    return {name: told[name] for name in ("active", "type", "evaluation", "capabilitySet") if name in told}


def _told_by(installation: Installation, row: CachedLicense, now: datetime, called: KnownVersion | None) -> Told:
    version = called or installation.rights_version or installation.newest
    return license_object(license_in(row, now=now)) if version is not None and version.paid else {}


def _queue_event(installation: Installation, told: Told, now: datetime) -> None:
    if not _wants_event(installation):
        return
    payload = {
        "timestamp": int(now.timestamp() * 1000),
        "webhookEvent": LICENSE_CHANGED,
        "key": installation.app_key,
        "clientKey": installation.client_key,
        **({"license": told} if told else {}),
    }
    event = Event(LICENSE_CHANGED, ("license", str(installation.pk)), payload, {})
    queue_event(installation.site_id, event, now=now, app_key=installation.app_key)


def _wants_event(installation: Installation) -> bool:
    """Most apps do not, and are not looked at any closer."""
    if installation.running_id is None:
        return False
    modules = compiled(installation.running_id).modules
    return any(each.place is Place.EVENT and each.raw.get("event") == LICENSE_CHANGED for each in modules)


def _queue_calls(installations: Sequence[Installation], now: datetime) -> None:
    """`installed` once more; not for an app that is about to hear it anyway."""
    ids = [each.pk for each in installations]
    waiting = QueuedCall.objects.filter(installation_id__in=ids, cause=CallCause.LICENSE, attempts=0)
    has_one = set(waiting.values_list("installation_id", flat=True))
    to_call = [each for each in installations if each.pk not in has_one and not is_rotating(each)]
    queue_calls(to_call, LifecycleEvent.INSTALLED, cause=CallCause.LICENSE, by="", now=now)
