"""Customers: whose a site is, how they are billed, and the way from original to improved billing."""

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import put_live, rule_of
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.test_rest import Program
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.tokens.holders import Holder
from tests.marketplace.wire_client import APP, site_id

from tradepost.core.errors import ConflictError, ForbiddenError
from tradepost.core.license import Billing
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import customers
from tradepost.marketplace.licensing.models import Customer, OwnedSite, PendingPush, SiteLicense
from tradepost.marketplace.tokens import commands as tokens

pytestmark = pytest.mark.django_db
LATER = START + 2 * DAY


@pytest.fixture
def acme(operator):
    return customers.make("Acme Ltd", by=operator, now=START, billing=Billing.ORIGINAL, reference="C-1")


def give(customer, number, *, by, at_host, now=START):
    site = SiteRecord.objects.get(host=at_host.service, site=site_id(number))
    return customers.assign_site(customer.pk, site, by=by, now=now)


def test_a_site_of_nobody_gets_a_customer_of_its_own_when_it_first_needs_one(at_host, paid):
    at_host.wishes("trial")

    owner = Customer.objects.get()
    assert (owner.name, owner.billing) == ("Site 1", "improved")
    assert OwnedSite.objects.get().customer == owner
    assert AuditEntry.objects.filter(action="customer.made").count() == 1


def test_original_billing_shows_no_edition_and_improved_shows_none_until_the_first_switch(
    at_host, billing, operator, paid, acme
):
    put_live(paid)
    give(acme, 1, by=operator, at_host=at_host)
    billing.pays(period="monthly")
    original = at_host.decision()
    assert (original["active"], original.get("edition"), original["may_switch"]) == (True, None, False)

    customers.move_billing(acme.pk, Billing.IMPROVED, by=operator, now=LATER)
    improved = at_host.decision(now=LATER)
    assert (improved.get("edition"), improved["may_switch"]) == (None, True)
    assert improved["revision"] == original["revision"] + 1

    assert at_host.wishes("switch", edition="advanced", now=LATER)["edition"] == "advanced"


def test_moving_a_customer_has_every_host_told_and_moving_there_again_is_nothing(
    at_host, billing, operator, paid, acme
):
    for number in (1, 2):
        give(acme, number, by=operator, at_host=at_host)
        billing.pays(number=number, period="monthly")
    PendingPush.objects.all().delete()

    customers.move_billing(acme.pk, Billing.IMPROVED, by=operator, now=LATER)
    customers.move_billing(acme.pk, Billing.IMPROVED, by=operator, now=LATER)

    assert PendingPush.objects.count() == 2
    assert set(SiteLicense.objects.values_list("revision", flat=True)) == {2}
    assert AuditEntry.objects.filter(action="customer.billing_moved").count() == 1
    acme.refresh_from_db()
    assert acme.moved_at == LATER


def test_there_is_no_way_back_once_a_license_has_an_edition(at_host, billing, operator, paid):
    put_live(paid)
    billing.pays(period="monthly")
    customer = Customer.objects.get()

    with pytest.raises(ConflictError) as refused:
        customers.move_billing(customer.pk, Billing.ORIGINAL, by=operator, now=LATER)
    assert refused.value.rule == "customer.has_editions"

    told = billing.send("patch", f"/customers/{customer.pk}", {"billing": "original", "name": "Renamed"})
    assert rule_of(told) == (409, "customer.has_editions")
    customer.refresh_from_db()
    assert customer.name == "Site 1"


def test_without_an_edition_the_way_back_is_open(at_host, billing, operator, paid):
    billing.pays(period="monthly")
    customer = Customer.objects.get()

    customers.move_billing(customer.pk, Billing.ORIGINAL, by=operator, now=LATER)

    assert at_host.decision(now=LATER)["why_not"].startswith("The customer is on original billing")


@pytest.mark.django_db(transaction=True)
def test_a_switch_and_a_move_back_at_once_never_leave_an_edition_on_original_billing(at_host, billing, operator, paid):
    billing.does("trial")
    put_live(paid)
    customer = Customer.objects.get()

    def moves():
        return customers.move_billing(customer.pk, Billing.ORIGINAL, by=operator, now=LATER)

    def switches():
        return at_host.wish("switch", edition="advanced", revision=1, now=LATER)

    for _ in range(5):
        at_the_same_time(moves, switches)
        customer.refresh_from_db()
        row = SiteLicense.objects.get()
        assert not (customer.billing == "original" and row.edition)
        Customer.objects.update(billing="improved")
        SiteLicense.objects.update(revision=1, edition=None)


