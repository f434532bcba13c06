"""Telling hosts what has changed: signed, host by host, again and again until they have taken it.

A host service was invited by our operator and its address came with a one-time code, so it may be private, as the
marketplace may be for the host; redirects are not followed, and a metadata address stays refused. What a host takes
is what holds when it is told, not what held when the push was noted; so nothing that is told is older than its note.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse, Purpose, Timeout
from tradepost.wire import messages
from tradepost.wire.licenses import MOST_QUESTIONS, SIGNATURE_HEADER, LicenseDecisions, signature

from .deciding import decisions_by_id
from .models import PendingPush, PushTurn

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Machine time; longer than the slowest call. After it another worker tells the host."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
"""A host that does not answer is never given up: it asks by itself, but only when its cache is old."""

MOST_BYTES = 65_536
"""Of an answer nobody reads but for its status."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One host that this worker may tell now."""

    host: UUID
    base_url: str
    key: str
    attempts: int
    lease: UUID


@dataclass(frozen=True, slots=True)
class Waiting:
    """One license a host is to be told of, as it stood when it was read."""

    id: int
    site_id: int
    listing_id: UUID
    serial: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one host is told in one push."""

    turn: Turn
    waiting: Sequence[Waiting]
    request: OutgoingRequest


def push_due(now: datetime) -> int:
    """Tell some hosts what has changed; return how many were told, or asked in vain. Of each one worker at a time."""
    turns = claim_turns()
    batches = [_batch(turn, now=now) for turn in turns]
    answers = _send([batch.request for batch in batches])
    for batch, answer in zip(batches, answers, strict=True):
        problem = _problem_of(answer)
        if not problem:
            _record_taken(batch)
        else:
            _put_off(batch, problem, is_refusal=isinstance(answer, OutgoingResponse) and 400 <= answer.status < 500)
    return len(turns)


def claim_turns() -> list[Turn]:
    """Take hosts that are due and have something to be told; those that waited longest first."""
    machine, lease = machine_now(), new_id()
    values = {
        "machine": machine,
        "lease": lease,
        "until": machine + LEASE,
        "at_once": configuration.limits.at_once,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return [Turn(*row, lease=lease) for row in cursor.fetchall()]


def next_due() -> datetime | None:
    """When a host is to be told next (machine time)."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_DUE)
        return cursor.fetchone()[0]


def _batch(turn: Turn, *, now: datetime) -> Batch:
    rows = PendingPush.objects.filter(host_id=turn.host).order_by("attempts", "id")
    waiting = [Waiting(*row) for row in rows.values_list("id", "site_id", "listing_id", "serial")[:MOST_QUESTIONS]]
    decisions = decisions_by_id([(each.site_id, each.listing_id) for each in waiting], now=now)
    body = msgspec.json.encode(LicenseDecisions(decisions=decisions))
    return Batch(turn, waiting, _request(turn, body))


def _request(turn: Turn, body: bytes) -> OutgoingRequest:
    limits = configuration.limits
    at = int(machine_now().timestamp())
    return OutgoingRequest(
        "POST",
        turn.base_url + messages.PREFIX + "/licenses",
        headers=(
            ("Content-Type", "application/json"),
            (SIGNATURE_HEADER, signature(turn.key, at=at, body=body)),
        ),
        body=body,
        timeout=Timeout(connect=limits.connect_seconds, total=limits.total_seconds * 3),
        max_bytes=MOST_BYTES,
        purpose=Purpose.WIRE,
    )


def _send(requests: Sequence[OutgoingRequest]) -> list[OutgoingResponse | OutgoingError]:
    if not requests:
        return []
    limits = configuration.limits
    return _client().send_all(requests, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)


def _problem_of(answer: OutgoingResponse | OutgoingError) -> str:
    if isinstance(answer, OutgoingError):
        return answer.text
    return "" if 200 <= answer.status < 300 else f"The host service answered with status {answer.status}."


