"""Sending a batch of lifecycle calls: signed in threads, with tokens that live until the last has had its turn."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.host.installing.keys import current_key

from .lifecycle import AppCall

BATCH = 100
SIGNERS = 4
SHORTEST_LEASE = timedelta(minutes=6)
RECORDING = timedelta(minutes=1)
"""Of a lease, for what is not calling."""


def longest_queue(calls: int) -> timedelta:
    """How long the last of so many calls waits at most for its turn: all may be to one host, and each may hang."""
    limits = configuration.limits
    rounds = -(-calls // min(limits.at_once_per_host, limits.at_once))
    return timedelta(seconds=rounds * limits.total_seconds)


def lease_life() -> timedelta:
    """Machine time: what a worker needs for the slowest batch, and some more."""
    return max(SHORTEST_LEASE, longest_queue(BATCH) + RECORDING)


def send_calls(calls: Sequence[AppCall]) -> list[OutgoingResponse | OutgoingError]:
    """Call the apps, some at once, never more than the limit at one host. Not to be used inside a transaction."""
    if not calls:
        return []
    # Signing is most of a worker's own effort, and the library lets other threads run meanwhile.
    sign = partial(AppCall.request, key=current_key(), issued_at=machine_now(), queue=longest_queue(len(calls)))
    with ThreadPoolExecutor(min(SIGNERS, len(calls))) as signers:
        requests = list(signers.map(sign, calls))
    limits = configuration.limits
    return outgoing.current().send_all(requests, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)
