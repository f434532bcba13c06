"""What is known of an installation's way to the newest version, and why it is not there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tradepost.core.consent import Ask, Consent, Terms
from tradepost.core.errors import NotFoundError
from tradepost.core.plan import (
    Because,
    InstallationFacts,
    Plan,
    Start,
    Wait,
    find_consent,
    find_intent,
    plan_upgrade,
)
from tradepost.core.plan import KnownVersion as PlannedVersion
from tradepost.core.states import ApprovalState, InstallationState
from tradepost.core.version import Version
from tradepost.foundation import due
from tradepost.foundation.callers import Caller
from tradepost.host.approvals.asking import consent_policy, declined_asks, find_open, standing_approval
from tradepost.host.approvals.models import Approval
from tradepost.host.approvals.terms import from_json
from tradepost.host.installing.models import Installation, KnownVersion, bytes_of
from tradepost.host.installing.versions import for_plan, terms_of
from tradepost.host.sites.queries import find_visible, window_of, zone_of

from .judging import NO_VERDICT, Verdict, judge
from .models import LifecycleCall, QueuedCall, Upgrade

INSTALL, AUTOMATIC, APPROVED = "install", "automatic", "approval"
AHEAD, ROLLED_OUT = "ahead", "rollout"
BY_ADMINISTRATOR = frozenset({INSTALL, APPROVED, AHEAD})
"""Triggers that are an administrator's own act, which goes through at once."""

HELD_BACK = frozenset({Because.TURN, Because.VENDOR})
"""Waits in which an administrator may go ahead."""

ASKED_IN = {Because.CONSENT: ApprovalState.WAITING, Because.DECLINED: ApprovalState.DECLINED}
"""In which state the request is that an installation waits for."""

VERSIONS = ("running", "newest", "within", "granted")
CALL_ORDER = ("-at", "-recorded_at", "-id")
SHOWN_CALLS = 10
MOST_QUEUED = 50  # calls to one app that are shown as waiting


