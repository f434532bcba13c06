"""How far versions have come, made ready to be looked at: a chart's numbers, a table's rows, words for states."""

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.releases.models import AppVersion

from .majors import Crossing
from .models import InstallationRecord
from .numbers import Parts, parts_of
from .queries import Point, Progress

MOST_LINES = 6
MOST_PROGRESS = 15
UNKNOWN_NUMBER = "?"


def chart_of(points: Sequence[Point], *, until: datetime) -> str:
    """The JSON that `data-chart` takes: one line for each of the newest versions, one for all others.

    Empty where there is nothing to draw.
    """
    if not points:
        return ""
    numbers = sorted({number for point in points for number in point.running}, key=_newness, reverse=True)
    shown, others = numbers[:MOST_LINES], set(numbers[MOST_LINES:])
    drawn = [*points, Point(until, points[-1].running)] if points[-1].at < until else list(points)
    series = [{"label": number, "values": [point.running.get(number, 0) for point in drawn]} for number in shown]
    if others:
        rest = [sum(sites for number, sites in point.running.items() if number in others) for point in drawn]
        series.append({"label": "others", "values": rest})
    return json.dumps({"times": [int(point.at.timestamp()) for point in drawn], "series": series})


def worth_showing(progress: Iterable[Progress], *, keep: AbstractSet[str]) -> list[Progress]:
    """The versions that some site runs or is on its way to, and those named in `keep`; the newest MOST_PROGRESS."""
    found = [each for each in progress if each.number in keep or each.running or each.since]
    return found[:MOST_PROGRESS]


def crossing_chart(crossing: Crossing, points: Sequence[Point], deployed: AbstractSet[str], *, now: datetime) -> str:
    """The JSON that `data-chart` takes: the sites on deployed versions until now, and how many have their turn by when.

    `deployed` are the numbers of deployed versions. Empty where no site waits for its turn and none has had one.
    """
    past = [(crossing.began, 0)] + [
        (point.at, sum(sites for number, sites in point.running.items() if number in deployed))
        for point in points
        if point.at > crossing.began
    ]
    if past[-1][1] == 0 and not crossing.turns:
        return ""
    here, expected = past[-1][1], crossing.had_turn
    coming: list[tuple[datetime, int]] = []
    for at, sites in crossing.turns:
        expected += sites
        coming.append((max(at, now), expected))
    times = [at for at, _ in past] + [now] + [at for at, _ in coming]
    done = [sites for _, sites in past] + [here] + [None] * len(coming)
    turns = [None] * len(past) + [crossing.had_turn] + [sites for _, sites in coming]
    series = [{"label": "run a deployed version", "values": done}, {"label": "had their turn by then", "values": turns}]
    return json.dumps({"times": [int(at.timestamp()) for at in times], "series": series})


def words_of(states: Mapping[str, int]) -> list[tuple[str, str, str, int]]:
    """How many sites wait for what: the state of the wire, a badge's colour, its words, and the sites."""
    return [(state, *words, states[state]) for state, words in WORDS.items() if states.get(state)]


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One installation in a table: `badge` and `words` for its state, why it is not on the newest, until when."""

    record: InstallationRecord
    badge: str
    words: str
    why: str
    until: datetime | None

    @property
    def is_for_a_person(self) -> bool:
        """Whether nothing but an administrator's word ends the wait."""
        return self.record.state in {"waiting_consent", "declined"}


WORDS = {
    "current": ("plain", "waits for nothing"),
    "scheduled": ("scheduled", "scheduled"),
    "waiting_consent": ("waiting", "waits for consent"),
    "declined": ("declined", "declined"),
    "waiting_window": ("waiting", "waits for its window"),
    "waiting_turn": ("waiting", "waits for its turn"),
    "waiting_vendor": ("waiting", "waits for a rollout"),
    "failed": ("failed", "failed, is tried again"),
    "installing": ("installing", "is being installed"),
    "install_failed": ("failed", "could not be installed"),
    "uninstalled": ("plain", "uninstalled"),
}
"""State of the wire -> a word for the badge's colour, and what the badge says."""


def site_line(record: InstallationRecord, listing: Listing, *, now: datetime) -> SiteLine:
    """A row for one installation; `listing` has its newest offered version loaded."""
    offered, running = listing.offered, record.running
    if record.state != "current":
        badge, words = WORDS.get(record.state, ("plain", record.state))
        return SiteLine(record, badge, words, record.text, record.until)
    if offered is None or running is None or running.order_key >= offered.order_key:
        return SiteLine(record, "applied", "on the newest", "", None)
    return _not_asked(record, offered, now=now)


def _not_asked(record: InstallationRecord, offered: AppVersion, *, now: datetime) -> SiteLine:
    """A site that was content when it last asked, before the newest version was offered."""
    interval = configuration.policy.check_interval
    hours = f"{interval.total_seconds() / 3600:g}"
    why = f"It has not asked since {offered.number} was offered; sites ask at most {hours} h apart."
    until = offered.offered_at + interval if offered.offered_at else None
    if until is not None and until < now:
        return SiteLine(record, "failed", "overdue", f"{why} Is its host service down?", None)
    return SiteLine(record, "waiting", "has not asked yet", why, until)


def _newness(number: str) -> Parts:
    return (0, 0, 0) if number == UNKNOWN_NUMBER else parts_of(number)
