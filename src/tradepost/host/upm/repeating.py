"""Telling an app again that it is installed: some keep what they know of a site only as long as they run."""

from datetime import datetime
from uuid import UUID

from tradepost.core.states import InstallationState
from tradepost.foundation.callers import Caller
from tradepost.host.installing.models import Installation
from tradepost.host.upgrading.lifecycle import LifecycleEvent
from tradepost.host.upgrading.queueing import CallCause, queue_calls


def tell_again(installation: Installation, *, by: Caller, now: datetime) -> UUID | None:
    """Queue `installed` once more for a locked installation, with the same secret, and `enabled` behind it.

    Return the delivery under which the log has the call, None for an app that has nothing to be told.
    """
    calls = queue_calls([installation], LifecycleEvent.INSTALLED, cause=CallCause.REPLAY, by=by.actor, now=now)
    if calls and installation.state == InstallationState.ENABLED:
        queue_calls([installation], LifecycleEvent.ENABLED, cause=CallCause.REPLAY, by=by.actor, now=now)
    return calls[0].delivery if calls else None
