"""What an administrator is told of a deployed app beside what every app shows: how it comes, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from tradepost.core.plan import Because, Rollout
from tradepost.core.reasons import Reason
from tradepost.core.version import Version
from tradepost.core.window import touchable_at
from tradepost.host.installing import deployed
from tradepost.host.installing.deployed import Missing
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.wording import Group, permission_groups
from tradepost.host.sites.queries import window_of, zone_of

from .models import Upgrade
from .queries import Explanation

LOCAL = "%a %d %b %Y, %H:%M"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed app as it runs on a site. `ahead` is the number whose code runs on older permissions, else None."""

    number: Version
    rights: KnownVersion
    ahead: KnownVersion | None
    minor: KnownVersion | None
    groups: Sequence[Group]
    missing: Missing


@dataclass(frozen=True, slots=True)
class Crossing:
    """A watched app that is about to become a deployed one on a site.

    It comes at `at` (on the site's own clock) at the latest, with a rollout of its vendor (`by_vendor`), or when an
    administrator agrees (`asks`); else it is due.
    """

    version: KnownVersion
    reasons: Sequence[Reason]
    asks: bool
    by_vendor: bool
    at: str


def deployment_of(installation: Installation) -> Deployment | None:
    """What to say of what runs; None for a watched app."""
    running, rights = installation.running, installation.rights_version
    if running is None or not running.is_deployed or rights is None:
        return None
    return Deployment(
        deployed.number_of(running),
        rights,
        ahead=running if rights.pk != running.pk else None,
        minor=deployed.minor_on_its_way(installation),
        groups=permission_groups(deployed.permissions_of(rights)) if rights.is_deployed else [],
        missing=deployed.missing_of(running),
    )


def crossing_of(installation: Installation, why: Explanation | None, *, asks: bool) -> Crossing | None:
    """What to say of a watched app whose newest version is a deployed one; None otherwise."""
    running, newest = installation.running, installation.newest
    if running is None or newest is None or running.is_deployed or not newest.is_deployed:
        return None
    turn = why.turn if why is not None else None
    return Crossing(
        newest,
        deployed.what_crossing_changes(running, newest),
        asks=asks,
        by_vendor=why is not None and why.because == Because.VENDOR,
        at=_turn_word(installation, turn) if turn else "",
    )


def rollout_word(installation: Installation) -> str:
    """What the vendor's rollout that reaches this site means for it; empty where none does."""
    running, newest = installation.running, installation.newest
    if running is None or newest is None or newest.order_key <= running.order_key:
        return ""
    if installation.rollout == Rollout.BULK:
        return (
            f"The vendor rolls version {newest.number} out. It asks for nothing that this site has not granted, so "
            "nobody is asked although it is another major."
        )
    if installation.rollout == Rollout.ROLLING:
        return (
            f"The vendor rolls version {newest.number} out ahead of your approval. Only its code comes: what the app "
            "may do here stays what it is until an administrator approves more."
        )
    return ""


def notes_of(upgrades: Sequence[Upgrade]) -> dict[UUID, str]:
    """What else there is to say of moves of one app, by their ids; one statement."""
    if not upgrades:
        return {}
    is_deployed = _deployed_numbers(upgrades)
    return {each.id: note for each in upgrades if (note := _note(each, is_deployed))}


def _note(upgrade: Upgrade, is_deployed: dict[str, bool]) -> str:
    if upgrade.keeps_grant:
        return "code only; permissions unchanged"
    if upgrade.from_number == upgrade.to_number:
        return "permissions only; code unchanged"
    if is_deployed.get(upgrade.to_number) and is_deployed.get(upgrade.from_number) is False:
        return "a watched app before, a deployed one since"
    return ""


def _deployed_numbers(upgrades: Sequence[Upgrade]) -> dict[str, bool]:
    """Whether the versions that are named were deployed. What a site read at an address itself never was."""
    before = Q(app_key=upgrades[0].app_key, number__in={each.from_number for each in upgrades}, origin_site=None)
    after = Q(pk__in={each.to_version_id for each in upgrades})
    rows = KnownVersion.objects.filter(before | after).values_list("number", "manifest_sha256")
    return {number: bool(manifest) for number, manifest in rows}


def _turn_word(installation: Installation, turn: datetime) -> str:
    """When the turn comes on the site's own clock, its maintenance window kept."""
    site = installation.site
    zone = zone_of(site)
    at = touchable_at(window_of(site), now=turn, zone=zone, due_since=turn) or turn
    return f"{at.astimezone(zone):{LOCAL}}"
