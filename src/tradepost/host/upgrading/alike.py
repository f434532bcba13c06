"""Installations that run the same, are offered the same and were asked the same: one decision, few statements."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import connection

from tradepost.core.plan import Because, Nothing, Plan, Start, Wait
from tradepost.core.states import UPGRADE
from tradepost.foundation import audit, jobs
from tradepost.host.approvals.asking import Request, ask_many, follow_many
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import report_many

from .planning import ACTOR, WORK
from .queries import ASKED_IN, HELD_BACK, Sight, due_text


def take_alike(sights: Sequence[Sight], now: datetime) -> bool:
    """Write what follows for all of them; False, with nothing written, where each needs a look of its own.

    None of them has an upgrade under way, and what the marketplace told is set in memory.
    """
    first = sights[0]
    intent = first.intent(now)
    asks = _asks(intent)
    if not _fits_history(first, asks) or isinstance(intent, Nothing):
        return False
    installations = [sight.installation for sight in sights]
    _write_told(installations)
    if asks is not None:
        _ask_alike(sights, asks, now)
    if isinstance(intent, Start):
        _schedule(installations, first, intent, now)
    else:
        _wait(installations, intent, now)
    report_many(installations, now)
    return True


def _asks(intent: Plan) -> Wait | None:
    """What of a plan is a question to administrators."""
    if isinstance(intent, Start):
        return intent.also
    return intent if isinstance(intent, Wait) and intent.because not in HELD_BACK else None


def _fits_history(sight: Sight, asks: Wait | None) -> bool:
    """Whether nothing was asked before, or exactly this, with the answer that there is."""
    if not sight.approvals:
        return asks is None or asks.because is Because.CONSENT
    [asked] = sight.approvals
    if asks is None or asks.ask is None:
        return False
    return asked.fingerprint == asks.ask.fingerprint and asked.state == ASKED_IN[asks.because]


def _ask_alike(sights: Sequence[Sight], asks: Wait, now: datetime) -> None:
    first = sights[0]
    assert asks.ask is not None
    version = first.version_of(asks.target)
    if first.approvals:
        follow_many([approval for sight in sights for approval in sight.approvals], version)
    else:
        ask_many([Request(sight.installation, version, asks.ask) for sight in sights], now=now)


def _write_told(installations: Sequence[Installation]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _TOLD,
            [
                [each.pk for each in installations],
                [each.turn_at for each in installations],
                installations[0].newest_id, installations[0].within_id, installations[0].rollout,
            ],
        )  # fmt: skip


_TOLD = """
    WITH told AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) AS t (id, turn_at))
    UPDATE installing_installation i
    SET newest_id = %s, within_id = %s, rollout = %s, turn_at = told.turn_at
    FROM told WHERE i.id = told.id
"""


def _wait(installations: Sequence[Installation], wait: Wait, now: datetime) -> None:
    """For a person, for the vendor, or each for its own turn, at which its row falls due."""
    has_turn = wait.because is Because.TURN
    with connection.cursor() as cursor:
        cursor.execute(
            _WAIT,
            {
                "ids": [each.pk for each in installations], "because": wait.because, "text": wait.text, "now": now,
                "has_turn": has_turn,
            },
        )  # fmt: skip
    _show_all(installations, because=wait.because, text=wait.text, now=now)
    for each in installations:
        each.until = each.due_at = each.turn_at if has_turn else None


_WAIT = """
    UPDATE installing_installation
    SET because = %(because)s, text = %(text)s, upgrade_id = NULL, due_since = NULL,
        since = CASE WHEN because = %(because)s THEN since ELSE %(now)s END,
        until = CASE WHEN %(has_turn)s THEN turn_at END, due_at = CASE WHEN %(has_turn)s THEN turn_at END
    WHERE id = ANY(%(ids)s)
"""


def _schedule(installations: Sequence[Installation], sight: Sight, start: Start, now: datetime) -> None:
    """One statement makes the upgrades and sets the installations due, whatever their number."""
    target, text = sight.version_of(start.target), due_text(start.target.number)
    trigger = sight.trigger_of(start)
    with connection.cursor() as cursor:
        cursor.execute(
            _SCHEDULE,
            {
                "ids": [each.pk for each in installations], "target": target.pk, "to_number": target.number,
                "state": UPGRADE.start, "trigger": trigger, "by": ACTOR, "now": now, "text": text,
                "keeps_grant": start.keeps_grant,
            },
        )  # fmt: skip
        made = dict(cursor.fetchall())
    for each in installations:
        each.upgrade_id, each.until = made[each.pk], None
        each.due_at = each.due_since = now
    _show_all(installations, because="", text=text, now=now)
    audit.record_many(list(_entries(installations, target, trigger, now)))
    jobs.defer(WORK)


_SCHEDULE = """
    WITH made AS (
        INSERT INTO upgrading_upgrade (
            id, site_id, installation_id, app_key, from_number, to_number, to_version_id,
            state, trigger, "by", planned_at, attempts, last_failure, keeps_grant
        )
        SELECT gen_random_uuid(), i.site_id, i.id, i.app_key, v.number, %(to_number)s, %(target)s,
               %(state)s, %(trigger)s, %(by)s, %(now)s, 0, '', %(keeps_grant)s
        FROM installing_installation i JOIN installing_knownversion v ON v.id = i.running_id
        WHERE i.id = ANY(%(ids)s)
        RETURNING id, installation_id
    )
    UPDATE installing_installation i
    SET upgrade_id = made.id, due_at = %(now)s, due_since = %(now)s,
        because = '', text = %(text)s, until = NULL, since = %(now)s
    FROM made WHERE i.id = made.installation_id
    RETURNING i.id, i.upgrade_id
"""


def _show_all(installations: Iterable[Installation], *, because: str, text: str, now: datetime) -> None:
    """What was written to the rows, in memory too: the reports are made of it."""
    for each in installations:
        each.since = each.since if each.because and each.because == because else now
        each.because, each.text, each.until = because, text, None


def _entries(
    installations: Iterable[Installation], target: KnownVersion, trigger: str, now: datetime
) -> Iterator[audit.AuditEntry]:
    for each in installations:
        yield audit.entry(
            "upgrade.scheduled", service="host", actor=ACTOR, subject=("upgrade", each.upgrade_id), now=now,
            scope_id=each.site_id, app=each.app_key, to=target.number, trigger=trigger,
        )  # fmt: skip
