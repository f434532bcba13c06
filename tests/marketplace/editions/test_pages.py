"""The pages about editions, as vendors, operators and strangers see them."""

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.editions.offering import draft, go_live, grant

from tradepost.marketplace.editions import queries
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db
HERE = "/listings/com.example.app/editions/"
PRICES = {"currency": "EUR", "standard_monthly": "2", "advanced_monthly": "5", "revision": "0"}


@pytest.fixture
def browser(owner):
    return sign_in(owner)


@pytest.fixture
def office(operator):
    return sign_in(operator)


def feature(**changes):
    return {"name": "Panel", "kind": "product", "editions": ["standard", "advanced"], "revision": "0"} | changes


def test_the_way_of_editions_by_the_pages(closed, browser, office):
    assert "Editions are not open to Acme yet" in text_of(browser.get(HERE))
    assert browser.post(f"{HERE}features/new/", feature()).status_code == 403
    assert "closed" in text_of(office.get("/early-access/"))
    done = office.post(f"/early-access/{closed.vendor_id}/", {"open": "yes"}, follow=True)
    assert "Editions are open for Acme." in after(done)

    assert "No feature is in Advanced." in text_of(browser.get(HERE))
    form = text_of(browser.get(f"{HERE}features/new/"))
    assert "Reports (reports, generalPages)" in form
    assert "Panel is saved." in after(browser.post(f"{HERE}features/new/", feature(modules=["panel"]), follow=True))
    more = feature(name="Forecast", editions=["advanced"], revision="1")
    browser.post(f"{HERE}features/new/", more)
    page = after(browser.post(f"{HERE}prices/", PRICES | {"revision": "2"}, follow=True))
    assert "Nothing is missing" in page
    assert "an operator looks at the editions now" in after(browser.post(f"{HERE}submission/", follow=True))

    assert "editions" in text_of(office.get("/reviews/"))
    review = Review.objects.get(kind="editions")
    page = text_of(office.get(f"/reviews/{review.pk}/"))
    assert "the app wants to be offered in editions" in page
    assert "EUR 5.00" in page
    said = after(office.post(f"/reviews/{review.pk}/approval/", {"comment": "Fine."}, follow=True))
    assert "The review of the editions of Example is approved." in said

    page = text_of(browser.get(HERE))
    assert "customers on improved billing can switch" in page
    assert "Fine." in page
    public = text_of(sign_in().get("/apps/com.example.app/"))
    assert "Forecast" in public
    assert "EUR 5.00" in public
    assert "without editions again" in after(browser.post(f"{HERE}withdrawal/", follow=True))
    assert "Forecast" not in text_of(sign_in().get("/apps/com.example.app/"))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (feature(name=""), "This field is required"),
        (feature(editions=[]), "This field is required"),
        (feature(modules=["gone"]), "gone is not one of the available choices"),
        (feature(name="n" * 101), "at most 100 characters"),
        (feature(name="Turned \u202e"), "cannot be seen"),
        (feature(revision="7"), "Somebody else has changed the editions"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field(opened, browser, given, text):
    answer = browser.post(f"{HERE}features/new/", given)

    assert answer.status_code == 422
    assert text in answer.content.decode()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"standard_monthly": "-1"}, "greater than or equal to 0"),
        ({"standard_monthly": "1.001"}, "no more than 2 decimal places"),
        ({"standard_monthly": "999999999"}, "less than or equal to"),
        ({"currency": "12$"}, "three letters"),
        ({"revision": "9"}, "Somebody else"),
    ],
)
def test_prices_that_cannot_be_are_said_on_the_page(opened, browser, given, text):
    answer = browser.post(f"{HERE}prices/", PRICES | given)

    assert answer.status_code == 422
    assert text in answer.content.decode()


def test_features_are_changed_moved_and_taken_away(opened, owner, browser):
    draft(opened, owner)
    first, second = queries.drafted(queries.find_editions(opened)).features
    assert "checked" in text_of(browser.get(f"{HERE}features/{first.id}/"))
    assert "stands higher now" in after(browser.post(f"{HERE}features/{second.id}/rise/", {"revision": 1}, follow=True))
    changed = feature(name="Seen", revision="2", modules=["panel"])
    assert "Seen is saved." in after(browser.post(f"{HERE}features/{first.id}/", changed, follow=True))
    late = browser.post(f"{HERE}features/{second.id}/removal/", {"revision": 1}, follow=True)
    assert "Somebody else has changed" in after(late)
    browser.post(f"{HERE}features/{second.id}/removal/", {"revision": 3})

    assert [each.name for each in queries.drafted(queries.find_editions(opened)).features] == ["Seen"]
    assert browser.get(f"{HERE}features/{second.id}/").status_code == 404


def test_changes_of_live_editions_are_told_apart_from_what_customers_see(opened, owner, operator, browser, office):
    go_live(opened, owner, operator)
    forecast = queries.live_draft(opened).features[1]
    given = feature(name="Forecast", editions=["standard", "advanced"], revision="3", modules=list(forecast.modules))
    said = after(browser.post(f"{HERE}features/{forecast.id}/", given, follow=True))
    assert "Customers see the change once an operator has agreed" in said
    assert "will be in Standard and Advanced; it is in Advanced now." in said
    browser.post(f"{HERE}submission/")

    page = text_of(office.get(f"/reviews/{Review.objects.get(kind='editions', state='waiting').pk}/"))
    assert "changes of live editions" in page
    assert "it is in Advanced now." in page


def test_what_is_missing_is_said_when_it_is_submitted_all_the_same(free, browser):
    answer = browser.post("/listings/com.example.free/editions/submission/", follow=True)

    assert "They cannot go live yet. The live version is free." in after(answer)


def test_a_withdrawal_while_somebody_pays_says_how_many(opened, owner, operator, browser, site):
    go_live(opened, owner, operator)
    grant(site, opened, edition="advanced")

    page = after(browser.post(f"{HERE}withdrawal/", follow=True))
    assert "1 license is paid for Advanced" in page


def test_hostile_texts_are_shown_and_not_run(opened, browser):
    given = feature(name="<script>alert(1)</script>", text='"><img src=x onerror=alert(1)>')
    browser.post(f"{HERE}features/new/", given)
    page = text_of(browser.get(HERE))

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_strangers_find_none_of_it(opened, owner, stranger):
    draft(opened, owner)
    other, anybody = sign_in(stranger), sign_in()
    ref = queries.drafted(queries.find_editions(opened)).features[0].id
    places = ["", "features/new/", f"features/{ref}/"]
    actions = ["submission/", "submission-withdrawal/", "withdrawal/", "prices/", f"features/{ref}/removal/"]

    assert {other.get(f"{HERE}{place}").status_code for place in places} == {404}
    assert {other.post(f"{HERE}{action}", PRICES).status_code for action in actions} == {404}
    assert {anybody.get(f"{HERE}{place}").status_code for place in places} == {302}
    assert {sign_in(owner).get("/early-access/").status_code, other.get("/early-access/").status_code} == {404}
    assert sign_in(owner).post(f"/early-access/{opened.vendor_id}/", {"open": "yes"}).status_code == 404
