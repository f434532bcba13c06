"""Taking up what the marketplace offered to many sites: decided once per pair of versions, written set-wise."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from tradepost.core.consent import ConsentKind, decide_consent
from tradepost.core.plan import Because, Wait, plan_upgrade
from tradepost.core.states import UPGRADE, InstallationState
from tradepost.foundation import audit, jobs
from tradepost.host.approvals.asking import OPEN, Request, ask_many, consent_policy
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import MARKETPLACE, Installation, KnownVersion
from tradepost.host.installing.versions import terms_of
from tradepost.host.marketlink.reports import report_many

from .planning import ACTOR, WORK, replan, scheduled_text
from .queries import AUTOMATIC, Sight, with_versions

_RUNNING_SOMETHING = (InstallationState.ENABLED, InstallationState.DISABLED)


@dataclass(frozen=True, slots=True)
class Offered:
    """For (site, app) the version it may move to. `kept` were offered something that cannot be taken: they stay as
    they are. Whoever is in neither runs the newest version there is for it.
    """

    versions: Mapping[tuple[UUID, str], KnownVersion]
    kept: frozenset[tuple[UUID, str]] = frozenset()


def take_offers(site_ids: frozenset[UUID], offered: Offered, *, now: datetime) -> int:
    """Record the offers to these sites in the caller's transaction; return how many installations they changed.

    An installation whose newest version stays the same is not written. Those that were asked for something before are
    decided one by one, all others once per pair of running and offered version.
    """
    assert connection.in_atomic_block, "offers are taken in one transaction"
    rows = Installation.objects.select_for_update(of=("self",), no_key=True).filter(
        site_id__in=site_ids, source=MARKETPLACE, state__in=_RUNNING_SOMETHING, running__isnull=False
    )
    changed = [each for each in with_versions(rows).order_by("pk") if _take(each, offered)]
    with_history = _with_history(changed)
    fresh: dict[tuple[UUID, UUID], list[Installation]] = defaultdict(list)
    for each in changed:
        assert each.running is not None
        assert each.newest is not None
        if each.pk in with_history or each.upgrade_id or each.newest.order_key <= each.running.order_key:
            _take_one(each, now)
        else:
            fresh[each.running.pk, each.newest.pk].append(each)
    for installations in fresh.values():
        _take_alike(installations, now)
    return len(changed)


def _take(each: Installation, offered: Offered) -> bool:
    """Set the newest version in memory; whether that is news."""
    place = (each.site_id, each.app_key)
    if place in offered.kept:
        return False
    newest = offered.versions.get(place, each.running)
    assert newest is not None
    is_news = newest.pk != each.newest_id
    each.newest = newest
    return is_news


def _with_history(installations: Sequence[Installation]) -> frozenset[UUID]:
    rows = Approval.objects.filter(installation_id__in=[each.pk for each in installations], state__in=OPEN)
    return frozenset(rows.values_list("installation_id", flat=True))


def _take_one(each: Installation, now: datetime) -> None:
    # While a worker calls the app only the newest version is noted; recording the answer decides anew.
    if replan(each, now=now) is None:
        each.save(update_fields=["newest"])


def _take_alike(installations: Sequence[Installation], now: datetime) -> None:
    """Installations that run the same version, are offered the same one, and were never asked anything."""
    first = installations[0]
    assert first.running is not None
    assert first.newest is not None
    consent = decide_consent(terms_of(first.running), terms_of(first.newest), policy=consent_policy())
    if consent.kind is ConsentKind.FREE:
        _schedule_alike(installations, first.newest, now)
        return
    plan = plan_upgrade(Sight(first, None, ()).facts, now=now, policy=consent_policy())
    assert isinstance(plan, Wait)
    Installation.objects.filter(pk__in=[each.pk for each in installations]).update(
        newest=first.newest, because=Because.CONSENT, text=plan.text, until=None, since=now,
        upgrade_id=None, due_at=None, due_since=None,
    )  # fmt: skip
    _show_all(installations, because=Because.CONSENT, text=plan.text, now=now)
    ask_many([Request(each, first.newest, consent.ask) for each in installations], now=now)
    report_many(installations, now)


def _schedule_alike(installations: Sequence[Installation], target: KnownVersion, now: datetime) -> None:
    """One statement makes the upgrades and sets the installations due, whatever their number."""
    text = scheduled_text(target)
    with connection.cursor() as cursor:
        cursor.execute(
            _SCHEDULE,
            {
                "ids": [each.pk for each in installations], "target": target.pk, "to_number": target.number,
                "state": UPGRADE.start, "trigger": AUTOMATIC, "by": ACTOR, "now": now, "text": text,
            },
        )  # fmt: skip
        made = dict(cursor.fetchall())
    for each in installations:
        each.upgrade_id = made[each.pk]
    _show_all(installations, because="", text=text, now=now)
    audit.record_many(list(_entries(installations, target, now)))
    report_many(installations, now)
    jobs.defer(WORK)


_SCHEDULE = """
    WITH made AS (
        INSERT INTO upgrading_upgrade (
            id, site_id, installation_id, app_key, from_number, to_number, to_version_id,
            state, trigger, "by", planned_at, attempts, last_failure
        )
        SELECT gen_random_uuid(), i.site_id, i.id, i.app_key, v.number, %(to_number)s, %(target)s,
               %(state)s, %(trigger)s, %(by)s, %(now)s, 0, ''
        FROM installing_installation i JOIN installing_knownversion v ON v.id = i.running_id
        WHERE i.id = ANY(%(ids)s)
        RETURNING id, installation_id
    )
    UPDATE installing_installation i
    SET newest_id = %(target)s, upgrade_id = made.id, due_at = %(now)s, due_since = %(now)s,
        because = '', text = %(text)s, until = NULL, since = %(now)s
    FROM made WHERE i.id = made.installation_id
    RETURNING i.id, i.upgrade_id
"""


def _show_all(installations: Iterable[Installation], *, because: str, text: str, now: datetime) -> None:
    """What was written to the rows, in memory too: the reports are made of it."""
    for each in installations:
        each.because, each.text, each.until, each.since = because, text, None, now


def _entries(installations: Iterable[Installation], target: KnownVersion, now: datetime) -> Iterable[audit.AuditEntry]:
    for each in installations:
        yield audit.entry(
            "upgrade.scheduled", service="host", actor=ACTOR, subject=("upgrade", each.upgrade_id), now=now,
            scope_id=each.site_id, app=each.app_key, to=target.number, trigger=AUTOMATIC,
        )  # fmt: skip
