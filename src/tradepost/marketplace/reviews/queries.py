"""Reviews as operators and vendors see them."""

from uuid import UUID

from django.db.models import QuerySet

from tradepost.core.errors import NotFoundError
from tradepost.core.states import ReviewState
from tradepost.foundation.callers import Caller
from tradepost.marketplace.catalog.models import Listing

from .models import Review


def reviews(caller: Caller, *, state: str = "") -> QuerySet[Review]:
    """The reviews of the caller's vendors' apps, an operator's: all. The newest first."""
    found = Review.objects.select_related("listing__vendor", "listing__offered", "version").order_by("-asked_at", "-id")
    if not caller.is_operator:
        found = found.filter(listing__vendor__memberships__user=caller.user)
    return found.filter(state=state) if state else found


def waiting(caller: Caller) -> QuerySet[Review]:
    """The reviews that wait for an operator, the oldest first."""
    return reviews(caller, state=ReviewState.WAITING).order_by("asked_at", "id")


def get_review(caller: Caller, review_id: UUID) -> Review:
    """Raises NotFoundError for other vendors' people."""
    review = reviews(caller).filter(pk=review_id).first()
    if review is None:
        raise NotFoundError("review", review_id)
    return review


def reviews_of(listing: Listing) -> QuerySet[Review]:
    """The reviews of a listing and its versions, the newest first."""
    return Review.objects.filter(listing=listing).select_related("version").order_by("-asked_at", "-id")
