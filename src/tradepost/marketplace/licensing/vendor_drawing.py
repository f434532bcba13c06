"""A vendor's licenses ready to be looked at: a picture of bars, and words for states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tradepost.core.license import Simulated
from tradepost.core.states import LicenseState

from .models import SiteLicense
from .vendor_queries import NO_EDITION, EditionCount

WORDS: Mapping[str, tuple[str, str]] = {
    LicenseState.ACTIVE: ("active", "active"),
    LicenseState.TRIAL: ("due", "trial"),
    LicenseState.CANCELLED: ("waiting", "cancelled, runs on"),
    LicenseState.TRIAL_EXPIRED: ("failed", "trial expired"),
    LicenseState.EXPIRED: ("failed", "expired"),
    LicenseState.NONE: ("plain", "no license of its own"),
}
"""State -> a word for the badge's colour, and what the badge says."""

GROUPS = (("active", "#2f6f5e"), ("trial", "#c98b2b"), ("expired", "#a3242b"))
"""What is counted, and its colour: those of the charts of a rollout."""

LONGEST_BAR = 88
"""Hundredths of the picture; the rest is for the number behind the bar."""

BAR, GAP = 26, 14
"""Pixels. What is drawn across is in hundredths, so that it fits a desk and a phone."""


def edition_words(edition: str) -> str:
    return "no edition yet" if edition == NO_EDITION else edition.title()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: where it begins and how long it is (hundredths), and how many licenses it is."""

    x: float
    width: float
    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The licenses of one edition."""

    label: str
    y: int
    parts: tuple[Part, ...]
    total: int
    end: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars by edition, drawn to one scale. `height` in pixels."""

    bars: tuple[Bar, ...]
    height: int


def picture_of(counted: Sequence[EditionCount]) -> Picture | None:
    """The picture of what was counted; None where there is nothing to draw."""
    most = max((each.total for each in counted), default=0)
    if not most:
        return None
    bars = tuple(_bar(each, place, LONGEST_BAR / most) for place, each in enumerate(counted))
    return Picture(bars, len(bars) * (BAR + GAP))


@dataclass(frozen=True, slots=True)
class LicenseLine:
    """One license in a table. `simulated` says what an access token makes of it."""

    license: SiteLicense
    badge: str
    words: str
    edition: str
    simulated: str


def line_of(row: SiteLicense) -> LicenseLine:
    badge, words = WORDS[row.state]
    token = row.token
    simulated = ""
    if token is not None:
        state = Simulated(token["simulated"]).value.replace("_", " ").lower()
        simulated = f"{state}, {token['edition'].title()}"
    return LicenseLine(row, badge, words, edition_words(row.edition or NO_EDITION), simulated)


def _bar(counted: EditionCount, place: int, scale: float) -> Bar:
    x, parts = 0.0, []
    for name, colour in GROUPS:
        many = getattr(counted, name)
        if many:
            parts.append(Part(round(x, 2), round(many * scale, 2), colour, f"{many} {name}"))
        x += many * scale
    return Bar(edition_words(counted.edition), place * (BAR + GAP), tuple(parts), counted.total, round(x, 2))
