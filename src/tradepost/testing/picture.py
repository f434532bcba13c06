"""What the database says of the world at one moment, in names and plain values, for the invariants to look at."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from tradepost.foundation.models import OutgoingMail
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import state_word
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import LifecycleCall, Upgrade
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord

from .ledger import Place
from .persons import REMINDER, approval_in


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the marketplace has it."""

    app: str
    number: str
    order_key: int
    sha256: str
    state: str
    made_at: datetime
    offered_at: datetime | None
    was_reviewed: bool


@dataclass(frozen=True, slots=True)
class Move:
    """An upgrade. Moves are in the order in which they were finished, open ones last."""

    id: UUID
    place: Place
    before: str
    after: str
    state: str
    trigger: str
    planned_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Called:
    """A recorded call to an app."""

    at: datetime
    place: Place
    upgrade: UUID
    attempt: int
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of an installation, and where that stands."""

    id: UUID
    place: Place
    fingerprint: str
    state: str
    version: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail to an administrator about an ask."""

    at: datetime
    to: str
    approval: UUID
    is_reminder: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """What an installation runs and waits for, as one of the two services has it."""

    running: str | None
    state: str
    target: str | None
    until: datetime | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment of the database."""

    versions: dict[str, list[Version]]
    moves: dict[Place, list[Move]]
    calls: list[Called]
    asked: list[Asked]
    mails: list[Mailed]
    at_host: dict[Place, Stand]
    at_marketplace: dict[Place, Stand]
    known: dict[tuple[str, str], str]
    doubled: list[str]

    def version(self, app: str, number: str) -> Version:
        """The version of this number."""
        return next(each for each in self.versions[app] if each.number == number)


def take_picture() -> Picture:
    """Read everything."""
    paths = dict(Site.objects.values_list("pk", "context_path"))
    places = {pk: (paths[site], app) for pk, site, app in Installation.objects.values_list("pk", "site_id", "app_key")}
    known = KnownVersion.objects.values_list("app_key", "number", "sha256")
    return Picture(
        versions=_versions(),
        moves=_moves(places),
        calls=_calls(places),
        asked=_asked(places),
        mails=_mails(),
        at_host=_at_host(places),
        at_marketplace=_at_marketplace(paths),
        known={(app, number): sha for app, number, sha in known},
        doubled=_doubled(),
    )


def _versions() -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = defaultdict(list)
    reviewed = set(AppVersion.objects.filter(reviews__kind="version").values_list("pk", flat=True))
    rows = AppVersion.objects.order_by("made_at", "order_key").values_list(
        "pk", "listing__app_key", "number", "order_key", "document_id", "state", "made_at", "offered_at"
    )
    for pk, *values in rows:
        version = Version(*values, was_reviewed=pk in reviewed)
        found[version.app].append(version)
    return found


def _moves(places: dict[UUID, Place]) -> dict[Place, list[Move]]:
    found: dict[Place, list[Move]] = defaultdict(list)
    rows = Upgrade.objects.values_list(
        "id", "installation_id", "from_number", "to_number", "state", "trigger", "planned_at", "finished_at"
    )
    for pk, installation, *values in rows:
        found[places[installation]].append(Move(pk, places[installation], *values))
    for moves in found.values():
        moves.sort(key=lambda each: (each.finished_at is None, each.finished_at or each.planned_at))
    return found


def _calls(places: dict[UUID, Place]) -> list[Called]:
    rows = LifecycleCall.objects.order_by("at").values_list(
        "at", "installation_id", "upgrade_id", "attempt", "succeeded"
    )
    return [Called(at, places[installation], *values) for at, installation, *values in rows]


def _asked(places: dict[UUID, Place]) -> list[Asked]:
    rows = Approval.objects.order_by("asked_at").values_list(
        "pk", "installation_id", "fingerprint", "state", "version__number", "asked_at"
    )
    return [Asked(pk, places[installation], *values) for pk, installation, *values in rows]


def _mails() -> list[Mailed]:
    rows = OutgoingMail.objects.filter(service="host", text__contains="/approvals/").order_by("decided_at")
    found = []
    for at, to, subject, text in rows.values_list("decided_at", "to", "subject", "text"):
        approval = approval_in(text)
        assert approval is not None
        found.append(Mailed(at, to, approval, subject.startswith(REMINDER)))
    return found


def _at_host(places: dict[UUID, Place]) -> dict[Place, Stand]:
    found = {}
    rows = Installation.objects.select_related("running", "newest")
    for each in rows.defer("running__descriptor", "newest__descriptor"):
        running, newest = each.running, each.newest
        target = newest.number if newest is not None and newest.pk != each.running_id else None
        found[places[each.pk]] = Stand(
            running.number if running else None, state_word(each), target, each.until, each.state == "enabled"
        )
    return found


def _at_marketplace(paths: dict[UUID, str]) -> dict[Place, Stand]:
    rows = InstallationRecord.objects.values_list(
        "site__site", "listing__app_key", "running__number", "state", "target__number", "until", "enabled"
    )
    return {(paths[site], app): Stand(*values) for site, app, *values in rows}


def _doubled() -> list[str]:
    """What stands in the database twice although it happened once."""
    found = []
    with connection.cursor() as cursor:
        for what, statement in DOUBLES.items():
            cursor.execute(statement)
            found += [f"{what}: {' '.join(map(str, row))}" for row in cursor.fetchall()]
    return found


DOUBLES = {
    "an upgrade applied twice": """
        SELECT app_key, from_number, to_number, count(*) FROM upgrading_upgrade WHERE state = 'applied'
        GROUP BY installation_id, app_key, from_number, to_number HAVING count(*) > 1""",
    "a version reached twice": """
        SELECT app_key, to_number, count(*) FROM upgrading_upgrade WHERE state = 'applied'
        GROUP BY installation_id, app_key, to_number HAVING count(*) > 1""",
    "two open upgrades": """
        SELECT app_key, string_agg(to_number, ' '), count(*) FROM upgrading_upgrade
        WHERE state IN ('scheduled', 'applying') GROUP BY installation_id, app_key HAVING count(*) > 1""",
    "an arrival told twice": """
        SELECT kind, listing_id, site_id, version_id, count(*) FROM rollout_rolloutevent
        GROUP BY kind, listing_id, site_id, version_id HAVING count(*) > 1""",
    "an audit row twice": """
        SELECT action, subject_kind, subject_id, count(*) FROM foundation_auditentry
        WHERE action IN ('version.made', 'version.offered', 'upgrade.scheduled', 'upgrade.succeeded',
                         'upgrade.superseded', 'approval.asked', 'approval.used', 'installation.installed')
        GROUP BY action, subject_kind, subject_id HAVING count(*) > 1""",
    "a descriptor kept twice": """
        SELECT app_key, sha256, count(*) FROM installing_knownversion GROUP BY app_key, number, sha256
        HAVING count(*) > 1""",
    "a call recorded twice": """
        SELECT installation_id, upgrade_id, attempt, count(*) FROM upgrading_lifecyclecall
        GROUP BY installation_id, upgrade_id, attempt HAVING count(*) > 1""",
}
