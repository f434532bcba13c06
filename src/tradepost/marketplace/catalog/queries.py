"""Vendors and listings as a caller may see them: what is not theirs does not exist."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from tradepost.core.descriptor import ListingPolicy
from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.core.states import ListingState
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration

from .models import Environment, Listing, Membership, Vendor


def vendors(caller: Caller) -> QuerySet[Vendor]:
    """The vendors a caller belongs to; all of them for an operator."""
    if caller.is_operator:
        return Vendor.objects.order_by("name")
    return Vendor.objects.filter(memberships__user=caller.user).order_by("name")


def get_vendor(caller: Caller, vendor_id: UUID) -> Vendor:
    """Raises NotFoundError for another vendor's people."""
    vendor = vendors(caller).filter(pk=vendor_id).first()
    if vendor is None:
        raise NotFoundError("vendor", vendor_id)
    return vendor


def get_vendor_to_manage(caller: Caller, vendor_id: UUID) -> Vendor:
    """A vendor whose people the caller may manage: an owner's, or any for an operator."""
    vendor = get_vendor(caller, vendor_id)
    if not caller.is_operator and role_of(caller, vendor) != "owner":
        raise ForbiddenError("Only an owner of the vendor manages its people.")
    return vendor


def role_of(caller: Caller, vendor: Vendor) -> str | None:
    """owner, developer, or None for somebody who does not belong to the vendor."""
    return vendor.memberships.filter(user=caller.user).values_list("role", flat=True).first()


def members(vendor: Vendor) -> QuerySet[Membership]:
    """The people of a vendor."""
    return vendor.memberships.select_related("user").order_by("user__email")


def listings(caller: Caller, *, vendor: UUID | None = None, state: str = "", q: str = "") -> QuerySet[Listing]:
    """The listings of the caller's vendors (an operator's: all), with vendor and newest offered version."""
    found = Listing.objects.select_related("vendor", "offered")
    if not caller.is_operator:
        found = found.filter(vendor__memberships__user=caller.user)
    if vendor is not None:
        found = found.filter(vendor_id=vendor)
    if state:
        found = found.filter(state=state)
    if q:
        found = found.filter(Q(app_key__icontains=q) | Q(name__icontains=q))
    return found


def get_listing(caller: Caller, app_key: str) -> Listing:
    """Raises NotFoundError for a key that is not listed or is another vendor's."""
    listing = listings(caller).filter(app_key=app_key).first()
    if listing is None:
        raise NotFoundError("app", app_key)
    return listing


def environments_of(listing: Listing) -> list[Listing]:
    """The listings of one app, one for each environment, production first."""
    found = Listing.objects.filter(group=listing.group, vendor=listing.vendor_id).select_related("vendor", "offered")
    return sorted(found, key=lambda each: ENVIRONMENTS.index(each.environment))


def missing_environments(listing: Listing) -> list[str]:
    """The environments that an app does not have yet."""
    has = {each.environment for each in environments_of(listing)}
    return [environment for environment in ENVIRONMENTS if environment not in has]


ENVIRONMENTS = [environment.value for environment in reversed(Environment)]


def troubled(caller: Caller) -> QuerySet[Listing]:
    """The listings whose polls fail or that are held, the longest in trouble first."""
    found = listings(caller).filter(Q(problem_since__isnull=False) | Q(held_at__isnull=False))
    return found.order_by("problem_since", "held_at", "app_key")


def get_public(app_key: str) -> Listing:
    """An app of the public catalogue, for everybody. Raises NotFoundError for a private one, as if it were not."""
    public = Listing.objects.filter(state=ListingState.PUBLIC, offered__isnull=False)
    listing = public.select_related("vendor", "offered").filter(app_key=app_key).first()
    if listing is None:
        raise NotFoundError("app", app_key)
    return listing


def lock_listing(caller: Caller, app_key: str) -> Listing:
    """Like `get_listing`, and holds the row until the caller's transaction ends."""
    visible = get_listing(caller, app_key)
    return Listing.objects.select_for_update(no_key=True).get(pk=visible.pk)


def listing_policy(host_origins: Iterable[str] = (), *, development: bool = configuration.development) -> ListingPolicy:
    """What a descriptor must be here. No app may lie on the origin of the marketplace or of a host service."""
    own = {configuration.marketplace_url, configuration.host_url, *host_origins}
    return ListingPolicy(development=development, forbidden_origins=frozenset(own))
