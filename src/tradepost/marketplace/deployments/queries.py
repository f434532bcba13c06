"""Deployed apps as those who ask may see them, and what was deployed. What is not theirs does not exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.core.manifest import Manifest, ReadManifest
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_release import compare_manifests
from tradepost.core.manifest_rights import Permission, compare_permissions
from tradepost.core.release import Reason, compare_documents
from tradepost.core.states import VersionState
from tradepost.core.version import PER_MAJOR, Change, Version
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.catalog.queries import ENVIRONMENTS
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.releases.queries import CONSENT, document_of, get_version
from tradepost.marketplace.rollout import queries as rollout
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.rollout.numbers import in_major
from tradepost.wire.manifest_text import read_manifest

from .deployers import Deployer
from .models import DeployedApp, Deployment

MOST_MAJORS = 50
"""Majors of an environment that one page shows."""


def apps(by: Deployer, *, app_id: str = "") -> QuerySet[DeployedApp]:
    """The deployed apps of a person's vendors (an operator's: all), or the one of a deploy token."""
    found = DeployedApp.objects.select_related("vendor").order_by("name", "id")
    if by.caller is None:
        found = found.filter(pk=by.app)
    elif not by.caller.is_operator:
        found = found.filter(vendor__memberships__user=by.caller.user)
    return found.filter(app_id=app_id) if app_id else found


def get_app(by: Deployer, app: UUID) -> DeployedApp:
    """Raises NotFoundError for an app that is not there, another vendor's, or another than a token's."""
    found = apps(by).filter(pk=app).first()
    if found is None:
        raise NotFoundError("deployed app", app)
    return found


def environments_for(by: Deployer) -> list[str]:
    """The environments that somebody may see, production first: a deploy token's is one."""
    return [each for each in ENVIRONMENTS if by.caller is not None or each == by.environment]


def check_environment(by: Deployer, environment: str) -> None:
    """Raise InvalidInputError for what is no environment, NotFoundError for another than a token's."""
    if environment not in ENVIRONMENTS:
        raise InvalidInputError(f"An environment is one of {', '.join(ENVIRONMENTS)}.", "/environment")
    by.require_environment(environment)


def listings_of(app: DeployedApp) -> dict[str, Listing]:
    """The app's listings by environment; an environment nobody deployed to has none."""
    found = Listing.objects.filter(group=app.group, vendor=app.vendor_id).select_related("vendor", "offered")
    return {each.environment: each for each in found}


def find_listing(app: DeployedApp, environment: str) -> Listing | None:
    """The app's listing for an environment; None before the first deployment to it."""
    return listings_of(app).get(environment)


def get_listing(app: DeployedApp, environment: str) -> Listing:
    """Raises NotFoundError before the first deployment to the environment."""
    found = find_listing(app, environment)
    if found is None:
        raise NotFoundError("deployment to", environment)
    return found


def find_app_of(listing: Listing) -> DeployedApp | None:
    """The deployed app that a listing belongs to."""
    return DeployedApp.objects.filter(group=listing.group, vendor=listing.vendor_id).first()


def versions_of(app: DeployedApp, environment: str, *, major: int | None = None) -> QuerySet[AppVersion]:
    """The versions in an environment with what was deployed, to be ordered by `-order_key`."""
    listing = find_listing(app, environment)
    found = AppVersion.objects.filter(listing=listing) if listing else AppVersion.objects.none()
    found = found.select_related("deployment").defer("reasons", "warnings", "deployment__unrendered")
    found = found.order_by("-order_key")
    return found.filter(in_major(major)) if major is not None else found


def get_deployed_version(app: DeployedApp, environment: str, number: str) -> AppVersion:
    """Raises NotFoundError."""
    return get_version(get_listing(app, environment), number)


def deployment_of(version: AppVersion) -> Deployment | None:
    """What was deployed to make a version; None for a watched one."""
    return Deployment.objects.select_related("app").filter(version=version).first()


def manifest_of(version: AppVersion) -> Manifest | None:
    """The parsed manifest of a deployed version; None for a watched one. What was taken once can be read for ever."""
    return read_again(version).manifest if version.manifest_id else None


def read_again(version: AppVersion) -> ReadManifest:
    """The manifest of a deployed version, read from its bytes as they were deployed."""
    assert version.manifest is not None
    return read_manifest(bytes(version.manifest.content))


def get_manifest(version: AppVersion) -> bytes:
    """The bytes of a manifest as they were deployed. Raises NotFoundError for a watched version."""
    if version.manifest is None:
        raise NotFoundError("manifest of", version.number)
    return bytes(version.manifest.content)


def permissions_of(version: AppVersion) -> list[Permission]:
    """What a deployed version asks for; of a watched one its scopes."""
    manifest = manifest_of(version)
    if manifest is None:
        return [Permission("scope", scope, granted=False, asked=True) for scope in version.scopes]
    return list(compare_permissions(None, manifest))


