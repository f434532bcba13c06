"""Telling hosts what has changed: signed, host by host, again and again until they have taken it.

There are several kinds of push, each with its own table of what is still to be told and its own turns, so that a host
that refuses one kind gets the others. What they have in common stands here; a domain describes its kind (`PushKind`).

A host service was invited by our operator and its address came with a one-time code, so it may be private, as the
marketplace may be for the host; redirects are not followed, and a metadata address stays refused. What a host takes
is what holds when it is told, not what held when the push was noted; so nothing that is told is older than its note.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from tradepost.foundation import due, outgoing
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse, Purpose, Timeout
from tradepost.wire import messages
from tradepost.wire.licenses import SIGNATURE_HEADER, signature

from .models import HeldForHost, TurnOfHost

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Machine time; longer than the slowest call. After it another worker tells the host."""

FIRST_PAUSE = timedelta(seconds=5)

MOST_BYTES = 65_536
"""Of an answer nobody reads but for its status."""

H = TypeVar("H", bound=HeldForHost)


@dataclass(frozen=True, slots=True)
class PushKind(Generic[H]):
    """One kind of push: what is held for hosts, where it goes, how much goes at once, and how it is put in a message.

    `compose` gets the rows with what `related` names loaded. `lock_order` is in what order everybody locks the rows of
    one host, so that nobody waits for another in a circle. A host that does not answer is never given up, and is tried
    at least every `longest_pause`.
    """

    what: str
    path: str
    held: type[H]
    turns: type[TurnOfHost]
    lock_order: str
    most: int
    longest_pause: timedelta
    compose: Callable[[Sequence[H], datetime], msgspec.Struct]
    related: tuple[str, ...] = ()

    def sql(self, statement: str) -> str:
        """One of the statements below, for the tables of this kind. All parts are constants of the code."""
        tables = {"held": self.held.table(), "turns": self.turns.table()}
        return statement.format(**tables, lock_order=self.lock_order)


@dataclass(frozen=True, slots=True)
class Turn:
    """One host that this worker may tell now."""

    host: UUID
    base_url: str
    key: str
    attempts: int
    lease: UUID


@dataclass(frozen=True, slots=True)
class Batch(Generic[H]):
    """What one host is told in one push: the rows as they stood when they were read, and the message."""

    turn: Turn
    held: Sequence[H]
    request: OutgoingRequest


