"""REST: customers and licenses, for operators and billing systems."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from tradepost.core.errors import InvalidInputError
from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import acts, customers, obtaining, queries
from .acts import Act
from .api_shapes import (
    Asking,
    ChangeOut,
    Changing,
    CustomerChange,
    CustomerOut,
    CustomerQuery,
    Done,
    LicenseName,
    LicenseOut,
    LicenseQuery,
    NewCustomer,
    Payment,
    SiteName,
    SiteOut,
    Trial,
    change_out,
    license_out,
)
from .models import Customer, LicenseChange, OwnedSite
from .sights import sight_of, sights_of

router = Router(tags=["licenses"])


@router.get("/customers", response=Page[CustomerOut], operation_id="list_customers", summary="Customers")
def list_customers(request: HttpRequest, query: Query[CustomerQuery]) -> dict[str, Any]:
    found = queries.customers(_biller(request), q=query.q, billing=query.billing or "", reference=query.reference)
    return page_of(found, order=queries.CUSTOMER_ORDER, query=query)


@router.post("/customers", response={201: CustomerOut}, operation_id="make_customer", summary="Make a customer")
def make_customer(request: HttpRequest, new: NewCustomer) -> Status[Customer]:
    made = customers.make(
        new.name,
        by=_biller(request),
        now=domain_now(),
        contact_email=new.contact_email,
        reference=new.reference,
        billing=new.billing,
    )
    return Status(201, made)


@router.get("/customers/{uuid:customer_id}", response=CustomerOut, operation_id="get_customer", summary="One customer")
def get_customer(request: HttpRequest, customer_id: UUID) -> Customer:
    return queries.get_customer(_biller(request), customer_id)


@router.patch("/customers/{uuid:customer_id}", response=CustomerOut, operation_id="change_customer")
def change_customer(request: HttpRequest, customer_id: UUID, change: CustomerChange) -> Customer:
    """Change what a customer is called, or how they are billed."""
    by, now = _biller(request), domain_now()
    customers.amend(
        customer_id,
        by=by,
        now=now,
        name=change.name,
        contact_email=change.contact_email,
        reference=change.reference,
        billing=change.billing,
    )
    return queries.get_customer(by, customer_id)


@router.delete("/customers/{uuid:customer_id}", response={204: None}, operation_id="remove_customer")
def remove_customer(request: HttpRequest, customer_id: UUID) -> Status[None]:
    """Forget a customer who has no sites."""
    customers.remove(customer_id, by=_biller(request), now=domain_now())
    return Status(204, None)


@router.get("/customers/{uuid:customer_id}/sites", response=Page[SiteOut], operation_id="list_customer_sites")
def list_sites(request: HttpRequest, customer_id: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    """The sites of a customer."""
    customer = queries.get_customer(_biller(request), customer_id)
    page = page_of(queries.sites_of(customer), order=("site_id",), query=query)
    return {**page, "items": [_site(each) for each in page["items"]]}


@router.post("/customers/{uuid:customer_id}/sites", response=SiteOut, operation_id="assign_site")
def assign_site(request: HttpRequest, customer_id: UUID, name: SiteName) -> dict[str, Any]:
    """Give a site to a customer; its licenses stay, and are billed as this customer is."""
    by = _biller(request)
    site = queries.get_site(name.host, name.site)
    return _site(customers.assign_site(customer_id, site, by=by, now=domain_now()))


@router.get("/licenses", response=Page[LicenseOut], operation_id="list_licenses", summary="Licenses")
def list_licenses(request: HttpRequest, query: Query[LicenseQuery]) -> dict[str, Any]:
    found = queries.licenses(
        _biller(request),
        customer=query.customer,
        host=query.host,
        site=query.site,
        app=query.app,
        state=query.state,
        number=query.number,
    )
    page = page_of(found, order=queries.LICENSE_ORDER, query=query)
    return {**page, "items": [license_out(each) for each in sights_of(page["items"], now=domain_now())]}


@router.post("/licenses", response={200: LicenseOut, 201: LicenseOut}, operation_id="obtain_license")
def obtain_license(request: HttpRequest, name: LicenseName) -> Status[dict[str, Any]]:
    """The license of a site for an app, made where there is none yet: 201 for a new one, in the state none."""
    by, now = _biller(request), domain_now()
    row, is_new = obtaining.obtain_for(by, name.host, name.site, name.app, now=now)
    return Status(201 if is_new else 200, _license(by, row, now=now))


@router.get("/licenses/{uuid:license_id}", response=LicenseOut, operation_id="get_license", summary="One license")
def get_license(request: HttpRequest, license_id: UUID) -> dict[str, Any]:
    return _license(_biller(request), license_id, now=domain_now())


@router.get("/licenses/{uuid:license_id}/history", response=Page[ChangeOut], operation_id="list_license_history")
def list_history(request: HttpRequest, license_id: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    """What happened to a license, the newest first: who, why, and the terms before and after."""
    queries.get_license(_biller(request), license_id)
    page = page_of(queries.history(license_id), order=queries.HISTORY_ORDER, query=query)
    return {**page, "items": [change_out(each) for each in page["items"]]}


@router.post("/licenses/{uuid:license_id}/payments", response=Done, operation_id="pay_license")
def pay(request: HttpRequest, license_id: UUID, payment: Payment) -> dict[str, Any]:
    """A subscription is paid: it begins, or goes on. Told twice under one reference it counts once."""
    act = _act(request, payment)
    return _done(acts.pay(license_id, act, payment.order()), act)


@router.post("/licenses/{uuid:license_id}/changes", response=Done, operation_id="change_license")
def change(request: HttpRequest, license_id: UUID, changing: Changing) -> dict[str, Any]:
    """Correct type, user tier, period or edition."""
    act = _act(request, changing)
    return _done(acts.change(license_id, act, changing.order()), act)


@router.put("/licenses/{uuid:license_id}/cancellation", response=Done, operation_id="cancel_license")
def cancel(request: HttpRequest, license_id: UUID, asking: Asking) -> dict[str, Any]:
    """Cancel a subscription: it runs to the end of what is paid for."""
    act = _act(request, asking)
    return _done(acts.cancel(license_id, act), act)


@router.put("/licenses/{uuid:license_id}/resumption", response=Done, operation_id="resume_license")
def resume(request: HttpRequest, license_id: UUID, asking: Asking) -> dict[str, Any]:
    """Take a cancellation back."""
    act = _act(request, asking)
    return _done(acts.resume(license_id, act), act)


@router.put("/licenses/{uuid:license_id}/end", response=Done, operation_id="end_license")
def end(request: HttpRequest, license_id: UUID, asking: Asking) -> dict[str, Any]:
    """End a subscription or a trial now."""
    act = _act(request, asking)
    return _done(acts.end(license_id, act), act)


@router.put("/licenses/{uuid:license_id}/trial", response=Done, operation_id="set_trial")
def set_trial(request: HttpRequest, license_id: UUID, trial: Trial) -> dict[str, Any]:
    """Begin a trial, or let the running one end at another time."""
    act = _act(request, trial)
    return _done(acts.set_trial(license_id, act, ends_at=trial.ends_at), act)


def _biller(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    queries.require_biller(caller)
    return caller


def _act(request: HttpRequest, asking: Asking) -> Act:
    if asking.reference is not None and not asking.reference.strip():
        raise InvalidInputError("A reference has a character that can be seen.", "/reference")
    return Act(
        by=_biller(request),
        now=domain_now(),
        why=asking.why,
        reference=asking.reference,
        seen=asking.revision,
    )


def _done(change: LicenseChange, act: Act) -> dict[str, Any]:
    return {"change": change_out(change), "license": _license(act.by, change.license_id, now=act.now)}


def _license(by: Caller, license_id: UUID, *, now: datetime) -> dict[str, Any]:
    return license_out(sight_of(queries.get_license(by, license_id), now=now))


def _site(owned: OwnedSite) -> dict[str, Any]:
    site = owned.site
    own = {name: getattr(site, name) for name in ("site", "name", "base_url", "users", "product_edition")}
    return {**own, "host": site.host_id, "since": owned.since}
