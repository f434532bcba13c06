"""The one place where production code gets its client."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

from tradepost.foundation.outgoing.addresses import AddressRules
from tradepost.foundation.outgoing.client import GuardedClient
from tradepost.foundation.outgoing.messages import OutgoingClient


def current() -> OutgoingClient:
    """The client of this process; with the strictest rules when the composition root installed none."""
    return _installed[-1]


def for_named() -> OutgoingClient:
    """The client for an address that our operator named, which may be private, and for no other: ask its own origin
    alone, for redirects are not followed and metadata stays refused. A simulation's client takes its place, too.
    """
    return _named if isinstance(current(), GuardedClient) else current()


def install_client(client: OutgoingClient) -> None:
    """Called once by the composition root. A client that served until now is closed."""
    before, _installed[-1] = _installed[-1], client
    if before is not client:
        before.close()


@contextmanager
def replace(client: OutgoingClient) -> Iterator[OutgoingClient]:
    """Put another client in place for a test or a simulation; the one before comes back afterwards."""
    _installed.append(client)
    try:
        yield client
    finally:
        _installed.remove(client)


_installed: list[OutgoingClient] = [GuardedClient(AddressRules())]
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_named = GuardedClient(AddressRules(development=True, allowed_networks=_EVERYWHERE))
