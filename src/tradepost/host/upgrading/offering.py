"""Taking up what the marketplace offered to many sites: decided once for all that are alike, written set-wise."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tradepost.core.states import InstallationState
from tradepost.core.version import Version
from tradepost.host.installing.models import MARKETPLACE, Installation, KnownVersion

from .alike import take_alike
from .judging import judge
from .planning import replan
from .queries import Sight, look_at, with_versions

_RUNNING_SOMETHING = (InstallationState.ENABLED, InstallationState.DISABLED)
TOLD = ("newest", "within", "rollout", "turn_at")
"""What the marketplace's answer sets of an installation."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a site was offered of one app: versions in any order, and the numbers of those that cannot be taken here.

    `not_before` is when it is the site's turn, `is_rolled_out` whether a rollout of the vendor brings the newest.
    """

    versions: Sequence[KnownVersion] = ()
    refused: Collection[str] = ()
    not_before: datetime | None = None
    is_rolled_out: bool = False


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Offered:
    """What sites were offered, by site and app. Who is not in it runs the newest version there is for it."""

    told: Mapping[tuple[UUID, str], Told] = field(default_factory=dict)

    def about(self, installation: Installation) -> Told:
        return self.told.get((installation.site_id, installation.app_key), NOTHING_TOLD)


def take_offers(site_ids: frozenset[UUID], offered: Offered, *, now: datetime) -> int:
    """Record the offers to these sites in the caller's transaction; return how many installations they changed.

    An installation for which nothing changes is not written. Those about which more than one thing was asked before,
    and those with an upgrade under way, are decided one by one, all others once for all that are alike.
    """
    assert connection.in_atomic_block, "offers are taken in one transaction"
    rows = with_versions(Installation.objects.filter(pk__in=_lock_concerned(site_ids, offered)))
    changed = _take(list(rows.order_by("pk")), offered)
    alike: dict[tuple[Any, ...], list[Sight]] = defaultdict(list)
    for sight in look_at(changed):
        likeness = _likeness(sight, now)
        if likeness is None:
            _take_one(sight.installation, now)
        else:
            alike[likeness].append(sight)
    for sights in alike.values():
        if not take_alike(sights, now):
            for sight in sights:
                _take_one(sight.installation, now)
    return len(changed)


def _lock_concerned(site_ids: frozenset[UUID], offered: Offered) -> list[UUID]:
    """Lock what runs on these sites; return what was told something, or is to forget what it was told before.

    Most checks bring no news, so no more is read here than tells that. What is locked is read by another statement, as
    in `lock_with_versions`.
    """
    rows = Installation.objects.select_for_update(no_key=True).filter(
        site_id__in=site_ids, source=MARKETPLACE, state__in=_RUNNING_SOMETHING, running__isnull=False
    )
    found = rows.order_by("pk").values_list(
        "pk", "site_id", "app_key", "running_id", "newest_id", "within_id", "rollout", "turn_at"
    )
    return [
        pk
        for pk, site, app, running, newest, within, rollout, turn_at in found
        if (site, app) in offered.told or newest != running or within or rollout or turn_at
    ]


def _take(installations: Sequence[Installation], offered: Offered) -> list[Installation]:
    """Set in memory what was told; return those for which it is news."""
    before = {each.pk: _state_of(each) for each in installations}
    rolled_out = set()
    for each in installations:
        told = offered.about(each)
        _set_versions(each, told)
        assert each.running is not None
        assert each.newest is not None
        crosses = each.newest.is_deployed and not each.running.is_deployed
        each.turn_at = told.not_before if crosses else None
        if told.is_rolled_out and each.newest.order_key > each.running.order_key:
            rolled_out.add(each.pk)
    verdicts = judge([each for each in installations if each.pk in rolled_out], rolled_out=rolled_out)
    for each in installations:
        verdict = verdicts.get(each.pk) if each.pk in rolled_out else None
        each.rollout = verdict.rollout if verdict is not None and verdict.rollout is not None else ""
    return [each for each in installations if _state_of(each) != before[each.pk]]


def _state_of(each: Installation) -> tuple[object, ...]:
    return each.newest_id, each.within_id, each.rollout, each.turn_at


def _set_versions(each: Installation, told: Told) -> None:
    """The newest of all, and the newest of the major that runs. What cannot be taken leaves what was."""
    running = each.running
    assert running is not None
    newest = max(told.versions, key=lambda version: version.order_key, default=running)
    highest_refused = max((Version.parse(number).order_key for number in told.refused), default=-1)
    if highest_refused > newest.order_key:
        newest = each.newest or running
    within = _newest_of_major(told.versions, running)
    refused_here = [number for number in told.refused if Version.parse(number).major == running.major]
    refused_key = max((Version.parse(number).order_key for number in refused_here), default=-1)
    if running.is_deployed and refused_key > (within.order_key if within else -1):
        within = each.within
    if within is not None and within.order_key >= newest.order_key:
        newest, within = within, None
    each.newest, each.within = newest, within


def _newest_of_major(versions: Iterable[KnownVersion], running: KnownVersion) -> KnownVersion | None:
    if not running.is_deployed:
        return None
    alike = [each for each in versions if each.is_deployed and each.major == running.major]
    return max(alike, key=lambda version: version.order_key, default=None)


def _likeness(sight: Sight, now: datetime) -> tuple[Any, ...] | None:
    """What installations have in common that are decided alike; None for one that has to be looked at by itself."""
    each, history = sight.installation, sight.approvals
    if sight.upgrade is not None or len(history) > 1:
        return None
    asked = [(approval.state, approval.fingerprint) for approval in history]
    has_turn = each.turn_at is not None and each.turn_at > now
    return each.running_id, each.newest_id, each.within_id, each.granted_id, each.rollout, has_turn, *asked


def _take_one(each: Installation, now: datetime) -> None:
    # While a worker calls the app this is only noted; recording the answer decides anew.
    if replan(each, now=now) is None:
        each.save(update_fields=TOLD)
