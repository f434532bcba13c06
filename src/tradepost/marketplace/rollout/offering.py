"""Which versions one site is offered of one app."""

from datetime import datetime
from uuid import UUID

from tradepost.core.schedule import SchedulePolicy, turn_of
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.bulk.queries import RunningBulk
from tradepost.wire.messages import Offer, OfferedVersion

from .catalogue import Entry
from .numbers import Parts, parts_of

Offered = tuple[Offer, OfferedVersion]


def offers_of(entry: Entry, *, site: UUID, running: str, rollout: RunningBulk | None) -> list[Offered]:
    """What a site that runs this number may move to; nothing where that is the newest.

    Of a watched app it is the newest version. Of a deployed one it is the newest of the major that the site runs, which
    asks nobody, and the newest of all where that is of another major. A site that takes part in a rollout is offered
    the major that the rollout brings instead of the newest of all.
    """
    running_parts = parts_of(running)
    found: list[Offered] = []
    within = entry.majors.get(running_parts[0])
    if within is not None and within.parts > running_parts:
        version = within.version()
        found.append((_offer(version, site), version))
    other = _other(entry, running_parts, rollout=rollout)
    if other is not None:
        found.append((_leap(entry, other, site, running_parts, rollout=rollout), other))
    return found


def last_turn(deployed_at: datetime) -> datetime:
    """When the last site has its turn to cross over to an app that was deployed first at this time."""
    return deployed_at + _schedule().crossing_spread


def turn_at(site: UUID, *, deployed_at: datetime) -> datetime:
    """When it is a site's turn to cross over to an app that was deployed first at this time."""
    return turn_of(str(site), began=deployed_at, spread=_schedule().crossing_spread)


def _other(entry: Entry, running: Parts, *, rollout: RunningBulk | None) -> OfferedVersion | None:
    """The version that is not of the major that the site runs, or of a watched app simply the newest."""
    held = entry.majors.get(rollout.to_major) if rollout is not None else None
    parts = held.parts if held is not None else entry.newest
    if parts <= running or (parts[0] == running[0] and running[0] in entry.majors):
        return None
    return held.version() if held is not None else entry.offered


def _leap(entry: Entry, version: OfferedVersion, site: UUID, running: Parts, *, rollout: RunningBulk | None) -> Offer:
    """The offer of another major. A site that runs a watched version crosses over when it is its turn."""
    is_brought = rollout is not None and parts_of(version.version)[0] == rollout.to_major
    crosses = version.manifest is not None and running[0] < min(entry.majors, default=0)
    return _offer(
        version,
        site,
        not_before=turn_at(site, deployed_at=entry.deployed_at) if crosses and entry.deployed_at else None,
        rollout=rollout.id if rollout is not None and is_brought else None,
    )


def _offer(
    version: OfferedVersion, site: UUID, *, not_before: datetime | None = None, rollout: UUID | None = None
) -> Offer:
    return Offer(site=site, app=version.app, version=version.version, not_before=not_before, rollout=rollout)


def _schedule() -> SchedulePolicy:
    policy = configuration.policy
    return SchedulePolicy(check_interval=policy.check_interval, longest_crossing=policy.longest_crossing)
