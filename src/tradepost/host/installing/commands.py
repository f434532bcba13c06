"""Installing an app on a site, switching it off and on, giving it a new secret, and taking it away."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, LimitError
from tradepost.core.states import (
    INSTALLATION,
    ApprovalState,
    InstallationEvent,
    InstallationState,
    advance,
)
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.host.approvals import asking
from tradepost.host.licenses.asking import ask_before_install, keep_before_install
from tradepost.host.marketlink.client import marketplace
from tradepost.host.marketlink.reports import report
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator, require_keeper
from tradepost.host.upgrading.arriving import forget_deployments
from tradepost.host.upgrading.lifecycle import LifecycleEvent, needs_call
from tradepost.host.upgrading.planning import drop_upgrade, lock, schedule, show
from tradepost.host.upgrading.queries import INSTALL, get_installation, look_at
from tradepost.host.upgrading.queueing import CallCause, drop_calls, drop_farewells, queue_calls

from .models import MARKETPLACE, Installation, KnownVersion
from .queries import find_entry
from .secrets import is_rotating, make_secret
from .versions import asked_at_first, learn

MOST_APPS = 500
"""On one site: what one check may carry (wire.messages.SiteCheck)."""


def install(site_id: UUID, app_key: str, *, fingerprint: str | None, by: Caller, now: datetime) -> Installation:
    """Install the newest version of an app that the marketplace offers; the app is called by a job, at once.

    `fingerprint` is that of what was shown (`AppDetails.ask`), so that nothing is granted that was not seen; None
    takes what the app asks now. A failed installation is tried again by the same command, with the same secret; an app
    that was uninstalled gets a new one.
    Raises ConflictError when the app is on the site already or asks for something else than was shown.
    """
    require_administrator(by, site_id)
    client = marketplace()
    version = learn(find_entry(client, app_key, site_id).version, client, now)
    if fingerprint is not None and fingerprint != asked_at_first(version).fingerprint:
        raise ConflictError("What the app asks has changed since it was shown; look at it again.")
    decision = ask_before_install(site_id, version, now=now)
    with transaction.atomic():
        installation = begin(site_id, version, by=by, now=now)
        keep_before_install(installation, decision, now=now)
    return installation


@transaction.atomic
def disable(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Switch an app off: it is kept up to date and shows nothing. Administrators and operators may."""
    return _switch(site_id, app_key, InstallationEvent.DISABLED, by, now)


