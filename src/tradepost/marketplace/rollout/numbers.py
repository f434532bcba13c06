"""Version numbers as the wire spells them, three numbers of any length, and the majors of order keys."""

from typing import Protocol

Parts = tuple[int, int, int]
"""Major, minor and patch; compared in this order."""

PER_MAJOR = 10**12
"""The order keys of a major are those from `major * PER_MAJOR` to below `(major + 1) * PER_MAJOR`."""


def parts_of(number: str) -> Parts:
    """The parts of a number that the contract's pattern fits."""
    major, minor, patch = number.split(".")
    return int(major), int(minor), int(patch)


class Ordered(Protocol):
    """A version, as far as its place in the order goes."""

    order_key: int


def major_of(version: Ordered) -> int:
    """The major of a version."""
    return version.order_key // PER_MAJOR
