"""In place of the outgoing client: leads to simulated vendors, and to the marketplace's own views in this process.

It also knows accidents: a worker may die just before or just after the other side has acted, and an answer of the
marketplace may get lost.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import connection
from django.test import Client

from tradepost.foundation.clock import machine_now
from tradepost.foundation.outgoing import (
    OutgoingError,
    OutgoingProblem,
    OutgoingRequest,
    OutgoingResponse,
    Purpose,
)

from .clock import SimClock
from .ledger import Ledger
from .vendors import SimVendor

MARKETPLACE = "http://marketplace.test"
DIES_BEFORE, DIES_AFTER, ANSWER_LOST = "dies before", "dies after", "answer lost"


class WorkerDied(BaseException):
    """The worker was killed at this point. Nothing of the product may catch it."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """From `at` on the next request of this purpose ends in an accident."""

    at: datetime
    purpose: Purpose
    kind: str


class SimOutgoing:
    """An OutgoingClient. `strict` says that the database has real transactions, in which no stranger is called."""

    def __init__(self, clock: SimClock, ledger: Ledger, *, strict: bool = True) -> None:
        self.clock = clock
        self.mishap: Mishap | None = None
        self.is_work = False
        """Whether a worker asks; accidents do not happen to people."""
        self.counts: Counter[str] = Counter()
        self._ledger = ledger
        self._vendors: dict[str, SimVendor] = {}
        self._strict = strict
        self._marketplace = Client(enforce_csrf_checks=True)

    def lead_to(self, vendors: Sequence[SimVendor]) -> None:
        """Let requests to the vendors' hosts reach them."""
        self._vendors |= {vendor.host: vendor for vendor in vendors}

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        """The answer. Raises OutgoingError, and WorkerDied where the script wants it."""
        if self._strict and connection.in_atomic_block:
            self._ledger.surprises.append(f"{request.url} was called inside a transaction")
        self.counts[request.purpose] += 1
        kind = self._accident(request)
        if kind == DIES_BEFORE:
            raise WorkerDied
        answer = self._answer(request, is_lost=kind != "")
        if kind == DIES_AFTER:
            raise WorkerDied
        if kind == ANSWER_LOST:
            raise OutgoingError(OutgoingProblem.CONNECTION_LOST, "The connection was lost.")
        return answer

    def send_all(
        self,
        requests: Sequence[OutgoingRequest],
        *,
        at_once_per_host: int = 4,  # noqa: ARG002  limits of the protocol
        at_once: int = 32,  # noqa: ARG002
    ) -> list[OutgoingResponse | OutgoingError]:
        """One after the other: in a simulation nothing takes time."""
        return [self._send_or_error(request) for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _send_or_error(self, request: OutgoingRequest) -> OutgoingResponse | OutgoingError:
        try:
            return self.send(request)
        except OutgoingError as error:
            return error

    def _accident(self, request: OutgoingRequest) -> str:
        due = self.mishap
        if due is None or not self.is_work or due.purpose is not request.purpose:
            return ""
        self.mishap = None
        self._ledger.mishaps.append(self.clock.now)
        return due.kind

    def _answer(self, request: OutgoingRequest, *, is_lost: bool) -> OutgoingResponse:
        if request.url.startswith(MARKETPLACE + "/"):
            return self._ask_marketplace(request, is_lost=is_lost)
        host = urlsplit(request.url).hostname or ""
        if host not in self._vendors:
            raise OutgoingError(OutgoingProblem.NAME_NOT_FOUND, f"The name {host} was not found.")
        return self._vendors[host].answer(request, now=self.clock.now, machine=machine_now())

    def _ask_marketplace(self, request: OutgoingRequest, *, is_lost: bool) -> OutgoingResponse:
        path = request.url.removeprefix(MARKETPLACE)
        headers = {name: value for name, value in request.headers if name.lower() != "content-type"}
        answer = self._marketplace.generic(
            request.method,
            path,
            request.body or b"",
            content_type="application/json",
            headers={**headers, "Host": "marketplace.test"},
        )
        if answer.status_code >= 500:
            self._ledger.surprises.append(f"the marketplace answered {answer.status_code} to {path}")
        if path.endswith("/checks") and answer.status_code == 200 and not is_lost:
            self._note_check(request)
        found = tuple((name.lower(), value) for name, value in answer.headers.items())
        return OutgoingResponse(answer.status_code, found, answer.content, 0.0, request.url)

    def _note_check(self, request: OutgoingRequest) -> None:
        for site in json.loads(request.body or b"{}")["sites"]:
            self._ledger.checks[urlsplit(site["base_url"]).path].append(self.clock.now)