@transaction.atomic
def enable(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Switch an app on again. Administrators and operators may."""
    return _switch(site_id, app_key, InstallationEvent.ENABLED, by, now)


def begin(
    site_id: UUID, version: KnownVersion, *, source: str = MARKETPLACE, by: Caller, now: datetime
) -> Installation:
    """Put a version on a site that runs nothing of the app, in the caller's transaction; a job calls the app at once.

    An app that was uninstalled comes back with its client key and is offered a new secret. Raises ConflictError where
    the app is on the site already, LimitError for one too many.
    """
    # Two administrators who install at once queue up here, before either has made the row.
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    present = Installation.objects.filter(site=site, app_key=version.app_key).values_list("pk", flat=True).first()
    installation = _again(lock(present), version) if present else _new(site, version, now)
    installation.newest, installation.running, installation.source = version, None, source
    forget_deployments(installation)
    installation.installed_by, installation.since = by.actor, now
    schedule(installation, version, trigger=INSTALL, by=by.actor, now=now)
    installation.save()
    _audit(InstallationEvent.INSTALL_REQUESTED, installation, by, now, version=version.number)
    report(installation, now)
    return installation


@transaction.atomic
def uninstall(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Take an app away from a site, at once: it is told by a job, and that it cannot be reached stops nothing.

    Client key, secret and what the app keeps on the site stay for a return; nobody can read them meanwhile.
    Administrators and operators may. Raises NotFoundError where it is not on the site.
    """
    require_keeper(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    before = InstallationState(installation.state)
    if before is InstallationState.UNINSTALLED:
        return installation  # somebody else did it a moment ago
    was_called = _end_upgrade(installation, now)
    installation.state = advance(INSTALLATION, before, InstallationEvent.UNINSTALLED)
    installation.newest = installation.running or installation.newest
    forget_deployments(installation)
    drop_calls(installation, CallCause.ROTATION, CallCause.MOVE, CallCause.REPLAY, CallCause.LICENSE)
    if before is InstallationState.ENABLED:
        queue_calls([installation], LifecycleEvent.DISABLED, cause=CallCause.UNINSTALL, by=by.actor, now=now)
    if before is not InstallationState.INSTALLING or was_called:
        queue_calls([installation], LifecycleEvent.UNINSTALLED, cause=CallCause.UNINSTALL, by=by.actor, now=now)
    installation.running, installation.sealed_pending_secret, installation.since = None, "", now
    show(installation)
    installation.save()
    _audit(InstallationEvent.UNINSTALLED, installation, by, now)
    report(installation, now)
    return installation


@transaction.atomic
def rotate_secret(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Offer a running app a new secret, by a job; it counts once the app has answered that it took it.

    Administrators and operators may. Raises ConflictError while another is being offered, and for an app that does not
    run or takes no secret.
    """
    require_keeper(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    if installation.running is None or not needs_call(installation.running):
        raise ConflictError("Only an app that runs and is called by `installed` can take a new secret.")
    if is_rotating(installation):
        raise ConflictError("The app is being offered a new secret already.")
    installation.sealed_pending_secret = make_secret()
    installation.save(update_fields=["sealed_pending_secret"])
    queue_calls([installation], LifecycleEvent.INSTALLED, cause=CallCause.ROTATION, by=by.actor, now=now)
    audit.record(
        "secret.rotation_asked", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key,
    )  # fmt: skip
    return installation


def _new(site: Site, version: KnownVersion, now: datetime) -> Installation:
    _check_room(site)
    return Installation.objects.create(
        id=new_id(),
        site=site,
        app_key=version.app_key,
        state=INSTALLATION.start,
        client_key=str(new_id()),
        sealed_secret=make_secret(),
        oauth_client_id=str(new_id()),
        since=now,
    )


def _again(installation: Installation, version: KnownVersion) -> Installation:
    """A failed installation keeps its secret, and a failed return the one it offered: the app may have taken it
    although no answer came.
    """
    before = InstallationState(installation.state)
    if before not in {InstallationState.FAILED, InstallationState.UNINSTALLED}:
        raise ConflictError(f"{version.app_key} is on this site already.")
    installation.state = advance(INSTALLATION, before, InstallationEvent.INSTALL_REQUESTED)
    if before is InstallationState.UNINSTALLED:
        _check_room(installation.site)
        installation.sealed_pending_secret = installation.sealed_pending_secret or make_secret()
        drop_farewells(installation)
    return installation


def _check_room(site: Site) -> None:
    if Installation.objects.filter(site=site).exclude(state=InstallationState.UNINSTALLED).count() >= MOST_APPS:
        raise LimitError(f"A site has at most {MOST_APPS} apps.")


def _end_upgrade(installation: Installation, now: datetime) -> bool:
    """Nothing is asked and nothing upgraded any more. Whether the app was called in an upgrade that was open."""
    [sight] = look_at([installation])
    asking.supersede(
        sight.approvals, states={ApprovalState.WAITING, ApprovalState.APPROVED, ApprovalState.DECLINED}, now=now
    )
    was_called = sight.upgrade is not None and sight.upgrade.attempts > 0
    drop_upgrade(sight, now=now)
    return was_called


def _switch(site_id: UUID, app_key: str, event: InstallationEvent, by: Caller, now: datetime) -> Installation:
    require_keeper(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    wanted = InstallationState.ENABLED if event is InstallationEvent.ENABLED else InstallationState.DISABLED
    if installation.state == wanted:
        return installation
    installation.state = advance(INSTALLATION, InstallationState(installation.state), event)
    installation.save(update_fields=["state"])
    queue_calls([installation], LifecycleEvent(event.value), cause=CallCause.SWITCH, by=by.actor, now=now)
    _audit(event, installation, by, now)
    report(installation, now)
    return installation


def _audit(event: InstallationEvent, installation: Installation, by: Caller, now: datetime, **detail: object) -> None:
    audit.record(
        f"installation.{event}", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, **detail,
    )  # fmt: skip