def give_turns(turns: type[TurnOfHost]) -> None:
    """Let every host that has no turn of a kind yet have one; call it where something is noted for hosts."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE.format(turns=turns.table()), [machine_now()])


def push_due(kind: PushKind[H], now: datetime) -> int:
    """Tell some hosts what has changed; return how many were told, or asked in vain. Of each one worker at a time."""
    turns = claim_turns(kind)
    batches = [_batch(kind, turn, now=now) for turn in turns]
    answers = _send([batch.request for batch in batches])
    for batch, answer in zip(batches, answers, strict=True):
        problem = _problem_of(answer)
        if not problem:
            _record_taken(kind, batch)
        else:
            is_refusal = isinstance(answer, OutgoingResponse) and 400 <= answer.status < 500
            _put_off(kind, batch, problem, is_refusal=is_refusal)
    return len(turns)


def claim_turns(kind: PushKind[H]) -> list[Turn]:
    """Take hosts that are due and have something to be told; those that waited longest first."""
    machine, lease = machine_now(), new_id()
    values = {
        "machine": machine,
        "lease": lease,
        "until": machine + LEASE,
        "at_once": configuration.limits.at_once,
    }
    with connection.cursor() as cursor:
        cursor.execute(kind.sql(CLAIM), values)
        return [Turn(*row, lease=lease) for row in cursor.fetchall()]


def next_due(kind: PushKind[H]) -> due.NextDue:
    """The question when a host is to be told next (machine time)."""
    return due.NextDue(lambda: (kind.sql(NEXT_DUE), ()))


def _batch(kind: PushKind[H], turn: Turn, *, now: datetime) -> Batch[H]:
    rows = kind.held.objects.filter(host_id=turn.host).order_by("attempts", "id")
    held = list((rows.select_related(*kind.related) if kind.related else rows)[: kind.most])
    body = msgspec.json.encode(kind.compose(held, now))
    return Batch(turn, held, _request(turn, kind.path, body))


def _request(turn: Turn, path: str, body: bytes) -> OutgoingRequest:
    limits = configuration.limits
    at = int(machine_now().timestamp())
    return OutgoingRequest(
        "POST",
        turn.base_url + messages.PREFIX + path,
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
    return outgoing.for_named().send_all(requests, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)


def _problem_of(answer: OutgoingResponse | OutgoingError) -> str:
    if isinstance(answer, OutgoingError):
        return answer.text
    return "" if 200 <= answer.status < 300 else f"The host service answered with status {answer.status}."


@transaction.atomic
def _record_taken(kind: PushKind[H], batch: Batch[H]) -> None:
    """Forget what the host has taken, but for what has changed since it was read."""
    with connection.cursor() as cursor:
        cursor.execute(kind.sql(TAKEN), [[each.id for each in batch.held], [each.serial for each in batch.held]])
    machine = machine_now()
    _ours(kind, batch.turn).update(
        attempts=0, problem="", told_at=machine, due_at=machine, lease=None, lease_until=None
    )


@transaction.atomic
def _put_off(kind: PushKind[H], batch: Batch[H], problem: str, *, is_refusal: bool) -> None:
    """Try the host again later. A batch it refused goes behind the others, in which nothing may be wrong."""
    if is_refusal:
        with connection.cursor() as cursor:
            cursor.execute(kind.sql(REFUSED), [sorted(each.id for each in batch.held)])
    pause = min(FIRST_PAUSE * 2 ** min(batch.turn.attempts, 12), kind.longest_pause)
    _ours(kind, batch.turn).update(
        attempts=batch.turn.attempts + 1,
        problem=problem[:500],
        due_at=machine_now() + pause,
        lease=None,
        lease_until=None,
    )
    log.warning("host %s was not told of %d %s: %s", batch.turn.host, len(batch.held), kind.what, problem)


def _ours(kind: PushKind[H], turn: Turn) -> QuerySet[TurnOfHost]:
    return kind.turns.objects.filter(host_id=turn.host, lease=turn.lease)


# In these statements {held}, {turns} and {lock_order} stand for what the kind of push names.
GIVE = """
INSERT INTO {turns} (host_id, due_at, attempts, problem)
SELECT host.id, %s, 0, '' FROM hosts_hostservice host ORDER BY host.id
ON CONFLICT (host_id) DO NOTHING
"""
# Whether anything waits is looked up host by host: an EXISTS would be answered by reading all that waits.
CLAIM = """
WITH chosen AS (
    SELECT turn.host_id FROM {turns} turn
    JOIN hosts_hostservice host ON host.id = turn.host_id
    CROSS JOIN LATERAL (SELECT FROM {held} p WHERE p.host_id = turn.host_id LIMIT 1) waiting
    WHERE turn.due_at <= %(machine)s AND (turn.lease IS NULL OR turn.lease_until <= %(machine)s)
      AND host.credential_digest IS NOT NULL AND host.base_url <> ''
    ORDER BY turn.due_at
    LIMIT %(at_once)s
    FOR NO KEY UPDATE OF turn SKIP LOCKED
)
UPDATE {turns} turn SET lease = %(lease)s, lease_until = %(until)s
FROM chosen JOIN hosts_hostservice host ON host.id = chosen.host_id
WHERE turn.host_id = chosen.host_id
RETURNING turn.host_id, host.base_url, host.credential_digest, turn.attempts
"""
NEXT_DUE = """
SELECT min(greatest(turn.due_at, turn.lease_until)) FROM {turns} turn
JOIN hosts_hostservice host ON host.id = turn.host_id
CROSS JOIN LATERAL (SELECT FROM {held} p WHERE p.host_id = turn.host_id LIMIT 1) waiting
WHERE host.credential_digest IS NOT NULL AND host.base_url <> ''
"""
# Rows are locked in the order in which they are noted, so that neither side waits for the other in a circle.
TAKEN = """
WITH theirs AS (
    SELECT p.id FROM {held} p JOIN unnest(%s::bigint[], %s::bigint[]) AS told(id, serial)
    ON p.id = told.id AND p.serial = told.serial ORDER BY {lock_order} FOR UPDATE OF p
)
DELETE FROM {held} p USING theirs WHERE p.id = theirs.id
"""
REFUSED = """
WITH theirs AS (
    SELECT p.id FROM {held} p WHERE p.id = ANY(%s) ORDER BY {lock_order} FOR NO KEY UPDATE
)
UPDATE {held} p SET attempts = p.attempts + 1 FROM theirs WHERE p.id = theirs.id
"""
