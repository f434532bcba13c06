"""What a rollout would do before anybody starts it: which sites it takes, which not and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from tradepost.core.errors import ConflictError, InvalidInputError, LimitError, Problem
from tradepost.core.manifest import PlacedProblem, PlacedReason
from tradepost.core.plan import Rollout
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments import queries as deployed
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.numbers import major_of

from . import queries
from .eligibility import InUse, judge_major

RUNNING = "rollout.running"
RIGHTS = "rollout.rights"
NOT_NEWER = "rollout.not_newer"
NOBODY = "rollout.nobody"
TOO_MANY = "rollout.too_many"

LARGEST_MAJOR = 999_999_999
RETRY_MINUTES = 30
MOST_APART = 50
"""Versions whose sites are not taken that a rollout keeps and tells."""


class TooManyRolloutsError(LimitError):
    """As many rollouts run as may, of the vendor or of all; worth trying again after RETRY_MINUTES."""

    rule = TOO_MANY


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a vendor asks for. An empty `to_version` is the newest offered, a `limit` of None as many as allowed."""

    environment: str
    from_major: int
    to_version: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.from_major <= LARGEST_MAJOR:
            raise InvalidInputError(f"A major version is from 0 to {LARGEST_MAJOR}.", "/from_major")
        if self.limit is not None and self.limit < 1:
            raise InvalidInputError("A rollout takes at least one site.", "/limit")


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a rollout would be. `capped` says that the vendor asked for more sites than one rollout may take."""

    listing: Listing
    from_major: int
    to: AppVersion
    limit: int
    capped: bool
    in_use: tuple[InUse, ...]

    @property
    def kind(self) -> Rollout:
        """A rolling release where code goes ahead of permissions at some site."""
        is_rolling = any(each.rollout is Rollout.ROLLING for each in self.in_use)
        return Rollout.ROLLING if is_rolling else Rollout.BULK

    @property
    def sites(self) -> int:
        """How many sites run the major."""
        return sum(each.sites for each in self.in_use)

    @property
    def eligible(self) -> int:
        """How many sites it could take."""
        return sum(each.sites for each in self.in_use if each.is_eligible)

    @property
    def taken(self) -> int:
        """How many sites it takes."""
        return min(self.limit, self.eligible)

    @property
    def remaining(self) -> int:
        """How many sites it leaves for a next one."""
        return self.eligible - self.taken

    @property
    def asked_later(self) -> tuple[InUse, ...]:
        """Versions whose sites a rolling release asks later, after it brought the code."""
        return tuple(each for each in self.in_use if each.rollout is Rollout.ROLLING)

    @property
    def ineligible(self) -> tuple[InUse, ...]:
        """Versions whose sites it does not take."""
        return tuple(each for each in self.in_use if not each.is_eligible)

    def apart(self) -> list[dict[str, object]]:
        """Versions whose sites it does not take, as they are stored and told."""
        return told(self.ineligible)

    def require_somebody(self) -> None:
        """Raise ConflictError where it would take no site: RIGHTS with the reasons, or NOBODY."""
        if self.eligible:
            return
        where = f"{self.from_major}.x in {self.listing.environment}"
        if not self.in_use:
            raise ConflictError(f"No site runs {where} that could be told.", NOBODY)
        text = f"No site of {where} may go to {self.to.number} unasked: it takes more, or is paid in another way."
        raise ConflictError(text, RIGHTS, self._problems())

    def _problems(self) -> tuple[Problem, ...]:
        """Every reason once, though several versions have it."""
        told = dict.fromkeys(reason for each in self.ineligible for reason in each.reasons)
        return tuple(_problem(reason) for reason in told)


def look_ahead(by: Deployer, app: DeployedApp, wanted: Wanted) -> Prospect:
    """What a rollout would do. Changes nothing.

    Raises InvalidInputError for what is no environment, NotFoundError for what is not there, ConflictError for a
    target that is not newer or not offered and for an environment without a deployment (NOBODY).
    """
    deployed.check_environment(by, wanted.environment)
    listing = deployed.find_listing(app, wanted.environment)
    if listing is None:
        raise ConflictError(f"Nothing was deployed to {wanted.environment} yet.", NOBODY)
    target = queries.get_target(listing, wanted.to_version)
    if major_of(target) <= wanted.from_major:
        text = f"{target.number} is of no major after {wanted.from_major}; within a major, sites follow by themselves."
        raise ConflictError(text, NOT_NEWER)
    most = configuration.policy.bulk_upgrade_sites
    return Prospect(
        listing=listing,
        from_major=wanted.from_major,
        to=target,
        limit=min(wanted.limit or most, most),
        capped=wanted.limit is not None and wanted.limit > most,
        in_use=judge_major(listing, wanted.from_major, queries.newest_of_its_major(target)),
    )


def told(found: Iterable[InUse]) -> list[dict[str, object]]:
    """Versions in use with their reasons as JSON, those with the most sites, MOST_APART of them."""
    return [
        {
            "version": each.running.number,
            "granted": each.granted.number if each.granted else None,
            "sites": each.sites,
            "reasons": [reason.to_json() for reason in each.reasons],
        }
        for each in islice(found, MOST_APART)
    ]


def check_room(listing: Listing) -> None:
    """Raise ConflictError (RUNNING) where one runs for the listing, TooManyRolloutsError where too many run."""
    if queries.find_running(listing) is not None:
        raise already_running(listing)
    again = f"Try again in {RETRY_MINUTES} minutes."
    if queries.count_running(listing.vendor_id):
        raise TooManyRolloutsError(
            f"A rollout of another app or environment of yours runs, and one runs at a time. {again}"
        )
    if queries.count_running() >= configuration.policy.bulk_upgrades_at_once:
        raise TooManyRolloutsError(f"As many rollouts as may run here do so now. {again}")


def already_running(listing: Listing) -> ConflictError:
    """One rollout runs at a time, of an app in an environment."""
    text = f"A rollout in {listing.environment} runs already. Wait for its end, or cancel it."
    return ConflictError(text, RUNNING)


def _problem(reason: PlacedReason) -> Problem:
    return PlacedProblem(reason.pointer, reason.text, reason.rule, reason.line, reason.column)
