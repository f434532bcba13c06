"""Versions as rows of a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .models import AppVersion

FEW_REASONS = 2


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in a table: its first reasons, how many more there are, and how many sites run it."""

    version: AppVersion
    reasons: list[dict[str, object]]
    more: int
    running: int


def version_lines(versions: Iterable[AppVersion], running: Mapping[str, int]) -> list[VersionLine]:
    """Rows for versions; `running` counts sites by version number."""
    return [
        VersionLine(
            version=version,
            reasons=version.reasons[:FEW_REASONS],
            more=max(0, len(version.reasons) - FEW_REASONS),
            running=running.get(version.number, 0),
        )
        for version in versions
    ]
