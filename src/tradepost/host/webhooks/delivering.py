"""Delivering what is due: claim, commit, call the apps, record each answer over what was read.

In order per app and entity while deliveries succeed: of those never tried, only the first may go. One that fails
leaves the order and is tried again alone, with a growing pause, until a day has passed since it was made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import jwt
from django.db import connection

from tradepost.core.iframe import add_parameters
from tradepost.core.schedule import backoff
from tradepost.core.signing import query_hash, split_target
from tradepost.core.states import InstallationState
from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse, Purpose
from tradepost.foundation.secrets import UnreadableSecretError
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import secret_in_force
from tradepost.host.licenses.caching import refresh
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.spelling import address_parameters
from tradepost.host.upgrading.queries import with_versions

from .models import Delivery

BATCH = 100
LEASE = timedelta(minutes=6)
"""Machine time: the slowest batch is a hundred calls to one host, 4 at once, 10 seconds each, and some more."""
TOKEN_LIFE = LEASE
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=1)
"""Domain time from when the event happened."""
SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed delivery: what to send, or why it cannot be sent."""

    delivery: Delivery
    request: OutgoingRequest | None
    problem: str = ""


def deliver_due(now: datetime) -> int:
    """Deliver a batch of what is due; return how many deliveries were taken up."""
    lease = new_id()
    claimed = claim(now, lease)
    prepared = _prepare(claimed, now)
    limits = configuration.limits
    answers = iter(
        outgoing.current().send_all(
            [each.request for each in prepared if each.request is not None],
            at_once_per_host=limits.at_once_per_host,
            at_once=limits.at_once,
        )
    )
    for each in prepared:
        answer = next(answers) if each.request is not None else None
        record(each, answer, lease=lease, now=now)
    return len(claimed)


def claim(now: datetime, lease: UUID, *, most: int = BATCH) -> list[Delivery]:
    """Put the lease on deliveries that are due, free and at the head of their order."""
    machine = machine_now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease, machine + LEASE, now, machine, most])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(id__in=ids, lease=lease).order_by("sequence"))


_CLAIM = """
    UPDATE webhooks_delivery SET lease = %s, lease_until = %s
    WHERE (made_at, site_id, id) IN (
        SELECT made_at, site_id, id FROM webhooks_delivery d
        WHERE state = 'waiting' AND due_at <= %s AND (lease_until IS NULL OR lease_until < %s)
          AND (attempts > 0 OR NOT EXISTS (
            SELECT 1 FROM webhooks_delivery e
            WHERE e.installation_id = d.installation_id AND e.entity = d.entity
              AND e.state = 'waiting' AND e.attempts = 0 AND e.sequence < d.sequence))
        ORDER BY due_at, sequence LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


def record(prepared: Prepared, answer: OutgoingResponse | OutgoingError | None, *, lease: UUID, now: datetime) -> bool:
    """Write what came of a delivery. False when the lease has gone to another worker, whose try counts instead."""
    delivery = prepared.delivery
    attempts = delivery.attempts + 1
    succeeded = isinstance(answer, OutgoingResponse) and answer.status in SUCCESS
    fields: dict[str, object] = {
        "attempts": attempts,
        "lease": None,
        "lease_until": None,
        "url": prepared.request.url if prepared.request else "",
        "status": answer.status if isinstance(answer, OutgoingResponse) else None,
        "response_excerpt": _excerpt(answer) if isinstance(answer, OutgoingResponse) else "",
        "error": answer.text if isinstance(answer, OutgoingError) else prepared.problem,
        "seconds": answer.seconds if isinstance(answer, OutgoingResponse) else None,
    }
    if succeeded:
        fields |= {"state": "delivered", "finished_at": now}
    elif prepared.problem:
        fields |= {"state": "dropped", "finished_at": now}
    else:
        due = now + backoff(attempts, first=FIRST_PAUSE, cap=LONGEST_PAUSE, seed=f"{delivery.sequence}")
        is_over = due > delivery.made_at + GIVE_UP_AFTER
        fields |= {"state": "given_up", "finished_at": now} if is_over else {"due_at": due}
    ours = Delivery.objects.filter(made_at=delivery.made_at, site_id=delivery.site_id, id=delivery.id, lease=lease)
    return ours.update(**fields) == 1


def _prepare(claimed: list[Delivery], now: datetime) -> list[Prepared]:
    ids = {each.installation_id for each in claimed}
    if configuration.policy.license_on_calls:
        refresh(ids, now=now)
    rows = with_versions(Installation.objects.filter(pk__in=ids))
    installations = {each.pk: each for each in rows}
    return [_prepared(each, installations.get(each.installation_id), now) for each in claimed]


def _prepared(delivery: Delivery, installation: Installation | None, now: datetime) -> Prepared:
    if installation is None or installation.running is None or installation.state != InstallationState.ENABLED:
        return Prepared(delivery, None, "The app is switched off or gone.")
    try:
        secret = secret_in_force(installation)
    except UnreadableSecretError as error:
        return Prepared(delivery, None, str(error))
    base_url = installation.running.base_url
    url = f"{base_url.rstrip('/')}/{delivery.path.lstrip('/')}"
    if configuration.policy.license_on_calls:
        url = add_parameters(url, address_parameters(license_of(installation, now=now)))
    try:
        return Prepared(delivery, _request(delivery, url, base_url, installation.client_key, secret))
    except OutgoingError as error:
        return Prepared(delivery, None, error.text)


def _request(delivery: Delivery, url: str, base_url: str, client_key: str, secret: str) -> OutgoingRequest:
    """Signed anew for each try: apps allow no leeway on `exp`. The identifier is the same for all tries."""
    issued = machine_now()
    parts = urlsplit(url)
    path, query = split_target(parts.path + (f"?{parts.query}" if parts.query else ""))
    claims = {
        "iss": client_key,
        "iat": int(issued.timestamp()),
        "exp": int((issued + TOKEN_LIFE).timestamp()),
        "qsh": query_hash("POST", path, query, base_path=urlsplit(base_url).path),
        "context": {},
    }
    return OutgoingRequest(
        "POST",
        url,
        headers=(
            ("Authorization", f"JWT {jwt.encode(claims, secret, algorithm='HS256')}"),
            ("Content-Type", "application/json"),
            ("X-Atlassian-Webhook-Identifier", str(delivery.replay_of or delivery.id)),
            ("X-Atlassian-Webhook-Retry", str(delivery.attempts)),
        ),
        body=delivery.body.encode(),
        max_bytes=configuration.limits.document_bytes,
        purpose=Purpose.LIFECYCLE,
    )


def _excerpt(answer: OutgoingResponse) -> str:
    most = configuration.limits.answer_excerpt_bytes
    return answer.body[:most].decode("utf-8", "replace").replace("\0", "\ufffd")
