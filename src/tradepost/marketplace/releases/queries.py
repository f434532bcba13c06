"""Versions of an app: the newest ever made, how one differs from the one before, and what a document would do."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from tradepost.core.consent import ConsentPolicy
from tradepost.core.difference import match_lists, pointer, same_value
from tradepost.core.document import parse_document
from tradepost.core.errors import NotFoundError, Problem
from tradepost.core.release import Reason, Refusal, Release, decide_release, decide_review, separable
from tradepost.core.states import ListingState, VersionState
from tradepost.core.version import Change, Version
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing

from .models import AppVersion

CONSENT = ConsentPolicy(api_version_needs_consent=configuration.policy.api_version_needs_consent)
MOST_DIFFERENCES = 200
LONGEST_VALUE = 2_000


def versions_of(listing: Listing) -> QuerySet[AppVersion]:
    """Every version of an app, the newest first."""
    return listing.versions.order_by("-order_key")


def get_version(listing: Listing, number: str) -> AppVersion:
    """Raises NotFoundError."""
    version = listing.versions.select_related("document").filter(number=number).first()
    if version is None:
        raise NotFoundError("version", number)
    return version


def find_newest(listing: Listing) -> AppVersion | None:
    """The newest version ever made, whatever its state: numbers are counted from it and never used again."""
    return listing.versions.select_related("document").order_by("-order_key").first()


def find_newest_offered(listing: Listing) -> AppVersion | None:
    """The newest version that sites may move to."""
    offered = listing.versions.filter(state=VersionState.OFFERED)
    return offered.select_related("document").order_by("-order_key").first()


def find_before(version: AppVersion) -> AppVersion | None:
    """The version made before this one; of a deployed version the one that it was compared with."""
    if is_deployed(version):
        deployment = getattr(version, "deployment", None)
        compared = AppVersion.objects.filter(listing_id=version.listing_id, number=getattr(deployment, "before", ""))
        return compared.select_related("document").first()
    older = AppVersion.objects.filter(listing_id=version.listing_id, order_key__lt=version.order_key)
    return older.select_related("document").order_by("-order_key").first()


def find_offered_before(version: AppVersion) -> AppVersion | None:
    """The newest version older than this one that sites may move to: what a review compares with."""
    return find_offered_below(version.listing, version.order_key)


def find_offered_below(listing: Listing, order_key: int) -> AppVersion | None:
    """The newest version below a number that sites may move to."""
    older = listing.versions.filter(order_key__lt=order_key, state=VersionState.OFFERED)
    return older.select_related("document").order_by("-order_key").first()


def offered_versions(listing: Listing) -> QuerySet[AppVersion]:
    """The versions that sites may move to, the newest first."""
    return versions_of(listing).filter(state=VersionState.OFFERED)


def made_since(listing: Listing, since: datetime) -> int:
    """How many versions were made after `since` (domain time)."""
    return listing.versions.filter(made_at__gt=since).count()


def document_of(version: AppVersion) -> dict[str, Any]:
    """The parsed descriptor. What was accepted once can be read for ever, so this raises nothing."""
    return parse_document(bytes(version.document.content))


def decide(newest: AppVersion | None, document: Mapping[str, Any]) -> Release | Refusal | None:
    """What a document makes of a listing, compared with the newest version ever made."""
    known = (Version.parse(newest.number), document_of(newest)) if newest else None
    return decide_release(known, document, policy=CONSENT)


def why_reviewed(
    listing: Listing, document: Mapping[str, Any], *, last: AppVersion | None, deployed: bool = False
) -> tuple[Reason, ...]:
    """Why an operator has to look at a document before sites are told of it.

    `last` is the newest offered version below it, `deployed` says that the document is that of a manifest.
    """
    public = listing.state == ListingState.PUBLIC
    before = document_of(last) if public and last is not None else None
    crosses = deployed and last is not None and not is_deployed(last)
    return decide_review(public=public, last_offered=before, new=document, first_deployment=crosses)


def why_version_reviewed(listing: Listing, version: AppVersion, *, last: AppVersion | None) -> tuple[Reason, ...]:
    """The same for a version that was made."""
    return why_reviewed(listing, document_of(version), last=last, deployed=is_deployed(version))


def is_deployed(version: AppVersion) -> bool:
    """Whether a version was deployed with a manifest, and not made of a descriptor that is watched."""
    return version.manifest_id is not None


def sends_back(listing: Listing, version: AppVersion) -> QuerySet[AppVersion]:
    """The versions in review that nobody needs when this one is offered: older ones, of a deployed app of its major.

    Each major of a deployed app has its own sites. What was watched before the app was deployed is over altogether.
    """
    older = listing.versions.filter(state=VersionState.IN_REVIEW, order_key__lt=version.order_key)
    if not is_deployed(version):
        return older
    major = Version.parse(version.number).major
    return older.filter(Q(order_key__gte=Version(major, 0, 0).order_key) | Q(manifest=None))


def why_first_reviewed(version: AppVersion) -> tuple[Reason, ...]:
    """Why an operator looks at an app that wants to be public."""
    return decide_review(public=True, last_offered=None, new=document_of(version))


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen if a document were found at the descriptor address now. `next` is None for no change."""

    live: str | None
    next: str | None
    change: Change
    consent: bool
    reasons: tuple[Reason, ...]
    separable: tuple[str, ...]
    review: tuple[Reason, ...]
    refusal: Refusal | None = None
    warnings: tuple[Problem, ...] = ()


