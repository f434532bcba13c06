"""The life of one license as a picture, its history in words, and words for its events. Everything is drawn in UTC."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tradepost.core.license import LicenseTerms
from tradepost.core.states import LicenseState

from .models import LicenseChange
from .terms import told
from .vendor_drawing import WORDS

LEFT, WIDTH = 70, 940
"""Pixels: where the bars begin, and how wide the picture is. Narrow pages scroll it."""

BAR, GAP, TOP = 28, 14, 22
LEAST_LABEL = 62
"""Pixels of a bar that can carry a word."""

MOST_TICKS = 8
DAY = timedelta(days=1)
COLOURS: Mapping[str, str] = {
    LicenseState.TRIAL: "#96600f",
    LicenseState.ACTIVE: "#2f6f5e",
    LicenseState.CANCELLED: "#7a5cc0",
    LicenseState.TRIAL_EXPIRED: "#a3242b",
    LicenseState.EXPIRED: "#a3242b",
    LicenseState.NONE: "#6b7280",
    "standard": "#64748b",
    "advanced": "#2b6cb0",
}
ON_TRIAL = "#4f7fb5"
EVENTS: Mapping[str, str] = {
    "trial_started": "trial began",
    "trial_set": "trial moved",
    "bought": "bought",
    "paid": "paid",
    "renewed": "renewed",
    "cancelled": "cancelled",
    "resumed": "resumed",
    "ran_out": "ran out",
    "ended": "ended",
    "changed": "corrected",
    "edition_switched": "edition chosen",
    "edition_kept": "edition kept",
    "edition_trial_started": "edition trial began",
    "edition_trial_ended": "edition trial ended",
    "edition_changed": "edition changed",
}
FIELDS: Mapping[str, str] = {
    "state": "state",
    "kind": "type",
    "period": "period",
    "user_tier": "users",
    "trial_ends_at": "trial ends",
    "period_ends_at": "period ends",
    "edition": "edition",
    "next_edition": "edition to come",
    "edition_trial_ends_at": "edition trial ends",
}
"""What the history tells of, in this order; the rest only helps to reckon."""

EMPTY = {"kind": "commercial", "period": "none", "user_tier": "any number"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar. `is_to_come` is what will be, if nobody does anything."""

    x: float
    width: float
    colour: str
    label: str
    title: str
    is_to_come: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One bar of the picture."""

    label: str
    y: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A date below the bars."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture, in pixels of its own; `now_x` is where the present is."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    now_x: float
    height: int
    width: int = WIDTH
    left: int = LEFT
    bar: int = BAR

    @property
    def now_anchor(self) -> str:
        """Where the word stands, so that it stays in the picture."""
        return "end" if self.now_x > self.width - LEFT else "start" if self.now_x < 2 * LEFT else "middle"


@dataclass(frozen=True, slots=True)
class Span:
    """What held from `since` on until `until`."""

    since: datetime
    until: datetime
    state: str
    edition: str | None
    tries: bool
    is_to_come: bool = False


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change in a table: the word for its event, and what changed in words."""

    change: LicenseChange
    event: str
    words: tuple[str, ...]


def timeline_of(
    changes: Sequence[LicenseChange], terms: LicenseTerms, *, changes_at: datetime | None, now: datetime
) -> Timeline | None:
    """The picture of a license whose changes these are, in any order; None for one to which nothing has happened."""
    spans = _spans(sorted(changes, key=lambda each: each.number), terms, changes_at=changes_at, now=now)
    if not spans:
        return None
    first, last = spans[0].since, max(spans[-1].until, spans[0].since + DAY)
    scale = (WIDTH - LEFT) / (last - first).total_seconds()

    def x_of(at: datetime) -> float:
        return round(LEFT + (at - first).total_seconds() * scale, 1)

    lanes = [Lane("License", TOP, tuple(_state_piece(each, x_of) for each in _merged(spans, by_edition=False)))]
    if any(each.edition for each in spans):
        pieces = tuple(_edition_piece(each, x_of) for each in _merged(spans, by_edition=True) if each.edition)
        lanes.append(Lane("Edition", TOP + BAR + GAP, pieces))
    height = TOP + len(lanes) * (BAR + GAP) + 18
    return Timeline(tuple(lanes), _ticks(first, last, x_of), x_of(now), height)


