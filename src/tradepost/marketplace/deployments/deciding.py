"""What a deployment would do: where it goes, which number it makes, and why. Nothing here writes."""

from dataclasses import dataclass, replace
from uuid import UUID

from tradepost.core.descriptor import ListingPolicy
from tradepost.core.errors import ConflictError
from tradepost.core.manifest import Manifest, PlacedProblem, PlacedReason
from tradepost.core.manifest_equivalence import Equivalence, judge_equivalence
from tradepost.core.manifest_release import (
    compare_manifests,
    decide_deployment,
    decide_first_deployment,
    next_version,
)
from tradepost.core.reasons import Reason
from tradepost.core.release import Release
from tradepost.core.states import VersionState
from tradepost.core.version import Change, Version
from tradepost.marketplace.catalog.models import Environment, Listing, Source
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.numbers import major_of

from . import queries
from .deriving import Derived, derive, key_in, key_of
from .models import DeployedApp

NEEDS_APPROVAL = "deployment.major"
NO_BACKPORT = "deployment.backport_major"
KEY_TAKEN = "deployment.key_taken"
LONGEST_MESSAGE = 500
LONGEST_URL = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants deployed. `major_version` asks for a version of an older major."""

    environment: str
    manifest: str
    message: str = ""
    approve_major: bool = False
    major_version: int | None = None
    run_url: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment goes: the listing of the environment, None where this deployment makes it.

    `group` is what the app's listings share after it: another one than the app's where it takes over a watched app.
    """

    key: str
    group: UUID
    listing: Listing | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a deployment does. `reasons` say why the number is what it is, `equivalence` what sites of a watched app
    are asked, where it becomes a deployed one; `consent` is whether sites that run the version before are asked.
    """

    place: Place
    derived: Derived
    version: Version
    change: str
    reasons: tuple[PlacedReason, ...]
    consent: bool
    before: AppVersion | None = None
    equivalence: Equivalence | None = None
    review: tuple[Reason, ...] = ()
    backport: bool = False

    @property
    def state(self) -> VersionState:
        """What becomes of the version at once."""
        return VersionState.IN_REVIEW if self.review else VersionState.OFFERED

    @property
    def needs_approval(self) -> bool:
        """Whether nobody may deploy this by accident."""
        return self.change == Change.MAJOR

    def require_approval(self) -> None:
        """Raise ConflictError with every reason that makes it a major."""
        why = tuple(reason for reason in self.reasons if reason.change is Change.MAJOR)
        text = f"This would be the major version {self.version}. Deploy it with the approval of a major version."
        raise ConflictError(text, NEEDS_APPROVAL, problems_from(why))


def decide(app: DeployedApp, wanted: Wanted, manifest: Manifest, *, place: Place, policy: ListingPolicy) -> Decision:
    """What the deployment does at its place.

    Raises ProblemsError with every problem of the descriptor that it would be on sites, and ConflictError for a
    backport that is none.
    """
    derived = derive(manifest, key=place.key, environment=wanted.environment, name=app.name, policy=policy)
    decision = _numbered(place, derived, wanted.major_version)
    if place.listing is None:
        return decision
    last = versions.find_offered_below(place.listing, decision.version.order_key)
    review = versions.why_reviewed(place.listing, derived.descriptor.document, last=last, deployed=True)
    return replace(decision, review=review)


def find_place(app: DeployedApp, environment: str, manifest: Manifest) -> Place:
    """Where a deployment to the environment goes.

    Raises ProblemsError where the manifest gives the app no key, ConflictError where the key is somebody else's.
    """
    own = queries.listings_of(app)
    if environment in own:
        listing = own[environment]
        return Place(listing.app_key, listing.group, listing)
    production = own.get(Environment.PRODUCTION)
    production_key = production.app_key if production else key_of(manifest)
    watched = None if own else _watched(app, production_key, Environment.PRODUCTION)
    if watched is not None:  # the vendor's own watched app: its other environments are this app's, too
        for sibling in Listing.objects.filter(group=watched.group, environment=environment).select_related("vendor"):
            return Place(sibling.app_key, sibling.group, sibling)
    key = key_in(manifest, production_key, environment)
    return _unless_taken(app, Place(key, watched.group if watched else app.group), environment, own)


def _unless_taken(app: DeployedApp, place: Place, environment: str, own: dict[str, Listing]) -> Place:
    if not Listing.objects.filter(app_key=place.key).exists():
        return place
    taken = ConflictError(f"The key {place.key} is listed already, and not as this app.", KEY_TAKEN)
    listing = _watched(app, place.key, environment)
    if listing is None:
        raise taken
    if Listing.objects.filter(group=listing.group, environment__in=own).exists():
        raise taken
    return Place(listing.app_key, listing.group, listing)


def _watched(app: DeployedApp, key: str, environment: str) -> Listing | None:
    """The watched listing of the same vendor under a key, unless it belongs to another deployed app."""
    mine = Listing.objects.filter(app_key=key, vendor=app.vendor_id, source=Source.WATCHED, environment=environment)
    listing = mine.select_related("vendor").first()
    if listing is None or DeployedApp.objects.filter(group=listing.group).exclude(pk=app.pk).exists():
        return None
    return listing


def _numbered(place: Place, derived: Derived, major: int | None) -> Decision:
    listing, new = place.listing, derived.manifest
    base = queries.find_base(listing) if listing is not None else None
    if major is not None:
        return _backport(place, derived, major, base)
    if listing is None or (base is None and queries.highest_made(listing) is None):
        return _decision(place, derived, decide_deployment(None, new), change="first")
    if base is None:
        # Every version was rejected or withdrawn: the next one follows the last that was made.
        base = listing.versions.select_related("manifest", "document").order_by("-order_key").first()
        assert base is not None
    before = queries.manifest_of(base)
    if before is None:
        return _crossing(place, derived, listing, base)
    reasons = compare_manifests(before, new)
    change = max(reason.change for reason in reasons)
    version = _next(listing, Version.parse(base.number), change)
    return _decision(place, derived, Release(version, change, reasons), before=base)


def _next(listing: Listing, base: Version, change: Change) -> Version:
    """The next number that was never used: of the base's major, or of a major of its own."""
    if change is Change.MAJOR:
        return next_version(queries.highest_made(listing) or base, Change.MAJOR)
    return next_version(queries.highest_made(listing, base.major) or base, Change.MINOR)


