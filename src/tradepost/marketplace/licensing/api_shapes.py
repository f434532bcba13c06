"""What the REST API of customers and licenses takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from tradepost.core.edition import Edition
from tradepost.core.license import Billing, LicenseType, Period
from tradepost.foundation.rest import PageQuery

from .acts import MOST_USERS, Order
from .models import LicenseChange, SiteLicense
from .sights import LicenseSight

Reference = Annotated[str, Field(min_length=1, max_length=100)]
Why = Annotated[str, Field(max_length=1000, description="for the history")]


class CustomerOut(Schema):
    """Who owns sites and pays. `reference` is what your billing system calls them; times are domain time."""

    id: UUID
    name: str
    contact_email: str
    billing: Billing
    reference: str | None
    created_at: datetime
    moved_at: datetime | None = Field(description="when they moved to improved billing, null where they began there")
    site_count: int = 0


class NewCustomer(Schema):
    name: str = Field(min_length=1, max_length=200)
    contact_email: str = Field("", max_length=254)
    reference: Reference | None = None
    billing: Billing | None = Field(None, description="the marketplace's policy for new customers, if left out")


class CustomerChange(Schema):
    """What is left out stays; an empty reference or address is taken away."""

    name: str | None = Field(None, min_length=1, max_length=200)
    contact_email: str | None = Field(None, max_length=254)
    reference: str | None = Field(None, max_length=100)
    billing: Billing | None = Field(None, description="`original` is refused once a license has an edition")


class SiteName(Schema):
    """A site, as its host service names it."""

    host: UUID
    site: UUID


class SiteOut(SiteName):
    name: str
    base_url: str
    users: int
    product_edition: str
    since: datetime


class LicenseName(SiteName):
    app: str = Field(min_length=1, max_length=64)


class LicenseOut(LicenseName):
    """One site's license of one app, as it is now.

    `edition` is what the license has, `told_edition` what its app is told, null for none. `active` is what apps read.
    """

    id: UUID
    site_name: str
    customer: UUID | None
    customer_name: str
    billing: Billing | None
    state: str
    active: bool
    type: LicenseType
    period: Period
    user_tier: int | None = Field(description="most users it is for, null for any number")
    trial_ends_at: datetime | None
    period_ends_at: datetime | None
    edition: Edition | None
    next_edition: Edition | None
    edition_trial_ends_at: datetime | None
    told_edition: Edition | None
    access_token: str | None = Field(description="the first characters of the token that hides the license, or null")
    entitlement_id: UUID
    entitlement_number: str
    support_number: str
    began_at: datetime | None
    changed_at: datetime
    changes_at: datetime | None = Field(description="when time alone changes it next")
    revision: int
    reason: str


class ChangeOut(Schema):
    """One thing that happened. `before` and `after` leave out what is empty."""

    id: UUID
    at: datetime
    event: str
    actor: str
    why: str
    before: dict[str, Any]
    after: dict[str, Any]
    reference: str | None


class Done(Schema):
    """What was done, the same for the same reference for ever, and the license as it is now."""

    change: ChangeOut
    license: LicenseOut


class CustomerQuery(PageQuery):
    q: str = Field("", max_length=100, description="a part of the name or address, or a whole reference")
    billing: Billing | None = None
    reference: str = Field("", max_length=100)


class LicenseQuery(PageQuery):
    customer: UUID | None = None
    host: UUID | None = None
    site: UUID | None = None
    app: str = Field("", max_length=64)
    state: Literal["", "none", "trial", "trial_expired", "active", "cancelled", "expired"] = ""
    number: str = Field("", max_length=30, description="an entitlement number or a support number")


class Asking(Schema):
    """Who calls it what, and why. The same reference again is the same act, and changes nothing."""

    reference: Reference | None = None
    why: Why = ""
    revision: int | None = Field(None, ge=0, le=2**53, description="refuse it unless the license is at this revision")


class Changing(Asking):
    """`user_tier` null is any number of users; what is left out stays."""

    type: LicenseType | None = None
    user_tier: int | None = Field(None, ge=1, le=MOST_USERS)
    period: Period | None = None
    edition: Edition | None = None

    def order(self) -> Order:
        """What the body asks for."""
        return Order(
            period=self.period,
            kind=self.type,
            user_tier=self.user_tier,
            is_for_any_number="user_tier" in self.model_fields_set and self.user_tier is None,
            edition=self.edition,
        )


class Payment(Changing):
    """A subscription is paid. It needs a reference, so that a payment that is told twice counts once."""

    reference: Reference


class Trial(Asking):
    ends_at: AwareDatetime | None = Field(None, description="the usual length, where it is left out")


def license_out(sight: LicenseSight) -> dict[str, Any]:
    """One license for an answer."""
    row, terms, told = sight.row, sight.terms, sight.told
    return {
        "id": row.pk,
        "host": row.site.host_id,
        "site": row.site.site,
        "app": row.listing.app_key,
        "site_name": row.site.name,
        **_owner(sight),
        "state": terms.state,
        "active": told.active,
        "type": terms.kind,
        "period": terms.period,
        "user_tier": terms.user_tier,
        "trial_ends_at": terms.trial_ends_at,
        "period_ends_at": terms.period_ends_at,
        "edition": terms.edition,
        "next_edition": terms.next_edition,
        "edition_trial_ends_at": terms.edition_trial_ends_at,
        "told_edition": told.edition,
        "access_token": told.token.prefix if told.token else None,
        **_numbers(row),
        "changes_at": told.changes_at,
        "reason": told.reason,
    }


def change_out(change: LicenseChange) -> dict[str, Any]:
    """One change for an answer."""
    return {name: getattr(change, name) for name in ChangeOut.model_fields}


def _owner(sight: LicenseSight) -> dict[str, Any]:
    customer = sight.customer
    return {
        "customer": customer.pk if customer else None,
        "customer_name": customer.name if customer else "",
        "billing": customer.billing if customer else None,
    }


def _numbers(row: SiteLicense) -> dict[str, Any]:
    names = ("entitlement_id", "entitlement_number", "support_number", "began_at", "changed_at", "revision")
    return {name: getattr(row, name) for name in names}
