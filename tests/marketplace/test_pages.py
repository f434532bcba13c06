"""What each page shows to whom."""

import html
import json
import re

import pytest
from tests.marketplace.browsing import sign_in, text_of
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import WireHost

from tradepost.core.rules import RULES
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.notices.commands import page_of
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db

LISTING = "/listings/com.example.app/"
OF_A_LISTING = ["", "versions/", "versions/1.0.0/", "versions/1.1.0/", "sites/", "preview/", "notices/", "polls/"]
OF_A_LISTING += ["address/", "watching/", "versions/1.1.0/descriptor.json"]
FOR_VENDORS = ["/", "/listings/", "/new-listing/", "/vendors/", "/reviews/", "/reviews/?state="]
FOR_OPERATORS = ["/vendors/new/", "/hosts/", "/hosts/new/"]
FOR_EVERYBODY = ["/", "/apps/", "/apps/com.example.app/", "/rules/"]


@pytest.fixture
def rollout(server, public_listing, host):
    """Two versions, a third in review, and sites in several states."""
    wire = WireHost(host[1])
    wire.check(*[(number, "1.0.0") for number in range(1, 5)])
    wire.report(*[wire.says(number, "1.0.0") for number in range(1, 5)])
    server.serve(descriptor(scopes=["READ", "WRITE"], name="Example 2"))
    poll(public_listing, START + 5 * HOUR)
    waits = {"target": "1.1.0", "text": "It asks for more."}
    wire.report(
        wire.says(1, "1.1.0"),
        wire.says(2, "1.0.0", "waiting_consent", **waits),
        wire.says(3, "1.0.0", "failed", until="2026-03-03T12:00:00Z", **waits),
    )
    server.serve(descriptor(scopes=["READ", "WRITE"], name="Example 2", baseUrl="http://127.0.0.2:9000/moved"))
    return poll(public_listing, START + 10 * HOUR)


@pytest.mark.parametrize("path", FOR_EVERYBODY)
def test_the_catalogue_and_the_rules_are_open_to_strangers(path, rollout):
    text_of(sign_in().get(path))


@pytest.mark.parametrize("path", [*FOR_VENDORS[1:], *FOR_OPERATORS, *(LISTING + end for end in OF_A_LISTING)])
def test_strangers_are_sent_to_sign_in_and_back(path, rollout):
    answer = sign_in().get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/?next=/")


@pytest.mark.parametrize("path", [*FOR_VENDORS, *FOR_EVERYBODY, *(LISTING + end for end in OF_A_LISTING)])
def test_every_page_of_a_vendor_is_there_for_its_people_and_for_operators(path, rollout, owner, operator):
    for caller in (owner, operator):
        text_of(sign_in(caller).get(path))


@pytest.mark.parametrize("path", FOR_OPERATORS)
def test_pages_of_operators_do_not_exist_for_vendors(path, rollout, owner, operator):
    text_of(sign_in(operator).get(path))
    assert sign_in(owner).get(path).status_code == 404


@pytest.mark.parametrize("end", OF_A_LISTING)
def test_another_vendors_app_does_not_exist(end, rollout, stranger):
    assert sign_in(stranger).get(LISTING + end).status_code == 404


@pytest.mark.parametrize(
    "end", ["submission/", "withdrawal/", "privacy/", "poll/", "resumption/", "address/", "preview/"]
)
def test_nothing_can_be_done_to_another_vendors_app(end, rollout, stranger):
    answer = sign_in(stranger).post(LISTING + end, {"descriptor_url": "http://127.0.0.1:9/x", "text": "{}"})
    assert answer.status_code == 404
    assert Listing.objects.get(pk=rollout.pk).state == "public"


def test_another_vendors_page_review_and_version_notes_do_not_exist(rollout, stranger, vendor, host):
    browser = sign_in(stranger)
    review = Review.objects.get(state="waiting")
    assert browser.get(f"/vendors/{vendor.pk}/").status_code == 404
    assert browser.post(f"/vendors/{vendor.pk}/", {"email": "me@x.test", "role": "owner"}).status_code == 404
    assert browser.get(f"/reviews/{review.pk}/").status_code == 404
    assert browser.post(f"/reviews/{review.pk}/approval/").status_code == 404
    assert browser.post(LISTING + "versions/1.0.0/notes/", {"notes": "x"}).status_code == 404
    assert browser.get(f"/hosts/{host[0].pk}/").status_code == 404
    assert "com.example.app" not in text_of(browser.get("/")) + text_of(browser.get("/listings/"))
    assert str(review.pk) not in text_of(browser.get("/reviews/"))


def test_a_private_app_is_not_in_the_catalogue(listing, owner):
    assert "Example" not in text_of(sign_in().get("/apps/"))
    assert sign_in(owner).get("/apps/com.example.app/").status_code == 404


def test_the_address_in_a_mail_leads_to_the_listing(listing, owner):
    answer = sign_in(owner).get(page_of(listing), follow=True)
    assert answer.request["PATH_INFO"] == LISTING
    assert "Example" in text_of(answer)


def test_a_stranger_learns_what_this_is(db):
    page = text_of(sign_in().get("/"))
    assert "Vendors list their apps here" in page
    assert "/accounts/login/" in page


def test_the_front_page_tells_a_vendor_how_the_apps_stand(rollout, owner):
    page = text_of(sign_in(owner).get("/"))
    assert "Example" in page
    assert "1 of 4" in page
    assert "Host services" not in page


