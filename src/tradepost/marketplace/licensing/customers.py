"""Customers: who they are, which sites are theirs, and how they are billed."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction

from tradepost.core.errors import ConflictError, InvalidInputError, NotFoundError
from tradepost.core.license import Billing
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.marketplace.hosts.models import SiteRecord

from . import queries
from .changes import touch_many
from .commands import customer_of, default_billing
from .models import Customer, OwnedSite, SiteLicense
from .telling import tell_hosts_of_customer, tell_hosts_of_site

LONGEST_NAME = 200
LONGEST_REFERENCE = 100
HAS_EDITION = "customer.has_editions"
"""The rule of the refusal to go back to original billing."""

REFERENCE_USED = "customer.reference_used"
HAS_SITES = "customer.has_sites"


@transaction.atomic
def make(
    name: str,
    *,
    by: Caller,
    now: datetime,
    contact_email: str = "",
    reference: str | None = None,
    billing: Billing | None = None,
) -> Customer:
    """Make a customer without sites, billed as policy says of new ones unless `billing` says otherwise.

    Raises ConflictError where another customer has the reference.
    """
    queries.require_biller(by)
    made = Customer(id=new_id(), billing=billing or default_billing(), created_at=now)
    _write(made, name=name, contact_email=contact_email, reference=reference)
    _save(made, is_new=True)
    _record("customer.made", made, by=by, now=now, billing=made.billing, reference=made.reference)
    return made


@transaction.atomic
def change(
    customer_id: UUID,
    *,
    by: Caller,
    now: datetime,
    name: str | None = None,
    contact_email: str | None = None,
    reference: str | None = None,
) -> Customer:
    """Change what a customer is called; what is None stays, an empty reference or address is taken away."""
    customer = _lock(customer_id, by)
    before = {"name": customer.name, "contact_email": customer.contact_email, "reference": customer.reference}
    _write(customer, name=name, contact_email=contact_email, reference=reference)
    _save(customer)
    _record("customer.changed", customer, by=by, now=now, before=before)
    return customer


@transaction.atomic
def amend(
    customer_id: UUID,
    *,
    by: Caller,
    now: datetime,
    name: str | None = None,
    contact_email: str | None = None,
    reference: str | None = None,
    billing: Billing | None = None,
) -> None:
    """Both `change` and `move_billing`, or neither."""
    if (name, contact_email, reference) != (None, None, None):
        change(customer_id, by=by, now=now, name=name, contact_email=contact_email, reference=reference)
    if billing is not None:
        move_billing(customer_id, billing, by=by, now=now)


@transaction.atomic
def move_billing(customer_id: UUID, to: Billing, *, by: Caller, now: datetime) -> Customer:
    """Bill a customer in another way, and have the hosts of all their licenses told. The same way again is nothing.

    Moving to improved billing shows no edition yet: a license has none until somebody switches. Raises ConflictError
    for a move back once a license has an edition, which apps would see vanish.
    """
    customer = _lock(customer_id, by)
    if customer.billing == to:
        return customer
    if to is Billing.ORIGINAL and _licenses_with_edition(customer_id=customer_id):
        text = (
            "A license of this customer has an edition already. Original billing knows none, so there is no way back."
        )
        raise ConflictError(text, HAS_EDITION)
    customer.billing = to
    customer.moved_at = now if to is Billing.IMPROVED else None
    customer.save(update_fields=["billing", "moved_at"])
    touch_many("o.customer_id = %s", [customer.pk], now=now)
    tell_hosts_of_customer(customer.pk)
    _record("customer.billing_moved", customer, by=by, now=now, billing=to)
    return customer


@transaction.atomic
def assign_site(customer_id: UUID, site: SiteRecord, *, by: Caller, now: datetime) -> OwnedSite:
    """Give a site to a customer. Its licenses stay what they are; from now on they are billed as the new customer is.

    Raises ConflictError where the new customer is on original billing and a license of the site has an edition.
    """
    queries.require_biller(by)
    customer_of(site, now=now)
    queries.get_customer(by, customer_id)
    owned = OwnedSite.objects.select_for_update().get(site=site)
    # Both at once and in one order, so that two sites that change places do not block each other.
    both = Customer.objects.select_for_update().filter(pk__in=[owned.customer_id, customer_id]).order_by("pk")
    held = {each.pk: each for each in both}
    before, customer = held[owned.customer_id], held.get(customer_id)
    if customer is None:
        raise NotFoundError("customer", customer_id)
    if before == customer:
        return owned
    if customer.billing == Billing.ORIGINAL and _licenses_with_edition(site_id=site.pk):
        text = "A license of this site has an edition, and this customer is on original billing, which knows none."
        raise ConflictError(text, HAS_EDITION)
    owned.customer, owned.since = customer, now
    owned.save(update_fields=["customer", "since"])
    touch_many("license.site_id = %s", [site.pk], now=now)
    tell_hosts_of_site(site.pk)
    _record("customer.site_assigned", customer, by=by, now=now, site=site.name, before=str(before.pk))
    _forget_stand_in(before, site, by=by, now=now)
    return owned


@transaction.atomic
def remove(customer_id: UUID, *, by: Caller, now: datetime) -> None:
    """Forget a customer who has no sites any more. Raises ConflictError for one who has."""
    customer = _lock(customer_id, by)
    if OwnedSite.objects.filter(customer=customer).exists():
        raise ConflictError("This customer still has sites: give them to another customer first.", HAS_SITES)
    _record("customer.removed", customer, by=by, now=now, reference=customer.reference)
    customer.delete()


def _forget_stand_in(customer: Customer, site: SiteRecord, *, by: Caller, now: datetime) -> None:
    """A customer that was made for one site, and of whom nobody has said anything since, goes with that site."""
    # A site that no check has named yet is called by its identifier.
    is_named_by_us = customer.name in {site.name, str(site.site)}
    says_nothing = is_named_by_us and not customer.contact_email and customer.reference is None
    if says_nothing and not OwnedSite.objects.filter(customer=customer).exists():
        _record("customer.removed", customer, by=by, now=now, site=site.name)
        customer.delete()


def _lock(customer_id: UUID, by: Caller) -> Customer:
    seen = queries.get_customer(by, customer_id)
    return Customer.objects.select_for_update().get(pk=seen.pk)


def _licenses_with_edition(*, customer_id: UUID | None = None, site_id: int | None = None) -> bool:
    with_edition = SiteLicense.objects.exclude(edition=None, next_edition=None)
    if site_id is not None:
        return with_edition.filter(site_id=site_id).exists()
    return with_edition.filter(site__owned__customer_id=customer_id).exists()


def _write(customer: Customer, *, name: str | None, contact_email: str | None, reference: str | None) -> None:
    if name is not None:
        customer.name = " ".join(name.split())
        if not 1 <= len(customer.name) <= LONGEST_NAME:
            raise InvalidInputError(f"A customer has a name of 1 to {LONGEST_NAME} characters.", "/name")
    if contact_email is not None:
        customer.contact_email = contact_email.strip()
        _check_email(customer.contact_email)
    if reference is not None:
        customer.reference = reference.strip() or None
        if customer.reference is not None and len(customer.reference) > LONGEST_REFERENCE:
            raise InvalidInputError(f"A reference has at most {LONGEST_REFERENCE} characters.", "/reference")
    if any("\0" in value for value in (name, contact_email, reference) if value):
        raise InvalidInputError("A text holds a NUL character.")


def _check_email(address: str) -> None:
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise InvalidInputError("This is no e-mail address.", "/contact_email") from error


def _save(customer: Customer, *, is_new: bool = False) -> None:
    try:
        with transaction.atomic():
            customer.save(force_insert=is_new)
    except IntegrityError as error:
        raise ConflictError("Another customer has this reference.", REFERENCE_USED) from error


def _record(action: str, customer: Customer, *, by: Caller, now: datetime, **detail: object) -> None:
    assert connection.in_atomic_block
    audit.record(
        action,
        service="marketplace",
        actor=by.actor,
        subject=("customer", customer.pk),
        now=now,
        name=customer.name,
        **{name: value for name, value in detail.items() if value is not None},
    )
