"""What happens to apps on sites: installations, upgrades and approvals."""

from enum import StrEnum

from .machine import Machine


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
