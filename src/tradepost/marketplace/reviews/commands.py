"""An operator's decision about an app that wants to be public, a version that needs a look, or editions."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError
from tradepost.core.states import (
    LISTING,
    REVIEW,
    ListingEvent,
    ListingState,
    ReviewEvent,
    ReviewState,
    VersionState,
    advance,
)
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.editions import commands as editions
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor
from tradepost.marketplace.releases import commands as releases
from tradepost.marketplace.releases import queries as versions

from . import queries
from .models import Review

LONGEST_COMMENT = 5_000


@transaction.atomic
def approve(review_id: UUID, *, by: Caller, now: datetime, comment: str = "") -> Review:
    """Let the listing be public, the version be offered, or the editions go live."""
    listing, review = _lock(review_id, by)
    _decide(review, ReviewEvent.APPROVED, comment=comment, by=by, now=now)
    what = _do_approved(listing, review, by=by, now=now)
    _tell(
        listing,
        review,
        kind=NoticeKind.REVIEW_APPROVED,
        subject=f"{listing.name}: the review{_of_what(review)} was passed",
        text=f"An operator of the marketplace has reviewed {review.about}. {what}",
        now=now,
    )
    return review


@transaction.atomic
def reject(review_id: UUID, *, comment: str, by: Caller, now: datetime) -> Review:
    """Say no, and why: the listing stays private, the version is never offered, the editions stay a draft."""
    if not comment.strip():
        raise InvalidInputError("Say why, so that the vendor knows what to change.", "/comment")
    listing, review = _lock(review_id, by)
    _decide(review, ReviewEvent.REJECTED, comment=comment, by=by, now=now)
    rest = _do_rejected(listing, review, by=by, now=now)
    _tell(
        listing,
        review,
        kind=NoticeKind.REVIEW_REJECTED,
        subject=f"{listing.name}: the review{_of_what(review)} was not passed",
        text=f"An operator of the marketplace has reviewed {review.about} and said no. {rest}",
        now=now,
    )
    return review


def _do_approved(listing: Listing, review: Review, *, by: Caller, now: datetime) -> str:
    """Do what an approval is for; return what the vendor is told of it."""
    if review.version is None:
        editions.let_go_live(listing, review, by=by, now=now)
        return "What you submitted is live."
    if review.kind == "listing":
        _advance(listing, ListingEvent.APPROVED, by=by, now=now)
        releases.hold_back(listing, reviewed=review.version, actor=by.actor, now=now)
        return "It is public now."
    if review.version.state == VersionState.IN_REVIEW:
        releases.offer(listing, review.version, actor=by.actor, now=now)
    return f"Sites are told of version {review.version.number}."


def _do_rejected(listing: Listing, review: Review, *, by: Caller, now: datetime) -> str:
    if review.version is None:
        editions.turn_down(listing, review, by=by, now=now)
        return "What you drafted is kept. Change it, and submit it again."
    if review.kind == "listing":
        _advance(listing, ListingEvent.REJECTED, by=by, now=now)
        return "The app stays private. Submit it again when that is settled."
    releases.reject(listing, review.version, actor=by.actor, now=now)
    again = "Deploy again" if versions.is_deployed(review.version) else "Change the descriptor"
    return f"Sites stay on the version before. {again}, and a new version is made of it."


def _of_what(review: Review) -> str:
    return " of its editions" if review.version is None else ""


def _lock(review_id: UUID, by: Caller) -> tuple[Listing, Review]:
    """The listing's row first, as everywhere. Raises ConflictError for a review that was decided before."""
    seen = queries.get_review(by, review_id)
    if not by.is_operator:
        raise ForbiddenError("Only an operator decides a review.")
    listing = Listing.objects.select_for_update(no_key=True).get(pk=seen.listing_id)
    review = Review.objects.select_for_update(of=("self",)).select_related("version__document").get(pk=seen.pk)
    review.listing = listing
    if review.state != ReviewState.WAITING:
        raise ConflictError(f"This review is {review.state} already.")
    return listing, review


def _decide(review: Review, event: ReviewEvent, *, comment: str, by: Caller, now: datetime) -> None:
    review.state = advance(REVIEW, ReviewState(review.state), event)
    review.decided_at, review.decided_by = now, by.actor
    review.comment = comment.strip()[:LONGEST_COMMENT]
    review.save(update_fields=["state", "decided_at", "decided_by", "comment"])
    audit.record(
        f"review.{event}",
        service="marketplace",
        actor=by.actor,
        subject=("review", review.pk),
        now=now,
        scope_id=review.listing.vendor_id,
        version=review.version.number if review.version else None,
        comment=review.comment,
    )


def _advance(listing: Listing, event: ListingEvent, *, by: Caller, now: datetime) -> None:
    listing.state = advance(LISTING, ListingState(listing.state), event)
    listing.save(update_fields=["state"])
    audit.record(
        f"listing.{event}",
        service="marketplace",
        actor=by.actor,
        subject=("listing", listing.pk),
        now=now,
        scope_id=listing.vendor_id,
    )


def _tell(listing: Listing, review: Review, *, kind: NoticeKind, subject: str, text: str, now: datetime) -> None:
    said = f"\n\nThe reviewer writes:\n{review.comment}" if review.comment else ""
    tell_vendor(listing, kind=kind, subject=subject, text=text + said, dedupe_key=f"review-{review.pk}", now=now)
