"""What people do by forms, and that nobody else can do it through them."""

import re

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import HOUR, START, poll, publish
from tests.marketplace.vendors import descriptor

from tradepost.foundation.models import User
from tradepost.marketplace.catalog.models import Listing, Membership, Vendor
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db

LISTING = "/listings/com.example.app/"


@pytest.fixture
def vendors_browser(owner):
    return sign_in(owner)


@pytest.fixture
def operators_browser(operator):
    return sign_in(operator)


def test_an_app_is_read_first_and_listed_when_its_vendor_says_so(server, vendor, vendors_browser):
    url = server.serve(descriptor(scopes=["ACT_AS_USER"], odd=1))
    asked = {"vendor": str(vendor.pk), "descriptor_url": url}

    page = text_of(vendors_browser.post("/new-listing/", asked))
    assert "act in the name of users" in page
    assert "/odd" in page
    assert not Listing.objects.exists()

    page = after(vendors_browser.post("/new-listing/", asked | {"confirm": url}, follow=True))
    assert "is listed, privately, with version 1.0.0" in page
    assert Listing.objects.get().state == "private"


def test_an_address_that_was_not_read_is_not_listed(server, vendor, vendors_browser):
    read, other = server.serve(descriptor()), server.serve(descriptor(key="other.app"), "/other.json")
    asked = {"vendor": str(vendor.pk), "descriptor_url": other, "confirm": read}
    assert "other.app" in text_of(vendors_browser.post("/new-listing/", asked))
    assert not Listing.objects.exists()


def test_every_problem_of_a_descriptor_is_shown_at_once_with_its_place(server, vendor, vendors_browser):
    url = server.serve({"key": "a b", "scopes": "READ"})
    answer = vendors_browser.post("/new-listing/", {"vendor": str(vendor.pk), "descriptor_url": url})
    page = answer.content.decode()
    assert answer.status_code == 422
    for pointer in ("/key", "/baseUrl", "/authentication", "/scopes"):
        assert f"<code>{pointer}</code>" in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"descriptor_url": ""}, "This field is required"),
        ({"descriptor_url": "http://169.254.169.254/latest"}, "id_descriptor_url_errors"),
        ({"descriptor_url": "ftp://127.0.0.1/x"}, "id_descriptor_url_errors"),
        ({"vendor": "nonsense"}, "id_vendor_errors"),
    ],
)
def test_what_cannot_be_read_is_explained_beside_its_field(asked, words, server, vendor, vendors_browser):
    good = {"vendor": str(vendor.pk), "descriptor_url": server.serve(descriptor())}
    answer = vendors_browser.post("/new-listing/", good | asked)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_nobody_lists_an_app_for_another_vendor(server, vendor, stranger):
    url = server.serve(descriptor())
    asked = {"vendor": str(vendor.pk), "descriptor_url": url, "confirm": url}
    assert sign_in(stranger).post("/new-listing/", asked).status_code == 422
    assert not server.asked


def test_a_key_is_listed_once(server, vendor, listing, vendors_browser):
    url = server.url()
    answer = vendors_browser.post(
        "/new-listing/", {"vendor": str(vendor.pk), "descriptor_url": url, "confirm": url}, follow=True
    )
    assert answer.status_code == 422
    assert "is listed already" in answer.content.decode()


def test_a_listing_is_submitted_withdrawn_approved_and_made_private(listing, vendors_browser, operators_browser):
    assert "an operator looks at it" in after(vendors_browser.post(LISTING + "submission/", follow=True))
    assert "taken back" in after(vendors_browser.post(LISTING + "withdrawal/", follow=True))
    vendors_browser.post(LISTING + "submission/")
    review = Review.objects.get(state="waiting")
    page = after(operators_browser.post(f"/reviews/{review.pk}/approval/", {"comment": "Good."}, follow=True))
    assert "is approved" in page
    assert Listing.objects.get().state == "public"
    assert "Good." in text_of(vendors_browser.get(f"/reviews/{review.pk}/"))
    assert "private now" in after(vendors_browser.post(LISTING + "privacy/", follow=True))
    assert "Nothing was done" in after(vendors_browser.post(LISTING + "privacy/", follow=True))


def test_a_no_says_why(listing, vendors_browser, operators_browser):
    vendors_browser.post(LISTING + "submission/")
    review = Review.objects.get()
    answer = operators_browser.post(f"/reviews/{review.pk}/rejection/", {"comment": " "})
    assert answer.status_code == 422
    assert "id_comment_errors" in answer.content.decode()
    operators_browser.post(f"/reviews/{review.pk}/rejection/", {"comment": "The name is taken."})
    assert Listing.objects.get().state == "private"
    page = after(operators_browser.post(f"/reviews/{review.pk}/approval/", {}, follow=True))
    assert "already" in page