def what_would_happen(listing: Listing, document: Mapping[str, Any], *, warnings: tuple[Problem, ...] = ()) -> Preview:
    """The decisions on a document without making anything of it."""
    newest = find_newest(listing)
    live = newest.number if newest else None
    decision = decide(newest, document)
    if not isinstance(decision, Release):
        return Preview(live, None, Change.NONE, False, (), (), (), decision, warnings)
    review = why_reviewed(listing, document, last=find_newest_offered(listing))
    alone = separable(decision.reasons)
    return Preview(
        live=live,
        next=str(decision.version),
        change=decision.change,
        consent=decision.consent,
        reasons=decision.reasons,
        separable=alone,
        review=review,
        warnings=warnings,
    )


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One place where two documents differ. `old` and `new` are JSON text; None where the value is missing."""

    pointer: str
    kind: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How a version differs from the one before: why it was made, and every value that changed."""

    before: str | None
    reasons: list[dict[str, Any]]
    separable: tuple[str, ...]
    values: list[ValueChange]
    complete: bool


def difference(version: AppVersion) -> Difference:
    """The difference to the version before; all of the document where there is none."""
    return difference_between(find_before(version), version)


def difference_between(before: AppVersion | None, version: AppVersion) -> Difference:
    """How a version differs from another one; all of the document where there is none."""
    changes = _changes("", document_of(before) if before else {}, document_of(version))
    values = [change for change, _ in zip(changes, range(MOST_DIFFERENCES + 1), strict=False)]
    return Difference(
        before=before.number if before else None,
        reasons=version.reasons,
        separable=separable_of(version),
        values=values[:MOST_DIFFERENCES],
        complete=len(values) <= MOST_DIFFERENCES,
    )


def separable_of(version: AppVersion) -> tuple[str, ...]:
    """Pointers of changes of this version that could have gone out alone, without asking."""
    return separable([reason_from(each) for each in version.reasons])


def reason_from(stored: Mapping[str, Any]) -> Reason:
    """A reason as it was stored with a version."""
    return Reason(stored["rule"], stored["pointer"], Change(stored["change"]), stored["consent"], stored["text"])


def _changes(where: str, old: Any, new: Any) -> Iterator[ValueChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _member_change(where + pointer(name), name, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_changes(where, old, new)
    elif not same_value(old, new):
        yield ValueChange(where, "changed", _text(old), _text(new))


def _member_change(where: str, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[ValueChange]:
    if name not in old:
        yield ValueChange(where, "added", None, _text(new[name]))
    elif name not in new:
        yield ValueChange(where, "removed", _text(old[name]), None)
    else:
        yield from _changes(where, old[name], new[name])


def _list_changes(where: str, old: list[Any], new: list[Any]) -> Iterator[ValueChange]:
    found = match_lists(old, new)
    for was, now in found.changed:
        yield from _changes(where + pointer(now), old[was], new[now])
    for place in found.added:
        yield ValueChange(where + pointer(place), "added", None, _text(new[place]))
    for place in found.removed:
        yield ValueChange(where + pointer(place), "removed", _text(old[place]), None)
    for was, now in found.moved:
        yield ValueChange(where + pointer(now), "moved", str(was), str(now))


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
