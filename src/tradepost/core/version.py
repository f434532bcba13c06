"""Version numbers and what raises them. Source: domain.md 1.1 and 1.2, and 12 nos. 6, 7 and 25."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tradepost.core.errors import InvalidInputError

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
_BUILD_PART_MAX = 999
"""Above this, two different versions would share a build number."""

PER_MAJOR = 10**12
"""The order keys of a major are those from `major * PER_MAJOR` to below `(major + 1) * PER_MAJOR`."""


class Change(StrEnum):
    """How much a change counts in the number; compares by severity."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"

    @property
    def severity(self) -> int:
        """0 for none up to 3 for major."""
        return _SEVERITY[self.value]

    def __lt__(self, other: str) -> bool:
        return self.severity < Change(other).severity

    def __le__(self, other: str) -> bool:
        return self.severity <= Change(other).severity

    def __gt__(self, other: str) -> bool:
        return self.severity > Change(other).severity

    def __ge__(self, other: str) -> bool:
        return self.severity >= Change(other).severity


_SEVERITY = {"none": 0, "patch": 1, "minor": 2, "major": 3}


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """`major.minor.patch`; the major part is the app's `apiVersion`."""

    major: int
    minor: int
    patch: int

    @classmethod
    def first(cls, api_version: int) -> Self:
        """The number of an app's first version."""
        return cls(api_version, 0, 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1.2.3`. Raises InvalidInputError for anything else, leading zeros and white space
        included.
        """
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise InvalidInputError(f"{text!r} is not a version number like 1.2.3")
        return cls(*(int(part) for part in found.groups()))

    def bump(self, change: Change, api_version: int) -> "Version":
        """The number after this one. Lower parts go to zero; `api_version` counts for a major change only."""
        if change is Change.MAJOR:
            return Version(api_version, 0, 0)
        if change is Change.MINOR:
            return Version(self.major, self.minor + 1, 0)
        if change is Change.PATCH:
            return Version(self.major, self.minor, self.patch + 1)
        return self

    @property
    def build(self) -> int | None:
        """The build number `major*1_000_000 + minor*1_000 + patch`, or None where it does not fit."""
        if self.minor > _BUILD_PART_MAX or self.patch > _BUILD_PART_MAX:
            return None
        return self.major * 1_000_000 + self.minor * 1_000 + self.patch

    @property
    def order_key(self) -> int:
        """A number that orders versions of one app; wider than the build number, and fits 64 bits."""
        return self.major * PER_MAJOR + self.minor * 10**6 + self.patch

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"
