"""Deployments made ready to be looked at: a manifest line by line, versions by major, commands to type."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tradepost.core.manifest_rights import Permission
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.releases.models import AppVersion

from . import queries
from .models import DeployedApp, Deployment

MOST_LINES = 2_000
LONGEST_LINE = 500
_IN_LIST = re.compile(r"/[0-9]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manifest; `unrendered` where sites show nothing of it."""

    number: int
    text: str
    unrendered: bool


@dataclass(frozen=True, slots=True)
class ShownManifest:
    """A manifest for a page, its beginning where it is very long."""

    lines: Sequence[Line]
    is_whole: bool
    marked: int


def manifest_lines(text: str, unrendered: Iterable[Mapping[str, Any]]) -> ShownManifest:
    """The lines of a manifest with those of modules that are not rendered marked."""
    rows = text.splitlines()
    marked: set[int] = set()
    for module in unrendered:
        marked |= set(_lines_of(rows, module)) if module.get("line") else set()
    lines = [Line(number, row[:LONGEST_LINE], number in marked) for number, row in enumerate(rows[:MOST_LINES], 1)]
    return ShownManifest(lines, len(rows) <= MOST_LINES, len(marked))


def _lines_of(rows: Sequence[str], module: Mapping[str, Any]) -> Iterable[int]:
    """From where a module starts to the next line that is indented less, or as little where it is named by a key."""
    first, column = int(module["line"]), int(module["column"])
    least = column - 1 if _IN_LIST.search(str(module["pointer"])) else column
    yield first
    for number in range(first + 1, min(len(rows), MOST_LINES) + 1):
        row = rows[number - 1]
        if row.strip() and len(row) - len(row.lstrip(" ")) < least:
            return
        yield number


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version in a table, and how many sites run it."""

    version: AppVersion
    sites: int

    @property
    def deployment(self) -> Deployment | None:
        """What was deployed; None for a watched version."""
        return getattr(self.version, "deployment", None)

    @property
    def by(self) -> str:
        return self.deployment.by if self.deployment else self.version.made_by

    @property
    def message(self) -> str:
        return self.deployment.message if self.deployment else ""

    @property
    def run_url(self) -> str:
        return self.deployment.run_url if self.deployment else ""

    @property
    def backport(self) -> bool:
        return self.deployment is not None and self.deployment.major is not None


@dataclass(frozen=True, slots=True)
class ShownMajor:
    """A major with its newest versions; `more` says that there are older ones."""

    major: int
    versions: Sequence[ShownVersion]
    more: bool


def majors_of(found: Sequence[tuple[int, Sequence[AppVersion], bool]], sites: Mapping[UUID, int]) -> list[ShownMajor]:
    """The majors of an environment with their versions and the sites on each."""
    return [ShownMajor(major, shown_versions(rows, sites), more) for major, rows, more in found]


def shown_versions(rows: Iterable[AppVersion], sites: Mapping[UUID, int]) -> list[ShownVersion]:
    return [ShownVersion(version, sites.get(version.pk, 0)) for version in rows]


@dataclass(frozen=True, slots=True)
class PermissionGroup:
    """What a version asks for, of one kind."""

    kind: str
    permissions: Sequence[Permission]


def permission_groups(version: AppVersion) -> list[PermissionGroup]:
    """What a version asks for by kind, in the order of the rules."""
    found: dict[str, list[Permission]] = {}
    for each in queries.permissions_of(version):
        found.setdefault(each.kind, []).append(each)
    return [PermissionGroup(kind, rows) for kind, rows in found.items()]


def registering_commands() -> str:
    """What to type to register an app and to deploy it for the first time."""
    return "\n".join([
        f"tradepost login {configuration.marketplace_url}",
        "tradepost register",
        "tradepost deploy",
    ])  # fmt: skip


def deploying_commands(app: DeployedApp, environment: str) -> str:
    """What to type to deploy an app, and to look at it."""
    return "\n".join([
        f"tradepost lint manifest.yml      # app.id: {app.app_id}",
        f"tradepost deploy -e {environment}",
        f"tradepost version list -e {environment}",
    ])  # fmt: skip
