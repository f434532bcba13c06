"""Making versions and offering them. Every function here runs in a transaction that holds the listing's row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tradepost.core.descriptor import Descriptor
from tradepost.core.errors import Problem
from tradepost.core.release import Reason, Refusal, Release
from tradepost.core.states import (
    REVIEW,
    VERSION,
    ReviewEvent,
    ReviewState,
    VersionEvent,
    VersionState,
    advance,
)
from tradepost.core.version import Change, Version
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.foundation.problems import problem_json
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.licensing.commands import touch_listing
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.rollout.news import note_news
from tradepost.marketplace.watching.models import Document

from . import mails, queries
from .models import AppVersion

FIRST = "first"
LONGEST_NOTES = 10_000


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment brings: the manifest, the descriptor that it is on sites, and what was decided about it.

    `consent` is whether sites that run the version before are asked; the release's own word is about its number.
    """

    manifest: Document
    document: Document
    descriptor: Descriptor
    release: Release
    consent: bool
    is_first: bool = False
    review: Sequence[Reason] = ()
    warnings: Sequence[Problem] = ()


def make_version(
    listing: Listing, descriptor: Descriptor, document: Document, *, made_by: str, now: datetime
) -> AppVersion | Refusal | None:
    """Make the version a document is due, and offer it unless a review is due. None: nothing has changed.

    The listing's row must be locked: numbers are counted from the newest version ever made.
    """
    assert connection.in_atomic_block, "versions are numbered under the lock of their listing"
    newest = queries.find_newest(listing)
    decision = queries.decide(newest, descriptor.document)
    if not isinstance(decision, Release):
        return decision
    review = queries.why_reviewed(listing, descriptor.document, last=queries.find_newest_offered(listing))
    is_first = newest is None
    version = _create(listing, descriptor, document, decision, is_first=is_first, made_by=made_by, now=now)
    _begin(listing, version, review=review, now=now)
    if not is_first:
        mails.tell_of_version(listing, version, decision.reasons, review=review, now=now)
    return version


def make_deployed_version(listing: Listing, deployed: Deployed, *, made_by: str, now: datetime) -> AppVersion:
    """Make the version of a deployment, and offer it unless a review is due. The listing's row must be locked."""
    assert connection.in_atomic_block, "versions are numbered under the lock of their listing"
    version = _create(
        listing,
        deployed.descriptor,
        deployed.document,
        deployed.release,
        is_first=deployed.is_first,
        made_by=made_by,
        now=now,
        manifest=deployed.manifest,
        consent=deployed.consent,
        warnings=deployed.warnings,
    )
    _begin(listing, version, review=deployed.review, now=now)
    return version


def _begin(listing: Listing, version: AppVersion, *, review: Sequence[Reason], now: datetime) -> None:
    """Say that a version was made; then it waits for a review or is offered."""
    actor = version.made_by
    _record("version.made", version, actor=actor, now=now, change=version.change, listing=listing)
    if review:
        open_review(listing, version, kind="version", reasons=review, asked_by=actor, now=now)
    else:
        offer(listing, version, actor=actor, now=now)


def offer(listing: Listing, version: AppVersion, *, actor: str, now: datetime) -> None:
    """Let sites move to a version. Older ones in review that it replaces are superseded, others are decided anew."""
    version.state = advance(VERSION, VersionState(version.state), VersionEvent.CLEARED)
    version.offered_at = now
    version.save(update_fields=["state", "offered_at"])
    _record("version.offered", version, actor=actor, now=now, listing=listing)
    for each in queries.sends_back(listing, version).select_for_update():
        _supersede(listing, each, actor=actor, now=now)
    choose_offered(listing, now=now)
    if queries.is_deployed(version) and version.change == Change.MINOR:  # after the serial, as everybody does
        note_news(listing, Version.parse(version.number).major, now=now)
    decide_waiting(listing, actor=actor, now=now)


def decide_waiting(listing: Listing, *, actor: str, now: datetime) -> None:
    """Offer versions in review that need none any more, the newest first, compared with what is offered below them."""
    for version in listing.versions.filter(state=VersionState.IN_REVIEW).order_by("-order_key"):
        last = queries.find_offered_before(version)
        if not queries.why_version_reviewed(listing, version, last=last):
            close_reviews(version, actor=actor, now=now)
            offer(listing, version, actor=actor, now=now)
            return


def hold_back(listing: Listing, *, reviewed: AppVersion, actor: str, now: datetime) -> None:
    """When a listing goes public with `reviewed`: newer versions that differ where a review is due wait for theirs."""
    last = reviewed
    newer = listing.versions.filter(state=VersionState.OFFERED, order_key__gt=reviewed.order_key)
    for version in newer.order_by("order_key"):
        reasons = queries.why_version_reviewed(listing, version, last=last)
        if not reasons:
            last = version
            continue
        version.state = advance(VERSION, VersionState(version.state), VersionEvent.REVIEW_DUE)
        version.save(update_fields=["state"])
        _record("version.review_due", version, actor=actor, now=now, listing=listing)
        open_review(listing, version, kind="version", reasons=reasons, asked_by=actor, now=now)
    for version in queries.sends_back(listing, last):
        _supersede(listing, version, actor=actor, now=now)
    choose_offered(listing, now=now)


