"""What people do with vendors and listings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction

from tradepost.core.addresses import origin_of
from tradepost.core.descriptor import Descriptor, parse_descriptor
from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    Problem,
    ProblemsError,
)
from tradepost.core.release import Refusal
from tradepost.core.schedule import next_poll
from tradepost.core.states import LISTING, ListingEvent, ListingState, advance
from tradepost.foundation import audit, mail
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Understood
from tradepost.foundation.models import User
from tradepost.marketplace.hosts import queries as hosts
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor
from tradepost.marketplace.releases import commands as releases
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.watching import commands as watching
from tradepost.marketplace.watching.mails import longest_pause

from . import queries
from .models import Environment, Listing, Membership, Source, Vendor

ROLES = ("owner", "developer")
LONGEST_URL = 500
KEY_TAKEN = "listing.key_taken"
ENVIRONMENT_TAKEN = "listing.environment_taken"
NOT_PRODUCTION = "listing.not_production"
NOT_BACK = "deployment.not_back"


@transaction.atomic
def create_vendor(name: str, contact_email: str, *, by: Caller, now: datetime) -> Vendor:
    """Make a vendor. Only operators do. Raises ConflictError where the name is taken."""
    if not by.is_operator:
        raise ForbiddenError("Only an operator makes vendors.")
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("A vendor needs a name.", "/name")
    contact_email = _checked_email(contact_email, "/contact_email")
    if Vendor.objects.filter(name=name).exists():
        raise ConflictError("There is a vendor of this name.")
    vendor = Vendor.objects.create(name=name, contact_email=contact_email, created_at=now)
    _record("vendor.created", ("vendor", vendor.pk), by=by, now=now, scope=vendor.pk, name=name)
    return vendor


@transaction.atomic
def set_member(vendor_id: UUID, email: str, role: str | None, *, by: Caller, now: datetime) -> Membership | None:
    """Give a person a role at a vendor, or take it away with None. A person who is new is invited by mail."""
    vendor = queries.get_vendor_to_manage(by, vendor_id)
    Vendor.objects.select_for_update().get(pk=vendor.pk)  # two owners who remove each other: one of them stays
    if role is not None and role not in ROLES:
        raise InvalidInputError(f"A role is one of {', '.join(ROLES)}.", "/role")
    email = _checked_email(email, "/email")
    owners = vendor.memberships.filter(role="owner").exclude(user__email=email)
    if role != "owner" and not owners.exists() and not by.is_operator:
        raise ConflictError("A vendor keeps at least one owner.")
    _record("vendor.member_set", ("vendor", vendor.pk), by=by, now=now, scope=vendor.pk, email=email, role=role)
    if role is None:
        vendor.memberships.filter(user__email=email).delete()
        return None
    user = User.objects.filter(email=email).first() or _invite(vendor, email, now=now)
    membership, _ = Membership.objects.update_or_create(vendor=vendor, user=user, defaults={"role": role})
    return membership


def list_app(vendor_id: UUID, descriptor_url: str, *, by: Caller, now: datetime) -> Listing:
    """List the app whose descriptor stands at an address, as a private listing with its first version.

    Raises ProblemsError with every problem of the descriptor, InvalidInputError where the address cannot be
    asked, ConflictError where the app key is taken.
    """
    vendor = queries.get_vendor(by, vendor_id)
    descriptor_url = _checked_url(descriptor_url)
    found = _fetch_new(descriptor_url, by=by)
    try:
        return _list(vendor, descriptor_url, found, by=by, now=now)
    except IntegrityError as error:  # somebody listed the same key a moment ago
        raise _taken(found.descriptor.key) from error


def add_environment(app_key: str, environment: str, descriptor_url: str, *, by: Caller, now: datetime) -> Listing:
    """List the same app for another environment: at another address, with an app key of its own.

    Raises what `list_app` raises, and ConflictError where the app has this environment already or is deployed.
    """
    listing = queries.get_listing(by, app_key)
    _require_watched(listing)
    if environment not in queries.ENVIRONMENTS:
        raise InvalidInputError(f"An environment is one of {', '.join(queries.ENVIRONMENTS)}.", "/environment")
    _check_environment_is_free(listing, environment)
    descriptor_url = _checked_url(descriptor_url)
    found = _fetch_new(descriptor_url, by=by)
    place = {"environment": environment, "group": listing.group}
    try:
        return _list(listing.vendor, descriptor_url, found, by=by, now=now, **place)
    except IntegrityError as error:  # somebody listed the same key, or the same environment, a moment ago
        _check_environment_is_free(listing, environment)
        raise _taken(found.descriptor.key) from error


@transaction.atomic
def submit_listing(app_key: str, *, by: Caller, now: datetime) -> Listing:
    """Ask for a review, so that every site can install the app. It goes on as a private one until then."""
    listing = queries.lock_listing(by, app_key)
    if listing.environment != Environment.PRODUCTION:
        text = f"Only an app's production listing can become public. This is its {listing.environment} listing."
        raise ConflictError(text, NOT_PRODUCTION)
    _advance(listing, ListingEvent.SUBMITTED, by=by, now=now)
    version = versions.find_newest_offered(listing)
    assert version is not None, "a private listing's versions are offered as they are made"
    reasons = versions.why_first_reviewed(version)
    releases.open_review(listing, version, kind="listing", reasons=reasons, asked_by=by.actor, now=now)
    return listing


@transaction.atomic
def withdraw_submission(app_key: str, *, by: Caller, now: datetime) -> Listing:
    """Take a submission back."""
    listing = queries.lock_listing(by, app_key)
    _advance(listing, ListingEvent.WITHDRAWN, by=by, now=now)
    for review in listing.reviews.filter(kind="listing", state="waiting").select_related("version"):
        releases.close_reviews(review.version, actor=by.actor, now=now)
    return listing


@transaction.atomic
def make_private(app_key: str, *, by: Caller, now: datetime) -> Listing:
    """No new site can install the app from now on. Sites that have it keep it and get its new versions."""
    listing = queries.lock_listing(by, app_key)
    _advance(listing, ListingEvent.MADE_PRIVATE, by=by, now=now)
    releases.decide_waiting(listing, actor=by.actor, now=now)
    releases.choose_offered(listing, now=now)
    return listing


def change_descriptor_url(app_key: str, descriptor_url: str, *, by: Caller, now: datetime) -> Listing:
    """Watch another address from now on. It must serve a listable descriptor of the same app.

    Raises ConflictError for an app that is deployed.
    """
    seen = queries.get_listing(by, app_key)
    _require_watched(seen)
    descriptor_url = _checked_url(descriptor_url)
    found = watching.fetch_descriptor(descriptor_url, asked_by=by.actor)
    refusal = versions.decide(versions.find_newest(seen), found.descriptor.document)
    if isinstance(refusal, Refusal):
        raise ProblemsError((Problem(refusal.pointer, refusal.text, refusal.rule),))
    with transaction.atomic():
        listing = queries.lock_listing(by, app_key)
        _require_watched(listing)
        before, listing.descriptor_url = listing.descriptor_url, descriptor_url
        listing.descriptor_host = host_of(descriptor_url)
        listing.etag = listing.last_modified = listing.fetched_sha256 = ""
        listing.save(update_fields=["descriptor_url", "descriptor_host", "etag", "last_modified", "fetched_sha256"])
        subject = ("listing", listing.pk)
        _record(
            "listing.descriptor_url_changed",
            subject,
            by=by,
            now=now,
            scope=listing.vendor_id,
            before=before,
            after=descriptor_url,
        )
        if listing.held_at is None:
            watching.make_due(listing, now=now)
    return listing


@transaction.atomic
def poll_now(app_key: str, *, by: Caller, now: datetime) -> Listing:
    """Poll an app at once. Raises ConflictError while it is held, and for an app that is deployed."""
    listing = queries.lock_listing(by, app_key)
    _require_watched(listing)
    if listing.held_at is not None:
        raise ConflictError("The app is held because it changed too often; resume it first.")
    watching.make_due(listing, now=now)
    _record("listing.poll_requested", ("listing", listing.pk), by=by, now=now, scope=listing.vendor_id)
    return listing


@transaction.atomic
def resume(app_key: str, *, by: Caller, now: datetime) -> Listing:
    """End a hold: versions are counted anew from here, and the app is polled at once."""
    listing = queries.lock_listing(by, app_key)
    if listing.held_at is None:
        raise ConflictError("The app is not held.")
    listing.held_at, listing.held_reason, listing.resumed_at = None, "", now
    listing.save(update_fields=["held_at", "held_reason", "resumed_at"])
    watching.make_due(listing, now=now)
    _record("listing.resumed", ("listing", listing.pk), by=by, now=now, scope=listing.vendor_id)
    return listing


def preview(app_key: str, raw: bytes | Mapping[str, Any] | None = None, *, by: Caller) -> versions.Preview:
    """What would happen if this text (or what the descriptor address serves now) were polled. Changes nothing.

    Raises ProblemsError for a document that cannot be listed, InvalidInputError where the address does not answer,
    ConflictError for an app that is deployed: its next manifest is tried by a deployment that is a dry run.
    """
    listing = queries.get_listing(by, app_key)
    _require_watched(listing)
    if raw is None:
        descriptor = watching.fetch_descriptor(listing.descriptor_url, asked_by=by.actor).descriptor
    else:
        descriptor = parse_descriptor(raw, policy=queries.listing_policy(hosts.base_urls()))
    return versions.what_would_happen(listing, descriptor.document, warnings=descriptor.warnings)


def host_of(url: str) -> str:
    """`host:port` of an address, the unit of politeness."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or {'http': 80}.get(parts.scheme, 443)}"


