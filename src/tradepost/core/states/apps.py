"""What happens to apps at the marketplace: listings, their versions and reviews; and to host services."""

from enum import StrEnum

from .machine import Machine


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
    WITHDRAWN = "withdrawn"


class VersionEvent(StrEnum):
    CLEARED = "cleared"
    REVIEW_DUE = "review_due"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


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


class BulkUpgradeState(StrEnum):
    """A rollout that a vendor started."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BulkUpgradeEvent(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BulkSiteState(StrEnum):
    """One site in a rollout that a vendor started."""

    PENDING = "pending"
    UPGRADED = "upgraded"
    FAILED = "failed"
    LEFT = "left"


class BulkSiteEvent(StrEnum):
    UPGRADED = "upgraded"
    FAILED = "failed"
    LEFT = "left"


class HostState(StrEnum):
    """A host service's link to the marketplace."""

    INVITED = "invited"
    LINKED = "linked"
    REVOKED = "revoked"


class HostEvent(StrEnum):
    ENROLLED = "enrolled"
    INVITED_AGAIN = "invited_again"
    REVOKED = "revoked"


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
            VersionEvent.WITHDRAWN: VersionState.WITHDRAWN,
        },
        VersionState.OFFERED: {VersionEvent.REVIEW_DUE: VersionState.IN_REVIEW},
        VersionState.REJECTED: {},
        VersionState.SUPERSEDED: {},
        VersionState.WITHDRAWN: {},
    },
    {
        VersionState.IN_REVIEW: "Made and numbered; no site is told until an operator clears it.",
        VersionState.OFFERED: "Sites may move to it. It needed no review or has passed one.",
        VersionState.REJECTED: "An operator refused it; its number is never used again.",
        VersionState.SUPERSEDED: "A newer version was offered before the review of this one ended.",
        VersionState.WITHDRAWN: "Its vendor took it back before a site was told; its number is never used again.",
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

BULK_UPGRADE = Machine(
    "rollout started by a vendor",
    BulkUpgradeState.RUNNING,
    {
        BulkUpgradeState.RUNNING: {
            BulkUpgradeEvent.COMPLETED: BulkUpgradeState.COMPLETED,
            BulkUpgradeEvent.FAILED: BulkUpgradeState.FAILED,
            BulkUpgradeEvent.CANCELLED: BulkUpgradeState.CANCELLED,
        },
        BulkUpgradeState.COMPLETED: {},
        BulkUpgradeState.FAILED: {},
        BulkUpgradeState.CANCELLED: {},
    },
    {
        BulkUpgradeState.RUNNING: "Its sites are told at their next check, which it asks them to make now.",
        BulkUpgradeState.COMPLETED: "No site is pending, and at least one runs the version.",
        BulkUpgradeState.FAILED: "No site is pending, and none runs the version.",
        BulkUpgradeState.CANCELLED: "Stopped by the vendor; sites that were upgraded stay upgraded.",
    },
)

BULK_SITE = Machine(
    "site in a rollout started by a vendor",
    BulkSiteState.PENDING,
    {
        BulkSiteState.PENDING: {
            BulkSiteEvent.UPGRADED: BulkSiteState.UPGRADED,
            BulkSiteEvent.FAILED: BulkSiteState.FAILED,
            BulkSiteEvent.LEFT: BulkSiteState.LEFT,
        },
        BulkSiteState.FAILED: {
            BulkSiteEvent.UPGRADED: BulkSiteState.UPGRADED,
            BulkSiteEvent.LEFT: BulkSiteState.LEFT,
        },
        BulkSiteState.UPGRADED: {},
        BulkSiteState.LEFT: {},
    },
    {
        BulkSiteState.PENDING: "Told, or about to be told.",
        BulkSiteState.FAILED: "The app did not accept the version, or the site asks its administrator; it may still "
        "come to run it.",
        BulkSiteState.UPGRADED: "It runs the version, or a newer one of its major.",
        BulkSiteState.LEFT: "The app was uninstalled, or the rollout cancelled before the site was upgraded.",
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