def _backport(place: Place, derived: Derived, major: int, newest: AppVersion | None) -> Decision:
    base = None
    if place.listing is not None and newest is not None and major < major_of(newest):
        base = queries.find_offered_in(place.listing, major)
    before = queries.manifest_of(base) if base is not None else None
    if place.listing is None or base is None or before is None:
        text = (
            f"{major} is no older major of the deployed app, so nothing can be deployed to it: name a major below the "
            "newest one, of which a deployed version is offered."
        )
        raise ConflictError(text, NO_BACKPORT)
    reasons = compare_manifests(before, derived.manifest)
    why = tuple(reason for reason in reasons if reason.change is Change.MAJOR)
    if why:
        text = f"Against {base.number} this is a major change, and no major can follow within the major {major}."
        raise ConflictError(text, NO_BACKPORT, problems_from(why))
    release = Release(_next(place.listing, Version.parse(base.number), Change.MINOR), Change.MINOR, reasons)
    return replace(_decision(place, derived, release, before=base), backport=True)


def _crossing(place: Place, derived: Derived, listing: Listing, base: AppVersion) -> Decision:
    """A watched app becomes a deployed one: its number follows the highest listed, consent the equivalence alone.

    What still waits for a review counts as listed: it may be, and must not come to stand above the deployed version.
    """
    offered = versions.find_newest_offered(listing) or base
    release = decide_first_deployment(Version.parse(base.number), derived.manifest)
    made = queries.highest_made(listing, release.version.major)
    if made is not None:  # it was taken back, or rejected: the major stays the next one, its first number is used
        release = replace(release, version=next_version(made, Change.MINOR))
    equivalence = judge_equivalence(versions.document_of(offered), derived.manifest)
    reasons = tuple(replace(reason, consent=False) for reason in release.reasons)
    decision = _decision(place, derived, replace(release, reasons=reasons), before=offered)
    return replace(decision, equivalence=equivalence, consent=equivalence.consent)


def _decision(
    place: Place, derived: Derived, release: Release, *, before: AppVersion | None = None, change: str = ""
) -> Decision:
    reasons = tuple(each for each in release.reasons if isinstance(each, PlacedReason))
    is_first = change == "first"
    return Decision(
        place,
        derived,
        release.version,
        change or release.change.value,
        reasons,
        consent=release.consent and not is_first,
        before=before,
    )


def problems_from(reasons: tuple[PlacedReason, ...]) -> tuple[PlacedProblem, ...]:
    """Reasons in the form in which an error tells its causes."""
    return tuple(PlacedProblem(each.pointer, each.text, each.rule, each.line, each.column) for each in reasons)
