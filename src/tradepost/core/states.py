"""Every state machine of Tradepost, as tables.

Two rules hold here. Everything that decides which state follows which is in this file; and nothing else assigns a
state: shells call `advance` and write what it returns. docs/states.md is drawn from these tables by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from .errors import IllegalTransitionError


class ListingState(StrEnum):
    """Who may see an app."""

    PRIVATE = "private"
    SUBMITTED = "submitted"
    PUBLIC = "public"


class ListingEvent(StrEnum):
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REJECTED = "rejected"
    MADE_PRIVATE = "made_private"


class VersionState(StrEnum):
    """Whether sites are told of a version."""

    IN_REVIEW = "in_review"
    OFFERED = "offered"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class VersionEvent(StrEnum):
    CLEARED = "cleared"
    REVIEW_DUE = "review_due"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class ReviewState(StrEnum):
    """An operator's look at a listing or a version."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class ReviewEvent(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class HostState(StrEnum):
    """A host service's link to the marketplace."""

    INVITED = "invited"
    LINKED = "linked"
    REVOKED = "revoked"


class HostEvent(StrEnum):
    ENROLLED = "enrolled"
    INVITED_AGAIN = "invited_again"
    REVOKED = "revoked"


class InstallationState(StrEnum):
    """One app on one site."""

    INSTALLING = "installing"
    FAILED = "failed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UNINSTALLED = "uninstalled"


class InstallationEvent(StrEnum):
    INSTALLED = "installed"
    INSTALL_FAILED = "install_failed"
    RETURN_FAILED = "return_failed"
    INSTALL_REQUESTED = "install_requested"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UNINSTALLED = "uninstalled"


class UpgradeState(StrEnum):
    """Moving one installation to one version."""

    SCHEDULED = "scheduled"
    APPLYING = "applying"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"


class UpgradeEvent(StrEnum):
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"