def test_a_vendor_asks_for_a_poll_and_resumes_a_held_app(listing, vendors_browser):
    assert "A poll is asked for" in after(vendors_browser.post(LISTING + "poll/", follow=True))
    assert "is not held" in after(vendors_browser.post(LISTING + "resumption/", follow=True))
    Listing.objects.update(held_at=START, held_reason="It changed too often.")
    assert "It changed too often." in text_of(vendors_browser.get(LISTING))
    assert "resume it first" in after(vendors_browser.post(LISTING + "poll/", follow=True))
    assert "versions are made again" in after(vendors_browser.post(LISTING + "resumption/", follow=True))
    assert Listing.objects.get().held_at is None


def test_the_page_is_loaded_anew_when_a_poll_has_ended(listing, vendors_browser):
    vendors_browser.post(LISTING + "poll/")
    answer = vendors_browser.get(LISTING + "watching/")
    assert "hx-get" in text_of(answer)
    assert "HX-Refresh" not in answer
    listing.refresh_from_db()
    poll(listing, listing.next_poll_at)
    Listing.objects.update(next_poll_at=listing.next_poll_at + 24 * 365 * 100 * HOUR)
    assert vendors_browser.get(LISTING + "watching/")["HX-Refresh"] == "true"


def test_another_address_must_serve_the_same_app(server, listing, vendors_browser):
    other = server.serve(descriptor(key="other.app"), "/other.json")
    answer = vendors_browser.post(LISTING + "address/", {"descriptor_url": other})
    assert answer.status_code == 422
    assert "key.changed" in answer.content.decode()
    moved = server.serve(descriptor(), "/moved.json")
    assert "watched from now on" in after(
        vendors_browser.post(LISTING + "address/", {"descriptor_url": moved}, follow=True)
    )
    assert Listing.objects.get().descriptor_url == moved


def test_a_preview_says_what_a_change_would_do_and_publishes_nothing(server, listing, owner, operator):
    publish(listing, owner=owner, operator=operator)
    browser = sign_in(owner)
    text = '{"key": "com.example.app", "baseUrl": "http://127.0.0.2:9000/app", "authentication": {"type": "jwt"},'
    text += '"lifecycle": {"installed": "/installed"}, "scopes": ["ADMIN"], "enableLicensing": true, "name": "New"}'
    page = text_of(browser.post(LISTING + "preview/", {"text": text}))
    for words in ("It would be version 1.1.0", "scope.added", "Could go alone", "review.payment", "/name"):
        assert words in page
    assert "Nothing would change" in text_of(browser.post(LISTING + "preview/", {"text": ""}))
    refused = text.replace("com.example.app", "other.app")
    assert "It would be refused" in text_of(browser.post(LISTING + "preview/", {"text": refused}))
    answer = browser.post(LISTING + "preview/", {"text": '{"key": 1, "key": 2}'})
    assert answer.status_code == 422
    assert "document.repeated_key" in answer.content.decode()
    assert AppVersion.objects.count() == 1


def test_release_notes_are_kept(listing, vendors_browser):
    address = LISTING + "versions/1.0.0/notes/"
    assert "are kept" in after(vendors_browser.post(address, {"notes": "Quicker."}, follow=True))
    assert AppVersion.objects.get().notes == "Quicker."
    assert vendors_browser.post(address, {"notes": "x" * 10_001}).status_code == 422


def test_an_operator_makes_a_vendor_and_gives_it_an_owner(operators_browser):
    asked = {"name": "New vendor", "contact_email": "contact@new.test"}
    page = after(operators_browser.post("/vendors/new/", asked, follow=True))
    assert "New vendor" in page
    vendor = Vendor.objects.get()
    operators_browser.post(f"/vendors/{vendor.pk}/", {"email": "Owner@New.test", "role": "owner"})
    assert Membership.objects.get().user.email == "owner@new.test"
    answer = operators_browser.post("/vendors/new/", asked)
    assert answer.status_code == 422
    assert "There is a vendor of this name" in answer.content.decode()


