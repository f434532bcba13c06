"""Rollouts that a vendor starts: which sites they may take, what a report does to a site in one, and when they end.

Nothing more may be taken from a site than it has granted, unless the app looks after its permissions itself; how a site
pays never changes by a rollout. Source: domain.md 4.5 and 4.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tradepost.core.manifest import Manifest, PlacedReason
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_rights import find_crossing_rollout, find_escalations, find_rollout
from tradepost.core.plan import Rollout
from tradepost.core.states import BulkSiteEvent, BulkSiteState, BulkUpgradeEvent

TIME_TO_ANSWER: Final = timedelta(days=1)
"""How much longer than a check interval a site may take: a maintenance window, and a pause after a failed call."""

GONE: Final = "uninstalled"
REFUSING: Final = frozenset({"failed", "waiting_consent", "declined"})
"""States of the wire in which a site that runs an older version counts as failed, until it runs the version."""

_SILENT: Final = "It was not heard of since the rollout began."
_LAST_HEARD: Final = {
    "waiting_window": "it waited for its maintenance window",
    "waiting_consent": "it waited for its administrator's consent",
    "declined": "its administrator had declined the version",
    "scheduled": "the version was scheduled",
    "failed": "the app had not accepted the version",
}


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a rollout may take sites that run a version, and as what; None with the reasons why not.

    For a rolling release `reasons` are what its sites are asked later.
    """

    rollout: Rollout | None
    reasons: tuple[PlacedReason, ...] = ()


def judge_deployed(granted: Manifest, offered: Manifest) -> Eligibility:
    """Whether sites may be brought to a deployed version of a newer major.

    `granted` is what they have granted: the version that they run, or the one that its code went ahead of.
    """
    rollout = find_rollout(granted, offered)
    return Eligibility(rollout, () if rollout is Rollout.BULK else find_escalations(granted, offered))


def judge_watched(document: Mapping[str, Any], offered: Manifest) -> Eligibility:
    """The same for sites that run a watched version. Raises what `judge_equivalence` raises."""
    rollout = find_crossing_rollout(document, offered)
    if rollout is not None:
        return Eligibility(rollout)
    reasons = judge_equivalence(document, offered).reasons
    return Eligibility(None, tuple(reason for reason in reasons if reason.consent))


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What the newest report says of a site: what it runs (None: nothing), a state of the wire, and since when."""

    order_key: int | None
    state: str
    since: datetime


def event_of_report(
    state: BulkSiteState, report: SiteReport, *, reached: int, started_at: datetime
) -> BulkSiteEvent | None:
    """What a report does to a site that is in a rollout to the version with the order key `reached`; None: nothing.

    A refusal that is older than the rollout says nothing of it. Running the version counts, whatever else the site
    waits for: consent comes later in a rolling release.
    """
    if state not in {BulkSiteState.PENDING, BulkSiteState.FAILED}:
        return None
    if report.state == GONE:
        return BulkSiteEvent.LEFT
    if report.order_key is not None and report.order_key >= reached:
        return BulkSiteEvent.UPGRADED
    is_refusal = report.state in REFUSING and report.since >= started_at
    return BulkSiteEvent.FAILED if is_refusal and state is BulkSiteState.PENDING else None


def decide_end(*, pending: int, upgraded: int) -> BulkUpgradeEvent | None:
    """How a rollout ends now; None while a site is pending."""
    if pending:
        return None
    return BulkUpgradeEvent.COMPLETED if upgraded else BulkUpgradeEvent.FAILED


def answers_within(check_interval: timedelta) -> timedelta:
    """How long after its start a site of a rollout may take to run the version; then it counts as failed."""
    return check_interval + TIME_TO_ANSWER


def say_silence(report: SiteReport | None, *, started_at: datetime) -> str:
    """Why a site counts as failed that has neither come nor refused. `report` is the newest of it."""
    known = _LAST_HEARD.get(report.state) if report is not None else None
    if report is None or (known is None and report.since <= started_at):
        return f"It did not answer. {_SILENT}"
    return f"It did not come in time. When it was last heard of, {known or 'it waited for nothing'}."
