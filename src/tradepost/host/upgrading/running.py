"""Carrying out upgrades: claim, start, commit, call the apps, record each answer over what was read.

A worker may die at any point. Before its calls: the lease runs out and another starts again. After a call and before
its record: the app is called again with the identical body. After the record: the lease is gone and nothing is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from tradepost.core.plan import Because, Nothing, Plan, Start, Wait
from tradepost.core.states import UpgradeEvent, UpgradeState
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.foundation.secrets import UnreadableSecretError
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.licenses.asking import ask_before_calls
from tradepost.host.marketlink.reports import report

from .lifecycle import AppCall, account_ids, installed_call, needs_call
from .models import Upgrade
from .outcomes import NOT_CALLED, Outcome
from .planning import audit_upgrade, move, move_many, replan, show
from .queries import BY_ADMINISTRATOR, Sight, lock_with_versions, look_at, with_versions
from .recording import Result, record_results
from .sending import BATCH, lease_life, send_calls


@dataclass(frozen=True, slots=True)
class Started:
    """An upgrade this worker may carry out while the lease is its own. `call` is None where nothing is to be told."""

    installation_id: UUID
    upgrade_id: UUID
    lease: UUID
    call: AppCall | None
    problem: str = ""


def upgrade_due(now: datetime) -> int:
    """Carry out a batch of upgrades that are due; return how many installations were taken up."""
    lease = new_id()
    claimed = claim(now, lease)
    if not claimed:
        return 0
    _ask_about_licenses(claimed, now)
    started = start(claimed, lease, now)
    outcomes = call_apps(started)
    record_results(
        [
            Result(each.installation_id, each.upgrade_id, each.lease, outcome)
            for each, outcome in zip(started, outcomes, strict=True)
        ],
        now=now,
    )
    return len(claimed)


def claim(now: datetime, lease: UUID, *, most: int = BATCH) -> list[UUID]:
    """Put the lease on installations that are due and free, those due longest first; return their ids."""
    machine = machine_now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease, machine + lease_life(), now, machine, now, most])
        return [row[0] for row in cursor.fetchall()]


# What an app was told of its former life on the site has gone out before it hears of a new one.
_CLAIM = """
    UPDATE installing_installation SET lease = %s, lease_until = %s
    WHERE id IN (
        SELECT id FROM installing_installation
        WHERE due_at IS NOT NULL AND due_at <= %s AND (lease_until IS NULL OR lease_until < %s)
          AND NOT EXISTS (
            SELECT 1 FROM upgrading_queuedcall q WHERE q.installation_id = installing_installation.id
            AND q.event IN ('disabled', 'uninstalled') AND q.due_at <= %s)
        ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


@transaction.atomic
def start(ids: Sequence[UUID], lease: UUID, now: datetime) -> list[Started]:
    """Decide for each claimed installation, and mark those that are to be called; the rest wait, with reasons."""
    to_begin = []
    for sight in look_at(lock_with_versions(Installation.objects.filter(pk__in=ids, lease=lease))):
        plan = sight.plan(now)
        if isinstance(plan, Start) and sight.is_for(plan):
            to_begin.append((sight, sight.version_of(plan.target)))
        else:
            _do_not_begin(sight, plan, now)
    return _begin(to_begin, now)


def call_apps(started: Sequence[Started]) -> list[Outcome]:
    """Call the apps, some at once, never more than the limit at one host. Not to be used inside a transaction."""
    to_call = [(each.installation_id, each.call) for each in started if each.call is not None]
    answers = send_calls([call for _, call in to_call])
    by_id = {pk: answer for (pk, _), answer in zip(to_call, answers, strict=True)}
    return [_outcome(each, by_id.get(each.installation_id)) for each in started]


def _ask_about_licenses(ids: Sequence[UUID], now: datetime) -> None:
    """What apps are about to be told of their license is decided before; only what starts may begin a trial."""
    rows = with_versions(Installation.objects.filter(Q(newest__paid=True) | Q(within__paid=True), pk__in=ids))
    starting = []
    for sight in look_at(list(rows)):
        plan = sight.plan(now)
        if isinstance(plan, Start) and sight.is_for(plan):
            starting.append((sight.installation, _counting(sight, sight.version_of(plan.target))))
    ask_before_calls(starting, now=now)


def _counting(sight: Sight, target: KnownVersion) -> KnownVersion:
    """The version whose payment counts once the open upgrade has brought `target`."""
    granted = sight.installation.rights_version
    keeps = sight.upgrade is not None and sight.upgrade.keeps_grant
    return granted if keeps and granted is not None else target


def _outcome(started: Started, answer: OutgoingResponse | OutgoingError | None) -> Outcome:
    if started.problem:
        return Outcome(call=None, answer=None, problem=started.problem)
    return Outcome(call=started.call, answer=answer if started.call is not None else NOT_CALLED)


def _begin(to_begin: Sequence[tuple[Sight, KnownVersion]], now: datetime) -> list[Started]:
    """Mark upgrades as being applied, and count the try before it is made: a worker may die in it."""
    upgrades = [sight.upgrade for sight, _ in to_begin if sight.upgrade is not None]
    tries = [upgrade.attempts + 1 for upgrade in upgrades]
    move_many(upgrades, UpgradeEvent.STARTED, now=now, attempts=F("attempts") + 1)
    for upgrade, attempt in zip(upgrades, tries, strict=True):
        upgrade.attempts = attempt
    people = account_ids({each.by for each in upgrades if each.trigger in BY_ADMINISTRATOR})
    return [
        _started(sight, upgrade, target, people.get(upgrade.by))
        for (sight, target), upgrade in zip(to_begin, upgrades, strict=True)
    ]


def _started(sight: Sight, upgrade: Upgrade, target: KnownVersion, account_id: str | None) -> Started:
    installation = sight.installation
    assert installation.lease is not None
    call, problem = None, ""
    if needs_call(target):
        try:
            call = installed_call(installation, target, counting=_counting(sight, target), account_id=account_id)
        except UnreadableSecretError as error:
            problem = str(error)
    return Started(installation.pk, upgrade.id, installation.lease, call, problem=problem)


def _do_not_begin(sight: Sight, plan: Plan, now: datetime) -> None:
    """Give the installation back: it waits, or its plan has changed since the upgrade was made."""
    installation, upgrade = sight.installation, sight.upgrade
    installation.lease = installation.lease_until = None
    if upgrade is not None and upgrade.state == UpgradeState.APPLYING:
        # Its worker died, and what it was doing is not what is to be done now.
        move(upgrade, UpgradeEvent.FAILED, now=now, last_failure="The worker was stopped.")
    if isinstance(plan, Wait) and upgrade is not None and _is_pause(plan, upgrade):
        if (installation.because, installation.until) != (plan.because, plan.until):
            installation.since = now if installation.because != plan.because else installation.since
            show(installation, because=plan.because, text=plan.text, until=plan.until)
            audit_upgrade("upgrade.waits", upgrade, now, actor="upgrading", because=plan.because)
            report(installation, now)
        installation.due_at = plan.until
        installation.save(update_fields=["lease", "lease_until", "because", "text", "until", "since", "due_at"])
        return
    installation.save(update_fields=["lease", "lease_until"])
    if isinstance(plan, Nothing) and installation.running is None:
        installation.due_at = None
        installation.save(update_fields=["due_at"])
        return
    replan(installation, now=now)


def _is_pause(plan: Wait, upgrade: Upgrade) -> bool:
    """Whether the open upgrade is to be gone on with later."""
    return plan.because in {Because.WINDOW, Because.RETRY} and upgrade.to_number == plan.target.number
