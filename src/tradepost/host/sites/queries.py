"""Questions about sites. What a caller may not see does not exist for them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from tradepost.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from tradepost.core.window import MaintenanceWindow
from tradepost.foundation.callers import Caller

from .models import Member, Site

ADMIN = "admin"
USER = "user"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Where to reach one administrator of a site."""

    site_id: UUID
    user_id: UUID
    email: str


def find_visible(caller: Caller) -> QuerySet[Site]:
    """The sites that the caller may know of: an operator all, others those they are members of."""
    sites = Site.objects.order_by("name", "id")
    return sites if caller.is_operator else sites.filter(members__user=caller.user)


def find_named(caller: Caller, ref: str) -> QuerySet[Site]:
    """Those of them that a person may mean by a name, a context path with or without its slash, or a host name."""
    path = f"/{ref.strip('/')}".lower()
    meant = Q(name__iexact=ref) | Q(host_name__iexact=ref) | Q(context_path=path)
    return find_visible(caller).filter(meant)


def get_site(caller: Caller, site_id: UUID) -> Site:
    """Raises NotFoundError for a site that is not there or not the caller's."""
    site = find_visible(caller).filter(pk=site_id).first()
    if site is None:
        raise NotFoundError("site", site_id)
    return site


def administers(caller: Caller, site_id: UUID) -> bool:
    """Whether the caller decides about apps on the site. Operators do not, unless the site made them members."""
    return Member.objects.filter(site_id=site_id, user=caller.user, role=ADMIN).exists()


def require_administrator(caller: Caller, site_id: UUID) -> None:
    """Raises NotFoundError where the caller may not see the site, ForbiddenError where they only use it."""
    get_site(caller, site_id)
    if not administers(caller, site_id):
        raise ForbiddenError("Only an administrator of the site may do this.")


def require_keeper(caller: Caller, site_id: UUID) -> None:
    """Like `require_administrator`, but operators may do it too: members, zone and window."""
    get_site(caller, site_id)
    if not caller.is_operator and not administers(caller, site_id):
        raise ForbiddenError("Only an administrator of the site or an operator may do this.")


def find_members(caller: Caller, site_id: UUID) -> list[Member]:
    """Everybody with a role on the site, administrators first."""
    require_keeper(caller, site_id)
    return list(Member.objects.filter(site_id=site_id).select_related("user").order_by("role", "user__email"))


def find_administrators(site_ids: Collection[UUID]) -> list[Administrator]:
    """The active administrators of many sites."""
    rows = Member.objects.filter(site_id__in=site_ids, role=ADMIN, user__is_active=True)
    found = rows.order_by("site_id", "user__email").values_list("site_id", "user_id", "user__email")
    return [Administrator(*row) for row in found]


def window_of(site: Site) -> MaintenanceWindow:
    """The hours in which the site must not be touched."""
    return MaintenanceWindow(site.window_start, site.window_end)


def zone_of(site: Site) -> ZoneInfo:
    """The site's time zone, which was checked when it was set."""
    return ZoneInfo(site.zone)


def read_zone(name: str) -> str:
    """Return the name of an IANA zone. Raises InvalidInputError for any other text."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown names, and names that lead out of the zones' folder
        raise InvalidInputError(f"{name!r} is not a time zone like Europe/Berlin or UTC", "/zone") from error
    return name
