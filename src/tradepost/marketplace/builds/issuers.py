"""The issuers of identity tokens that our operator trusts, and their public keys.

An issuer was named by our operator and not by a stranger, so it may be private, as host services may be; the exception
holds for exactly its origin. Where its keys lie elsewhere, that address is called like any stranger's. Redirects are
not followed. Keys are kept in memory for some minutes; whatever tokens strangers send, an issuer is asked at most once
in ASKED_EVERY.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tradepost.core.document import DocumentLimits, parse_document
from tradepost.core.errors import ProblemsError
from tradepost.foundation import outgoing
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, Purpose, Timeout

DISCOVERY = "/.well-known/openid-configuration"
MOST_DISCOVERY_BYTES = 65_536
"""Of what an issuer says of itself."""

MOST_KEYS_BYTES = 262_144
"""Of the keys of an issuer."""

MOST_KEYS = 100
"""Keys that one issuer publishes at a time."""

SECONDS = 5.0
"""For each of the two answers of an issuer."""

KEPT_FOR = timedelta(minutes=5)
"""A key that an issuer takes back is still good here for so long."""

ASKED_EVERY = timedelta(seconds=30)
"""Machine time; at most once, whatever keys tokens name."""

LONGEST_ISSUER = 300
"""Characters of the address of an issuer, and of that of its keys."""

MOST_WAITING = 8
"""Requests that wait while an issuer is asked; more are refused at once, so that a slow one holds nobody else up."""


class IssuerError(Exception):
    """The keys of an issuer cannot be had; the text is for people."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known of an issuer's keys. Machine time; `read_at` is None where they could never be read."""

    keys: tuple[Mapping[str, Any], ...] = ()
    read_at: datetime | None = None
    asked_at: datetime | None = None
    problem: str = ""

    def find(self, kid: str, *, now: datetime) -> list[Mapping[str, Any]]:
        """The keys with this id, none once they are too old."""
        if self.read_at is None or now - self.read_at >= KEPT_FOR:
            return []
        return [key for key in self.keys if key.get("kid") == kid]


class KeyRing:
    """The keys of one issuer, for all threads of this process."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._known = Keys()
        self._one_asks = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def find(self, kid: str, *, now: datetime) -> list[Mapping[str, Any]]:
        """The keys with this id; asks the issuer where they are too old or the id is new. Raises IssuerError."""
        found = self._known.find(kid, now=now)
        if found:
            return found
        if not self._places.acquire(blocking=False):
            raise IssuerError("The issuer is being asked for its keys, and many wait for it already.")
        try:
            with self._one_asks:
                known = self._renew(kid, now)
        finally:
            self._places.release()
        found = known.find(kid, now=now)
        if not found and known.problem:
            raise IssuerError(known.problem)
        return found

    def _renew(self, kid: str, now: datetime) -> Keys:
        """Ask the issuer, unless another thread has done so meanwhile. `now` may be older than its question."""
        known = self._known
        if known.find(kid, now=now) or (known.asked_at is not None and now - known.asked_at < ASKED_EVERY):
            return known
        try:
            self._known = Keys(fetch_keys(self._issuer), read_at=now, asked_at=now)
        except IssuerError as error:
            self._known = replace(known, asked_at=now, problem=str(error))
        return self._known


_rings: dict[str, KeyRing] = {}


def accepted_issuers() -> tuple[str, ...]:
    """The issuers whose tokens are exchanged here: those of the settings that may be called as they are written."""
    return tuple(each for each in configuration.identity_issuers if _may_be_asked(each))


def find_keys(issuer: str, kid: str, *, now: datetime) -> list[Mapping[str, Any]]:
    """The public keys (JWK) of an accepted issuer with this id. Raises IssuerError where nobody can tell."""
    return _rings.setdefault(issuer, KeyRing(issuer)).find(kid, now=now)


def forget_keys() -> None:
    """Start anew."""
    _rings.clear()


def fetch_keys(issuer: str) -> tuple[Mapping[str, Any], ...]:
    """Ask an issuer where its keys are, and for the keys. Raises IssuerError."""
    told = _get(issuer.rstrip("/") + DISCOVERY, MOST_DISCOVERY_BYTES, issuer)
    if told.get("issuer") != issuer:
        raise IssuerError("The issuer calls itself something else in its configuration than our operator does.")
    address = told.get("jwks_uri")
    if not isinstance(address, str) or not _may_be_asked(address):
        raise IssuerError("The issuer does not say, with an https address, where its keys are.")
    keys = _get(address, MOST_KEYS_BYTES, issuer).get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise IssuerError(f"The issuer does not publish a list of at most {MOST_KEYS} keys.")
    return tuple(key for key in keys if isinstance(key, dict))


def _get(url: str, most_bytes: int, issuer: str) -> Mapping[str, Any]:
    try:
        answer = _client_for(url, issuer).send(
            OutgoingRequest(
                "GET",
                url,
                headers=(("Accept", "application/json"),),
                timeout=Timeout(connect=configuration.limits.connect_seconds, total=SECONDS),
                max_bytes=most_bytes,
                purpose=Purpose.WIRE,
            )
        )
    except OutgoingError as error:
        raise IssuerError(f"The issuer cannot be asked for its keys: {error.text}") from error
    if answer.status != 200:
        raise IssuerError(f"The issuer, asked for its keys, answered with status {answer.status}.")
    try:
        return parse_document(answer.body, limits=DocumentLimits(max_bytes=most_bytes, max_depth=8, max_items=5_000))
    except ProblemsError as error:
        raise IssuerError("The issuer, asked for its keys, answered something that cannot be read.") from error


def _client_for(url: str, issuer: str) -> outgoing.OutgoingClient:
    """The client for an issuer's own origin; elsewhere, and in a simulation, the one of this process."""
    is_own = _origin(urlsplit(url)) == _origin(urlsplit(issuer))
    return outgoing.for_named() if is_own else outgoing.current()


def _origin(parts: SplitResult) -> Sequence[object]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _may_be_asked(url: str) -> bool:
    """https, or in development http on this machine. What our own client leaves to us stands here."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or len(url) > LONGEST_ISSUER:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and configuration.development and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
