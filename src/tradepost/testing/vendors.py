"""Simulated vendors: a descriptor that changes over time, a server with moods, and the tenants it keeps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from tradepost.core.signing import split_target
from tradepost.foundation.outgoing import OutgoingError, OutgoingProblem, OutgoingRequest, OutgoingResponse
from tradepost.sdk.lifecycle import FetchKey, verify_installation
from tradepost.sdk.tokens import RefusedCallError

from .ledger import Call, Ledger, Serving
from .lots import lots

VERIFIED_SHARE = 0.1
"""Of the calls an app gets it checks the signature of so many; all would only cost time."""

FAILS_AT_FIRST, FAILS_AGAIN = 0.02, 0.4

UP, DOWN, BROKEN, FAILING = "up", "down", "broken", "failing"
"""Moods of a server: answers; takes no connection; serves what is no descriptor; answers 500 to everything."""


@dataclass(slots=True)
class SimVendor:
    """One vendor with one app. `document` is the descriptor as it is now, `mood` how the server is."""

    seed: int
    key: str
    host: str
    ledger: Ledger
    fetch_key: FetchKey
    sends_etag: bool = True
    mood: str = UP
    indent: int | None = None
    document: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    _failing: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document = first_descriptor(self.key, self.host)

    @property
    def descriptor_url(self) -> str:
        return f"https://{self.host}/descriptor.json"

    def publish(self, now: datetime) -> None:
        """Serve the document as it is from now on."""
        raw = self._bytes()
        digest = sha256(raw).hexdigest()
        self.ledger.read(digest, self.document)
        self.ledger.served[self.key].append(Serving(now, digest if self.mood == UP else None))

    def answer(self, request: OutgoingRequest, *, now: datetime, machine: datetime) -> OutgoingResponse:
        """Answer a request for the descriptor or a lifecycle call. Raises OutgoingError where there is no answer."""
        is_poll = request.method == "GET"
        if is_poll:
            self.ledger.polls[self.key].append(now)
        if self.mood == DOWN:
            if not is_poll:
                self._note_call(request, now, answered=False)
            raise OutgoingError(OutgoingProblem.UNREACHABLE, f"{self.host} does not accept connections.")
        return self._give_descriptor(request) if is_poll else self._receive(request, now, machine)

    def _give_descriptor(self, request: OutgoingRequest) -> OutgoingResponse:
        if self.mood == FAILING:
            return response(request, 500, b"oops")
        if self.mood == BROKEN:
            return response(request, 200, b'{"key": "' + self.key.encode() + b'", "key": 1')
        raw = self._bytes()
        etag = f'"{sha256(raw).hexdigest()}"'
        if self.sends_etag and ("If-None-Match", etag) in request.headers:
            return response(request, 304, b"")
        return response(request, 200, raw, {"etag": etag} if self.sends_etag else {})

    def _receive(self, request: OutgoingRequest, now: datetime, machine: datetime) -> OutgoingResponse:
        """An `installed` call: mostly taken, sometimes refused, sometimes taken without an answer."""
        trouble = self._trouble(request)
        call = self._note_call(request, now, answered=not trouble)
        lot = lots(self.seed, "verify", call.place, len(self.ledger.calls[call.place])).random()
        if lot < VERIFIED_SHARE:
            self._verify(request, machine)
        if trouble == "500":
            return response(request, 500, b"oops")
        self.secrets.setdefault(call.client_key, call.secret)
        if trouble == "lost":
            raise OutgoingError(OutgoingProblem.CONNECTION_LOST, f"{self.host} closed the connection.")
        if trouble == "hangs":
            raise OutgoingError(OutgoingProblem.TOO_SLOW, f"{self.host} did not finish its answer within 10 seconds.")
        return response(request, 204, b"")

    def _trouble(self, request: OutgoingRequest) -> str:
        """Whether the app fails this time: decided by the site and how often it was called for it."""
        if self.mood == FAILING:
            return "500"
        place = self._place(request)
        lot = lots(self.seed, "installed", place, len(self.ledger.calls[place]))
        share = FAILS_AGAIN if self._failing.get(place[0]) else FAILS_AT_FIRST
        self._failing[place[0]] = failing = lot.random() < share
        return lot.choice(["500", "lost", "hangs"]) if failing else ""

    def _note_call(self, request: OutgoingRequest, now: datetime, *, answered: bool) -> Call:
        body = json.loads(request.body or b"{}")
        call = Call(now, self._place(request), body["clientKey"], body["sharedSecret"], answered)
        self.ledger.calls[call.place].append(call)
        return call

    def _place(self, request: OutgoingRequest) -> tuple[str, str]:
        return urlsplit(json.loads(request.body or b"{}")["baseUrl"]).path, self.key

    def _verify(self, request: OutgoingRequest, machine: datetime) -> None:
        parts = urlsplit(request.url)
        path, query = split_target(parts.path + (f"?{parts.query}" if parts.query else ""))
        try:
            verify_installation(
                dict(request.headers), request.method, path, query, request.body or b"",
                app_base_url=request.url.removesuffix("/installed"), app_key=self.key,
                fetch_key=self.fetch_key, now=machine,
            )  # fmt: skip
        except RefusedCallError as error:
            self.ledger.surprises.append(f"{self.key} refuses a call of our own: {error.refusal}: {error.text}")

    def _bytes(self) -> bytes:
        return json.dumps(self.document, indent=self.indent, sort_keys=self.indent == 1).encode()


def response(
    request: OutgoingRequest, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> OutgoingResponse:
    """An answer that took no time: seconds would differ from run to run."""
    return OutgoingResponse(status, tuple((headers or {}).items()), body, 0.0, request.url)


def first_descriptor(key: str, host: str) -> dict[str, Any]:
    """The descriptor an app starts with."""
    return {
        "key": key,
        "name": key.rpartition(".")[2].title(),
        "description": "Shows a panel.",
        "baseUrl": f"https://{host}/app",
        "authentication": {"type": "jwt"},
        "lifecycle": {"installed": "/installed"},
        "scopes": ["READ"],
        "apiVersion": 1,
        "modules": {"webPanels": [{"key": "panel", "url": "/panel?v=0", "location": "right", "name": {"value": "P"}}]},
    }
