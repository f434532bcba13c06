"""The operator's pages of customers and licenses, as a browser gets them."""

import re

import pytest
from django.urls import reverse
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import at, put_live
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.wire_client import site_id

from tradepost.marketplace.licensing.models import Customer, LicenseChange, PushTurn, SiteLicense
from tradepost.marketplace.licensing.pushing import push_due

pytestmark = pytest.mark.django_db
LATER = START + 10 * DAY
MARKETPLACE = "tradepost.server.urls.marketplace"


@pytest.fixture
def browser(operator):
    return sign_in(operator)


def address(name, *args):
    return reverse(name, urlconf=MARKETPLACE, args=args)


def hidden(text, way):
    """The hidden fields of the form of one way to act."""
    form = re.search(rf'action="[^"]*/{way}/".*?</form>', text, re.DOTALL)
    assert form, f"no form for {way}"
    return dict(re.findall(r'type="hidden" name="(seen|reference)" value="([^"]*)"', form[0]))


class LicensePage:
    def __init__(self, browser, row):
        self.browser, self.row = browser, row

    def text(self, now=LATER):
        with at(now):
            return text_of(self.browser.get(address("license", self.row)))

    def send(self, way, now=LATER, **given):
        told = hidden(self.text(now), way) | given
        with at(now):
            return self.browser.post(address(f"license_{way}", self.row), told, follow=True)


@pytest.fixture
def page(browser, billing, paid):
    return LicensePage(browser, billing.license()["id"])


def test_a_license_goes_its_whole_way_on_its_page(page, paid):
    put_live(paid)
    assert "none yet" in page.text()

    after(page.send("trial", until="2026-04-30T12:00:00"))
    text = page.text()
    assert "2026-04-30 12:00" in text
    assert "<svg viewBox" in text

    bought = after(page.send("payment", period="monthly", kind="academic", user_tier="25", edition="advanced"))
    assert "It is paid." in bought
    assert "up to 25 users" in bought
    assert "Advanced" in bought

    after(page.send("change", period="monthly", kind="academic", user_tier="", edition="standard", why="Too dear"))
    changed = page.text()
    assert "any number of users" in changed
    assert "Standard from" in changed
    assert "Too dear" in changed

    assert "and runs on" in after(page.send("cancellation"))
    assert "taken back" in after(page.send("resumption"))
    assert "It is over." in after(page.send("end"))
    assert [c.event for c in LicenseChange.objects.order_by("at", "pk").distinct()].count("ended") == 1


def test_the_same_form_sent_twice_is_one_payment(page):
    told = hidden(page.text(), "payment") | {"period": "monthly", "kind": "commercial"}
    with at(LATER):
        for _ in range(2):
            page.browser.post(address("license_payment", page.row), told)

    assert LicenseChange.objects.count() == 1


def test_of_two_operators_at_once_the_second_is_told_to_look_again(page, billing):
    billing.pays(period="monthly")
    told = hidden(page.text(), "cancellation")
    billing.does("changes", user_tier=5)
    with at(LATER):
        said = after(page.browser.post(address("license_cancellation", page.row), told, follow=True))

    assert "Somebody has changed this license meanwhile" in said
    assert SiteLicense.objects.get().state == "active"


@pytest.mark.parametrize(
    ("way", "given", "said"),
    [
        ("payment", {"period": "weekly", "kind": "commercial"}, "weekly is not one of the available choices"),
        ("payment", {"period": "monthly", "kind": "commercial", "user_tier": "0"}, "greater than or equal to 1"),
        ("trial", {"until": "2020-01-01T00:00:00"}, "A trial ends in the future"),
        ("trial", {"until": "soon"}, "Enter a valid date/time"),
    ],
)
def test_what_cannot_be_stands_beside_its_form(page, way, given, said):
    answer = page.send(way, **given)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "<details open>" in answer.content.decode()
    assert not LicenseChange.objects.exists()


def test_a_page_that_was_made_for_another_state_is_refused_beside_its_form(page, billing):
    told = hidden(page.text(), "payment")
    with at(LATER):
        answer = page.browser.post(address("license_end", page.row), told | {"seen": "0"})

    assert answer.status_code == 422
    assert "not possible in the state none" in answer.content.decode()


