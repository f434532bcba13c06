"""The table of parts and the ports they listen on."""

import errno
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

# Below the range the kernel hands out for outgoing connections (32768 and up on Linux), so that a port
# found free stays free until its part listens on it.
FREE_PORTS = range(15_000, 30_000)


class PortTakenError(Exception):
    """Somebody else listens where a part should; the message says what to do."""

    def __init__(self, part: str, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"{host}:{port} for the {part} cannot be used: {reason}. "
            f"Set TRADEPOST_PORT_{part.upper()}, or give --port-base NUMBER or --free-ports."
        )
        self.part = part
        self.port = port


@dataclass(frozen=True, slots=True)
class Address:
    """Where one part listens. `mail` is the page of the mail catcher, `smtp` its other face."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `host:port`; raises ValueError for anything else."""
        host, separator, port = text.rpartition(":")
        if not separator or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(f"{text!r} is not of the form host:port")
        return cls(host, int(port))


@dataclass(frozen=True, slots=True)
class Ports:
    """The address of every part that listens.

    The sample app has a loopback address of its own: cookies ignore ports, so an app on 127.0.0.1 would be
    handed the cookies of the two services.
    """

    marketplace: Address = Address("127.0.0.1", 8000)
    host: Address = Address("127.0.0.1", 8001)
    sample: Address = Address("127.0.0.2", 8010)
    smtp: Address = Address("127.0.0.1", 8025)
    mail: Address = Address("127.0.0.1", 8026)

    def items(self) -> list[tuple[str, Address]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def ports_from(environment: Mapping[str, str], *, base: int | None = None) -> Ports:
    """Return the ports that the environment and `--port-base` name; the environment wins.

    A base moves all of them together: base + 0, 1, 10, 25 and 26. Raises ValueError for a port that is none.
    """
    ports = Ports()
    shift = 0 if base is None else base - ports.marketplace.port
    for part, address in ports.items():
        asked = environment.get(f"TRADEPOST_PORT_{part.upper()}") or str(address.port + shift)
        if not asked.isdecimal() or not 0 < int(asked) < 65_536:
            raise ValueError(f"{asked!r} is no port for the {part}")
        ports = replace(ports, **{part: replace(address, port=int(asked))})
    return ports


def find_free_ports() -> Ports:
    """Return the usual table with a port for every part that nobody listens on now."""
    ports, taken = Ports(), set()
    for part, address in ports.items():
        port = find_free_port(address.host, without=frozenset(taken))
        taken.add(port)
        ports = replace(ports, **{part: replace(address, port=port)})
    return ports


def find_free_port(host: str, *, without: frozenset[int] = frozenset()) -> int:
    """Return a port of `FREE_PORTS` that can be bound now; raises PortTakenError when 200 tries find none."""
    for _ in range(200):
        port = random.choice(FREE_PORTS)  # noqa: S311  no secret: only spreads parallel runs
        if port not in without and why_not_free(host, port) is None:
            return port
    raise PortTakenError("database", host, FREE_PORTS.start, "200 ports tried and all are taken")


def require_free(ports: Ports) -> None:
    """Raise PortTakenError for the first part whose address cannot be bound."""
    for part, address in ports.items():
        reason = why_not_free(address.host, address.port)
        if reason:
            raise PortTakenError(part, address.host, address.port, reason)


def why_not_free(host: str, port: int) -> str | None:
    """Return why the address cannot be bound, in a few words, or None when it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return "it is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
    return None
