"""What people do with the editions of a listing, and with the list of vendors who may have them.

Locks are taken in one order: the listing, the licenses, the editions.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, ForbiddenError, NotFoundError, Problem, ProblemsError
from tradepost.core.states import EDITIONS, REVIEW, EditionsEvent, EditionsState, ReviewEvent, ReviewState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing, Vendor
from tradepost.marketplace.licensing.commands import touch_listing, touch_tested
from tradepost.marketplace.reviews.models import Review

from . import mails, queries
from .checks import CENT, find_problems
from .drafts import Draft, FeatureDraft, from_json, is_reviewed_anew, tidied, to_json
from .models import EarlyAccess, EditionPrice, Feature, ListingEditions

CHANGED_MEANWHILE = "editions.changed_meanwhile"
"""The rule of the problem (409) where the editions are not what the vendor saw."""

STILL_PAID = "editions.still_paid"


@transaction.atomic
def save_draft(app_key: str, draft: Draft, *, revision: int, by: Caller, now: datetime) -> ListingEditions:
    """Keep what a vendor drafts; `revision` is that of the editions they saw, 0 where there were none.

    While editions are live, texts and the order of features change at once; everything else is kept beside them until
    an operator has agreed. Raises ProblemsError with every problem of the draft.
    """
    listing, editions = _lock(app_key, by, now=now)
    if editions.revision != revision:
        text = "Somebody else has changed the editions meanwhile: look at them again."
        raise ConflictError(text, rule=CHANGED_MEANWHILE)
    if queries.waiting_review(listing) is not None:
        raise ConflictError("An operator looks at the editions now: take the submission back to change them.")
    before = queries.drafted(editions)
    draft = tidied(draft)
    _refuse(find_problems(draft, modules=_module_keys(listing), before=before))
    draft = _completed(draft)
    if editions.state == EditionsState.LIVE:
        _change_live(editions, draft)
    else:
        _write_drafted(listing, editions, draft, now=now)
    _save(editions)
    _record("editions.drafted", listing, by=by, now=now, features=len(draft.features), prices=len(draft.prices))
    return editions


@transaction.atomic
def submit(app_key: str, *, by: Caller, now: datetime) -> ListingEditions:
    """Ask an operator to let the editions go live, or what is to change of live ones.

    Raises ProblemsError with everything that is missing, IllegalTransitionError where they were submitted before.
    """
    listing, editions = _lock(app_key, by, now=now)
    is_live = editions.state == EditionsState.LIVE
    if is_live and queries.waiting_review(listing) is not None:
        raise ConflictError("The changes were submitted already.")
    if is_live and editions.draft is None:
        raise ConflictError("Nothing is to change that an operator has to look at.")
    if not is_live:
        editions.state = advance(EDITIONS, EditionsState(editions.state), EditionsEvent.SUBMITTED)
    draft = queries.drafted(editions)
    _refuse(_missing(listing, draft))
    editions.submitted_at, editions.submitted_by, editions.comment = now, by.actor, ""
    _save(editions)
    review = _open_review(listing, draft, by=by, now=now)
    _record("editions.submitted", listing, by=by, now=now, review=str(review.pk), live=is_live)
    return editions


@transaction.atomic
def withdraw_submission(app_key: str, *, by: Caller, now: datetime) -> ListingEditions:
    """Take a submission back; what was drafted stays."""
    listing, editions = _lock(app_key, by, now=now)
    if not _close_review(listing, by=by, now=now):
        raise ConflictError("The editions are not submitted.")
    if editions.state == EditionsState.SUBMITTED:
        editions.state = advance(EDITIONS, EditionsState(editions.state), EditionsEvent.WITHDRAWN)
    _save(editions)
    _record("editions.submission_withdrawn", listing, by=by, now=now)
    return editions


@transaction.atomic
def withdraw_live(app_key: str, *, by: Caller, now: datetime) -> ListingEditions:
    """Offer the app without editions again. Refused while anyone pays for more than the lowest.

    Source: domain.md 12 no. 13.
    """
    listing = catalog.lock_listing(by, app_key)
    _refuse_while_paid(listing)
    touch_listing(listing, now=now)  # the licenses are locked from here on, and counted once more
    editions = _lock_editions(listing, now=now)
    if editions.state != EditionsState.LIVE:
        raise ConflictError("The editions are not live.")
    _refuse_while_paid(listing)
    _close_review(listing, by=by, now=now)
    editions.state = advance(EDITIONS, EditionsState(editions.state), EditionsEvent.WITHDRAWN)
    if editions.draft is not None:
        _write(editions, from_json(editions.draft))
    editions.live_at = editions.draft = None
    _save(editions)
    _record("editions.withdrawn", listing, by=by, now=now)
    return editions


def let_go_live(listing: Listing, review: Review, *, by: Caller, now: datetime) -> None:
    """An operator agreed: what was submitted is what customers see from now on. The listing's row is locked."""
    first = queries.find_editions(listing)
    if first is not None and first.state == EditionsState.SUBMITTED:
        touch_listing(listing, now=now)
    editions = _lock_editions(listing, now=now)
    draft = from_json(review.draft)
    _refuse(_missing(listing, draft))
    if editions.state != EditionsState.LIVE:
        if not queries.may_offer(listing.vendor):
            raise ConflictError("Editions are not open to this vendor any more: open them first, or reject.")
        editions.state = advance(EDITIONS, EditionsState(editions.state), EditionsEvent.APPROVED)
        editions.live_at = now
    _write(editions, draft)
    editions.draft = None
    _decide(editions, review, by=by)
    _record("editions.approved", listing, by=by, now=now, review=str(review.pk))


