"""Version numbers as the wire spells them, three numbers of any length, and the majors of order keys."""

from typing import Protocol

from django.db.models import Q

from tradepost.core.version import PER_MAJOR

Parts = tuple[int, int, int]
"""Major, minor and patch; compared in this order."""


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


def in_major(major: int, *, of: str = "") -> Q:
    """Versions of a major; `of` is the way to them from the rows that are asked for, such as `running__`."""
    return Q(**{f"{of}order_key__gte": major * PER_MAJOR, f"{of}order_key__lt": (major + 1) * PER_MAJOR})
