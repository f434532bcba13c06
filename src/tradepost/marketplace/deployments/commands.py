"""What people and builds do with deployed apps: register one, deploy to an environment, take a version back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    LimitError,
    ProblemsError,
    TradepostError,
)
from tradepost.core.manifest import Manifest
from tradepost.core.release import Release
from tradepost.core.states import LISTING
from tradepost.core.version import Change
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing, Source, Vendor
from tradepost.marketplace.hosts import queries as hosts
from tradepost.marketplace.releases import commands as releases
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.commands import Deployed
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.watching.commands import keep_content

from . import mails, queries
from .deciding import KEY_TAKEN, Decision, Place, Wanted, decide, find_place
from .deployers import Deployer
from .deriving import check_app, read
from .fields import check_wanted, checked_app_id, checked_name
from .models import DeployedApp, Deployment

DAY = timedelta(days=1)
APP_ID_TAKEN = "app.id_taken"
APP_ID_START = "ari:tradepost:marketplace::app/"
MOST_KEPT = 1000
"""Reasons, and modules not rendered, that are kept with a version, the gravest and the first."""

LONGEST_REFUSAL = 500
"""Characters of a refusal that the audit log keeps."""

REFUSALS = (ProblemsError, ConflictError, InvalidInputError, LimitError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deployment did, or with a dry run would do: then there is no `deployment`."""

    decision: Decision
    wanted: Wanted
    by: str
    deployment: Deployment | None = None

    @property
    def run_url(self) -> str:
        return self.deployment.run_url if self.deployment else self.wanted.run_url


@transaction.atomic
def register(
    name: str, *, vendor: UUID | None = None, app_id: str | None = None, by: Caller, now: datetime
) -> DeployedApp:
    """Make an app that can be deployed. Without `app_id` one is drawn.

    Raises ConflictError where the `app.id` is taken, InvalidInputError where the vendor has to be named.
    """
    owner = _vendor(vendor, by)
    made_id = new_id()
    app_id = f"{APP_ID_START}{made_id}" if app_id is None else checked_app_id(app_id)
    app = DeployedApp(
        id=made_id,
        vendor=owner,
        app_id=app_id,
        name=checked_name(name),
        group=new_id(),
        created_at=now,
        created_by=by.actor,
    )
    try:
        with transaction.atomic():
            app.save(force_insert=True)
    except IntegrityError as error:
        raise ConflictError(f"An app with the id {app_id} is registered already.", APP_ID_TAKEN) from error
    _record("deployed_app.registered", app, actor=by.actor, now=now, app_id=app_id, name=app.name)
    return app


def deploy(app: DeployedApp, wanted: Wanted, *, by: Deployer, now: datetime) -> Outcome:
    """Deploy a manifest to an environment; with a dry run decide everything and write nothing.

    Raises ProblemsError with every problem of the manifest, ConflictError where it does not fit (a major nobody
    approved of, another app's id, a key that is taken), LimitError where too many were deployed within a day. What was
    refused stands in the audit log.
    """
    queries.check_environment(by, wanted.environment)
    try:
        check_wanted(wanted)
        manifest = read(wanted.manifest)
        check_app(manifest, app.app_id)
        if wanted.dry_run:
            return Outcome(_decide(app, wanted, manifest, now=now), wanted, by.actor)
        return _deploy(app, wanted, manifest, by=by, now=now)
    except REFUSALS as error:
        if not wanted.dry_run:
            _record_refusal(app, wanted, error, by=by, now=now)
        raise


def withdraw(app: DeployedApp, environment: str, number: str, *, by: Caller, now: datetime) -> AppVersion:
    """Take back a version that waits for its review; its number is never used again.

    Raises ConflictError for one that was not deployed, IllegalTransitionError for one that does not wait.
    """
    with transaction.atomic():
        listing = _lock(queries.get_listing(app, environment))
        version = versions.get_version(listing, number)
        if not versions.is_deployed(version):
            raise ConflictError(
                "This version was made of a descriptor that was watched. Only a deployed one is taken back."
            )
        releases.withdraw(listing, version, actor=by.actor, now=now)
    return version


