"""One request and its answer over one pinned connection, within every limit."""

import ssl
import zlib
from dataclasses import dataclass, field

import aiohttp
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from tradepost.foundation.outgoing.addresses import Destination
from tradepost.foundation.outgoing.messages import OutgoingError, OutgoingProblem, OutgoingRequest
from tradepost.foundation.outgoing.resolving import PinnedResolver

MAX_HEADER_BYTES = 8_190
"""Of one header line; what common servers allow."""

MAX_HEADERS = 100

GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers with names in lower case, and the decompressed body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found == name), None)


async def exchange(
    request: OutgoingRequest,
    destination: Destination,
    *,
    addresses: tuple[str, ...],
    tls: ssl.SSLContext | None,
    user_agent: str,
) -> Answer:
    """Send the request to one of ``addresses``. Raises OutgoingError. The limit in all is the caller's."""
    try:
        async with (
            _session(addresses, tls, request.timeout.connect) as session,
            session.request(
                request.method,
                # The path goes out as it was written: signatures are made over those very characters.
                URL(destination.url, encoded=True),
                headers=[*request.headers, ("Accept-Encoding", "gzip"), ("User-Agent", user_agent)],
                data=request.body,
                allow_redirects=False,
            ) as response,
        ):
            body = await _read_body(response, destination, request.max_bytes)
            return Answer(response.status, _headers(response), body)
    except aiohttp.ConnectionTimeoutError:
        text = f"{destination.name} did not accept a connection within {request.timeout.connect:g} seconds."
        raise OutgoingError(OutgoingProblem.UNREACHABLE, text) from None
    except (aiohttp.ClientError, ConnectionError, ssl.SSLError) as problem:
        # Not `from problem`: its text holds the whole address, query included, and tracebacks reach logs.
        raise _named(problem, destination) from None


def _session(addresses: tuple[str, ...], tls: ssl.SSLContext | None, connect_seconds: float) -> aiohttp.ClientSession:
    """A session for one exchange: nothing of it, cookies and connections included, outlives the answer."""
    connector = aiohttp.TCPConnector(
        resolver=PinnedResolver(addresses),
        use_dns_cache=False,
        force_close=True,
        ssl=tls if tls is not None else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_seconds),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
        max_headers=MAX_HEADERS,
    )


async def _read_body(response: aiohttp.ClientResponse, destination: Destination, limit: int) -> bytes:
    body = _Body(destination, response.headers.get("Content-Encoding", ""), limit)
    async for chunk in response.content.iter_any():
        body.add(chunk)
    return body.whole()


class _Body:
    """Bytes as they come in, decompressed, never more than the limit and a little."""

    def __init__(self, destination: Destination, encoding: str, limit: int) -> None:
        self._destination = destination
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._received = 0
        self._plain = bytearray()
        self._gzip = zlib.decompressobj(GZIP) if self._encoding in {"gzip", "x-gzip"} else None

    def add(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._gzip is None:
            self._plain += chunk
        else:
            self._inflate(chunk)
        # What was sent is counted too: bytes after the end of a compressed stream would never fill `plain`.
        if max(len(self._plain), self._received) > self._limit:
            text = f"{self._destination.name} answered with more than {self._limit:,} bytes."
            raise OutgoingError(OutgoingProblem.TOO_LARGE, text)

    def whole(self) -> bytes:
        if self._received and self._encoding not in {"", "identity", "gzip", "x-gzip"}:
            text = f"{self._destination.name} answered in a compression that was not asked for."
            raise OutgoingError(OutgoingProblem.NOT_HTTP, text)
        if self._received and self._gzip is not None and not self._gzip.eof:
            text = f"{self._destination.name} ended its compressed answer in the middle."
            raise OutgoingError(OutgoingProblem.CONNECTION_LOST, text)
        return bytes(self._plain)

    def _inflate(self, chunk: bytes) -> None:
        assert self._gzip is not None
        try:
            self._plain += self._gzip.decompress(chunk, self._limit + 1 - len(self._plain))
        except zlib.error:
            text = f"{self._destination.name} announced a compressed answer that is none."
            raise OutgoingError(OutgoingProblem.NOT_HTTP, text) from None


def _headers(response: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.raw_headers)


def _named(problem: Exception, destination: Destination) -> OutgoingError:
    """What aiohttp calls the problem, in our words."""
    kind, words = next((kind, words) for kinds, kind, words in _PROBLEMS if isinstance(problem, kinds))
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        reason = getattr(problem.certificate_error, "verify_message", "") or "it is for another host"
        words = f"has a certificate that is not valid: {reason}"
    if isinstance(problem.__cause__, LineTooLong):
        kind, words = OutgoingProblem.TOO_LARGE, f"sent a header of more than {MAX_HEADER_BYTES:,} bytes"
    return OutgoingError(kind, f"{destination.name} {words}.")


# The order matters: the classes inherit from each other. Those of a connector fail before anything was sent.
_PROBLEMS: tuple[tuple[tuple[type[Exception], ...], OutgoingProblem, str], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError,),
        OutgoingProblem.BAD_CERTIFICATE,
        "has a certificate that is not valid",
    ),
    (
        (aiohttp.ClientSSLError,),
        OutgoingProblem.UNREACHABLE,
        "did not complete a TLS handshake; it may not speak https",
    ),
    ((aiohttp.ClientConnectorError,), OutgoingProblem.UNREACHABLE, "does not accept connections"),
    ((aiohttp.ClientResponseError,), OutgoingProblem.NOT_HTTP, "answered something that is not HTTP"),
    (
        (Exception,),
        OutgoingProblem.CONNECTION_LOST,
        "closed the connection before its answer was complete",
    ),
)