def turn_down(listing: Listing, review: Review, *, by: Caller, now: datetime) -> None:
    """An operator said no: the draft stays a draft, and live editions stay as they are."""
    editions = _lock_editions(listing, now=now)
    if editions.state == EditionsState.SUBMITTED:
        editions.state = advance(EDITIONS, EditionsState(editions.state), EditionsEvent.REJECTED)
    _decide(editions, review, by=by)
    _record("editions.rejected", listing, by=by, now=now, review=str(review.pk))


@transaction.atomic
def set_early_access(vendor_id: UUID, *, is_open: bool, by: Caller, now: datetime) -> Vendor:
    """Open editions to a vendor, or close them: live ones stay, new ones are not let in. Operators only."""
    vendor = queries.vendors_by_access(by).filter(pk=vendor_id).first()
    if vendor is None:
        raise NotFoundError("vendor", vendor_id)
    if is_open:
        _, changed = EarlyAccess.objects.get_or_create(
            vendor=vendor, defaults={"opened_at": now, "opened_by": by.actor}
        )
    else:
        changed = bool(EarlyAccess.objects.filter(vendor=vendor).delete()[0])
    if changed:
        drafted = Listing.objects.filter(vendor=vendor, editions__isnull=False)
        touch_tested(list(drafted.values_list("pk", flat=True)), now=now)
        audit.record(
            "vendor.editions_opened" if is_open else "vendor.editions_closed",
            service="marketplace",
            actor=by.actor,
            subject=("vendor", vendor.pk),
            now=now,
            scope_id=vendor.pk,
        )
    return queries.vendors_by_access(by).get(pk=vendor_id)


def _lock(app_key: str, by: Caller, *, now: datetime) -> tuple[Listing, ListingEditions]:
    """Listing and editions for who may work on them: live ones for ever, others while they are open to the vendor."""
    listing = catalog.lock_listing(by, app_key)
    found = queries.find_editions(listing)
    if (found is None or found.state != EditionsState.LIVE) and not queries.may_offer(listing.vendor):
        raise ForbiddenError("Editions are not open to this vendor yet. Ask an operator of the marketplace.")
    return listing, _lock_editions(listing, now=now)


def _lock_editions(listing: Listing, *, now: datetime) -> ListingEditions:
    ListingEditions.objects.get_or_create(listing=listing, defaults={"created_at": now, "revision": 0})
    return ListingEditions.objects.select_for_update().get(listing=listing)


