"""The one client for every request to an address that came from a stranger.

Vendors' descriptor addresses, apps' lifecycle paths and the other service are all called through
:func:`current`. It resolves a name once, refuses private and special addresses, pins what it
checked, and keeps every answer within limits of bytes and seconds.
"""

from tradepost.foundation.outgoing.addresses import AddressRules
from tradepost.foundation.outgoing.client import GuardedClient
from tradepost.foundation.outgoing.messages import (
    DEFAULT_MAX_BYTES,
    OutgoingClient,
    OutgoingError,
    OutgoingProblem,
    OutgoingRequest,
    OutgoingResponse,
    Purpose,
    Timeout,
)
from tradepost.foundation.outgoing.present import current, for_named, install_client, replace
from tradepost.foundation.outgoing.resolving import NameNotFoundError, Resolver, SystemResolver

__all__ = [
    "DEFAULT_MAX_BYTES",
    "AddressRules",
    "GuardedClient",
    "NameNotFoundError",
    "OutgoingClient",
    "OutgoingError",
    "OutgoingProblem",
    "OutgoingRequest",
    "OutgoingResponse",
    "Purpose",
    "Resolver",
    "SystemResolver",
    "Timeout",
    "current",
    "for_named",
    "install_client",
    "replace",
]