def test_an_owner_adds_changes_and_removes_people_but_not_the_last_owner(vendor, vendors_browser):
    address = f"/vendors/{vendor.pk}/"
    page = after(vendors_browser.post(address, {"email": "dev@acme.test", "role": "developer"}, follow=True))
    assert "dev@acme.test is now developer" in page
    dev = Membership.objects.get(user__email="dev@acme.test")
    vendors_browser.post(f"{address}people/{dev.pk}/", {"role": "owner"})
    dev.refresh_from_db()
    assert dev.role == "owner"
    vendors_browser.post(f"{address}people/{dev.pk}/", {"remove": "yes"})
    last = Membership.objects.get()
    assert "keeps at least one owner" in after(
        vendors_browser.post(f"{address}people/{last.pk}/", {"remove": "yes"}, follow=True)
    )
    answer = vendors_browser.post(address, {"email": "no address", "role": "developer"})
    assert answer.status_code == 422
    assert "id_email_errors" in answer.content.decode()


def test_a_developer_manages_no_people(vendor, vendors_browser):
    vendors_browser.post(f"/vendors/{vendor.pk}/", {"email": "dev@acme.test", "role": "developer"})
    browser = sign_in()
    browser.force_login(User.objects.get(email="dev@acme.test"))
    assert "Add somebody" not in text_of(browser.get(f"/vendors/{vendor.pk}/"))
    asked = {"email": "friend@x.test", "role": "owner"}
    assert browser.post(f"/vendors/{vendor.pk}/", asked).status_code == 403
    member = Membership.objects.get(role="owner")
    assert browser.post(f"/vendors/{vendor.pk}/people/{member.pk}/", {"remove": "y"}).status_code == 403


def test_a_code_for_a_host_service_is_shown_once_and_not_kept(operators_browser):
    answer = operators_browser.post("/hosts/new/", {"name": "Product"})
    code = re.search(r"tpe_[\w-]+", text_of(answer))[0]
    assert answer["Cache-Control"] == "no-store"
    host = HostService.objects.get()
    assert code not in text_of(operators_browser.get(f"/hosts/{host.pk}/"))
    assert operators_browser.post("/hosts/new/", {"name": "Product"}).status_code == 422
    again = re.search(r"tpe_[\w-]+", text_of(operators_browser.post(f"/hosts/{host.pk}/invitation/")))[0]
    assert again != code


def test_a_host_service_is_revoked(host, operators_browser):
    address = f"/hosts/{host[0].pk}/revocation/"
    assert "is refused from now on" in after(operators_browser.post(address, follow=True))
    assert "revoked already" in after(operators_browser.post(address, follow=True))


def addresses_of_forms(vendor, host, review):
    person = Membership.objects.filter(vendor=vendor).get()
    listing = [LISTING + end for end in ("submission/", "privacy/", "poll/", "address/", "preview/")]
    return [
        *listing,
        LISTING + "versions/1.0.0/notes/",
        "/new-listing/",
        "/vendors/new/",
        f"/vendors/{vendor.pk}/",
        f"/vendors/{vendor.pk}/people/{person.pk}/",
        "/hosts/new/",
        f"/hosts/{host.pk}/invitation/",
        f"/hosts/{host.pk}/revocation/",
        f"/reviews/{review.pk}/approval/",
        f"/reviews/{review.pk}/rejection/",
    ]


def test_a_form_from_elsewhere_is_refused_and_changes_nothing(public_listing, vendor, host, operator):
    browser = sign_in(operator, enforce_csrf_checks=True)
    for address in addresses_of_forms(vendor, host[0], Review.objects.get()):
        answer = browser.post(address, {"name": "x", "comment": "x", "remove": "yes"})
        assert answer.status_code == 403, address
        assert "This form is too old or not ours" in answer.content.decode()
    assert Listing.objects.get().state == "public"
    assert HostService.objects.get().state == "linked"
    assert Membership.objects.filter(vendor=vendor).exists()


def test_our_own_form_passes_where_forms_from_elsewhere_do_not(public_listing, owner):
    browser = sign_in(owner, enforce_csrf_checks=True)
    page = text_of(browser.get(LISTING))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert browser.post(LISTING + "poll/", {"csrfmiddlewaretoken": token}).status_code == 302


def test_a_strangers_form_changes_nothing(public_listing, vendor, host):
    for address in addresses_of_forms(vendor, host[0], Review.objects.get()):
        answer = sign_in().post(address, {"name": "x", "comment": "x", "remove": "yes"})
        assert answer.status_code == 302, address
        assert answer.url.startswith("/accounts/login/")
    assert Listing.objects.get().state == "public"


def test_buttons_answer_to_nothing_but_post(listing, vendors_browser):
    assert vendors_browser.get(LISTING + "privacy/").status_code == 405
    assert Listing.objects.get().state == "private"