@transaction.atomic
def _record_taken(batch: Batch) -> None:
    """Forget what the host has taken, but for what has changed since it was read."""
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, [[each.id for each in batch.waiting], [each.serial for each in batch.waiting]])
    machine = machine_now()
    _ours(batch.turn).update(attempts=0, problem="", told_at=machine, due_at=machine, lease=None, lease_until=None)


@transaction.atomic
def _put_off(batch: Batch, problem: str, *, is_refusal: bool) -> None:
    """Try the host again later. A batch it refused goes behind the others, in which nothing may be wrong."""
    if is_refusal:
        with connection.cursor() as cursor:
            cursor.execute(REFUSED, [sorted(each.id for each in batch.waiting)])
    pause = min(FIRST_PAUSE * 2 ** min(batch.turn.attempts, 12), LONGEST_PAUSE)
    _ours(batch.turn).update(
        attempts=batch.turn.attempts + 1,
        problem=problem[:500],
        due_at=machine_now() + pause,
        lease=None,
        lease_until=None,
    )
    log.warning("host %s was not told of %d licenses: %s", batch.turn.host, len(batch.waiting), problem)


def _ours(turn: Turn) -> QuerySet[PushTurn]:
    return PushTurn.objects.filter(host_id=turn.host, lease=turn.lease)


_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_own_client = outgoing.GuardedClient(outgoing.AddressRules(development=True, allowed_networks=_EVERYWHERE))


def _client() -> outgoing.OutgoingClient:
    """The client for addresses of invited hosts; a simulation's client takes its place like everywhere."""
    present = outgoing.current()
    return _own_client if isinstance(present, outgoing.GuardedClient) else present


# Whether anything waits is looked up host by host: an EXISTS would be answered by reading all that waits.
CLAIM = """
WITH chosen AS (
    SELECT turn.host_id FROM licensing_pushturn turn
    JOIN hosts_hostservice host ON host.id = turn.host_id
    CROSS JOIN LATERAL (SELECT FROM licensing_pendingpush p WHERE p.host_id = turn.host_id LIMIT 1) waiting
    WHERE turn.due_at <= %(machine)s AND (turn.lease IS NULL OR turn.lease_until <= %(machine)s)
      AND host.credential_digest IS NOT NULL AND host.base_url <> ''
    ORDER BY turn.due_at
    LIMIT %(at_once)s
    FOR NO KEY UPDATE OF turn SKIP LOCKED
)
UPDATE licensing_pushturn turn SET lease = %(lease)s, lease_until = %(until)s
FROM chosen JOIN hosts_hostservice host ON host.id = chosen.host_id
WHERE turn.host_id = chosen.host_id
RETURNING turn.host_id, host.base_url, host.credential_digest, turn.attempts
"""
NEXT_DUE = """
SELECT min(greatest(turn.due_at, turn.lease_until)) FROM licensing_pushturn turn
JOIN hosts_hostservice host ON host.id = turn.host_id
CROSS JOIN LATERAL (SELECT FROM licensing_pendingpush p WHERE p.host_id = turn.host_id LIMIT 1) waiting
WHERE host.credential_digest IS NOT NULL AND host.base_url <> ''
"""
# Rows are locked in the order in which `telling` writes them, so that neither waits for the other in a circle.
TAKEN = """
WITH theirs AS (
    SELECT p.id FROM licensing_pendingpush p JOIN unnest(%s::bigint[], %s::bigint[]) AS told(id, serial)
    ON p.id = told.id AND p.serial = told.serial ORDER BY p.site_id, p.listing_id FOR UPDATE OF p
)
DELETE FROM licensing_pendingpush p USING theirs WHERE p.id = theirs.id
"""
REFUSED = """
WITH theirs AS (
    SELECT id FROM licensing_pendingpush WHERE id = ANY(%s) ORDER BY site_id, listing_id FOR NO KEY UPDATE
)
UPDATE licensing_pendingpush p SET attempts = p.attempts + 1 FROM theirs WHERE p.id = theirs.id
"""