class ApprovalState(StrEnum):
    """A site administrator's answer to what a version asks."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    USED = "used"
    SUPERSEDED = "superseded"


class ApprovalEvent(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    USED = "used"
    SUPERSEDED = "superseded"


State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine:
    """A named machine: where it starts, and which event leads from which state to which.

    `notes` says of a state what a person should know; it goes into docs/states.md.
    """

    name: str
    start: StrEnum
    transitions: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]
    notes: Mapping[StrEnum, str]


LISTING = Machine(
    "listing",
    ListingState.PRIVATE,
    {
        ListingState.PRIVATE: {ListingEvent.SUBMITTED: ListingState.SUBMITTED},
        ListingState.SUBMITTED: {
            ListingEvent.APPROVED: ListingState.PUBLIC,
            ListingEvent.REJECTED: ListingState.PRIVATE,
            ListingEvent.WITHDRAWN: ListingState.PRIVATE,
        },
        ListingState.PUBLIC: {ListingEvent.MADE_PRIVATE: ListingState.PRIVATE},
    },
    {
        ListingState.PRIVATE: "Seen by its vendor and by operators; no new site can install it.",
        ListingState.SUBMITTED: "Waits for an operator; the app goes on as a private one.",
        ListingState.PUBLIC: "Every site can install it.",
    },
)

VERSION = Machine(
    "version",
    VersionState.IN_REVIEW,
    {
        VersionState.IN_REVIEW: {
            VersionEvent.CLEARED: VersionState.OFFERED,
            VersionEvent.REJECTED: VersionState.REJECTED,
            VersionEvent.SUPERSEDED: VersionState.SUPERSEDED,
        },
        VersionState.OFFERED: {VersionEvent.REVIEW_DUE: VersionState.IN_REVIEW},
        VersionState.REJECTED: {},
        VersionState.SUPERSEDED: {},
    },
    {
        VersionState.IN_REVIEW: "Made and numbered; no site is told until an operator clears it.",
        VersionState.OFFERED: "Sites may move to it. It needed no review or has passed one.",
        VersionState.REJECTED: "An operator refused it; its number is never used again.",
        VersionState.SUPERSEDED: "A newer version was offered before the review of this one ended.",
    },
)

REVIEW = Machine(
    "review",
    ReviewState.WAITING,
    {
        ReviewState.WAITING: {
            ReviewEvent.APPROVED: ReviewState.APPROVED,
            ReviewEvent.REJECTED: ReviewState.REJECTED,
            ReviewEvent.SUPERSEDED: ReviewState.SUPERSEDED,
        },
        ReviewState.APPROVED: {},
        ReviewState.REJECTED: {},
        ReviewState.SUPERSEDED: {},
    },
    {
        ReviewState.WAITING: "Waits for an operator.",
        ReviewState.APPROVED: "The version is offered.",
        ReviewState.REJECTED: "The vendor was told why.",
        ReviewState.SUPERSEDED: "A newer version made it needless, or the vendor withdrew.",
    },
)

HOST = Machine(
    "host service",
    HostState.INVITED,
    {
        HostState.INVITED: {HostEvent.ENROLLED: HostState.LINKED, HostEvent.REVOKED: HostState.REVOKED},
        HostState.LINKED: {HostEvent.REVOKED: HostState.REVOKED, HostEvent.INVITED_AGAIN: HostState.INVITED},
        HostState.REVOKED: {HostEvent.INVITED_AGAIN: HostState.INVITED},
    },
    {
        HostState.INVITED: "A one-time code was handed out.",
        HostState.LINKED: "The host service has its own credential.",
        HostState.REVOKED: "Its credential is refused; its sites keep what they run.",
    },
)

INSTALLATION = Machine(
    "installation",
    InstallationState.INSTALLING,
    {
        InstallationState.INSTALLING: {
            InstallationEvent.INSTALLED: InstallationState.ENABLED,
            InstallationEvent.INSTALL_FAILED: InstallationState.FAILED,
            InstallationEvent.RETURN_FAILED: InstallationState.UNINSTALLED,
            InstallationEvent.UNINSTALLED: InstallationState.UNINSTALLED,
        },
        InstallationState.FAILED: {
            InstallationEvent.INSTALL_REQUESTED: InstallationState.INSTALLING,
            InstallationEvent.UNINSTALLED: InstallationState.UNINSTALLED,
        },
        InstallationState.ENABLED: {
            InstallationEvent.DISABLED: InstallationState.DISABLED,
            InstallationEvent.UNINSTALLED: InstallationState.UNINSTALLED,
        },
        InstallationState.DISABLED: {
            InstallationEvent.ENABLED: InstallationState.ENABLED,
            InstallationEvent.UNINSTALLED: InstallationState.UNINSTALLED,
        },
        InstallationState.UNINSTALLED: {InstallationEvent.INSTALL_REQUESTED: InstallationState.INSTALLING},
    },
    {
        InstallationState.INSTALLING: "The first `installed` call is on its way.",
        InstallationState.FAILED: "The app did not accept `installed`; nothing runs, an administrator may try again.",
        InstallationState.ENABLED: "The app runs.",
        InstallationState.DISABLED: "The app is kept up to date but shows nothing.",
        InstallationState.UNINSTALLED: "Gone, or its return failed; client key and secret are kept for another return.",
    },
)

UPGRADE = Machine(
    "upgrade",
    UpgradeState.SCHEDULED,
    {
        UpgradeState.SCHEDULED: {
            UpgradeEvent.STARTED: UpgradeState.APPLYING,
            UpgradeEvent.SUPERSEDED: UpgradeState.SUPERSEDED,
        },
        UpgradeState.APPLYING: {
            UpgradeEvent.STARTED: UpgradeState.APPLYING,
            UpgradeEvent.SUCCEEDED: UpgradeState.APPLIED,
            UpgradeEvent.FAILED: UpgradeState.SCHEDULED,
            UpgradeEvent.GIVEN_UP: UpgradeState.GIVEN_UP,
            UpgradeEvent.SUPERSEDED: UpgradeState.SUPERSEDED,
        },
        UpgradeState.APPLIED: {},
        UpgradeState.SUPERSEDED: {},
        UpgradeState.GIVEN_UP: {},
    },
    {
        UpgradeState.SCHEDULED: "Due at a time that the installation shows, with the reason for waiting.",
        UpgradeState.APPLYING: "A worker calls the app. `started` again: its worker died and another took over.",
        UpgradeState.APPLIED: "The app accepted; the site runs the version.",
        UpgradeState.SUPERSEDED: "A newer version, a decline or an uninstall took its place before it was applied.",
        UpgradeState.GIVEN_UP: "A first installation that the app refused; an administrator may ask again.",
    },
)

APPROVAL = Machine(
    "approval",
    ApprovalState.WAITING,
    {
        ApprovalState.WAITING: {
            ApprovalEvent.APPROVED: ApprovalState.APPROVED,
            ApprovalEvent.DECLINED: ApprovalState.DECLINED,
            ApprovalEvent.SUPERSEDED: ApprovalState.SUPERSEDED,
        },
        ApprovalState.APPROVED: {
            ApprovalEvent.DECLINED: ApprovalState.DECLINED,
            ApprovalEvent.USED: ApprovalState.USED,
            ApprovalEvent.SUPERSEDED: ApprovalState.SUPERSEDED,
        },
        ApprovalState.DECLINED: {
            ApprovalEvent.APPROVED: ApprovalState.APPROVED,
            ApprovalEvent.SUPERSEDED: ApprovalState.SUPERSEDED,
        },
        ApprovalState.USED: {},
        ApprovalState.SUPERSEDED: {},
    },
    {
        ApprovalState.WAITING: "Waits for an administrator, who is reminded weekly.",
        ApprovalState.APPROVED: "Serves every version that asks no more, until an upgrade has used it.",
        ApprovalState.DECLINED: "The same ask is not repeated; an administrator can change their mind at any time.",
        ApprovalState.USED: "An upgrade has used it.",
        ApprovalState.SUPERSEDED: "What is asked has changed, or nothing is asked any more.",
    },
)

MACHINES = (LISTING, VERSION, REVIEW, HOST, INSTALLATION, UPGRADE, APPROVAL)


def advance(machine: Machine, state: State, event: StrEnum) -> State:
    """Return the state of `machine` after `event`. Raises IllegalTransitionError when the table has no such arrow."""
    after = machine.transitions[state].get(event)
    if after is None:
        raise IllegalTransitionError(machine.name, state.value, event.value)
    return cast("State", after)
