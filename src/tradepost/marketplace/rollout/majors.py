"""How sites stand between the majors of an app, and how far they are where a watched app has become a deployed one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min

from tradepost.core.states import VersionState
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing, Source

from .models import InstallationRecord
from .numbers import major_of
from .offering import last_turn

MOST_TURNS = 100
"""Points of the curve of turns to come."""


@dataclass(frozen=True, slots=True)
class MajorSites:
    """How many sites run a major of an app, and how many of these wait for what, by the words of the wire.

    `newest` is the number of the newest offered version of the major. `code_ahead` counts sites whose code went ahead
    of the permissions they have granted.
    """

    major: int
    newest: str | None
    is_deployed: bool
    sites: int
    on_newest: int
    code_ahead: int
    states: Mapping[str, int]


def sites_per_major(listing: Listing) -> list[MajorSites]:
    """The majors that some site runs or that are offered, the highest first."""
    versions = listing.versions.order_by("order_key").only("number", "order_key", "state", "manifest_id")
    known = {version.pk: version for version in versions}
    offered = {major_of(each): each for each in known.values() if each.state == VersionState.OFFERED}
    deployed = {major_of(each) for each in known.values() if each.manifest_id is not None}
    states: dict[int, Counter[str]] = defaultdict(Counter)
    on_newest: Counter[int] = Counter()
    ahead: Counter[int] = Counter()
    for running, state, sites, granted in _by_version(listing):
        major = major_of(known[running])
        states[major][state] += sites
        ahead[major] += granted
        if major in offered and offered[major].pk == running:
            on_newest[major] += sites
    return [
        MajorSites(
            major=major,
            newest=offered[major].number if major in offered else None,
            is_deployed=major in deployed,
            sites=sum(states[major].values()),
            on_newest=on_newest[major],
            code_ahead=ahead[major],
            states=dict(states[major]),
        )
        for major in sorted(offered.keys() | states.keys(), reverse=True)
    ]


def _by_version(listing: Listing) -> Iterable[tuple[UUID, str, int, int]]:
    rows = InstallationRecord.objects.filter(listing=listing).exclude(running=None).order_by()
    return rows.values_list("running", "state").annotate(sites=Count("id"), ahead=Count("granted"))


@dataclass(frozen=True, slots=True)
class Crossing:
    """How far the sites of a watched app are on their way to its first deployed versions. Times are domain time.

    It began at `began`; the last site has its turn at `last_turn`, and by `ends` each has gone as far as it may go by
    itself. `crossed` sites run a deployed version; `states` says what the others wait for, `not_asked` how many of them
    have not asked since it began. `turns` says how many of those that wait have their turn by when.
    """

    began: datetime
    last_turn: datetime
    ends: datetime
    crossed: int
    not_asked: int
    states: Mapping[str, int]
    turns: tuple[tuple[datetime, int], ...]

    @property
    def left(self) -> int:
        """How many sites still run a watched version."""
        return sum(self.states.values())

    @property
    def sites(self) -> int:
        """How many sites have the app."""
        return self.crossed + self.left

    @property
    def had_turn(self) -> int:
        """How many sites have had their turn, whether they could use it or not."""
        return self.sites - self.states.get("waiting_turn", 0) - self.not_asked


def find_crossing(listing: Listing) -> Crossing | None:
    """How far the crossing of an app is; None where no site has anything to cross from, or nothing to cross to."""
    if listing.source != Source.DEPLOYED:
        return None
    deployed = listing.versions.filter(state=VersionState.OFFERED).exclude(manifest=None)
    began = deployed.aggregate(began=Min("offered_at"))["began"]
    watched = listing.versions.filter(manifest=None).aggregate(highest=Max("order_key"))["highest"]
    if began is None or watched is None:
        return None
    records = InstallationRecord.objects.filter(listing=listing).exclude(running=None).order_by()
    still = records.filter(running__order_key__lte=watched)
    states = dict(still.values_list("state").annotate(sites=Count("id")))
    # A site that asks reports what it waits for; one that waits for nothing has not asked since.
    return Crossing(
        began=began,
        last_turn=last_turn(began),
        ends=began + configuration.policy.longest_crossing,
        crossed=records.filter(running__order_key__gt=watched).count(),
        not_asked=states.get("current", 0),
        states=states,
        turns=tuple(_turns(listing, until=last_turn(began), since=began)) if states.get("waiting_turn") else (),
    )


def _turns(listing: Listing, *, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """When how many of the sites that wait for their turn have it, in steps."""
    step = max((until - since) / MOST_TURNS, timedelta(minutes=1))
    with connection.cursor() as cursor:
        cursor.execute(TURNS, [step, since, step, listing.pk])
        return cursor.fetchall()


# A step counts at its end: by then all its turns have come.
TURNS = """
SELECT date_bin(%s, until, %s) + %s AS step, count(*)::int
FROM rollout_installationrecord
WHERE listing_id = %s AND state = 'waiting_turn' AND until IS NOT NULL
GROUP BY 1 ORDER BY 1
"""
