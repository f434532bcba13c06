"""What people do to calls that were made and to upgrades that wait, and what operators do to a site's address."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from tradepost.core.errors import ConflictError, ForbiddenError
from tradepost.core.plan import Wait
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import is_rotating
from tradepost.host.marketlink.reports import report
from tradepost.host.sites.commands import _base_url as read_address
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import get_site, require_administrator, require_keeper

from .calling import PRESENT, fits
from .lifecycle import LifecycleEvent
from .models import QueuedCall
from .planning import lock, schedule
from .queries import AHEAD, HELD_BACK, get_call, get_installation, lock_with_versions, look_at
from .queueing import CallCause, queue_calls


@transaction.atomic
def replay(site_id: UUID, app_key: str, call_id: UUID, *, by: Caller, now: datetime) -> QueuedCall:
    """Have the event of a call told anew: signed freshly, with what holds now; `installed` with the secret in force.

    Administrators and operators may. What is queued already is not queued twice. Raises ConflictError where it would be
    wrong: `enabled` of an app that is off, say, or `installed` while the app is being offered a new secret.
    """
    require_keeper(by, site_id)
    call = get_call(by, site_id, app_key, call_id)
    installation, event = lock(call.installation_id), LifecycleEvent(call.event)
    _check_fits(installation, event)
    queued = QueuedCall.objects.filter(installation=installation, replay_of=call.id, attempts=0).first()
    if queued is not None:
        return queued
    made = queue_calls([installation], event, cause=CallCause.REPLAY, by=by.actor, now=now, replay_of=call.id)
    if not made:
        raise ConflictError(f"The version of the app that runs here names no address for {event}.")
    audit.record(
        "call.replay_asked", service="host", actor=by.actor, subject=("call", call.id), now=now, scope_id=site_id,
        app=app_key, event=event,
    )  # fmt: skip
    return made[0]


@transaction.atomic
def go_ahead(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> Installation:
    """Bring an app to the version that waits for this site's turn, or for a rollout of its vendor, at once.

    For administrators of the site. Twice is once. Raises ConflictError where nothing waits for that.
    """
    require_administrator(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    sight = look_at([installation])[0]
    if sight.upgrade is not None and sight.upgrade.trigger == AHEAD:
        return installation
    intent = sight.intent(now)
    if not isinstance(intent, Wait) or intent.because not in HELD_BACK:
        raise ConflictError("No version of this app waits for the site's turn or for its vendor.")
    schedule(installation, sight.version_of(intent.target), trigger=AHEAD, by=by.actor, now=now)
    installation.since = now
    installation.save()
    report(installation, now)
    return installation


@transaction.atomic
def move_site(
    site_id: UUID, *, context_path: str = "", host_name: str = "", by: Caller, now: datetime
) -> tuple[Site, int]:
    """Give a site another address, and tell all its apps by `installed`, until each has taken it. For operators.

    Every client key stays. Returns the site, and how many apps are told. Raises InvalidInputError, and ConflictError
    when the address is taken.
    """
    get_site(by, site_id)
    if not by.is_operator:
        raise ForbiddenError("Only an operator may move a site.")
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    before, base_url = site.base_url, read_address(context_path, host_name)
    if base_url == before:
        return site, 0
    site.context_path, site.host_name, site.base_url = context_path, host_name, base_url
    try:
        with transaction.atomic():
            site.save(update_fields=["context_path", "host_name", "base_url"])
    except IntegrityError as error:
        raise ConflictError(f"There is a site at {base_url} already.") from error
    told = _tell_of_move(site, by, now)
    audit.record(
        "site.moved", service="host", actor=by.actor, subject=("site", site.pk), now=now, scope_id=site.pk,
        before=before, after=base_url, apps=told,
    )  # fmt: skip
    return site, told


def _check_fits(installation: Installation, event: LifecycleEvent) -> None:
    if not fits(event, installation):
        raise ConflictError(f"The app is {installation.state} now; telling it `{event}` would be wrong.")
    if event is LifecycleEvent.INSTALLED and is_rotating(installation):
        raise ConflictError("The app is being offered a new secret by `installed`, which is repeated by itself.")


def _tell_of_move(site: Site, by: Caller, now: datetime) -> int:
    """What an earlier move still had to tell is told by this one."""
    rows = Installation.objects.filter(site=site, state__in=PRESENT, running__isnull=False)
    installations = lock_with_versions(rows)
    QueuedCall.objects.filter(installation__in=installations, cause=CallCause.MOVE).delete()
    made = queue_calls(installations, LifecycleEvent.INSTALLED, cause=CallCause.MOVE, by=by.actor, now=now)
    return len(made)
