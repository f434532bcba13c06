"""Calls to apps that are to be made: written in the transaction of the change that makes them necessary.

`calling` makes them. An app that names no address for an event is not told of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection

from tradepost.foundation import jobs
from tradepost.host.installing.models import Installation

from .lifecycle import LifecycleEvent, path_of
from .models import QueuedCall

WORK = "call_apps"


class CallCause(StrEnum):
    """Why an app is called."""

    UPGRADE = "upgrade"
    INSTALL = "install"
    SWITCH = "switch"
    UNINSTALL = "uninstall"
    ROTATION = "rotation"
    MOVE = "move"
    REPLAY = "replay"
    LICENSE = "license"


def queue_calls(
    installations: Sequence[Installation],
    event: LifecycleEvent,
    *,
    cause: CallCause,
    by: Mapping[UUID, str] | str,
    now: datetime,
    replay_of: UUID | None = None,
) -> list[QueuedCall]:
    """Make calls about locked installations due, where what they run names an address for the event.

    What an installation runs says where the app is; of one that is gone, what it ran last. `by` is who acts, for all
    or by the installations' ids. `now` is domain time.
    """
    assert connection.in_atomic_block, "a call is queued in the transaction of the change"
    made = []
    for each in installations:
        version = each.running or each.newest
        if version is not None and path_of(version.pk, event):
            actor = by if isinstance(by, str) else by.get(each.pk, "")
            made.append(
                QueuedCall(
                    installation=each,
                    version=version,
                    event=event,
                    cause=cause,
                    by=actor,
                    replay_of=replay_of,
                    made_at=now,
                    due_at=now,
                )
            )
    if made:
        QueuedCall.objects.bulk_create(made, batch_size=1000)
        jobs.defer(WORK)
    return made


def drop_calls(installation: Installation, *causes: CallCause) -> None:
    """Give up what is queued of a locked installation for these causes; what is under way is only logged then."""
    QueuedCall.objects.filter(installation=installation, cause__in=causes).delete()


def drop_farewells(installation: Installation) -> None:
    """An app that returns is not told any more that it had gone, apart from what it was not told even once."""
    QueuedCall.objects.filter(installation=installation, cause=CallCause.UNINSTALL, attempts__gt=0).delete()