@transaction.atomic
def _list(vendor: Vendor, url: str, found: Understood, *, by: Caller, now: datetime, **place: Any) -> Listing:
    """Make the listing and its first version. `place` is its environment and group where it has others."""
    descriptor, fetched = found.descriptor, found.fetched
    listing = Listing.objects.create(
        id=new_id(),
        vendor=vendor,
        app_key=descriptor.key,
        name=descriptor.name,
        summary=descriptor.description,
        state=LISTING.start,
        created_at=now,
        created_by=by.actor,
        descriptor_url=url,
        descriptor_host=host_of(url),
        next_poll_at=next_poll(now, failures=0, seed=descriptor.key, interval=configuration.policy.poll_interval),
        poll_started_at=now,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        fetched_sha256=fetched.sha256,
        **place,
    )
    told = {"app": descriptor.key, "environment": listing.environment}
    _record("listing.made", ("listing", listing.pk), by=by, now=now, scope=vendor.pk, **told)
    document = watching.keep_document(fetched, now=now)
    releases.make_version(listing, descriptor, document, made_by=by.actor, now=now)
    _tell_of_listing(listing, descriptor, now=now)
    return listing


def _tell_of_listing(listing: Listing, descriptor: Descriptor, *, now: datetime) -> None:
    warnings = "\n".join(f"- {warning.pointer}: {warning.text}" for warning in descriptor.warnings[:20])
    text = (
        f"{listing.name} ({listing.app_key}) is listed privately, with version {listing.offered}. We look at "
        f"{listing.descriptor_url} at least every {longest_pause()} and make a version of every change. "
        "Submit it for review when every site shall be able to install it."
    )
    tell_vendor(
        listing,
        kind=NoticeKind.LISTED,
        subject=f"{listing.name} is listed",
        text=f"{text}\n\nWorth a look:\n{warnings}" if warnings else text,
        dedupe_key=f"listed-{listing.pk}",
        now=now,
    )


