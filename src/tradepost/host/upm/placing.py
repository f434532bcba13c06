"""Putting the app at an address on a site, as an administrator asked: install, upgrade, or tell the app again."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError, InvalidInputError, ProblemsError
from tradepost.core.release import Refusal
from tradepost.core.schedule import next_poll
from tradepost.core.states import InstallationState, UpgradeState
from tradepost.foundation import audit, outgoing
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Trouble, Understood, read_answer, request_for
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse
from tradepost.foundation.outgoing.addresses import MAX_ADDRESS_LENGTH
from tradepost.host.installing.commands import begin
from tradepost.host.installing.models import ADDRESS, Installation, KnownVersion
from tradepost.host.installing.versions import listing_policy
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_keeper
from tradepost.host.upgrading.models import Upgrade
from tradepost.host.upgrading.planning import drop_upgrade, lock, schedule
from tradepost.host.upgrading.queries import APPROVED, BY_ADMINISTRATOR, INSTALL, Sight, look_at

from .approving import approve_outright
from .models import AddressListing
from .repeating import tell_again
from .versions import keep, number

SWITCHED_OFF = (
    "This site takes no apps by their address or by an installation link: an administrator can switch private listings "
    "on."
)
GONE = (InstallationState.FAILED, InstallationState.UNINSTALLED)


class SwitchedOffError(ConflictError):
    """The site's private listings are off."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a wish. `upgrade_id` is that of the calls to the app, None while another upgrade is under way.

    Where the app runs this version already, `delivery` is the call that tells it again, if it has to be told.
    """

    installation: Installation
    version: KnownVersion
    upgrade_id: UUID | None
    delivery: UUID | None = None


def require_wish(site_id: UUID, url: str, *, by: Caller) -> Site:
    """Whether somebody may have what is at this address on this site.

    Raises NotFoundError, ForbiddenError, SwitchedOffError, and InvalidInputError for no address of http or https.
    """
    require_keeper(by, site_id)
    check_url(url)
    site = Site.objects.get(pk=site_id)
    if not site.private_listings:
        raise SwitchedOffError(SWITCHED_OFF)
    return site


def check_url(url: str) -> None:
    """Raises InvalidInputError for what is no address that can be asked."""
    place = place_of(url)
    if place is None or len(url) > MAX_ADDRESS_LENGTH:
        raise InvalidInputError("The address of a descriptor is an http or https address.", "/url")
    if place == place_of(configuration.host_url):
        raise InvalidInputError("An app does not stand on the host service's own origin.", "/url")


def place_of(url: str) -> str | None:
    """Host and port of an http or https address; None for any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    return f"{parts.hostname.rstrip('.').lower()}:{port}"


def ask_addresses(urls: list[str]) -> list[OutgoingResponse | OutgoingError]:
    """What the addresses answer. Not to be called inside a transaction."""
    requests = [_request_or_error(url) for url in urls]
    sendable = [each for each in requests if isinstance(each, OutgoingRequest)]
    limits = configuration.limits
    answers = iter(
        outgoing.current().send_all(sendable, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)
    )
    return [next(answers) if isinstance(each, OutgoingRequest) else each for each in requests]


def understood(answer: OutgoingResponse | OutgoingError) -> Understood:
    """The descriptor in an answer. Raises ProblemsError, and InvalidInputError where there is none."""
    finding = read_answer(answer, policy=listing_policy())
    if isinstance(finding, Understood):
        return finding
    if isinstance(finding, Trouble) and finding.problems:
        raise ProblemsError(finding.problems)
    text = finding.text if isinstance(finding, Trouble) else "The address answered without a descriptor."
    raise InvalidInputError(text, "/url")