def test_the_front_page_tells_an_operator_what_waits(rollout, server, operator):
    server.serve(500)
    poll(rollout, START + 15 * HOUR)
    page = text_of(sign_in(operator).get("/"))
    review = Review.objects.get(state="waiting")
    assert "Needs a look" in page
    assert "answered 500" in page
    assert f"/reviews/{review.pk}/" in page
    assert str(HostService.objects.get().pk) in page


def test_a_listing_shows_its_rollout_and_a_chart_of_it(rollout, owner):
    page = text_of(sign_in(owner).get(LISTING))
    chart = json.loads(html.unescape(re.search(r'data-chart="([^"]+)"', page)[1]))
    assert [series["label"] for series in chart["series"]] == ["1.1.0", "1.0.0"]
    assert [series["values"][-1] for series in chart["series"]] == [1, 3]
    assert {len(series["values"]) for series in chart["series"]} == {len(chart["times"])}
    for words in ("newest offered", "in review", "Make private", "Poll now", "1 of 4 run the newest"):
        assert words in page


def test_a_problem_is_told_in_plain_words_with_pointers_and_since_when(rollout, server, owner):
    server.serve({"key": "com.example.app", "baseUrl": 7})
    poll(rollout, START + 15 * HOUR)
    page = text_of(sign_in(owner).get(LISTING))
    assert "/authentication" in page
    assert 'href="/rules/#field.required"' in page
    assert "2026-03-03 00:00 UTC" in page
    assert "Sites keep running what they run" in page


def test_the_sites_of_an_app_say_why_they_are_not_on_the_newest_and_until_when(rollout, owner):
    page = text_of(sign_in(owner).get(LISTING + "sites/"))
    assert "It asks for more." in page
    assert "until an administrator decides" in page
    assert "2026-03-03 12:00 UTC" in page
    assert "It has not asked since 1.1.0 was offered" in page
    only = text_of(sign_in(owner).get(LISTING + "sites/?state=waiting_consent"))
    assert "Site 2" in only
    assert "Site 3" not in only


def test_a_version_shows_its_reasons_and_its_difference(rollout, owner):
    page = text_of(sign_in(owner).get(LISTING + "versions/1.1.0/"))
    assert 'href="/rules/#scope.added"' in page
    assert "needs consent" in page
    assert "Could have gone alone" in page
    assert "&quot;Example 2&quot;" in page
    assert "/scopes/1" in page


def test_a_version_that_the_last_site_has_left_says_that_its_code_can_go(server, public_listing, host, owner):
    wire = WireHost(host[1])
    wire.check((1, "1.0.0"))
    wire.report(wire.says(1, "1.0.0"))
    server.serve(descriptor(name="Next"))
    poll(public_listing, START + 5 * HOUR)
    browser = sign_in(owner)
    assert "can go" not in text_of(browser.get(LISTING + "versions/1.0.0/"))
    wire.report(wire.says(1, "1.0.1"))
    assert "code kept for it can go" in text_of(browser.get(LISTING + "versions/1.0.0/"))


def test_the_descriptor_of_a_version_is_kept_in_a_file_as_it_was_fetched(rollout, owner):
    answer = sign_in(owner).get(LISTING + "versions/1.0.0/descriptor.json")
    assert json.loads(answer.content) == descriptor()
    assert answer["Content-Disposition"] == 'attachment; filename="com.example.app-1.0.0.json"'


def test_a_review_shows_the_difference_to_what_is_offered(rollout, operator):
    review = Review.objects.get(state="waiting")
    page = text_of(sign_in(operator).get(f"/reviews/{review.pk}/"))
    assert "Difference to 1.1.0" in page
    assert "http://127.0.0.2:9000/moved" in page
    assert "review.base_url" in page
    assert "Approve" in page


def test_a_vendor_may_read_a_review_and_not_decide_it(rollout, owner):
    review = Review.objects.get(state="waiting")
    browser = sign_in(owner)
    assert "Approve" not in text_of(browser.get(f"/reviews/{review.pk}/"))
    assert browser.post(f"/reviews/{review.pk}/approval/").status_code == 404


def test_long_listings_go_on_with_the_next_page(public_listing, owner):
    Listing.objects.bulk_create(
        Listing(
            vendor=public_listing.vendor, app_key=f"app-{number:03}", name=f"App {number}", created_at=START,
            descriptor_url="http://127.0.0.1:9/", descriptor_host="127.0.0.1:9", next_poll_at=START,
        )
        for number in range(60)
    )  # fmt: skip
    browser = sign_in(owner)
    first = text_of(browser.get("/listings/?q=app"))
    following = html.unescape(re.search(r'href="(\?[^"]*after=[^"]+)"', first)[1])
    second = text_of(browser.get("/listings/" + following))
    assert "q=app" in following
    assert "app-000" in first
    assert "app-059" not in first
    assert "app-059" in second
    assert browser.get("/listings/?after=nonsense").status_code == 422


def test_every_rule_has_a_place_that_reasons_link_to(db):
    page = text_of(sign_in().get("/rules/"))
    assert all(f'id="{name}"' in page for name in RULES)


def test_no_page_brings_its_own_script_or_style(rollout, operator, vendor):
    browser = sign_in(operator)
    ends = [LISTING + end for end in OF_A_LISTING if not end.endswith(".json")]
    for path in ["/", "/hosts/", f"/vendors/{vendor.pk}/", "/reviews/?state=", *ends]:
        page = text_of(browser.get(path))
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page), path
