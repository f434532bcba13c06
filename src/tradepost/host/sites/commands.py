"""What people do to sites."""

import re
from datetime import datetime, time
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from tradepost.core.edition import ProductEdition
from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tradepost.core.schedule import first_start
from tradepost.core.window import DEFAULT_WINDOW, MaintenanceWindow
from tradepost.foundation import jobs
from tradepost.foundation.audit import record
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User

from .models import Member, Site
from .queries import ADMIN, USER, read_zone, require_keeper

_CONTEXT = re.compile(r"/[a-z0-9][a-z0-9-]{0,48}")
_HOST_NAME = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TAKEN = frozenset({
    "accounts", "admin", "administration", "api", "approvals", "apps", "atlassian-connect", "audit", "back-office",
    "browse", "by-address", "catalogue", "clock", "demo", "enter", "groups", "healthz", "installations", "issues",
    "keys", "login", "mails", "manage", "marketplace", "members", "metrics", "oauth2", "operate", "people", "plugins",
    "projects", "readyz", "rest", "sandbox", "schema", "settings", "sites", "static", "tokens", "upgrades", "wire",
    "work", "you",
})  # fmt: skip
"""First parts of the host service's own addresses; a site must not stand in their way."""


@transaction.atomic
def create_site(
    *,
    name: str,
    context_path: str = "",
    host_name: str = "",
    zone: str = "UTC",
    window: MaintenanceWindow = DEFAULT_WINDOW,
    by: Caller,
    now: datetime,
) -> Site:
    """Make a site under a context path (`/alpha`) of this service or under a host name of its own. For operators.

    Raises InvalidInputError, and ConflictError when the address is taken.
    """
    if not by.is_operator:
        raise ForbiddenError("Only an operator may make sites.")
    base_url = _base_url(context_path, host_name)
    if not name.strip() or len(name) > 100:
        raise InvalidInputError("A site's name has 1 to 100 characters.", "/name")
    site = Site(
        id=new_id(),
        name=name.strip(),
        context_path=context_path,
        host_name=host_name,
        base_url=base_url,
        zone=read_zone(zone),
        window_start=window.start,
        window_end=window.end,
        created_at=now,
        next_check_at=first_start(now, interval=configuration.policy.check_interval, seed=base_url),
    )
    try:
        with transaction.atomic():
            site.save(force_insert=True)
    except IntegrityError as error:
        raise ConflictError(f"There is a site at {base_url} already.") from error
    record(
        "site.created", service="host", actor=by.actor, subject=("site", site.id), now=now, scope_id=site.id,
        name=site.name, base_url=base_url, zone=site.zone,
    )  # fmt: skip
    return site


@transaction.atomic
def change_window(site_id: UUID, *, start: time, end: time, zone: str | None = None, by: Caller, now: datetime) -> Site:
    """Set when the site must not be touched, by its own clock; `start` = `end` means never.

    What waits for the old window is looked at anew. Raises InvalidInputError for a window of more than 4 hours.
    """
    require_keeper(by, site_id)
    window = MaintenanceWindow(start, end)
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    site.window_start, site.window_end = window.start, window.end
    site.zone = read_zone(zone) if zone is not None else site.zone
    site.save(update_fields=["window_start", "window_end", "zone"])
    # A wait that began under the old window may be over by now, or end later: the plan decides when it looks.
    site.installations.filter(because="window", due_at__gt=now).update(due_at=now)
    record(
        "site.window_changed", service="host", actor=by.actor, subject=("site", site.id), now=now,
        scope_id=site.id, window=str(window), zone=site.zone,
    )  # fmt: skip
    jobs.defer("upgrade_due_installations")
    return site


@transaction.atomic
def change_product_edition(site_id: UUID, edition: str, *, by: Caller, now: datetime) -> Site:
    """Say which edition the site's own product has; the marketplace is told with the next check.

    It limits no edition of an app. Raises InvalidInputError for a word that is none.
    """
    require_keeper(by, site_id)
    if edition not in set(ProductEdition):
        raise InvalidInputError(f"A product's edition is one of {', '.join(ProductEdition)}.", "/product_edition")
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    if site.product_edition != edition:
        before, site.product_edition = site.product_edition, edition
        site.save(update_fields=["product_edition"])
        record(
            "site.product_edition_set", service="host", actor=by.actor, subject=("site", site.id), now=now,
            scope_id=site.id, before=before, after=edition,
        )  # fmt: skip
    return site


@transaction.atomic
def set_member(site_id: UUID, *, email: str, role: str | None, by: Caller, now: datetime) -> Member | None:
    """Give a person a role on the site, or take it away (`role` None). The person has an account already.

    Raises NotFoundError for an unknown person, ConflictError for taking away the last administrator.
    """
    require_keeper(by, site_id)
    if role not in {ADMIN, USER, None}:
        raise InvalidInputError("A role is admin or user.", "/role")
    Site.objects.select_for_update(no_key=True).get(pk=site_id)
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise NotFoundError("account", email)
    others = Member.objects.filter(site_id=site_id, role=ADMIN).exclude(user=user)
    was_admin = Member.objects.filter(site_id=site_id, role=ADMIN, user=user).exists()
    if was_admin and role != ADMIN and not others.exists():
        raise ConflictError("A site keeps at least one administrator.")
    member = _write_role(site_id, user, role)
    record(
        "site.member_set", service="host", actor=by.actor, subject=("user", user.id), now=now, scope_id=site_id,
        email=user.email, role=role or "none",
    )  # fmt: skip
    return member


@transaction.atomic
def check_now(site_id: UUID, *, by: Caller, now: datetime) -> Site:
    """Let the site ask the marketplace at once instead of at its own moment."""
    require_keeper(by, site_id)
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    site.next_check_at = min(site.next_check_at, now)
    site.save(update_fields=["next_check_at"])
    record("site.check_asked", service="host", actor=by.actor, subject=("site", site.id), now=now, scope_id=site.id)
    jobs.defer("check_due_sites")
    return site


def _base_url(context_path: str, host_name: str) -> str:
    if bool(context_path) == bool(host_name):
        raise InvalidInputError("A site has either a context path or a host name.", "/context_path")
    if host_name:
        if not _HOST_NAME.fullmatch(host_name):
            raise InvalidInputError("A host name is in lower case and has at least two parts.", "/host_name")
        if host_name == urlsplit(configuration.host_url).hostname:
            raise InvalidInputError("This is the host name of the host service itself.", "/host_name")
        return f"https://{host_name}"
    if not _CONTEXT.fullmatch(context_path) or context_path[1:] in _TAKEN:
        text = "A context path is a slash and a word of small letters, digits and hyphens that is not in use here."
        raise InvalidInputError(text, "/context_path")
    return configuration.host_url + context_path


def _write_role(site_id: UUID, user: User, role: str | None) -> Member | None:
    if role is None:
        Member.objects.filter(site_id=site_id, user=user).delete()
        return None
    member, _ = Member.objects.update_or_create(site_id=site_id, user=user, defaults={"role": role})
    return member
