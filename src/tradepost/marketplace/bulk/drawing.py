"""Rollouts made ready to be looked at: a chart's numbers, a table's rows, words for kinds and states."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.core.plan import Rollout
from tradepost.core.states import BulkSiteState, BulkUpgradeState
from tradepost.marketplace.rollout.drawing import WORDS as WIRE_WORDS
from tradepost.marketplace.rollout.models import InstallationRecord

from .models import BulkSite, BulkUpgrade
from .queries import Counts, Point

KINDS: Mapping[str, str] = {
    Rollout.BULK: "Code and permissions: nothing new is asked, so nobody is asked.",
    Rollout.ROLLING: "Code ahead of permissions: sites get the code now and keep what they have granted; their "
    "administrators are asked for the rest.",
}
SITE_WORDS: Mapping[str, tuple[str, str]] = {
    BulkSiteState.PENDING: ("pending", "pending"),
    BulkSiteState.UPGRADED: ("done", "upgraded"),
    BulkSiteState.FAILED: ("failed", "failed"),
    BulkSiteState.LEFT: ("plain", "left"),
}
"""State of a site in a rollout -> a word for the badge's colour, and what the badge says."""

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    BulkUpgradeState.RUNNING: ("doing", "running"),
    BulkUpgradeState.COMPLETED: ("done", "completed"),
    BulkUpgradeState.FAILED: ("failed", "failed"),
    BulkUpgradeState.CANCELLED: ("plain", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class RolloutLine:
    """One rollout in a table, with how far it is."""

    bulk: BulkUpgrade
    counts: Counts

    @property
    def badge(self) -> tuple[str, str]:
        """Colour and words of its state."""
        return STATE_WORDS.get(self.bulk.state, ("plain", self.bulk.state))

    @property
    def kind(self) -> str:
        """What it brings, in a sentence."""
        return KINDS.get(self.bulk.kind, self.bulk.kind)

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.bulk.state == BulkUpgradeState.RUNNING

    @property
    def ended(self) -> int:
        """How many sites are not pending any more."""
        return self.counts.taken - self.counts.pending

    @property
    def remaining(self) -> int:
        """How many eligible sites it did not take."""
        return max(0, self.bulk.eligible - self.counts.taken)

    @property
    def failure_percent(self) -> int:
        """The share of failures among the sites that came or failed."""
        return round(self.counts.failure_rate * 100)


@dataclass(frozen=True, slots=True)
class BulkSiteLine:
    """One site of a rollout in a table. `now` is what it was last heard to do, while it is pending."""

    row: BulkSite
    runs: str
    now: str

    @property
    def badge(self) -> tuple[str, str]:
        """Colour and words of its state."""
        return SITE_WORDS.get(self.row.state, ("plain", self.row.state))


def site_lines(rows: Iterable[BulkSite], records: Mapping[int, InstallationRecord]) -> list[BulkSiteLine]:
    """Rows for sites; `records` are their newest reports by the id of the site's record."""
    return [_site_line(row, records.get(row.site_id)) for row in rows]


def _site_line(row: BulkSite, record: InstallationRecord | None) -> BulkSiteLine:
    runs = record.running.number if record is not None and record.running is not None else ""
    if row.state != BulkSiteState.PENDING:
        return BulkSiteLine(row, runs, "")
    if record is None or record.state == "current" or record.since < row.at:
        return BulkSiteLine(row, runs, "has not answered yet")
    return BulkSiteLine(row, runs, WIRE_WORDS.get(record.state, ("", record.state))[1])


def chart_of(points: Sequence[Point], *, until: datetime) -> str:
    """The JSON that `data-chart` takes; empty before anything happened."""
    if len(points) < 2:
        return ""
    last = points[-1]
    drawn = [*points, Point(until, last.upgraded, last.failed, last.pending)] if last.at < until else list(points)
    series = [
        {"label": label, "values": [getattr(point, name) for point in drawn]}
        for name, label in (("upgraded", "upgraded"), ("pending", "pending"), ("failed", "failed"))
    ]
    return json.dumps({"times": [int(point.at.timestamp()) for point in drawn], "series": series})