def _advance(listing: Listing, event: ListingEvent, *, by: Caller, now: datetime) -> None:
    listing.state = advance(LISTING, ListingState(listing.state), event)
    listing.save(update_fields=["state"])
    _record(f"listing.{event}", ("listing", listing.pk), by=by, now=now, scope=listing.vendor_id)


def _invite(vendor: Vendor, email: str, *, now: datetime) -> User:
    user = User.objects.create_user(email)
    mail.send_later(
        service="marketplace",
        to=email,
        subject=f"You can manage the apps of {vendor.name}",
        text=(
            f"You were given access to the apps of {vendor.name} at {configuration.marketplace_url}.\n\n"
            f"Choose a password first: {configuration.marketplace_url}/accounts/password/reset/\n"
        ),
        dedupe_key=f"invited-{user.pk}",
        now=now,
    )
    return user


def _checked_email(email: str, pointer: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInputError("This is no e-mail address.", pointer) from error
    return email


def _checked_url(url: str) -> str:
    """What the guarded client says about an address is said by it; here is only what the table can hold."""
    url = url.strip()
    if not url or len(url) > LONGEST_URL:
        raise InvalidInputError(f"An address has 1 to {LONGEST_URL} characters.", "/descriptor_url")
    if origin_of(url) == origin_of(configuration.marketplace_url):  # an installation link: its token must not be kept
        text = (
            "This is an address of the marketplace itself. Give the one at which your own service has its descriptor."
        )
        raise InvalidInputError(text, "/descriptor_url")
    return url


def _fetch_new(url: str, *, by: Caller) -> Understood:
    """What stands at an address, of an app that is not listed yet."""
    found = watching.fetch_descriptor(url, asked_by=by.actor)
    if Listing.objects.filter(app_key=found.descriptor.key).exists():
        raise _taken(found.descriptor.key)
    return found


def _check_environment_is_free(listing: Listing, environment: str) -> None:
    for each in queries.environments_of(listing):
        if each.environment == environment:
            raise ConflictError(f"This app has a {environment} listing already: {each.app_key}.", ENVIRONMENT_TAKEN)


def _require_watched(listing: Listing) -> None:
    """A deployed app is not watched again (domain.md 4.8)."""
    if listing.source == Source.DEPLOYED:
        text = f"{listing.name} is deployed from the command line. It has no address that is watched."
        raise ConflictError(text, NOT_BACK)


def _taken(app_key: str) -> ConflictError:
    text = (
        f"An app with the key {app_key} is listed already. A key belongs to one listing: each environment has its own."
    )
    return ConflictError(text, KEY_TAKEN)


def _record(action: str, subject: tuple[str, object], *, by: Caller, now: datetime, scope: UUID, **detail: Any) -> None:
    assert connection.in_atomic_block
    audit.record(action, service="marketplace", actor=by.actor, subject=subject, now=now, scope_id=scope, **detail)