def test_a_site_that_changes_hands_keeps_its_licenses_and_is_billed_as_its_new_owner_is(
    at_host, billing, operator, paid, acme
):
    put_live(paid, now=START + DAY)
    billing.pays(period="monthly")
    before = at_host.decision(now=LATER)
    assert before["may_switch"]

    give(acme, 1, by=operator, at_host=at_host, now=LATER)

    after = at_host.decision(now=LATER)
    assert (after["state"], after["entitlement_number"]) == ("active", before["entitlement_number"])
    assert (after["may_switch"], after["revision"]) == (False, before["revision"] + 1)
    assert OwnedSite.objects.get().since == LATER


def test_a_customer_that_only_stood_in_for_its_site_goes_with_it_and_a_named_one_stays(
    at_host, billing, operator, paid, acme
):
    other = customers.make("Other Ltd", by=operator, now=START)
    billing.pays(period="monthly")

    give(acme, 1, by=operator, at_host=at_host)
    assert set(Customer.objects.values_list("name", flat=True)) == {"Acme Ltd", "Other Ltd"}
    give(other, 1, by=operator, at_host=at_host)
    assert Customer.objects.count() == 2


def test_a_stand_in_for_a_site_that_was_met_by_its_token_goes_too(at_host, operator, owner, paid, acme):
    token = tokens.make(APP, by=owner, now=START)
    assert Holder(at_host.credential).apply(token.secret, site=9).status_code == 200
    at_host.meet(9)

    give(acme, 9, by=operator, at_host=at_host)

    assert [each.name for each in Customer.objects.all()] == ["Acme Ltd"]


def test_a_site_with_an_edition_does_not_go_to_a_customer_on_original_billing(at_host, billing, operator, paid, acme):
    put_live(paid)
    billing.pays(period="monthly")

    with pytest.raises(ConflictError):
        give(acme, 1, by=operator, at_host=at_host)


def test_customers_by_rest(billing, at_host):
    made = billing.send("post", "/customers", {"name": " Acme  Ltd ", "reference": "C-7", "contact_email": "a@b.test"})
    assert (made.status_code, made.json()["name"], made.json()["billing"]) == (201, "Acme Ltd", "improved")
    one = f"/customers/{made.json()['id']}"

    assert billing.send("post", "/customers", {"name": "Other", "reference": "C-7"}).status_code == 409
    assert [c["name"] for c in billing.get("/customers?reference=C-7").json()["items"]] == ["Acme Ltd"]
    assert billing.get("/customers?q=acme").json()["items"] == billing.get("/customers?q=C-7").json()["items"]
    assert billing.get("/customers?billing=original").json()["items"] == []

    told = {"host": str(at_host.service.pk), "site": str(site_id(2))}
    assert billing.send("post", f"{one}/sites", told).json()["name"] == "Site 2"
    assert [site["site"] for site in billing.get(f"{one}/sites").json()["items"]] == [str(site_id(2))]
    assert billing.get(one).json()["site_count"] == 1
    assert rule_of(billing.send("delete", one)) == (409, "customer.has_sites")

    changed = billing.send("patch", one, {"name": "Acme plc", "reference": "", "billing": "original"}).json()
    assert (changed["name"], changed["reference"], changed["billing"]) == ("Acme plc", None, "original")
    empty = billing.send("post", "/customers", {"name": "Empty"}).json()["id"]
    assert billing.send("delete", f"/customers/{empty}").status_code == 204
    assert billing.get(f"/customers/{empty}").status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "   "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "A", "contact_email": "nobody"}, "/contact_email"),
        ({"name": "A", "billing": "free"}, "/billing"),
        ({"name": "A", "reference": "x" * 101}, "/reference"),
        ({}, "/name"),
    ],
)
def test_a_customer_that_cannot_be_is_refused_with_the_place(billing, body, pointer):
    answer = billing.send("post", "/customers", body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["problems"]] == [pointer]


def test_other_peoples_sites_and_customers_that_are_not_there_are_not_found(billing, at_host):
    nobody = "00000000-0000-0000-0000-00000000ffff"
    made = billing.send("post", "/customers", {"name": "Acme"}).json()["id"]
    told = {"host": str(at_host.service.pk), "site": nobody}

    assert billing.send("post", f"/customers/{made}/sites", told).status_code == 404
    assert billing.send("post", f"/customers/{nobody}/sites", told).status_code == 404
    assert billing.send("patch", f"/customers/{nobody}", {"name": "A"}).status_code == 404


def test_a_vendor_makes_no_customers(owner):
    with pytest.raises(ForbiddenError):
        customers.make("Acme", by=owner, now=START)
    assert Program(owner, "apps:write").post("/customers", {"name": "Acme"}).status_code == 403


def test_customers_come_in_pages(billing, operator):
    for number in range(5):
        customers.make(f"Customer {number}", by=operator, now=START)

    first = billing.get("/customers?limit=3").json()
    second = billing.get(f"/customers?limit=3&after={first['next']}").json()

    names = [each["name"] for each in first["items"] + second["items"]]
    assert names == [f"Customer {number}" for number in range(5)]
    assert second["next"] is None