def installations(
    app: DeployedApp, environment: str, *, version: str = "", state: str = ""
) -> QuerySet[InstallationRecord]:
    """The sites that have the app in an environment, to be ordered by `id`."""
    listing = find_listing(app, environment)
    if listing is None:
        return InstallationRecord.objects.none()
    return rollout.site_rows(listing, version=version, state=state).select_related("granted")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What lies between two versions, and whether a site that goes from one to the other is asked."""

    before: AppVersion
    after: AppVersion
    change: str
    consent: bool
    reasons: tuple[Reason, ...]


def compare(app: DeployedApp, environment: str, first: str, second: str) -> Comparison:
    """Compare two versions by number, in any order. Raises NotFoundError."""
    before, after = (get_deployed_version(app, environment, number) for number in (first, second))
    return compare_versions(before, after)


def compare_versions(before: AppVersion, after: AppVersion) -> Comparison:
    """By their manifests where both were deployed, by what a site is asked where a watched one becomes deployed."""
    old, new = manifest_of(before), manifest_of(after)
    reasons: tuple[Reason, ...]
    if old is not None and new is not None:
        reasons = compare_manifests(old, new)
    elif new is not None:
        reasons = judge_equivalence(document_of(before), new).reasons
        return Comparison(before, after, Change.MAJOR, any(each.consent for each in reasons), reasons)
    else:
        reasons = compare_documents(document_of(before), document_of(after), policy=CONSENT)
    change = max((each.change for each in reasons), default=Change.NONE)
    return Comparison(before, after, change, any(each.consent for each in reasons), reasons)


def sites_on(versions: Sequence[AppVersion]) -> dict[UUID, int]:
    """How many sites run each of some versions of one listing."""
    if not versions:
        return {}
    records = InstallationRecord.objects.filter(listing=versions[0].listing_id, running__in=[v.pk for v in versions])
    return dict(records.order_by().values_list("running").annotate(sites=Count("id")))


def deployed_since(app: DeployedApp, environment: str, since: datetime) -> int:
    """How many deployments went to an environment after `since` (domain time)."""
    return Deployment.objects.filter(app=app, environment=environment, at__gt=since).count()


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """How an environment of an app stands. Without a deployment there is no listing, and nothing else."""

    environment: str
    listing: Listing | None = None
    newest: str | None = None
    pending: tuple[str, ...] = ()
    deployed_at: datetime | None = None
    deployed_by: str | None = None
    sites: int = 0
    on_newest: int = 0


def environment_states(app: DeployedApp, environments: Sequence[str] = ENVIRONMENTS) -> list[EnvironmentState]:
    """The environments, production first."""
    listings = listings_of(app)
    reached = rollout.reach(listings.values())
    return [_state(app, each, listings.get(each), reached) for each in environments]


def _state(
    app: DeployedApp, environment: str, listing: Listing | None, reached: dict[UUID, rollout.Reach]
) -> EnvironmentState:
    if listing is None:
        return EnvironmentState(environment)
    last = last_deployment(app, environment)
    waiting = listing.versions.filter(state=VersionState.IN_REVIEW).order_by("-order_key")
    base = find_base(listing)
    reach = reached.get(listing.pk, rollout.Reach())
    return EnvironmentState(
        environment,
        listing,
        newest=base.number if base else None,
        pending=tuple(waiting.values_list("number", flat=True)),
        deployed_at=last.at if last else None,
        deployed_by=last.by if last else None,
        sites=reach.sites,
        on_newest=reach.newest,
    )


def find_base(listing: Listing) -> AppVersion | None:
    """What a deployment is compared with: the newest version that is offered or in review."""
    alive = listing.versions.filter(state__in=[VersionState.OFFERED, VersionState.IN_REVIEW])
    return alive.select_related("manifest", "document").order_by("-order_key").first()


def find_offered_in(listing: Listing, major: int) -> AppVersion | None:
    """The newest offered version of a major."""
    offered = listing.versions.filter(in_major(major), state=VersionState.OFFERED)
    return offered.select_related("manifest", "document").order_by("-order_key").first()


def highest_made(listing: Listing, major: int | None = None) -> Version | None:
    """The highest number ever made, of a major or of all, whatever became of it: no number is used twice."""
    made = listing.versions.all() if major is None else listing.versions.filter(in_major(major))
    number = made.order_by("-order_key").values_list("number", flat=True).first()
    return Version.parse(number) if number else None


def last_deployment(app: DeployedApp, environment: str) -> Deployment | None:
    """The last deployment to an environment."""
    found = Deployment.objects.filter(app=app, environment=environment).select_related("version")
    return found.order_by("-at").first()


def versions_by_major(listing: Listing, *, few: int) -> list[tuple[int, list[AppVersion], bool]]:
    """The newest `few` versions of each major, the highest first, and whether it has more.

    Majors are found one after the other from the top, each by one step in the index: an app can have many versions.
    """
    rows = listing.versions.select_related("deployment").defer("reasons", "warnings", "deployment__unrendered")
    found: list[tuple[int, list[AppVersion], bool]] = []
    below: int | None = None
    while len(found) < MOST_MAJORS:
        older = rows if below is None else rows.filter(order_key__lt=below)
        newest = older.order_by("-order_key").values_list("order_key", flat=True).first()
        if newest is None:
            break
        major = newest // PER_MAJOR
        page = list(rows.filter(in_major(major)).order_by("-order_key")[: few + 1])
        found.append((major, page[:few], len(page) > few))
        below = major * PER_MAJOR
    return found


@dataclass(frozen=True, slots=True)
class AppLine:
    """One app in a table, with its environments that were deployed to, production first."""

    app: DeployedApp
    environments: list[tuple[Listing, rollout.Reach]]


def app_lines(apps: Sequence[DeployedApp]) -> list[AppLine]:
    """Put beside each app how its environments stand, with two questions for all of them."""
    rows = Listing.objects.filter(group__in=[each.group for each in apps]).select_related("offered")
    listings = sorted(rows, key=lambda each: ENVIRONMENTS.index(each.environment))
    reached = rollout.reach(listings)
    return [
        AppLine(
            app,
            [
                (each, reached.get(each.pk, rollout.Reach()))
                for each in listings
                if each.group == app.group and each.vendor_id == app.vendor_id
            ],
        )
        for app in apps
    ]
