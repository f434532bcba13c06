"""Installing an app on a site, and switching it off and on."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, LimitError
from tradepost.core.states import INSTALLATION, InstallationEvent, InstallationState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id, new_secret
from tradepost.foundation.secrets import seal
from tradepost.host.marketlink.client import marketplace
from tradepost.host.marketlink.reports import report
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator
from tradepost.host.upgrading.planning import lock, schedule
from tradepost.host.upgrading.queries import INSTALL, get_installation

from .models import MARKETPLACE, Installation, KnownVersion
from .queries import find_entry
from .versions import asked_at_first, learn

SECRET_BYTES = 48
"""Of randomness; 64 characters on the wire, where apps keep room for 128."""

MOST_APPS = 500
"""On one site: what one check may carry (wire.messages.SiteCheck)."""


def install(site_id: UUID, app_key: str, *, fingerprint: str | None, by: Caller, now: datetime) -> Installation:
    """Install the newest version of an app that the marketplace offers; the app is called by a job, at once.

    `fingerprint` is that of what was shown (`AppDetails.ask`), so that nothing is granted that was not seen; None
    takes what the app asks now. A failed installation is tried again by the same command, with the same secret.
    Raises ConflictError when the app is on the site already or asks for something else than was shown.
    """
    require_administrator(by, site_id)
    client = marketplace()
    version = learn(find_entry(client, app_key).version, client, now)
    if fingerprint is not None and fingerprint != asked_at_first(version).fingerprint:
        raise ConflictError("What the app asks has changed since it was shown; look at it again.")
    with transaction.atomic():
        return begin(site_id, version, by=by, now=now)


@transaction.atomic
def disable(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Switch an app off: it is kept up to date and shows nothing."""
    return _switch(site_id, app_key, InstallationEvent.DISABLED, by, now)


@transaction.atomic
def enable(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Switch an app on again."""
    return _switch(site_id, app_key, InstallationEvent.ENABLED, by, now)


def begin(
    site_id: UUID, version: KnownVersion, *, source: str = MARKETPLACE, by: Caller, now: datetime
) -> Installation:
    """Put a version on a site that runs nothing of the app, in the caller's transaction; a job calls the app at once.

    Raises ConflictError when the app is on the site already.
    """
    # Two administrators who install at once queue up here, before either has made the row.
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    present = Installation.objects.filter(site=site, app_key=version.app_key).values_list("pk", flat=True).first()
    installation = _again(lock(present), version) if present else _new(site, version, by, now)
    installation.newest, installation.running, installation.source = version, None, source
    installation.since = now
    schedule(installation, version, trigger=INSTALL, by=by.actor, now=now)
    installation.save()
    _audit(InstallationEvent.INSTALL_REQUESTED, installation, by, now, version=version.number)
    report(installation, now)
    return installation


def _new(site: Site, version: KnownVersion, by: Caller, now: datetime) -> Installation:
    if Installation.objects.filter(site=site).exclude(state=InstallationState.UNINSTALLED).count() >= MOST_APPS:
        raise LimitError(f"A site has at most {MOST_APPS} apps.")
    return Installation.objects.create(
        id=new_id(),
        site=site,
        app_key=version.app_key,
        state=INSTALLATION.start,
        client_key=str(new_id()),
        sealed_secret=seal(new_secret(SECRET_BYTES)),
        oauth_client_id=str(new_id()),
        installed_by=by.actor,
        since=now,
    )


def _again(installation: Installation, version: KnownVersion) -> Installation:
    """A failed installation keeps its pending secret: the app may have taken it although no answer came."""
    before = InstallationState(installation.state)
    if before not in {InstallationState.FAILED, InstallationState.UNINSTALLED}:
        raise ConflictError(f"{version.app_key} is on this site already.")
    installation.state = advance(INSTALLATION, before, InstallationEvent.INSTALL_REQUESTED)
    if before is InstallationState.UNINSTALLED:
        installation.sealed_secret = seal(new_secret(SECRET_BYTES))
    return installation


def _switch(site_id: UUID, app_key: str, event: InstallationEvent, by: Caller, now: datetime) -> Installation:
    require_administrator(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    wanted = InstallationState.ENABLED if event is InstallationEvent.ENABLED else InstallationState.DISABLED
    if installation.state == wanted:
        return installation
    installation.state = advance(INSTALLATION, InstallationState(installation.state), event)
    installation.save(update_fields=["state"])
    _audit(event, installation, by, now)
    report(installation, now)
    return installation


def _audit(event: InstallationEvent, installation: Installation, by: Caller, now: datetime, **detail: object) -> None:
    audit.record(
        f"installation.{event}", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, **detail,
    )  # fmt: skip
