"""Which versions sites of a major run, and whether a rollout may take those sites to another major.

Judged per pair of what runs and what was granted. A verdict is kept by the hashes of the texts, which never change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, QuerySet

from tradepost.core.bulk import GONE, Eligibility, judge_deployed, judge_watched
from tradepost.core.document import parse_document
from tradepost.core.manifest import Manifest, PlacedReason
from tradepost.core.plan import Rollout
from tradepost.core.states import HostState
from tradepost.core.version import Change
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.rollout.numbers import in_major
from tradepost.marketplace.watching.models import Document
from tradepost.wire.manifest_text import read_manifest

MOST_JUDGED = 100
"""Different versions of one major that are looked at, those with the most sites first; the rest waits for the next."""

MOST_REASONS = 20
"""Why sites of one version are not taken, at most."""


@dataclass(frozen=True, slots=True)
class InUse:
    """Sites that run one version of a major; `granted` where the code that they run went ahead of their grant."""

    running: AppVersion
    granted: AppVersion | None
    sites: int
    rollout: Rollout | None
    reasons: tuple[PlacedReason, ...]

    @property
    def is_eligible(self) -> bool:
        """Whether a rollout may take these sites."""
        return self.rollout is not None


def sites_of_major(listing: Listing, major: int) -> QuerySet[InstallationRecord]:
    """The installations that run a version of a major, at host services that can be told of another."""
    return InstallationRecord.objects.filter(
        in_major(major, of="running__"),
        listing=listing,
        site__host__state=HostState.LINKED,
    ).exclude(state=GONE)


def judge_major(listing: Listing, major: int, offered: AppVersion) -> tuple[InUse, ...]:
    """What sites of a major run, the version with the most sites first, and whether they may go to `offered`."""
    rows = sites_of_major(listing, major).order_by().values_list("running", "granted").annotate(sites=Count("id"))
    counted = sorted(rows, key=lambda row: (-row[2], str(row[0]), str(row[1])))
    versions = _versions(pk for running, granted, _ in counted for pk in (running, granted) if pk is not None)
    found = []
    for place, (running, granted, sites) in enumerate(counted):
        pair = versions[running], versions.get(granted)
        judged = _judge(*pair, offered) if place < MOST_JUDGED else _NOT_JUDGED
        found.append(InUse(*pair, sites, judged.rollout, judged.reasons[:MOST_REASONS]))
    return tuple(found)


_NOT_JUDGED = Eligibility(
    None,
    (
        PlacedReason(
            "rollout.not_judged", "", Change.NONE, False,
            f"Sites run more than {MOST_JUDGED} versions of this major; those with the most sites go first.",
        ),
    ),
)  # fmt: skip


def _versions(pks: Iterable[UUID]) -> dict[UUID, AppVersion]:
    return AppVersion.objects.in_bulk(list(set(pks)))


def _judge(running: AppVersion, granted: AppVersion | None, offered: AppVersion) -> Eligibility:
    assert offered.manifest_id is not None, "a rollout leads to a deployed version"
    if running.manifest_id is None:
        return _judge_watched(running.document_id, offered.manifest_id)
    before = granted.manifest_id if granted is not None else None
    return _judge_deployed(before or running.manifest_id, offered.manifest_id)


@lru_cache(maxsize=512)
def _judge_deployed(granted: str, offered: str) -> Eligibility:
    return judge_deployed(_manifest(granted), _manifest(offered))


@lru_cache(maxsize=512)
def _judge_watched(document: str, offered: str) -> Eligibility:
    return judge_watched(parse_document(_content(document)), _manifest(offered))


@lru_cache(maxsize=16)
def _manifest(sha256: str) -> Manifest:
    """A manifest that was accepted once can be read for ever."""
    read = read_manifest(_content(sha256))
    assert read.manifest is not None, f"the stored manifest {sha256} cannot be read"
    return read.manifest


def _content(sha256: str) -> bytes:
    return bytes(Document.objects.values_list("content", flat=True).get(pk=sha256))
