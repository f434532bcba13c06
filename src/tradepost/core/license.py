"""A site's license of an app as values: what it holds, what decides it, and what is decided. Source: domain.md 7.

Times are aware and in UTC. Everything that ends at an instant is over at that instant.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .edition import Edition
from .states import LicenseState


class LicenseType(StrEnum):
    """What for a license was given."""

    COMMERCIAL = "commercial"
    ACADEMIC = "academic"
    COMMUNITY = "community"
    DEVELOPER = "developer"


class Period(StrEnum):
    """How long one payment lasts. With none a license has no end of its own, and a downgrade is at once."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    NONE = "none"


class Billing(StrEnum):
    """How a customer is billed. Editions exist on improved billing only."""

    ORIGINAL = "original"
    IMPROVED = "improved"


class Simulated(StrEnum):
    """What an access token makes a site's license look like, in the words of the wire. Source: domain.md 7.7."""

    NONE = "NONE"
    TRIAL = "ACTIVE_TRIAL"
    ACTIVE = "ACTIVE_SUBSCRIPTION"
    CANCELLED = "ACTIVE_SUBSCRIPTION_CANCELLED"
    TRIAL_EXPIRED = "INACTIVE_TRIAL"
    EXPIRED = "INACTIVE_SUBSCRIPTION"


RUNNING = frozenset({LicenseState.TRIAL, LicenseState.ACTIVE, LicenseState.CANCELLED})
"""States that apps read as active."""

PAID = frozenset({LicenseState.ACTIVE, LicenseState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensePolicy:
    """What the original leaves open (domain.md 12 no. 11, 21, 23); the operator's settings.

    `renews`: a subscription goes on at the end of its period until somebody ends it; otherwise it expires unless it was
    paid. `keeps_edition`: apps are told the last edition of a license that is over.
    """

    trial: timedelta = timedelta(days=30)
    edition_trial: timedelta = timedelta(days=30)
    renews: bool = True
    keeps_edition: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseTerms:
    """Everything about a license that changes.

    `anchor` is when the paid periods began: the n-th ends n months or years later, on the same day where there is one.
    `edition` is None until the site has one. `next_edition` comes into force at `period_ends_at`.
    A trial of a higher edition ends at `edition_trial_ends_at` and falls back to `falls_back_to`.
    """

    state: LicenseState = LicenseState.NONE
    kind: LicenseType = LicenseType.COMMERCIAL
    period: Period = Period.NONE
    user_tier: int | None = None
    trial_ends_at: datetime | None = None
    trial_used: bool = False
    anchor: datetime | None = None
    period_ends_at: datetime | None = None
    edition: Edition | None = None
    next_edition: Edition | None = None
    edition_trial_ends_at: datetime | None = None
    edition_trial_used: bool = False
    falls_back_to: Edition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTerms:
    """What an access token that is applied to the site says instead of its license."""

    prefix: str
    simulated: Simulated = Simulated.TRIAL
    edition: Edition = Edition.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What a site has licensed of an app, decided: the one value from which every channel derives.

    `exists` is False where apps are told of no license at all. `edition` is None where apps are told of none.
    `reason` says in a sentence why it is so.
    """

    active: bool = False
    exists: bool = False
    state: LicenseState = LicenseState.NONE
    kind: LicenseType | None = None
    evaluation: bool = False
    edition: Edition | None = None
    entitlement_id: str | None = None
    entitlement_number: str | None = None
    support_number: str | None = None
    reason: str = ""

    @property
    def word(self) -> str:
        """The `lic` of the wire: `active` or `none`."""
        return "active" if self.active else "none"

    @property
    def capability_set(self) -> str | None:
        """The `capSet` of the wire, None where it is left out."""
        return self.edition.capability if self.edition is not None else None


UNLICENSED = License(reason="The site has no license for this app.")
