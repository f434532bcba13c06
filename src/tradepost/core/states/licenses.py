"""What happens to a site's right to an app: licenses, access tokens, and the editions of a listing."""

from enum import StrEnum

from .machine import Machine


class LicenseState(StrEnum):
    """A site's right to an app."""

    NONE = "none"
    TRIAL = "trial"
    TRIAL_EXPIRED = "trial_expired"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class LicenseEvent(StrEnum):
    TRIAL_STARTED = "trial_started"
    BOUGHT = "bought"
    RENEWED = "renewed"
    CANCELLED = "cancelled"
    RESUMED = "resumed"
    RAN_OUT = "ran_out"
    ENDED = "ended"


class AccessTokenState(StrEnum):
    """A vendor's test license for one site."""

    UNBOUND = "unbound"
    BOUND = "bound"
    EXPIRED = "expired"
    REMOVED = "removed"


class AccessTokenEvent(StrEnum):
    USED = "used"
    RENEWED = "renewed"
    EXPIRED = "expired"
    REMOVED = "removed"


class EditionsState(StrEnum):
    """Whether an app is offered in editions."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    LIVE = "live"


class EditionsEvent(StrEnum):
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REJECTED = "rejected"


LICENSE = Machine(
    "license",
    LicenseState.NONE,
    {
        LicenseState.NONE: {
            LicenseEvent.TRIAL_STARTED: LicenseState.TRIAL,
            LicenseEvent.BOUGHT: LicenseState.ACTIVE,
        },
        LicenseState.TRIAL: {
            LicenseEvent.BOUGHT: LicenseState.ACTIVE,
            LicenseEvent.RAN_OUT: LicenseState.TRIAL_EXPIRED,
            LicenseEvent.ENDED: LicenseState.TRIAL_EXPIRED,
        },
        LicenseState.TRIAL_EXPIRED: {LicenseEvent.BOUGHT: LicenseState.ACTIVE},
        LicenseState.ACTIVE: {
            LicenseEvent.RENEWED: LicenseState.ACTIVE,
            LicenseEvent.CANCELLED: LicenseState.CANCELLED,
            LicenseEvent.RAN_OUT: LicenseState.EXPIRED,
            LicenseEvent.ENDED: LicenseState.EXPIRED,
        },
        LicenseState.CANCELLED: {
            LicenseEvent.RESUMED: LicenseState.ACTIVE,
            LicenseEvent.RAN_OUT: LicenseState.EXPIRED,
            LicenseEvent.ENDED: LicenseState.EXPIRED,
        },
        LicenseState.EXPIRED: {LicenseEvent.BOUGHT: LicenseState.ACTIVE},
    },
    {
        LicenseState.NONE: "The site has never had the app licensed.",
        LicenseState.TRIAL: "Free of charge until the trial ends; apps read it as active.",
        LicenseState.TRIAL_EXPIRED: "The trial is over and nothing was bought.",
        LicenseState.ACTIVE: "Paid. It renews at the end of each period, or runs on until it is ended.",
        LicenseState.CANCELLED: "Cancelled, and running to the end of what was paid for; apps read it as active.",
        LicenseState.EXPIRED: "Over: it was cancelled, ended, or not paid again.",
    },
)

ACCESS_TOKEN = Machine(
    "access token",
    AccessTokenState.UNBOUND,
    {
        AccessTokenState.UNBOUND: {
            AccessTokenEvent.USED: AccessTokenState.BOUND,
            AccessTokenEvent.RENEWED: AccessTokenState.UNBOUND,
            AccessTokenEvent.EXPIRED: AccessTokenState.EXPIRED,
            AccessTokenEvent.REMOVED: AccessTokenState.REMOVED,
        },
        AccessTokenState.BOUND: {AccessTokenEvent.REMOVED: AccessTokenState.REMOVED},
        AccessTokenState.EXPIRED: {AccessTokenEvent.REMOVED: AccessTokenState.REMOVED},
        AccessTokenState.REMOVED: {},
    },
    {
        AccessTokenState.UNBOUND: "Made and never used; a new link makes the one before worthless.",
        AccessTokenState.BOUND: "Used by one site, to which it belongs for ever.",
        AccessTokenState.EXPIRED: "Not used before the time its vendor set; it can only be removed.",
        AccessTokenState.REMOVED: "Taken back by its vendor; its site is unlicensed, or back on what it pays for.",
    },
)

EDITIONS = Machine(
    "editions",
    EditionsState.DRAFT,
    {
        EditionsState.DRAFT: {EditionsEvent.SUBMITTED: EditionsState.SUBMITTED},
        EditionsState.SUBMITTED: {
            EditionsEvent.APPROVED: EditionsState.LIVE,
            EditionsEvent.REJECTED: EditionsState.DRAFT,
            EditionsEvent.WITHDRAWN: EditionsState.DRAFT,
        },
        EditionsState.LIVE: {EditionsEvent.WITHDRAWN: EditionsState.DRAFT},
    },
    {
        EditionsState.DRAFT: "Its vendor maps features and sets prices; only access tokens can try the editions.",
        EditionsState.SUBMITTED: "Waits for an operator.",
        EditionsState.LIVE: "Customers on improved billing can switch. Taken back while nobody pays for more.",
    },
)