def history_line(change: LicenseChange) -> HistoryLine:
    """One row of the history."""
    return HistoryLine(change, EVENTS.get(change.event, change.event.replace("_", " ")), tuple(_words_of(change)))


def _spans(
    changes: Sequence[LicenseChange], terms: LicenseTerms, *, changes_at: datetime | None, now: datetime
) -> list[Span]:
    if not changes:
        return []
    spans = [_span(before.after, before.at, after.at) for before, after in pairwise(changes)]
    last = changes[-1]
    spans.append(_span(told(terms), last.at, max(now, last.at)))
    if changes_at is not None and changes_at > now:
        spans.append(replace(spans[-1], since=now, until=changes_at, is_to_come=True))
    return spans


def _span(after: Mapping[str, Any], since: datetime, until: datetime) -> Span:
    return Span(since, until, after["state"], after.get("edition"), "edition_trial_ends_at" in after)


def _merged(spans: Iterable[Span], *, by_edition: bool) -> list[Span]:
    """Neighbours that look the same are one piece: a renewal each month is no edge."""
    merged: list[Span] = []
    for span in spans:
        look = _look(span, by_edition=by_edition)
        if merged and _look(merged[-1], by_edition=by_edition) == look:
            merged[-1] = replace(merged[-1], until=span.until)
        else:
            merged.append(span)
    return merged


def _look(span: Span, *, by_edition: bool) -> tuple[object, ...]:
    own = (span.edition, span.tries) if by_edition else (span.state,)
    return (*own, span.is_to_come)


def _state_piece(span: Span, x_of: Any) -> Piece:
    words = WORDS[span.state][1] if span.state != LicenseState.NONE else "none"
    return _piece(span, x_of, COLOURS[span.state], words)


def _edition_piece(span: Span, x_of: Any) -> Piece:
    words = f"{span.edition} (trial)" if span.tries else str(span.edition)
    return _piece(span, x_of, ON_TRIAL if span.tries else COLOURS[str(span.edition)], words.capitalize())


def _piece(span: Span, x_of: Any, colour: str, words: str) -> Piece:
    x = x_of(span.since)
    width = max(round(x_of(span.until) - x, 1), 1.5)
    until = f"{span.until:%Y-%m-%d %H:%M}"
    title = f"{words}, {span.since:%Y-%m-%d %H:%M} to {until} UTC" + (", if nothing is done" * span.is_to_come)
    label = words if width >= max(LEAST_LABEL, 7 * len(words)) and not span.is_to_come else ""
    return Piece(x, width, colour, label, title, span.is_to_come)


def _ticks(first: datetime, last: datetime, x_of: Any) -> tuple[Tick, ...]:
    """Days, evenly apart, as many as can be read; hours where all happened in a few days."""
    step = (last - first) / MOST_TICKS
    shape = "%Y-%m-%d" if last - first > 5 * DAY else "%m-%d %H:%M"
    return tuple(Tick(x_of(at), f"{at:{shape}}") for at in (first + step * place for place in range(MOST_TICKS)))


def _words_of(change: LicenseChange) -> Iterable[str]:
    for name, word in FIELDS.items():
        before, after = change.before.get(name), change.after.get(name)
        if before != after:
            yield f"{word}: {_value(name, before)} → {_value(name, after)}"


def _value(name: str, value: Any) -> str:
    if value is None:
        return EMPTY.get(name, "none")
    if name.endswith("_at"):
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"
    return str(value).replace("_", " ")
