"""What is asked of a stranger, what came back, and what went wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

DEFAULT_MAX_BYTES = 1024 * 1024
"""A descriptor of more than 1 MiB cannot be listed; no other answer we read is longer."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Everything a header value may hold: no control character except the tab, no lone surrogate.
HEADER_VALUE = re.compile("[\\t\x20-\x7e\x80-\ud7ff\ue000-\U0010ffff]*")
METHOD = re.compile(r"[A-Z]{1,20}")


class OutgoingProblem(StrEnum):
    """Why there is no answer. Only the last four may mean that the other side has acted on the request."""

    MALFORMED_ADDRESS = "malformed_address"
    FORBIDDEN_SCHEME = "forbidden_scheme"
    FORBIDDEN_PORT = "forbidden_port"
    REFUSED_ADDRESS = "refused_address"
    NAME_NOT_FOUND = "name_not_found"
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad_certificate"
    REDIRECTED_ELSEWHERE = "redirected_elsewhere"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    NOT_HTTP = "not_http"
    CONNECTION_LOST = "connection_lost"

    @property
    def may_have_acted(self) -> bool:
        """Whether the request may have reached the other side and had its effect there."""
        return self in _AFTER_THE_REQUEST_WAS_SENT


_AFTER_THE_REQUEST_WAS_SENT = frozenset(
    {
        OutgoingProblem.TOO_SLOW,
        OutgoingProblem.TOO_LARGE,
        OutgoingProblem.NOT_HTTP,
        OutgoingProblem.CONNECTION_LOST,
    }
)


class OutgoingError(Exception):
    """No usable answer. The text is a sentence for a person; it names the host, never a path or a secret."""

    def __init__(self, kind: OutgoingProblem, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text

    def __reduce__(self) -> tuple[type["OutgoingError"], tuple[OutgoingProblem, str]]:
        return type(self), (self.kind, self.text)


class Purpose(StrEnum):
    """What a request is for; written into the log line."""

    DESCRIPTOR = "descriptor"
    LIFECYCLE = "lifecycle"
    WIRE = "wire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """Seconds. ``connect`` is spent once on the name and once on the connection, both inside ``total``."""

    connect: float = 3.0
    total: float = 10.0


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One request.

    ``max_bytes`` limits the body after decompression. ``follow_redirects`` counts redirects to the
    same scheme, host and port; with 0 a redirect is an answer like any other. ``User-Agent``,
    ``Accept-Encoding`` and what frames the message are the client's own business.
    Raises OutgoingError when a header could not be sent as it stands.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    timeout: Timeout = Timeout()
    max_bytes: int = DEFAULT_MAX_BYTES
    follow_redirects: int = 0
    purpose: Purpose = Purpose.DESCRIPTOR

    def __post_init__(self) -> None:
        if not METHOD.fullmatch(self.method):
            raise OutgoingError(OutgoingProblem.MALFORMED_ADDRESS, "The method is not written in capital letters.")
        for name, value in self.headers:
            _check_header(name, value)


@dataclass(frozen=True, slots=True)
class OutgoingResponse:
    """One whole answer: ``headers`` with names in lower case, ``body`` decompressed, ``seconds`` in all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    seconds: float
    final_url: str

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        wanted = name.lower()
        return next((value for found, value in self.headers if found == wanted), None)


class OutgoingClient(Protocol):
    """What production code sees; a simulation puts its own in the place of the real one."""

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        """The answer. Raises OutgoingError."""
        ...

    def send_all(
        self, requests: Sequence[OutgoingRequest], *, at_once_per_host: int = 4, at_once: int = 32
    ) -> list[OutgoingResponse | OutgoingError]:
        """For every request its answer or what went wrong, in the order of the requests."""
        ...

    def close(self) -> None:
        """Let go of threads and connections. The next request would start them anew."""
        ...


_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


def _check_header(name: str, value: str) -> None:
    if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
        text = "A header of the request holds a character that may not stand there, such as a line break."
        raise OutgoingError(OutgoingProblem.MALFORMED_ADDRESS, text)
    if name.lower() in _OWN_HEADERS:
        text = f"The header {name} is set by the client itself."
        raise OutgoingError(OutgoingProblem.MALFORMED_ADDRESS, text)
