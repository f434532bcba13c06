"""From a host name to addresses, and nowhere else: what was checked is what is connected to."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult


class NameNotFoundError(Exception):
    """The name has no address, or nobody could say."""


class Resolver(Protocol):
    """Answers with every address of a name."""

    async def addresses(self, host: str) -> Sequence[str]:
        """Textual IP addresses, at least one. Raises NameNotFoundError."""
        ...


class SystemResolver:
    """What the operating system answers, in its order of preference."""

    async def addresses(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise NameNotFoundError(host) from problem
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses:
            raise NameNotFoundError(host)
        return addresses


class PinnedResolver(AbstractResolver):
    """Knows only the addresses of one destination, so that a second look-up cannot answer differently."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        del family  # the connector is made for one destination and takes every family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