@dataclass(frozen=True, slots=True)
class Sight:
    """An installation with all that decides about it."""

    installation: Installation
    upgrade: Upgrade | None
    approvals: Sequence[Approval]
    verdict: Verdict = NO_VERDICT

    @property
    def wanted(self) -> KnownVersion | None:
        """The version that consent is about: the newest, or what runs, where only its permissions are to be granted."""
        each = self.installation
        if each.running is None or each.newest is None:
            return each.newest
        return each.newest if each.newest.order_key > each.running.order_key else each.running

    @property
    def standing(self) -> Approval | None:
        """The approval that counts for the version that is wanted."""
        granted, wanted = self.installation.rights_version, self.wanted
        if granted is None or wanted is None:
            return None
        if not wanted.is_deployed:
            return standing_approval(self.approvals, running=terms_of(granted), offered=terms_of(wanted))
        consent = self.consent
        approved = [each for each in self.approvals if each.state == ApprovalState.APPROVED]
        return next((each for each in approved if consent and each.fingerprint == consent.ask.fingerprint), None)

    @property
    def facts(self) -> InstallationFacts:
        """What the plan looks at."""
        each, verdict = self.installation, self.verdict
        return InstallationFacts(
            running=for_plan(each.running),
            newest=for_plan(each.newest),
            approved=self._approved_terms,
            approved_asks=frozenset(
                approval.fingerprint for approval in self.approvals if approval.state == ApprovalState.APPROVED
            ),
            declined=declined_asks(self.approvals),
            by_administrator=self.upgrade is not None and self.upgrade.trigger in BY_ADMINISTRATOR,
            window=window_of(each.site),
            zone=zone_of(each.site),
            due_since=each.due_since,
            retry_at=each.until if each.because == Because.RETRY else None,
            failure=self.upgrade.last_failure if self.upgrade else "",
            within=for_plan(each.within),
            granted=for_plan(each.granted),
            rollout=verdict.rollout if each.rollout else None,
            crossing=verdict.crossing,
            turn_at=each.turn_at,
            for_vendor=verdict.for_vendor,
        )

    @property
    def consent(self) -> Consent | None:
        """How the question of consent stands for the wanted version; None where there is nothing to compare."""
        return find_consent(self.facts, policy=consent_policy())

    @property
    def is_silent(self) -> bool:
        """Whether nobody is asked for the open upgrade, whatever else is asked: it brings the code of a deployed app in
        the major that runs, or ahead of its permissions. It uses no approval.
        """
        each, upgrade = self.installation, self.upgrade
        if upgrade is None or each.running is None:
            return False
        is_minor = (
            each.running.is_deployed
            and each.granted_id is None
            and each.running.major == Version.parse(upgrade.to_number).major
        )
        return upgrade.keeps_grant or is_minor

    def intent(self, now: datetime) -> Plan:
        """What is to be done, whether or not it can be done at this moment."""
        return find_intent(self.facts, now=now, policy=consent_policy())

    def plan(self, now: datetime) -> Plan:
        """What to do now."""
        return plan_upgrade(self.facts, now=now, policy=consent_policy())

    def version_of(self, target: PlannedVersion) -> KnownVersion:
        """The row of the version that a plan names."""
        each = self.installation
        known = [version for version in (each.newest, each.within, each.running) if version is not None]
        return next(version for version in known if version.number == target.number)

    def trigger_of(self, start: Start) -> str:
        """What sets an upgrade off that no administrator did."""
        facts = self.facts
        is_newest = facts.newest is not None and facts.newest.number == start.target.number
        is_minor = facts.silent is not None and facts.silent.number == start.target.number
        return ROLLED_OUT if facts.rollout is not None and is_newest and not is_minor else AUTOMATIC

    def is_for(self, start: Start) -> bool:
        """Whether the open upgrade is the one that is to start; after an offer came in between it is not."""
        upgrade = self.upgrade
        if upgrade is None or upgrade.keeps_grant != start.keeps_grant:
            return False
        return upgrade.to_number == start.target.number

    @property
    def _approved_terms(self) -> Terms | None:
        """What a standing approval covers. Deployed versions are approved by exactly what they ask."""
        if self.wanted is None or self.wanted.is_deployed:
            return None
        standing = self.standing
        return from_json(standing.covers) if standing else None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an installation runs, and why not the newest version, until when or which person acts.

    `also_ask` is what an administrator is asked meanwhile, `also_because` whether they have answered, where something
    that needs no answer is on its way or waits. `granted` is the version whose permissions count where its code went
    ahead; `within` the newest of the major that runs; `turn` when the site becomes a deployed app's by itself.
    """

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
    also_ask: Ask | None = None
    also_because: str = ""
    granted: KnownVersion | None = None
    within: KnownVersion | None = None
    turn: datetime | None = None
    may_go_ahead: bool = False


def look_at(installations: Sequence[Installation]) -> list[Sight]:
    """The sights of installations whose site and versions are at hand, by two statements, and by a third where a
    deployed version means something to one of them that this process has not found before.
    """
    ids = [each.pk for each in installations]
    upgrades = find_open_upgrades(installations)
    approvals: dict[UUID, list[Approval]] = {}
    for approval in find_open(ids):
        approvals.setdefault(approval.installation_id, []).append(approval)
    verdicts = judge(installations)
    return [
        Sight(
            each,
            upgrades.get(each.upgrade_id) if each.upgrade_id else None,
            approvals.get(each.pk, []),
            verdicts.get(each.pk, NO_VERDICT),
        )
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
    return rows.select_related("site", *VERSIONS, "cached_license").defer(*bytes_of(*VERSIONS))


def lock_with_versions(rows: QuerySet[Installation]) -> list[Installation]:
    """Lock rows until the transaction ends, in the order of their ids, and return them with what `with_versions` adds.

    Neither lock keeps others from referring to the rows (`no_key`). Two statements: one that waits for a lock sees the
    locked row as it is then, but what is joined to it as it was before; a version that came to run meanwhile would be
    missing, and an installation that runs nothing is asked for no consent.
    """
    ids = list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    return list(with_versions(Installation.objects.filter(pk__in=ids)).order_by("pk")) if ids else []


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


@due.earliest("due_at")
def find_next_call(machine: datetime) -> QuerySet[QueuedCall]:
    """When the next queued call is due (domain time), apart from those to apps a worker has in its hands."""
    return QueuedCall.objects.filter(Q(installation__lease_until=None) | Q(installation__lease_until__lt=machine))


def explain(installation: Installation, now: datetime) -> Explanation:
    """Say by the very plan that the worker follows what happens next with an installation, and why."""
    sight = look_at([installation])[0]
    plan = sight.plan(now)
    because, text, until, person, ask, also = "", "", None, None, None, None
    if installation.state in {InstallationState.FAILED, InstallationState.UNINSTALLED}:
        text, person = installation.text, "site administrator" if installation.text else None
    elif isinstance(plan, Wait):
        because, until, person, ask, also = plan.because, plan.until, plan.person, plan.ask, plan.also
        text = installation.text if installation.because == because and installation.text else plan.text
    elif isinstance(plan, Start):
        text, until, also = due_text(plan.target.number), installation.due_at, plan.also
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
        also_ask=also.ask if also else None,
        also_because=also.because if also else "",
        granted=installation.granted,
        within=installation.within,
        turn=until if because == Because.TURN else None,
        may_go_ahead=because in HELD_BACK,
    )


def due_text(number: str) -> str:
    return f"Version {number} is due and will be applied in a moment."


@due.earliest("due_at")
def find_next_upgrade(machine: datetime) -> QuerySet[Installation]:
    """When the next installation is due (domain time), apart from those a worker has in its hands."""
    return Installation.objects.filter(Q(lease_until=None) | Q(lease_until__lt=machine))