def _deploy(app: DeployedApp, wanted: Wanted, manifest: Manifest, *, by: Deployer, now: datetime) -> Outcome:
    try:
        with transaction.atomic():
            return _deploy_locked(app, wanted, manifest, by=by, now=now)
    except IntegrityError as error:  # somebody else listed the same key, or this environment, a moment ago
        text = "The key or the environment was listed by somebody else at this moment. Deploy again."
        raise ConflictError(text, KEY_TAKEN) from error


def _deploy_locked(app: DeployedApp, wanted: Wanted, manifest: Manifest, *, by: Deployer, now: datetime) -> Outcome:
    """Everything of one app is deployed one after another: the app's row first, then the listing's."""
    app = DeployedApp.objects.select_for_update(of=("self",), no_key=True).select_related("vendor").get(pk=app.pk)
    seen = find_place(app, wanted.environment, manifest)
    _lock_place(app, seen)
    decision = _decide(app, wanted, manifest, now=now)
    if decision.place.listing != seen.listing:
        raise ConflictError("The app's listing has changed at this moment. Deploy again.", KEY_TAKEN)
    if decision.needs_approval and not wanted.approve_major:
        decision.require_approval()
    listing = _listing(app, wanted, decision, by=by, now=now)
    version = _make_version(listing, decision, wanted.manifest.encode(), actor=by.actor, now=now)
    deployment = _keep(app, wanted, decision, version, by=by, now=now)
    mails.tell_of_deployment(listing, version, decision, deployment, now=now)
    return Outcome(decision, wanted, by.actor, deployment)


def _decide(app: DeployedApp, wanted: Wanted, manifest: Manifest, *, now: datetime) -> Decision:
    most = configuration.policy.deployments_per_day
    if queries.deployed_since(app, wanted.environment, now - DAY) >= most:
        text = f"{most} deployments of an app to {wanted.environment} within a day are the most. Try again tomorrow."
        raise LimitError(text)
    place = find_place(app, wanted.environment, manifest)
    policy = catalog.listing_policy(hosts.base_urls())
    return decide(app, wanted, manifest, place=place, policy=policy)


def _lock_place(app: DeployedApp, place: Place) -> None:
    """Hold every listing that is changed, in the order in which reports hold them."""
    concerned = Q(pk=place.listing.pk) if place.listing else Q(pk=None)
    if place.group != app.group:
        concerned |= Q(group__in=[app.group, place.group])
    list(Listing.objects.select_for_update(no_key=True).filter(concerned).order_by("id").values_list("pk"))


def _lock(listing: Listing) -> Listing:
    Listing.objects.select_for_update(no_key=True).get(pk=listing.pk)
    # By another statement: what is joined to a row is read as it was before the lock was waited for.
    return Listing.objects.select_related("vendor", "offered").get(pk=listing.pk)


def _listing(app: DeployedApp, wanted: Wanted, decision: Decision, *, by: Deployer, now: datetime) -> Listing:
    """The environment's listing: the one that is there, a new one, or a watched one that is deployed from now on."""
    place = decision.place
    _join(app, place)
    if place.listing is None:
        return _make_listing(app, wanted, decision, by=by, now=now)
    if place.listing.source == Source.WATCHED:
        _end_watching(place.listing, by=by, now=now)
    return place.listing


def _join(app: DeployedApp, place: Place) -> None:
    """Put the app's listings into one group with the watched app that it takes over."""
    if place.group == app.group:
        return
    Listing.objects.filter(group=app.group, vendor=app.vendor_id).update(group=place.group)
    app.group = place.group
    app.save(update_fields=["group"])


def _make_listing(app: DeployedApp, wanted: Wanted, decision: Decision, *, by: Deployer, now: datetime) -> Listing:
    descriptor = decision.derived.descriptor
    listing = Listing.objects.create(
        id=new_id(),
        vendor=app.vendor,
        app_key=decision.place.key,
        name=descriptor.name,
        summary=descriptor.description,
        state=LISTING.start,
        created_at=now,
        created_by=by.actor,
        environment=wanted.environment,
        source=Source.DEPLOYED,
        group=app.group,
        next_poll_at=None,
    )
    _record_listing("listing.made", listing, actor=by.actor, now=now, environment=wanted.environment, source="deployed")
    return listing


