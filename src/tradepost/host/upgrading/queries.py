"""What is known of an installation's way to the newest version, and why it is not there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min, Q, QuerySet

from tradepost.core.consent import Ask, Consent, decide_consent
from tradepost.core.errors import NotFoundError
from tradepost.core.plan import Because, InstallationFacts, Start, Wait, plan_upgrade
from tradepost.core.states import InstallationState
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now
from tradepost.host.approvals.asking import consent_policy, declined_asks, find_open, standing_approval
from tradepost.host.approvals.models import Approval
from tradepost.host.approvals.terms import from_json
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import for_plan, terms_of
from tradepost.host.sites.queries import find_visible, window_of, zone_of

from .models import LifecycleCall, QueuedCall, Upgrade

INSTALL, AUTOMATIC, APPROVED = "install", "automatic", "approval"
BY_ADMINISTRATOR = frozenset({INSTALL, APPROVED})
"""Triggers that are an administrator's own act, which goes through at once."""

CALL_ORDER = ("-at", "-recorded_at", "-id")
SHOWN_CALLS = 10
MOST_QUEUED = 50  # calls to one app that are shown as waiting


@dataclass(frozen=True, slots=True)
class Sight:
    """An installation with all that decides about it."""

    installation: Installation
    upgrade: Upgrade | None
    approvals: Sequence[Approval]

    @property
    def standing(self) -> Approval | None:
        """The approval that counts for the newest version."""
        running, newest = self.installation.running, self.installation.newest
        if running is None or newest is None:
            return None
        return standing_approval(self.approvals, running=terms_of(running), offered=terms_of(newest))

    @property
    def facts(self) -> InstallationFacts:
        """What the plan looks at."""
        each, standing = self.installation, self.standing
        return InstallationFacts(
            running=for_plan(each.running),
            newest=for_plan(each.newest),
            approved=from_json(standing.covers) if standing else None,
            declined=declined_asks(self.approvals),
            by_administrator=self.upgrade is not None and self.upgrade.trigger in BY_ADMINISTRATOR,
            window=window_of(each.site),
            zone=zone_of(each.site),
            due_since=each.due_since,
            retry_at=each.until if each.because == Because.RETRY else None,
            failure=self.upgrade.last_failure if self.upgrade else "",
        )

    @property
    def consent(self) -> Consent | None:
        """How the question of consent stands for the newest version; None where there is nothing to compare."""
        facts = self.facts
        if facts.running is None or facts.newest is None:
            return None
        return decide_consent(
            facts.running.terms, facts.newest.terms, approved=facts.approved, declined=facts.declined,
            policy=consent_policy(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an installation runs, and why not the newest version, until when or which person acts."""

    state: str
    running: KnownVersion | None
    newest: KnownVersion | None
    because: str
    text: str
    until: datetime | None
    person: str | None
    ask: Ask | None
    since: datetime
    calls: Sequence[LifecycleCall]


def look_at(installations: Sequence[Installation]) -> list[Sight]:
    """The sights of installations whose site, running and newest are at hand, by two statements."""
    ids = [each.pk for each in installations]
    upgrades = find_open_upgrades(installations)
    approvals: dict[UUID, list[Approval]] = {}
    for approval in find_open(ids):
        approvals.setdefault(approval.installation_id, []).append(approval)
    return [
        Sight(each, upgrades.get(each.upgrade_id) if each.upgrade_id else None, approvals.get(each.pk, []))
        for each in installations
    ]


def find_open_upgrades(installations: Collection[Installation]) -> dict[UUID, Upgrade]:
    """The open upgrades of installations, by their ids."""
    wanted = {each.upgrade_id for each in installations if each.upgrade_id}
    if not wanted:
        return {}
    owners = [each.pk for each in installations]
    return {row.id: row for row in Upgrade.objects.filter(installation_id__in=owners, id__in=wanted)}


def with_versions(rows: QuerySet[Installation]) -> QuerySet[Installation]:
    """With site, versions and the license at hand, but without the bytes of descriptors."""
    return rows.select_related("site", "running", "newest", "cached_license").defer(
        "running__descriptor", "newest__descriptor"
    )


def find_installations(caller: Caller, site_id: UUID) -> QuerySet[Installation]:
    """The apps on a site that the caller may see, those that are gone left out."""
    rows = Installation.objects.filter(site_id=site_id, site__in=find_visible(caller).order_by())
    return with_versions(rows.exclude(state=InstallationState.UNINSTALLED)).order_by("app_key")


def get_installation(caller: Caller, site_id: UUID, app_key: str) -> Installation:
    """Raises NotFoundError for what is not there or not the caller's."""
    found = find_installations(caller, site_id).filter(app_key=app_key).first()
    if found is None:
        raise NotFoundError("app on this site", app_key)
    return found


def get_remembered(caller: Caller, site_id: UUID, app_key: str) -> Installation:
    """Like `get_installation`, and also what was uninstalled: its history can still be read."""
    rows = Installation.objects.filter(site_id=site_id, site__in=find_visible(caller).order_by(), app_key=app_key)
    found = with_versions(rows).first()
    if found is None:
        raise NotFoundError("app on this site", app_key)
    return found


def find_upgrades(caller: Caller, site_id: UUID, app_key: str) -> QuerySet[Upgrade]:
    """Every move of an app on a site, to be listed newest first."""
    installation = get_remembered(caller, site_id, app_key)
    return Upgrade.objects.filter(installation_id=installation.pk)


def find_calls(caller: Caller, site_id: UUID, app_key: str) -> QuerySet[LifecycleCall]:
    """Every call to an app for a site, to be listed newest first."""
    installation = get_remembered(caller, site_id, app_key)
    return LifecycleCall.objects.filter(installation_id=installation.pk)


def get_call(caller: Caller, site_id: UUID, app_key: str, call_id: UUID) -> LifecycleCall:
    """One call of the log. Raises NotFoundError for what is not there or not the caller's."""
    found = find_calls(caller, site_id, app_key).filter(id=call_id).first()
    if found is None:
        raise NotFoundError("call", call_id)
    return found


def find_queued(installation: Installation) -> list[QueuedCall]:
    """The calls to an app that are still to be made, in order."""
    return list(QueuedCall.objects.filter(installation=installation).order_by("id")[:MOST_QUEUED])


def find_next_call() -> datetime | None:
    """When the next queued call is due (domain time), apart from those to apps a worker has in its hands."""
    free = Q(installation__lease_until=None) | Q(installation__lease_until__lt=machine_now())
    earliest: datetime | None = QueuedCall.objects.filter(free).aggregate(at=Min("due_at"))["at"]
    return earliest


def explain(installation: Installation, now: datetime) -> Explanation:
    """Say by the very plan that the worker follows what happens next with an installation, and why."""
    sight = look_at([installation])[0]
    plan = plan_upgrade(sight.facts, now=now, policy=consent_policy())
    because, text, until, person, ask = "", "", None, None, None
    if installation.state in {InstallationState.FAILED, InstallationState.UNINSTALLED}:
        text, person = installation.text, "site administrator" if installation.text else None
    elif isinstance(plan, Wait):
        because, until, person, ask = plan.because, plan.until, plan.person, plan.ask
        text = installation.text if installation.because == because and installation.text else plan.text
    elif isinstance(plan, Start):
        text, until = f"Version {plan.target.number} is due and will be applied in a moment.", installation.due_at
    calls = LifecycleCall.objects.filter(installation_id=installation.pk).order_by(*CALL_ORDER)
    return Explanation(
        state=installation.state,
        running=installation.running,
        newest=installation.newest,
        because=because,
        text=text,
        until=until,
        person=person,
        ask=ask,
        since=installation.since,
        calls=list(calls[:SHOWN_CALLS]),
    )


def find_next_upgrade() -> datetime | None:
    """When the next installation is due (domain time), apart from those a worker has in its hands."""
    free = Q(lease_until=None) | Q(lease_until__lt=machine_now())
    earliest: datetime | None = Installation.objects.filter(free, due_at__isnull=False).aggregate(at=Min("due_at"))[
        "at"
    ]
    return earliest