def _change_live(editions: ListingEditions, draft: Draft) -> None:
    """Texts and order now; what an operator has to look at stays a draft."""
    live = queries.kept(editions)
    if not is_reviewed_anew(live, draft):
        _write(editions, draft)
        editions.draft = None
        return
    texts = {feature.id: feature.text for feature in draft.features}
    _write(
        editions,
        replace(live, features=tuple(replace(each, text=texts.get(each.id, each.text)) for each in live.features)),
    )
    editions.draft = to_json(draft)


def _write_drafted(listing: Listing, editions: ListingEditions, draft: Draft, *, now: datetime) -> None:
    """What tokens can try may have come or gone. Nobody who holds a license waits for editions that are not live."""
    had = queries.has_editions(listing)
    _write(editions, draft)
    if queries.has_editions(listing) != had:
        touch_tested([listing.pk], now=now)


def _write(editions: ListingEditions, draft: Draft) -> None:
    """Put a draft into rows. They are made anew under their ids, so that two features can swap their names."""
    editions.currency = draft.currency
    editions.features.all().delete()
    editions.prices.all().delete()
    Feature.objects.bulk_create(
        Feature(
            id=UUID(each.id),
            editions=editions,
            name=each.name,
            text=each.text,
            kind=each.kind,
            in_editions=list(each.in_editions),
            modules=list(each.modules),
            position=place,
        )
        for place, each in enumerate(draft.features)
    )
    EditionPrice.objects.bulk_create(
        EditionPrice(editions=editions, edition=each.edition, period=each.period, per_user=each.per_user)
        for each in draft.prices
    )


def _save(editions: ListingEditions) -> None:
    editions.revision += 1
    editions.save()


def _decide(editions: ListingEditions, review: Review, *, by: Caller) -> None:
    editions.decided_by, editions.comment = by.actor, review.comment
    _save(editions)


def _completed(draft: Draft) -> Draft:
    """With an id for every feature, and prices to the cent."""
    features = tuple(_with_id(feature) for feature in draft.features)
    prices = tuple(replace(price, per_user=price.per_user.quantize(CENT)) for price in draft.prices)
    return replace(draft, features=features, prices=prices)


def _with_id(feature: FeatureDraft) -> FeatureDraft:
    return feature if feature.id else replace(feature, id=str(new_id()))


def _module_keys(listing: Listing) -> set[str]:
    return {each.key for each in queries.module_choices(listing)}


def _missing(listing: Listing, draft: Draft) -> tuple[Problem, ...]:
    return queries.missing_from(draft, listing, _module_keys(listing))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise ProblemsError(tuple(problems))


def _refuse_while_paid(listing: Listing) -> None:
    count = queries.paying_above_lowest(listing)
    if count:
        many = "1 license is" if count == 1 else f"{count} licenses are"
        text = f"{many} paid for Advanced. Editions can be withdrawn when nobody pays for more than Standard."
        raise ConflictError(text, rule=STILL_PAID)


def _open_review(listing: Listing, draft: Draft, *, by: Caller, now: datetime) -> Review:
    review = Review.objects.create(
        listing=listing, kind=queries.KIND, draft=to_json(draft), asked_at=now, asked_by=by.actor
    )
    audit.record(
        "review.opened",
        service="marketplace",
        actor=by.actor,
        subject=("review", review.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        kind=review.kind,
    )
    mails.tell_operators(listing, review, now=now)
    return review


def _close_review(listing: Listing, *, by: Caller, now: datetime) -> bool:
    review = Review.objects.select_for_update().filter(listing=listing, kind=queries.KIND, state=ReviewState.WAITING)
    for each in review:
        each.state = advance(REVIEW, ReviewState(each.state), ReviewEvent.SUPERSEDED)
        each.decided_at, each.decided_by = now, by.actor
        each.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(
            "review.superseded",
            service="marketplace",
            actor=by.actor,
            subject=("review", each.pk),
            now=now,
            scope_id=listing.vendor_id,
        )
        return True
    return False


def _record(action: str, listing: Listing, *, by: Caller, now: datetime, **detail: Any) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=by.actor,
        subject=("listing", listing.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        **detail,
    )