def _end_watching(listing: Listing, *, by: Deployer, now: datetime) -> None:
    """From here on its vendor deploys it. A poll under way finds that its lease is gone, and drops what it found."""
    before = listing.descriptor_url
    listing.source, listing.next_poll_at = Source.DEPLOYED, None
    listing.descriptor_url = listing.descriptor_host = ""
    listing.etag = listing.last_modified = listing.fetched_sha256 = listing.held_reason = ""
    listing.poll_lease = listing.poll_lease_until = None
    listing.poll_failures = 0
    listing.problem = listing.problem_since = listing.degraded_at = listing.held_at = None
    listing.save()
    _record_listing("listing.deployed", listing, actor=by.actor, now=now, descriptor_url=before)


def _make_version(listing: Listing, decision: Decision, content: bytes, *, actor: str, now: datetime) -> AppVersion:
    derived = decision.derived
    told = decision.reasons if decision.equivalence is None else (*decision.reasons, *decision.equivalence.reasons)
    deployed = Deployed(
        manifest=keep_content(content, now=now),
        document=keep_content(derived.document, now=now),
        descriptor=derived.descriptor,
        release=Release(decision.version, _change(decision), told[:MOST_KEPT]),
        consent=decision.consent,
        is_first=decision.change == releases.FIRST,
        review=decision.review,
        warnings=derived.warnings,
    )
    return releases.make_deployed_version(listing, deployed, made_by=actor, now=now)


def _change(decision: Decision) -> Change:
    return Change.MAJOR if decision.change == releases.FIRST else Change(decision.change)


def _keep(
    app: DeployedApp, wanted: Wanted, decision: Decision, version: AppVersion, *, by: Deployer, now: datetime
) -> Deployment:
    deployment = Deployment.objects.create(
        id=new_id(),
        app=app,
        version=version,
        environment=wanted.environment,
        at=now,
        by=by.actor[:254],
        before=decision.before.number if decision.before else "",
        message=wanted.message,
        run_url=by.run_url or wanted.run_url,
        major=wanted.major_version,
        approved_major=decision.needs_approval,
        unrendered=[each.to_json() for each in decision.derived.unrendered[:MOST_KEPT]],
    )
    told: dict[str, Any] = {"environment": wanted.environment, "number": version.number, "change": decision.change}
    if deployment.run_url:
        told["run_url"] = deployment.run_url
    _record("deployment.made", app, actor=by.actor, now=now, **told)
    return deployment


@transaction.atomic
def _record_refusal(app: DeployedApp, wanted: Wanted, error: TradepostError, *, by: Deployer, now: datetime) -> None:
    """The only row that a refused deployment leaves."""
    rules = {problem.rule for problem in error.problems} if isinstance(error, ProblemsError) else set()
    _record(
        "deployment.refused",
        app,
        actor=by.actor,
        now=now,
        environment=wanted.environment,
        rules=sorted(rules)[:10] or [getattr(error, "rule", "") or error.title],
        text=str(error).replace("\0", "")[:LONGEST_REFUSAL],
    )


def _vendor(vendor: UUID | None, by: Caller) -> Vendor:
    if vendor is not None:
        return catalog.get_vendor(by, vendor)
    own = list(Vendor.objects.filter(memberships__user=by.user)[:2])
    if not own:
        raise ForbiddenError("You belong to no vendor yet: an operator or an owner of a vendor can add you.")
    if len(own) > 1:
        raise InvalidInputError("You belong to several vendors: say whose app it is.", "/vendor")
    return own[0]


def _record(action: str, app: DeployedApp, *, actor: str, now: datetime, **detail: Any) -> None:
    assert connection.in_atomic_block
    subject = ("deployed_app", app.pk)
    audit.record(action, service="marketplace", actor=actor, subject=subject, now=now, scope_id=app.vendor_id, **detail)


def _record_listing(action: str, listing: Listing, *, actor: str, now: datetime, **detail: Any) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=actor,
        subject=("listing", listing.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        **detail,
    )
