"""Reviews of deployed apps, versions that are taken back, and majors that wait beside each other."""

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import START
from tests.marketplace.deployments.manifests import KEY, MAJOR, MINOR, MOVED, PAID, manifest

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.rollout.catalogue import Catalogue

pytestmark = pytest.mark.django_db


def review_of(number):
    return Review.objects.get(version__number=number, state="waiting")


def test_a_deployed_app_becomes_public_as_any_other(public):
    catalogue = Catalogue()
    catalogue.refresh()

    assert catalogue.find(KEY).is_public
    assert text_of(sign_in().get(f"/apps/{KEY}/"))


def test_a_private_app_is_never_reviewed(acme):
    acme.deployed()
    assert acme.deployed(manifest(**PAID), approve_major=True)["state"] == "offered"
    assert acme.deployed(manifest(**MOVED), approve_major=True)["review"] == []


def test_payment_and_address_of_a_public_app_are_reviewed(public):
    made = public.deployed(manifest(**PAID), approve_major=True)
    assert (made["state"], [each["rule"] for each in made["review"]]) == ("in_review", ["review.payment"])
    made = public.deployed(manifest(**MOVED), approve_major=True)
    assert (made["version"], [each["rule"] for each in made["review"]]) == ("3.0.0", ["review.base_url"])
    assert public.get("/environments").json()[0]["pending"] == ["3.0.0", "2.0.0"]
    assert public.numbers()[-1] == ("1.1.0", "offered")


def test_an_offer_supersedes_what_waits_in_its_own_major_only(public, operator):
    public.deployed(manifest(**PAID), approve_major=True)
    public.deployed(manifest(**PAID, **MINOR))
    public.deployed(manifest(**PAID, **MAJOR), approve_major=True)
    reviews.approve(review_of("3.0.0").pk, by=operator, now=START)

    # 2.1.0 and 2.0.0 cost something, as 3.0.0 does; what is offered below them, 1.1.0, does not.
    assert public.numbers() == [
        ("3.0.0", "offered"), ("2.1.0", "in_review"), ("2.0.0", "in_review"), ("1.1.0", "offered"),
    ]  # fmt: skip
    reviews.approve(review_of("2.1.0").pk, by=operator, now=START)
    assert public.numbers()[1:3] == [("2.1.0", "offered"), ("2.0.0", "superseded")]
    assert str(Listing.objects.get().offered) == "3.0.0"
    assert Review.objects.filter(state="waiting").count() == 0


def test_a_backport_is_reviewed_against_its_own_major(public, operator):
    public.deployed(manifest(**PAID), approve_major=True)
    reviews.approve(review_of("2.0.0").pk, by=operator, now=START)
    made = public.deployed(manifest(**MINOR), major_version=1)

    assert (made["version"], made["state"], made["review"]) == ("1.2.0", "offered", [])


def test_a_backport_that_waits_and_a_newer_major_decide_nothing_for_each_other(public, operator):
    public.deployed(manifest(**MAJOR), approve_major=True)
    moved = [{"key": "connect", "baseUrl": "http://127.0.0.2:9000/poll"}]
    free = public.deployed(manifest(remotes=moved, **MINOR), major_version=1)
    assert (free["version"], free["state"]) == ("1.2.0", "offered")
    assert public.deployed(manifest(**MAJOR, **MINOR))["state"] == "offered"
    assert [state for _, state in public.numbers()] == ["offered"] * 4


def test_a_version_that_waits_is_withdrawn_with_its_review(public, owner):
    public.deployed(manifest(**PAID), approve_major=True)
    answer = public.post("/versions/2.0.0/withdrawal", {"environment": "production"})

    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert Review.objects.get(version__number="2.0.0").state == "superseded"
    assert AuditEntry.objects.get(action="version.withdrawn").actor == owner.actor
    assert public.post("/versions/2.0.0/withdrawal", {"environment": "production"}).status_code == 409
    assert public.post("/versions/1.1.0/withdrawal", {"environment": "production"}).status_code == 409
    assert public.post("/versions/1.1.0/withdrawal", {"environment": "staging"}).status_code == 404
    assert public.deployed(manifest(**MINOR))["version"] == "1.2.0"
    assert public.deployed(manifest(**PAID), approve_major=True)["version"] == "3.0.0"


def test_an_approval_after_the_withdrawal_finds_the_review_over(public, operator):
    public.deployed(manifest(**PAID), approve_major=True)
    waiting = review_of("2.0.0")
    public.post("/versions/2.0.0/withdrawal", {"environment": "production"})

    with pytest.raises(reviews.ConflictError):
        reviews.approve(waiting.pk, by=operator, now=START)
    assert public.numbers()[0] == ("2.0.0", "withdrawn")


def test_a_rejected_number_is_never_used_again(public, operator):
    public.deployed(manifest(**PAID), approve_major=True)
    reviews.reject(review_of("2.0.0").pk, comment="No", by=operator, now=START)

    made = public.deployed(manifest(**PAID), approve_major=True)
    assert (made["version"], made["before"]) == ("3.0.0", "1.1.0")


def test_made_private_everything_that_waits_is_offered(public, owner):
    public.deployed(manifest(**PAID), approve_major=True)
    public.deployed(manifest(**PAID, **MINOR))
    catalog.make_private(KEY, by=owner, now=START)

    assert public.numbers() == [("2.1.0", "offered"), ("2.0.0", "superseded"), ("1.1.0", "offered")]


def test_what_was_deployed_while_the_submission_waited_is_held_back_where_a_review_is_due(acme, owner, operator):
    acme.deployed()
    catalog.submit_listing(KEY, by=owner, now=START)
    acme.deployed(manifest(**MINOR))
    acme.deployed(manifest(**PAID), approve_major=True)
    reviews.approve(Review.objects.get(state="waiting").pk, by=operator, now=START)

    assert acme.numbers() == [("2.0.0", "in_review"), ("1.2.0", "offered"), ("1.1.0", "offered")]


def test_the_review_shows_the_manifest_and_an_operator_decides_on_the_page(public, operator):
    text = manifest(**PAID, modules={"macro": [{"key": "shown-nowhere"}]})
    public.deployed(text, approve_major=True, message="Costs now", run_url="https://ci.example/7")
    browser, waiting = sign_in(operator), review_of("2.0.0")
    page = text_of(browser.get(f"/reviews/{waiting.pk}/"))

    assert "Costs now" in page
    assert "https://ci.example/7" in page
    assert 'class="unrendered"' in page
    assert "the app has to be paid for" in page
    browser.post(f"/reviews/{waiting.pk}/rejection/", {"comment": "Say the price"})
    assert public.numbers()[0] == ("2.0.0", "rejected")


def test_the_vendor_withdraws_on_the_page(public, owner):
    public.deployed(manifest(**PAID), approve_major=True)
    browser, place = sign_in(owner), f"/deployed-apps/{public.app}/"
    assert "Withdraw 2.0.0" in text_of(browser.get(place))
    assert "Withdraw 2.0.0" in text_of(browser.get(f"/listings/{KEY}/versions/2.0.0/"))
    address = f"{place}versions/2.0.0/withdrawal/"

    assert "never used again" in after(browser.post(address, {"environment": "production"}, follow=True))
    assert "cannot be taken back" in after(browser.post(address, {"environment": "production"}, follow=True))
    assert browser.post(address, {"environment": "qa"}).status_code == 404