def reject(listing: Listing, version: AppVersion, *, actor: str, now: datetime) -> None:
    """An operator refused the version; it is never offered and its number never used again."""
    version.state = advance(VERSION, VersionState(version.state), VersionEvent.REJECTED)
    version.save(update_fields=["state"])
    _record("version.rejected", version, actor=actor, now=now, listing=listing)


def withdraw(listing: Listing, version: AppVersion, *, actor: str, now: datetime) -> None:
    """The vendor takes a version back that nobody was told of; it is never offered and its number never used again."""
    version.state = advance(VERSION, VersionState(version.state), VersionEvent.WITHDRAWN)
    version.save(update_fields=["state"])
    _record("version.withdrawn", version, actor=actor, now=now, listing=listing)
    close_reviews(version, actor=actor, now=now)


def choose_offered(listing: Listing, *, now: datetime) -> None:
    """Point the listing to its newest offered version and raise the serial, so that every process hears of it.

    Where the app begins to cost something, or ceases to, every host with a license of it is told.
    """
    did_cost = _costs(listing.offered)
    listing.offered = queries.find_newest_offered(listing)
    if _costs(listing.offered) != did_cost:
        touch_listing(listing, now=now)  # before the serial, behind which every other listing waits
    listing.offer_serial = next_serial()
    listing.save(update_fields=["offered", "offer_serial"])


def _costs(version: AppVersion | None) -> bool:
    return version is not None and version.paid


def next_serial() -> int:
    """Raise OfferSerial. Its row stays locked until the transaction ends: who reads a number has seen all below it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_offerserial AS s (id, value, epoch) VALUES (1, 1, %s) "
            "ON CONFLICT (id) DO UPDATE SET value = s.value + 1 RETURNING value",
            [new_id()],
        )
        return int(cursor.fetchone()[0])


def open_review(
    listing: Listing,
    version: AppVersion,
    *,
    kind: str,
    reasons: Sequence[Reason],
    asked_by: str,
    now: datetime,
) -> Review:
    """Ask an operator to look at a version."""
    review = Review.objects.create(
        listing=listing,
        version=version,
        kind=kind,
        reasons=[reason.to_json() for reason in reasons],
        asked_at=now,
        asked_by=asked_by,
    )
    audit.record(
        "review.opened",
        service="marketplace",
        actor=asked_by,
        subject=("review", review.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        version=version.number,
    )
    why = "\n".join(reason.text for reason in reasons) or "It wants to be public."
    mails.tell_operators(listing, version, review.pk, why=why, now=now)
    return review


def close_reviews(version: AppVersion, *, actor: str, now: datetime) -> None:
    """Take back the open review of a version that needs none any more."""
    for review in Review.objects.select_for_update().filter(version=version, state=ReviewState.WAITING):
        review.state = advance(REVIEW, ReviewState(review.state), ReviewEvent.SUPERSEDED)
        review.decided_at, review.decided_by = now, actor
        review.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(
            "review.superseded",
            service="marketplace",
            actor=actor,
            subject=("review", review.pk),
            now=now,
            scope_id=review.listing.vendor_id,
        )


@transaction.atomic
def write_notes(app_key: str, number: str, notes: str, *, by: Caller, now: datetime) -> AppVersion:
    """Set the release notes of a version; sites see them from the next check on."""
    listing = catalog.lock_listing(by, app_key)
    version = queries.get_version(listing, number)
    version.notes = notes.strip()[:LONGEST_NOTES]
    version.save(update_fields=["notes"])
    _record("version.notes_written", version, actor=by.actor, now=now, listing=listing)
    if version.state == VersionState.OFFERED:
        listing.offer_serial = next_serial()
        listing.save(update_fields=["offer_serial"])
    return version


def _create(
    listing: Listing,
    descriptor: Descriptor,
    document: Document,
    release: Release,
    *,
    is_first: bool,
    made_by: str,
    now: datetime,
    **others: Any,
) -> AppVersion:
    """Keep a version. `others` are what a deployed one has besides, or instead of what its descriptor says."""
    values: dict[str, Any] = {
        "consent": release.consent,
        "warnings": descriptor.warnings,
        **others,
    }
    values["warnings"] = [problem_json(warning) for warning in values["warnings"]]
    return AppVersion.objects.create(
        listing=listing,
        number=str(release.version),
        order_key=release.version.order_key,
        build=release.version.build,
        state=VERSION.start,
        document=document,
        base_url=descriptor.base_url,
        api_version=descriptor.api_version,
        paid=descriptor.enable_licensing,
        scopes=sorted(descriptor.scopes),
        change=FIRST if is_first else release.change,
        reasons=[reason.to_json() for reason in release.reasons],
        made_at=now,
        made_by=made_by,
        **values,
    )


def _supersede(listing: Listing, version: AppVersion, *, actor: str, now: datetime) -> None:
    version.state = advance(VERSION, VersionState(version.state), VersionEvent.SUPERSEDED)
    version.save(update_fields=["state"])
    _record("version.superseded", version, actor=actor, now=now, listing=listing)
    close_reviews(version, actor=actor, now=now)


def _record(action: str, version: AppVersion, *, actor: str, now: datetime, listing: Listing, **detail: Any) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=("version", version.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        number=version.number,
        **detail,
    )
