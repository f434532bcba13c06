"""The only file that reads the machine's clock and its source of randomness.

*Domain time* is machine time plus an offset that an operator of a sandbox can move forward; everything the product
promises in hours and days is in domain time. Tokens, sessions, leases and mail dates use the machine's clock.
"""

import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import transaction

from tradepost.core.errors import ConflictError, InvalidInputError

from .configuration import configuration
from .models import ClockOffset

FARTHEST = datetime(2200, 1, 1, tzinfo=UTC)


def machine_now() -> datetime:
    """Return the machine's time, in UTC."""
    return datetime.now(UTC)


def domain_now() -> datetime:
    """Return domain time, in UTC. Reads one row in a sandbox, nothing outside one."""
    if _told:
        return _told[-1]()
    if not configuration.sandbox:
        return machine_now()
    offset = ClockOffset.objects.values_list("seconds", flat=True).first()
    return machine_now() + timedelta(seconds=offset or 0)


@contextmanager
def domain_time_told_by(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let `clock` say what domain time is in this process. For simulations, whose time stands still while they work."""
    _told.append(clock)
    try:
        yield
    finally:
        _told.remove(clock)


_told: list[Callable[[], datetime]] = []


@transaction.atomic
def move_clock(to: datetime) -> timedelta:
    """Move domain time forward to `to` and return the step.

    Raises ConflictError outside a sandbox and InvalidInputError for a time that is past or beyond the year 2200.
    """
    if not configuration.sandbox:
        raise ConflictError("domain time can only be moved in a sandbox")
    row, _ = ClockOffset.objects.select_for_update().get_or_create(pk=1, defaults={"seconds": 0})
    now = machine_now() + timedelta(seconds=row.seconds)
    if to > FARTHEST:
        raise InvalidInputError("domain time cannot be moved beyond the year 2200", "/to")
    if to < now:
        raise InvalidInputError("domain time only moves forward", "/to")
    row.seconds = (to - machine_now()).total_seconds()
    row.save(update_fields=["seconds"])
    return to - now


def new_id() -> uuid.UUID:
    """Return a new random identifier."""
    return uuid.uuid4()


def new_secret(size: int = 32) -> str:
    """Return a new random text with `size` bytes of randomness, safe in URLs and headers."""
    return secrets.token_urlsafe(size)
