"""The states of a wish to have the app at an address."""

from enum import StrEnum


class RequestState(StrEnum):
    """WAITING: a worker is to read the address. PLACED: the installation says how it goes on. FAILED: nothing came."""

    WAITING = "waiting"
    PLACED = "placed"
    FAILED = "failed"
