"""The guarded client: one background event loop per process behind a synchronous face."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from urllib.parse import urljoin

from tradepost.foundation.outgoing.addresses import AddressRules, Destination
from tradepost.foundation.outgoing.exchange import Answer, exchange
from tradepost.foundation.outgoing.loop_thread import LoopThread
from tradepost.foundation.outgoing.messages import (
    OutgoingError,
    OutgoingProblem,
    OutgoingRequest,
    OutgoingResponse,
)
from tradepost.foundation.outgoing.resolving import NameNotFoundError, Resolver, SystemResolver

MAX_ADDRESSES = 8
"""Addresses of one name that are tried; all that it has are checked."""

GRACE = 5.0
"""Seconds the caller waits beyond the request's own limit for the loop to say that it was reached."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAFE_METHODS = frozenset({"GET", "HEAD"})

logger = logging.getLogger("tradepost.outgoing")


class GuardedClient:
    """Calls strangers: resolves once, checks every address, connects to what it checked.

    ``tls`` holds the operator's own certificate authorities; without it the system's are used.
    Safe to share between threads and to inherit over a fork. Nothing starts before the first request.
    """

    def __init__(
        self, rules: AddressRules, *, resolver: Resolver | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._rules = rules
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._user_agent = f"Tradepost/{version('tradepost')}"
        self._loop = LoopThread("outgoing")

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        """The answer. Raises OutgoingError."""
        return self._loop.run(self._send(request), seconds=request.timeout.total + GRACE)

    def send_all(
        self, requests: Sequence[OutgoingRequest], *, at_once_per_host: int = 4, at_once: int = 32
    ) -> list[OutgoingResponse | OutgoingError]:
        """For every request its answer or what went wrong, in the order of the requests.

        A request's own time begins when its turn comes. Both limits hold for this call; what
        other processes do is theirs.
        """
        return self._loop.run(self._send_all(requests, at_once_per_host, at_once), seconds=None)

    def close(self) -> None:
        """Stop the loop and its thread; requests under way end as lost connections."""
        self._loop.stop()

    async def _send_all(
        self, requests: Sequence[OutgoingRequest], at_once_per_host: int, at_once: int
    ) -> list[OutgoingResponse | OutgoingError]:
        everywhere = asyncio.Semaphore(at_once)
        hosts: dict[str, asyncio.Semaphore] = {}

        async def in_turn(request: OutgoingRequest) -> OutgoingResponse | OutgoingError:
            try:
                host = self._rules.destination(request.url).host
                # The host's turn first: who waits for a busy host must not hold a place others could use.
                async with hosts.setdefault(host, asyncio.Semaphore(at_once_per_host)), everywhere:
                    return await self._send(request)
            except OutgoingError as problem:
                return problem

        return list(await asyncio.gather(*map(in_turn, requests)))

    async def _send(self, request: OutgoingRequest) -> OutgoingResponse:
        destination = self._rules.destination(request.url)
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            async with asyncio.timeout(request.timeout.total):
                destination, answer = await self._follow(request, destination)
        except TimeoutError:
            text = f"{destination.name} did not finish its answer within {request.timeout.total:g} seconds."
            problem = OutgoingError(OutgoingProblem.TOO_SLOW, text)
            self._log(request, destination, problem.kind, clock() - started)
            raise problem from None
        except OutgoingError as problem:
            self._log(request, destination, problem.kind, clock() - started)
            raise
        seconds = clock() - started
        self._log(request, destination, str(answer.status), seconds)
        return OutgoingResponse(answer.status, answer.headers, answer.body, seconds, destination.url)

    async def _follow(self, request: OutgoingRequest, destination: Destination) -> tuple[Destination, Answer]:
        """Ask, and ask again where the same server sends us; the address stays the one checked at first."""
        addresses = await self._addresses(destination.host, request.timeout.connect)
        ask = partial(exchange, request, addresses=addresses, tls=self._tls, user_agent=self._user_agent)
        for redirects_left in range(_redirects(request), -1, -1):
            answer = await ask(destination)
            location = answer.header("location")
            if answer.status not in REDIRECTS or location is None or _redirects(request) == 0:
                return destination, answer
            if redirects_left:
                destination = self._next(destination, location)
        text = f"{destination.name} redirected more than {request.follow_redirects} times."
        raise OutgoingError(OutgoingProblem.TOO_MANY_REDIRECTS, text)

    def _next(self, destination: Destination, location: str) -> Destination:
        try:
            url = urljoin(destination.url, location)
        except ValueError:
            text = f"{destination.name} redirected to an address that is not a URL."
            raise OutgoingError(OutgoingProblem.MALFORMED_ADDRESS, text) from None
        following = self._rules.destination(url)
        if following.origin != destination.origin:
            text = f"{destination.name} redirected to {following.name}, which is another server."
            raise OutgoingError(OutgoingProblem.REDIRECTED_ELSEWHERE, text)
        return following

    async def _addresses(self, host: str, limit: float) -> tuple[str, ...]:
        """Every address of the host, checked. An address needs no resolver."""
        if host.replace(".", "").isdigit() or ":" in host:
            found: Sequence[str] = (host,)
        else:
            found = await self._look_up(host, limit)
        for address in found:
            self._rules.check(host, address)
        return tuple(found)[:MAX_ADDRESSES]

    async def _look_up(self, host: str, limit: float) -> Sequence[str]:
        try:
            async with asyncio.timeout(limit):
                return await self._resolver.addresses(host)
        except (NameNotFoundError, TimeoutError):
            text = f"The name {host} was not found."
            raise OutgoingError(OutgoingProblem.NAME_NOT_FOUND, text) from None

    def _log(self, request: OutgoingRequest, destination: Destination, outcome: str, seconds: float) -> None:
        path = destination.target.partition("?")[0]  # a query may carry a token
        where = f"{destination.scheme}://{destination.name}{path}"
        logger.info("%s %s %s: %s in %.3f s", request.purpose, request.method, where, outcome, seconds)


def _redirects(request: OutgoingRequest) -> int:
    """Only what can be asked twice without effect follows a redirect."""
    return request.follow_redirects if request.method in SAFE_METHODS else 0
