"""Every state machine of Tradepost, as tables.

Two rules hold here. Everything that decides which state follows which is in this folder; and nothing else assigns a
state: shells call `advance` and write what it returns. docs/states.md is drawn from these tables by a test.
"""

from .apps import (
    BULK_SITE,
    BULK_UPGRADE,
    HOST,
    LISTING,
    REVIEW,
    VERSION,
    BulkSiteEvent,
    BulkSiteState,
    BulkUpgradeEvent,
    BulkUpgradeState,
    HostEvent,
    HostState,
    ListingEvent,
    ListingState,
    ReviewEvent,
    ReviewState,
    VersionEvent,
    VersionState,
)
from .licenses import (
    ACCESS_TOKEN,
    EDITIONS,
    LICENSE,
    AccessTokenEvent,
    AccessTokenState,
    EditionsEvent,
    EditionsState,
    LicenseEvent,
    LicenseState,
)
from .machine import Machine, advance
from .sites import (
    APPROVAL,
    INSTALLATION,
    UPGRADE,
    ApprovalEvent,
    ApprovalState,
    InstallationEvent,
    InstallationState,
    UpgradeEvent,
    UpgradeState,
)

MACHINES = (
    LISTING, VERSION, REVIEW, BULK_UPGRADE, BULK_SITE, EDITIONS, LICENSE, ACCESS_TOKEN, HOST, INSTALLATION, UPGRADE,
    APPROVAL,
)  # fmt: skip

__all__ = [
    "ACCESS_TOKEN",
    "APPROVAL",
    "BULK_SITE",
    "BULK_UPGRADE",
    "EDITIONS",
    "HOST",
    "INSTALLATION",
    "LICENSE",
    "LISTING",
    "MACHINES",
    "REVIEW",
    "UPGRADE",
    "VERSION",
    "AccessTokenEvent",
    "AccessTokenState",
    "ApprovalEvent",
    "ApprovalState",
    "BulkSiteEvent",
    "BulkSiteState",
    "BulkUpgradeEvent",
    "BulkUpgradeState",
    "EditionsEvent",
    "EditionsState",
    "HostEvent",
    "HostState",
    "InstallationEvent",
    "InstallationState",
    "LicenseEvent",
    "LicenseState",
    "ListingEvent",
    "ListingState",
    "Machine",
    "ReviewEvent",
    "ReviewState",
    "UpgradeEvent",
    "UpgradeState",
    "VersionEvent",
    "VersionState",
    "advance",
]
