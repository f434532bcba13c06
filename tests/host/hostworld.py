"""The world around the host service: a marketplace that keeps versions, and apps that check every call.

Both have behaviour and no expectations. They can be reached in two ways: by `Streets`, which takes the place of the
outgoing client, and over real HTTP (`realapps.py`).
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import msgspec

from tradepost.core.signing import split_target
from tradepost.core.version import Version
from tradepost.foundation.clock import machine_now
from tradepost.foundation.outgoing import OutgoingError, OutgoingProblem, OutgoingRequest, OutgoingResponse
from tradepost.sdk.lifecycle import verify_installation
from tradepost.sdk.tokens import KeyUnavailableError, RefusedCallError
from tradepost.wire import messages as wire

MARKETPLACE = "http://market.example:8000"


def descriptor(key: str, base_url: str, **changes: Any) -> dict[str, Any]:
    """A small listable descriptor."""
    return {
        "key": key,
        "name": f"The {key} app",
        "baseUrl": base_url,
        "authentication": {"type": "jwt"},
        "lifecycle": {"installed": "/installed"},
        "scopes": ["READ"],
        **changes,
    }


@dataclass
class Marketplace:
    """A marketplace of one host service: knows codes, versions in order, and what was reported."""

    codes: set[str] = field(default_factory=lambda: {"tpe_first-code"})
    credential: str = "tph_credential"
    versions: dict[str, list[wire.OfferedVersion]] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    reports: list[wire.Report] = field(default_factory=list)
    checks: list[wire.Check] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    trouble: str = ""

    def publish(self, document: dict[str, Any], number: str, *, at: datetime, notes: str = "") -> None:
        """Offer a version from now on."""
        raw = json.dumps(document).encode()
        digest = sha256(raw).hexdigest()
        self.bytes_of[digest] = raw
        version = Version.parse(number)
        offered = wire.OfferedVersion(
            app=document["key"],
            version=number,
            order_key=version.order_key,
            build=version.build,
            descriptor=digest,
            made_at=at,
            notes=notes,
        )
        self.versions.setdefault(document["key"], []).append(offered)

    def answer(self, request: OutgoingRequest) -> tuple[int, bytes]:
        if self.trouble == "down":
            raise OutgoingError(OutgoingProblem.UNREACHABLE, "market.example does not accept connections.")
        if self.trouble == "500":
            return 500, b"oops"
        if self.trouble == "nonsense":
            return 200, b'{"offers": 7'
        path = request.url.removeprefix(MARKETPLACE).removeprefix(wire.PREFIX)
        if path == "/enrolment":
            return self._enrol(msgspec.json.decode(request.body or b"", type=wire.EnrolmentRequest))
        if ("Authorization", f"Bearer {self.credential}") not in request.headers:
            return 401, b"{}"
        return self._known(path, request.body or b"")

    def _enrol(self, message: wire.EnrolmentRequest) -> tuple[int, bytes]:
        if message.code not in self.codes:
            return 404, b"{}"
        self.codes.remove(message.code)
        return 201, msgspec.json.encode(wire.Enrolment(host=uuid4(), name="here", credential=self.credential))

    def _known(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/checks":
            message = msgspec.json.decode(body, type=wire.Check)
            self.checks.append(message)
            return 200, msgspec.json.encode(self._offers(message))
        if path == "/reports":
            batch = msgspec.json.decode(body, type=wire.Reports)
            self.reports += batch.reports
            return 200, msgspec.json.encode(wire.ReportsAnswer(accepted=len(batch.reports)))
        asked = urlsplit(path)
        kind, _, name = asked.path.removeprefix("/").partition("/")
        if kind == "descriptors" and name in self.bytes_of:
            self.fetched.append(name)
            return 200, self.bytes_of[name]
        if kind == "apps" and name in self.versions:
            return 200, msgspec.json.encode(self._entry(name))
        if asked.path == "/apps":
            [q] = parse_qs(asked.query).get("q", [""])
            found = [self._entry(key) for key in sorted(self.versions) if q in key]
            return 200, msgspec.json.encode(wire.Catalog(entries=found))
        return 404, b"{}"

    def _offers(self, check: wire.Check) -> wire.CheckAnswer:
        offers, named = [], {}
        for site in check.sites:
            for running in site.installations:
                newest = self.versions[running.app][-1] if self.versions.get(running.app) else None
                if newest is not None and newest.version != running.version:
                    offers.append(wire.Offer(site=site.site, app=running.app, version=newest.version))
                    named[running.app] = newest
        return wire.CheckAnswer(offers=offers, versions=list(named.values()))

    def _entry(self, key: str) -> wire.CatalogEntry:
        return wire.CatalogEntry(app=key, name=key, vendor="Vendor", summary="", version=self.versions[key][-1])


@dataclass
class App:
    """An app that verifies `installed` like a careful one, then answers as its behaviour says.

    `behaviour` is a status, or `hang`, `die` (no answer although it has acted), `unreachable`, `redirect`.
    """

    key: str
    base_url: str
    fetch_key: Callable[[str], str]
    behaviour: str = "204"
    tenants: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    wake: threading.Event = field(default_factory=threading.Event)

    def receive(self, method: str, target: str, headers: dict[str, str], body: bytes, *, now: datetime) -> int:
        """Check the call, act on it, and return the status of the answer."""
        path, query = split_target(target)
        try:
            call = verify_installation(
                headers, method, path, query, body,
                app_base_url=self.base_url, app_key=self.key, fetch_key=self.fetch_key, now=now,
            )  # fmt: skip
        except RefusedCallError as error:
            self.refusals.append(error.refusal)
            return 401
        self.bodies.append(body)
        if self.behaviour in {"200", "201", "204", "hang", "die"}:
            self.tenants[call.tenant.client_key] = call.tenant.shared_secret
        return int(self.behaviour) if self.behaviour.isdigit() else 204


class Streets:
    """In place of the outgoing client: leads to the marketplace and to apps by their origins."""

    def __init__(self, marketplace: Marketplace, apps: Sequence[App] = ()) -> None:
        self.marketplace = marketplace
        self.apps = list(apps)
        self.sent: list[OutgoingRequest] = []
        self.before: Callable[[OutgoingRequest], None] = lambda _: None

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        self.sent.append(request)
        self.before(request)
        if request.url.startswith(MARKETPLACE):
            status, body = self.marketplace.answer(request)
            return _response(request, status, body)
        return self._call(next(app for app in self.apps if request.url.startswith(app.base_url)), request)

    def send_all(
        self, requests: Sequence[OutgoingRequest], *, at_once_per_host: int = 4, at_once: int = 32
    ) -> list[OutgoingResponse | OutgoingError]:
        assert at_once_per_host <= at_once
        return [self._answer(request) for request in requests]

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, request: OutgoingRequest) -> OutgoingResponse | OutgoingError:
        try:
            return self.send(request)
        except OutgoingError as error:
            return error

    def _call(self, app: App, request: OutgoingRequest) -> OutgoingResponse:
        if app.behaviour == "unreachable":
            raise OutgoingError(OutgoingProblem.UNREACHABLE, "app.example does not accept connections.")
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        status = app.receive(request.method, target, dict(request.headers), request.body or b"", now=machine_now())
        if app.behaviour == "hang":
            raise OutgoingError(OutgoingProblem.TOO_SLOW, "app.example did not finish its answer within 10 seconds.")
        if app.behaviour == "die":
            raise OutgoingError(OutgoingProblem.CONNECTION_LOST, "app.example closed the connection.")
        if app.behaviour == "redirect":
            return _response(request, 302, b"")
        return _response(request, status, request.body or b"" if app.behaviour == "500" else b"")


def unknown_key(kid: str) -> str:
    """For apps that cannot fetch keys."""
    raise KeyUnavailableError(kid)


def sites_of(reports: Sequence[wire.Report], site: UUID) -> list[str]:
    """The states reported of one site, in order."""
    return [report.state for report in sorted(reports, key=lambda r: r.sequence) if report.site == site]


def _response(request: OutgoingRequest, status: int, body: bytes) -> OutgoingResponse:
    return OutgoingResponse(status, (("content-type", "application/json"),), body, 0.01, request.url)