@transaction.atomic
def place(site_id: UUID, url: str, found: Understood, *, by: Caller, now: datetime) -> Placed:
    """Put what was found at `url` on the site, which from now on reads the app there.

    What the app asks is approved with this. Raises ConflictError for an app that the site has from the marketplace,
    ProblemsError for a descriptor that must not follow the one before.
    """
    require_wish(site_id, url, by=by)
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    key = found.descriptor.key
    present = Installation.objects.filter(site=site, app_key=key).first()
    is_there = present is not None and present.state not in GONE
    if present is not None and is_there and present.source != ADDRESS:
        raise ConflictError(f"{key} is on this site from the marketplace; remove it there before you take its address.")
    numbered = number(site, key, found, now=now)
    if isinstance(numbered, Refusal):
        raise ProblemsError(Trouble.of_refusal(numbered).problems)
    version = keep(numbered, actor=by.actor, now=now)
    if present is not None and is_there:
        placed = _renew(lock(present.pk), version, by, now)
    else:
        installation = begin(site.pk, version, source=ADDRESS, by=by, now=now)
        placed = Placed(installation, version, installation.upgrade_id)
    _keep_address(placed, url, found, by, now)
    return placed


def _renew(installation: Installation, version: KnownVersion, by: Caller, now: datetime) -> Placed:
    """The app is there by its address already: bring it to `version`, or tell it again what it runs."""
    sight = look_at([installation])[0]
    is_first = installation.running is None
    if sight.upgrade is not None and _is_at_hand(sight.upgrade, version):
        return Placed(installation, version, sight.upgrade.id)
    if sight.upgrade is not None and sight.upgrade.state == UpgradeState.APPLYING:
        return _after_the_call(sight, version, by, now)
    if installation.running_id == version.pk:
        return Placed(installation, version, None, delivery=tell_again(installation, by=by, now=now))
    if not is_first:
        approve_outright(sight, version, by=by, now=now)
    drop_upgrade(sight, now=now)
    installation.newest, installation.since = version, now
    upgrade = schedule(installation, version, trigger=INSTALL if is_first else APPROVED, by=by.actor, now=now)
    installation.save()
    return Placed(installation, version, upgrade.id)


def _is_at_hand(upgrade: Upgrade, version: KnownVersion) -> bool:
    """Whether a worker is bringing the app to the version, or will in a moment; one that failed waits too long."""
    if upgrade.to_version_id != version.pk:
        return False
    return upgrade.state == UpgradeState.APPLYING or (upgrade.trigger in BY_ADMINISTRATOR and not upgrade.last_failure)


def _after_the_call(sight: Sight, version: KnownVersion, by: Caller, now: datetime) -> Placed:
    """The app is being told of another version: what comes of that decides anew, and a poll finds what is missing."""
    installation = sight.installation
    if installation.running is not None:
        approve_outright(sight, version, by=by, now=now)
        installation.newest = version
        installation.save(update_fields=["newest"])
    return Placed(installation, version, None)


def _keep_address(placed: Placed, url: str, found: Understood, by: Caller, now: datetime) -> None:
    """From now on the site reads the app here. What a poll under way finds is dropped."""
    installation, version = placed.installation, placed.version
    interval = configuration.policy.poll_interval
    is_missed = installation.newest_id != version.pk
    before = AddressListing.objects.filter(pk=installation.pk).values_list("url", flat=True).first()
    AddressListing.objects.update_or_create(
        installation=installation,
        defaults={
            "url": url,
            "host": place_of(url) or "",
            "next_poll_at": now if is_missed else next_poll(now, failures=0, seed=url, interval=interval),
            "poll_lease": None,
            "poll_lease_until": None,
            "poll_failures": 0,
            "etag": "" if is_missed else found.fetched.etag,
            "last_modified": "" if is_missed else found.fetched.last_modified,
            "fetched_sha256": "" if is_missed else found.fetched.sha256,
            "problem": None,
            "problem_since": None,
            "held_at": None,
            "held_reason": "",
            "resumed_at": now,
        },
    )
    if before != url:
        audit.record(
            "address.set", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
            scope_id=installation.site_id, app=installation.app_key, url=url, before=before or "",
        )  # fmt: skip


def _request_or_error(url: str) -> OutgoingRequest | OutgoingError:
    try:
        return request_for(url)
    except OutgoingError as error:
        return error