def test_a_license_that_a_host_was_not_told_of_says_so(page, billing, at_host):
    billing.pays(period="monthly")
    assert "not yet" in page.text()

    push_due(START)  # nobody listens there
    assert PushTurn.objects.get().problem[:20] in page.text()


def test_the_history_comes_in_pages(page, billing):
    billing.pays(period="monthly")
    for number in range(60):
        billing.does("changes", user_tier=number + 1)

    text = page.text()
    assert "Older" in text
    assert text.count("corrected") == 50


def test_lists_are_filtered(browser, billing, paid, secret):
    billing.pays(period="monthly")
    billing.license(2)
    row = SiteLicense.objects.get(state="active")

    def listed(**asked):
        with at(LATER):
            return text_of(browser.get(address("licenses"), asked))

    assert "Site 2" in listed()
    assert "Site 2" not in listed(state="active")
    assert "Site 1" in listed(number=row.support_number)
    assert "Site 2" not in listed(customer=str(Customer.objects.get(name="Site 1").pk))
    assert "No license fits" in listed(app="com.nobody")
    assert browser.get(address("licenses"), {"customer": "x"}).status_code == 404
    assert browser.get(address("licenses"), {"after": "x"}).status_code == 422


def test_a_customer_is_made_given_a_site_moved_and_forgotten(browser, at_host, billing):
    with at(LATER):
        made = after(
            browser.post(
                address("new_customer"), {"name": "Acme Ltd", "billing": "original", "reference": "C-1"}, follow=True
            )
        )
        assert "Acme Ltd is a customer" in made
        customer = Customer.objects.get(reference="C-1")
        given = {"site": "http://site2.test/"}
        assert "Site 2 is theirs now" in after(browser.post(address("assign_site", customer.pk), given, follow=True))
        wrong = browser.post(address("assign_site", customer.pk), {"site": str(site_id(77))})
        assert (wrong.status_code, "No site that was ever checked" in wrong.content.decode()) == (422, True)
        moved = after(browser.post(address("move_billing", customer.pk), {"to": "improved"}, follow=True))
        assert "on improved billing" in moved
        twice = browser.post(address("new_customer"), {"name": "B", "billing": "original", "reference": "C-1"})
        assert (twice.status_code, "Another customer has this reference" in twice.content.decode()) == (422, True)
        refused = after(browser.post(address("remove_customer", customer.pk), follow=True))
        assert "still has sites" in refused
        changed = {"name": "Acme plc", "contact_email": "a@b.test", "reference": ""}
        assert "Acme plc" in after(browser.post(address("edit_customer", customer.pk), changed, follow=True))
        assert "Site 2" in text_of(browser.get(address("customer_sites", customer.pk)))
        assert "Acme plc" in text_of(browser.get(address("customers"), {"q": "acme"}))
        assert "No customer fits" in text_of(browser.get(address("customers"), {"q": "nobody"}))


def test_the_pages_are_for_operators_and_do_not_exist_for_others(owner, page, billing):
    for name, args in (
        ("customers", ()),
        ("licenses", ()),
        ("license", (page.row,)),
        ("customer", (Customer.objects.get().pk,)),
    ):
        assert sign_in(owner).get(address(name, *args)).status_code == 404
        assert sign_in().get(address(name, *args)).status_code == 302
    assert sign_in(owner).post(address("license_end", page.row)).status_code == 404


def test_a_form_without_its_token_is_refused(operator, page):
    browser = sign_in(operator, enforce_csrf_checks=True)

    assert browser.post(address("license_end", page.row), {"seen": "0"}).status_code == 403


def test_names_of_sites_and_customers_are_text_and_not_markup(browser, page, at_host, billing):
    Customer.objects.update(name="<b>Acme</b>")
    text = page.text() + text_of(browser.get(address("customers")))

    assert "<b>Acme</b>" not in text
    assert "&lt;b&gt;Acme&lt;/b&gt;" in text
