"""What people see of a deployed app: its number, what has no place here, and what it asks for, as its manifest says.

Read once per process and manifest, by its hash: a version never changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from tradepost.core.document import parse_document
from tradepost.core.errors import ProblemsError
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_connect import Unrendered, find_unrendered
from tradepost.core.manifest_connect_draft import connect_types
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_release import compare_manifests
from tradepost.core.manifest_rights import Permission, compare_permissions
from tradepost.core.module_kinds import KINDS
from tradepost.core.reasons import Reason
from tradepost.core.version import Version

from .models import Installation, KnownVersion
from .versions import read_known_manifest
from .wording import Group, permission_groups

MOST_KEPT = 500
"""answers in the memory of one process, for each question"""
MOST_SHOWN = 200
"""modules, permissions or reasons on one page; a manifest may have thousands"""


@dataclass(frozen=True, slots=True)
class Missing:
    """The modules of a version that show nowhere here: the first of them, and how many more there are.

    `is_all` where nothing at all of the app is rendered.
    """

    modules: tuple[Unrendered, ...]
    more: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed version: its number, what it asks for, and what has no place here."""

    number: Version
    groups: Sequence[Group]
    missing: Missing


@dataclass(frozen=True, slots=True)
class _Text:
    """A manifest or a descriptor by its hash; `version` is one that has it."""

    sha256: str
    version: UUID = field(compare=False)


def number_of(version: KnownVersion) -> Version:
    """The number in its parts."""
    return Version.parse(version.number)


def deployed_of(version: KnownVersion) -> Deployed | None:
    """What to say of a version because it was deployed; None for a watched one."""
    if not version.is_deployed:
        return None
    return Deployed(number_of(version), permission_groups(permissions_of(version)), missing_of(version))


def minor_on_its_way(installation: Installation) -> KnownVersion | None:
    """The newer version of the very major that a deployed app runs here, which comes without a question."""
    running = installation.running
    if running is None or not running.is_deployed:
        return None
    for version in (installation.newest, installation.within):
        is_newer = version is not None and version.is_deployed and version.order_key > running.order_key
        if is_newer and version is not None and version.major == running.major:
            return version
    return None


def missing_of(version: KnownVersion) -> Missing:
    """What of a deployed version has no place here."""
    return _missing(_Text(version.manifest_sha256, version.pk))


def permissions_of(version: KnownVersion) -> tuple[Permission, ...]:
    """All that a deployed version asks for."""
    return _permissions(None, _Text(version.manifest_sha256, version.pk))


def compare(granted: KnownVersion, asked: KnownVersion) -> tuple[Permission, ...]:
    """What a site has granted with one deployed version against what another asks."""
    return _permissions(_Text(granted.manifest_sha256, granted.pk), _Text(asked.manifest_sha256, asked.pk))


def why_major(granted: KnownVersion, asked: KnownVersion) -> tuple[Reason, ...]:
    """What keeps a deployed version from being a minor one for a site that has granted another; without places."""
    return _why_major(_Text(granted.manifest_sha256, granted.pk), _Text(asked.manifest_sha256, asked.pk))


def what_crossing_changes(watched: KnownVersion, deployed: KnownVersion) -> tuple[Reason, ...]:
    """What becoming a deployed app changes for a site that runs a watched version, the gravest first; without places.

    Empty where the descriptor cannot be judged, which is then said elsewhere.
    """
    return _crossing(_Text(watched.sha256, watched.pk), _Text(deployed.manifest_sha256, deployed.pk))


@lru_cache(maxsize=MOST_KEPT)
def _missing(text: _Text) -> Missing:
    manifest = _manifest(text)
    found = find_unrendered(manifest)
    is_all = not any(name in KINDS for _, name, _ in connect_types(manifest))
    return Missing(found[:MOST_SHOWN], max(0, len(found) - MOST_SHOWN), is_all)


@lru_cache(maxsize=MOST_KEPT)
def _permissions(granted: _Text | None, asked: _Text) -> tuple[Permission, ...]:
    return compare_permissions(_manifest(granted) if granted else None, _manifest(asked))


@lru_cache(maxsize=MOST_KEPT)
def _why_major(granted: _Text, asked: _Text) -> tuple[Reason, ...]:
    reasons = compare_manifests(_manifest(granted), _manifest(asked))
    return tuple(_without_place(each) for each in reasons if each.consent)[:MOST_SHOWN]


@lru_cache(maxsize=MOST_KEPT)
def _crossing(watched: _Text, deployed: _Text) -> tuple[Reason, ...]:
    try:
        judged = judge_equivalence(_descriptor(watched), _manifest(deployed))
    except ProblemsError:
        return ()
    return tuple(_without_place(each) for each in judged.reasons)[:MOST_SHOWN]


def _without_place(reason: Reason) -> Reason:
    """Lines and columns are for those who have the file before them: vendors."""
    return Reason(reason.rule, reason.pointer, reason.change, reason.consent, reason.text)


def _manifest(text: _Text) -> Manifest:
    raw = KnownVersion.objects.values_list("manifest", flat=True).get(pk=text.version)
    return read_known_manifest(bytes(raw or b""))


def _descriptor(text: _Text) -> Mapping[str, Any]:
    raw = KnownVersion.objects.values_list("descriptor", flat=True).get(pk=text.version)
    return parse_document(bytes(raw))
