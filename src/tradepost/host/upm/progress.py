"""How far a wish to have the app at an address has come."""

from dataclasses import dataclass
from enum import StrEnum

from tradepost.core.plan import Because
from tradepost.core.states import InstallationState, UpgradeState
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.upgrading.models import LifecycleCall, Upgrade

from .models import InstallRequest
from .reasons import NOT_TAKEN
from .states import RequestState


class Standing(StrEnum):
    """RUNNING: it is worth asking again."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a wish stands; `text` and `code` say why it failed."""

    standing: Standing
    text: str = ""
    code: str = ""


RUNNING, DONE = Progress(Standing.RUNNING), Progress(Standing.DONE)


def progress_of(request: InstallRequest) -> Progress:
    """Where a wish stands. An app that did not accept is a failure here, although an upgrade is tried again."""
    if request.state == RequestState.FAILED:
        return Progress(Standing.FAILED, request.error, request.error_code)
    installation, version = request.installation, request.version
    if request.state == RequestState.WAITING or installation is None or version is None:
        return RUNNING
    if request.delivery is not None:
        return _of_delivery(request, installation)
    return _of_upgrade(request, installation) or _of_installation(installation, version)


def _of_installation(installation: Installation, version: KnownVersion) -> Progress:
    if installation.running is not None and installation.running.order_key >= version.order_key:
        return DONE
    if installation.state in {InstallationState.FAILED, InstallationState.UNINSTALLED}:
        return _failed(installation.text or "The app was removed.")
    return _failed(installation.text) if installation.because == Because.RETRY else RUNNING


def _of_delivery(request: InstallRequest, installation: Installation) -> Progress:
    calls = LifecycleCall.objects.filter(installation_id=installation.pk, delivery=request.delivery)
    call = calls.order_by("-at", "-recorded_at").first()
    if call is not None:
        why = f"it answered with status {call.status}" if call.status else call.error.rstrip(".")
        return DONE if call.succeeded else _failed(f"The app was told again that it is installed, but {why}.")
    if installation.queued_calls.filter(delivery=request.delivery).exists():
        return RUNNING
    return DONE if installation.running is not None else _failed("The app was removed.")


def _of_upgrade(request: InstallRequest, installation: Installation) -> Progress | None:
    """None where there is no upgrade, or another took its place."""
    upgrade = Upgrade.objects.filter(installation_id=installation.pk, id=request.upgrade_id).first()
    if upgrade is None or upgrade.state == UpgradeState.SUPERSEDED:
        return None
    if upgrade.state == UpgradeState.APPLIED:
        return DONE
    if upgrade.last_failure:
        return _failed(installation.text or f"The app did not accept: {upgrade.last_failure}.")
    return RUNNING


def _failed(text: str) -> Progress:
    return Progress(Standing.FAILED, text, NOT_TAKEN)
