"""What really happened in a simulated world, written by those who did it and by nobody of the product.

Invariants compare the database with this: what vendors served, what people agreed to, what apps were told.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tradepost.core.consent import Ask
from tradepost.core.scopes import expand

Place = tuple[str, str]
"""A site's context path and an app key."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a descriptor grants, read without the product's parser."""

    rights: frozenset[str]
    paid: bool
    api_version: int

    def beyond(self, other: "Meaning") -> Ask:
        """What this one has that the other has not."""
        raised = self.api_version if self.api_version > other.api_version else None
        return Ask(self.rights - other.rights, self.paid and not other.paid, raised)


@dataclass(frozen=True, slots=True)
class Serving:
    """From `at` on the descriptor address gave out these bytes; None: nothing that could be listed."""

    at: datetime
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A person decided (`install`, `approve` or `decline`) about an ask they were shown."""

    at: datetime
    place: Place
    kind: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Call:
    """An `installed` call that reached an app, or should have. `secret` is what was sent along."""

    at: datetime
    place: Place
    client_key: str
    secret: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Window:
    """From `at` on a site must not be touched between these times of day in this zone."""

    at: datetime
    start: time
    end: time
    zone: ZoneInfo

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies inside, by the site's own clock."""
        local = moment.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(slots=True)
class Ledger:
    """Everything that was done outside of the product, in the order of time."""

    meanings: dict[str, Meaning] = field(default_factory=dict)
    served: dict[str, list[Serving]] = field(default_factory=lambda: defaultdict(list))
    polls: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    decisions: dict[Place, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    calls: dict[Place, list[Call]] = field(default_factory=lambda: defaultdict(list))
    windows: dict[str, list[Window]] = field(default_factory=lambda: defaultdict(list))
    mishaps: list[datetime] = field(default_factory=list)
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    """What must not happen at all, whoever sees it: a 500 of our own, a call inside a transaction, a forged token."""

    def read(self, sha256: str, document: dict[str, Any]) -> None:
        """Keep what a document that a vendor serves means."""
        self.meanings[sha256] = Meaning(
            rights=expand(document.get("scopes") or []),
            paid=bool(document.get("enableLicensing")),
            api_version=document.get("apiVersion") or 1,
        )

    def served_since(self, app: str, sha256: str, *, until: datetime) -> datetime | None:
        """Since when, without a break up to `until`, the bytes could be had; None if they could not."""
        history = self.served[app]
        last = bisect_right(history, until, key=lambda each: each.at) - 1
        if last < 0 or history[last].sha256 != sha256:
            return None
        while last > 0 and history[last - 1].sha256 == sha256:
            last -= 1
        return history[last].at

    def window(self, site: str, at: datetime) -> Window:
        """The window that a site had at a moment."""
        history = self.windows[site]
        return history[bisect_right(history, at, key=lambda each: each.at) - 1]

    def failed_between(self, place: Place, since: datetime, until: datetime) -> bool:
        """Whether the app failed to answer a call for a site within these times."""
        return any(not call.answered and since <= call.at <= until for call in self.calls[place])
