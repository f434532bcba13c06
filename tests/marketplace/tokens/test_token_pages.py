"""The pages of an app's access tokens."""

import re
from datetime import timedelta

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import START
from tests.marketplace.wire_client import APP

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.tokens import commands, queries
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db

PLACE = f"/listings/{APP}/tokens/"


def shown(page):
    """Link and token of the page that shows them."""
    link = re.search(r'<code id="link">([^<]+)</code>', page)[1]
    secret = re.search(r'<code id="token">([^<]+)</code>', page)[1]
    return link.replace("&amp;", "&"), secret


def test_a_new_token_is_shown_once_with_its_link_and_can_be_copied(listing, owner):
    browser = sign_in(owner)
    answer = browser.post(f"{PLACE}new/", {"name": "Tess", "days": "7"})

    link, secret = shown(text_of(answer))
    assert link.endswith(f"/apps/{APP}/descriptor?access-token={secret}")
    assert queries.find_by_secret(secret).name == "Tess"
    assert answer.content.count(b"data-copy=") == 2
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    for path in (PLACE, f"/listings/{APP}/", f"{PLACE}new/"):
        assert secret not in text_of(browser.get(path))
    assert f"{secret[:10]}…" in text_of(browser.get(PLACE))


@pytest.mark.parametrize(("days", "life"), [("", None), ("1", timedelta(days=1)), ("90", timedelta(days=90))])
def test_a_link_lives_as_long_as_its_vendor_says(listing, owner, days, life):
    text_of(sign_in(owner).post(f"{PLACE}new/", {"days": days}))

    token = AccessToken.objects.get()
    assert (token.expires_at and token.expires_at - token.created_at) == life


def test_wrong_forms_are_shown_again_and_make_nothing(listing, owner):
    browser = sign_in(owner)

    assert browser.post(f"{PLACE}new/", {"days": "1000"}).status_code == 422
    assert browser.post(f"{PLACE}new/", {"name": "x" * 101}).status_code == 422
    assert not AccessToken.objects.exists()


def test_the_list_says_what_became_of_each_token(listing, owner, made, holder):
    now = domain_now()
    late = commands.make(APP, by=owner, now=now - timedelta(days=2), name="Late", expires_at=now - timedelta(days=1))
    gone = commands.make(APP, by=owner, now=now, name="Gone")
    commands.remove(APP, gone.token.pk, by=owner, now=now)
    holder.check((1, {}))
    holder.apply(made.secret)
    holder.simulate(simulated="INACTIVE_TRIAL")

    page = text_of(sign_in(owner).get(PLACE))
    for word in (
        "Site 1",
        "ann@site.test",
        "Trial, expired",
        "bound",
        "applied",
        "expired",
        "removed",
        "1 of at most 50",
    ):
        assert word in page, word
    assert late.token.name in page


def test_a_long_list_goes_on_with_the_next_page(listing, owner):
    AccessToken.objects.bulk_create(
        AccessToken(
            listing=listing,
            name=f"Tester {number}",
            digest=f"{number:064}",
            prefix="tpa_x",
            state="removed",
            created_at=START + timedelta(minutes=number),
            created_by="test",
            removed_at=START,
        )
        for number in range(60)
    )
    browser = sign_in(owner)
    first = text_of(browser.get(PLACE))
    following = re.search(r'<a href="(\?[^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = text_of(browser.get(PLACE + following))

    assert "Tester 59<" in first
    assert "Tester 9<" not in first
    assert "Tester 9<" in second
    assert 'rel="next"' not in second


def test_a_new_link_is_shown_once_too_and_the_old_one_is_dead(made, owner):
    browser = sign_in(owner)
    _, secret = shown(text_of(browser.post(f"{PLACE}{made.token.pk}/link/")))

    assert queries.find_by_secret(made.secret) is None
    assert queries.find_by_secret(secret) == made.token
    assert browser.get(f"{PLACE}{made.token.pk}/link/").status_code == 405


def test_a_bound_token_gets_no_new_link(made, owner, holder):
    holder.apply(made.secret)
    browser = sign_in(owner)

    assert f"{made.token.pk}/link/" not in text_of(browser.get(PLACE))
    page = after(browser.post(f"{PLACE}{made.token.pk}/link/", follow=True))
    assert "been bound to a site for ever" in page


def test_removing_says_what_it_does_and_asks_first(made, owner, holder):
    holder.apply(made.secret)
    browser, place = sign_in(owner), f"{PLACE}{made.token.pk}/removal/"

    assert "it is unlicensed at once" in text_of(browser.get(place))
    assert AccessToken.objects.get().state == "bound"
    assert "is removed." in after(browser.post(place, follow=True))
    assert AccessToken.objects.get().state == "removed"
    assert "It was removed" in text_of(browser.get(place))


def test_the_vendor_changes_what_the_license_looks_like(made, owner, holder):
    holder.check((1, {}))
    holder.apply(made.secret)
    browser, place = sign_in(owner), f"{PLACE}{made.token.pk}/simulation/"

    assert "Subscription, cancelled" in text_of(browser.get(place))
    page = after(browser.post(place, {"simulated": "INACTIVE_SUBSCRIPTION", "edition": "standard"}, follow=True))
    assert "Site 1 is told of it at once." in page
    assert "Subscription, expired" in page
    assert browser.post(place, {"simulated": "NONE", "edition": "advanced"}).status_code == 422
    assert AccessToken.objects.get().simulated == "INACTIVE_SUBSCRIPTION"


def test_when_all_are_in_use_the_page_offers_none_and_says_why(listing, owner):
    AccessToken.objects.bulk_create(
        AccessToken(listing=listing, digest=f"{number:064}", prefix="tpa_x", created_at=START, created_by="test")
        for number in range(50)
    )
    browser = sign_in(owner)

    assert "Remove one to make another." in text_of(browser.get(PLACE))
    answer = browser.post(f"{PLACE}new/", {})
    assert answer.status_code == 422
    assert "at most 50 access tokens" in answer.content.decode()


def test_nobody_of_another_vendor_sees_or_does_anything(made, stranger):
    browser = sign_in(stranger)
    ends = ["", "new/", *(f"{made.token.pk}/{end}/" for end in ("removal", "simulation"))]

    assert {browser.get(PLACE + end).status_code for end in ends} == {404}
    assert {browser.post(PLACE + end).status_code for end in ends[1:]} == {404}
    assert browser.post(f"{PLACE}{made.token.pk}/link/").status_code == 404
    made.token.refresh_from_db()
    assert made.token.state == "unbound"


def test_strangers_sign_in_first(made):
    browser = sign_in()

    for end in ("", "new/", f"{made.token.pk}/removal/", f"{made.token.pk}/simulation/"):
        assert browser.get(PLACE + end)["Location"].startswith("/accounts/login/")


def test_forms_of_other_places_are_refused(made, owner):
    browser = sign_in(owner, enforce_csrf_checks=True)

    for end in ("new/", f"{made.token.pk}/link/", f"{made.token.pk}/removal/", f"{made.token.pk}/simulation/"):
        assert browser.post(PLACE + end).status_code == 403
    assert AccessToken.objects.get().state == "unbound"


def test_names_of_people_and_tokens_are_no_markup(listing, owner, holder):
    made = commands.make(APP, by=owner, now=START, name="<script>alert(1)</script>")
    holder.apply(made.secret, by="<b>@x.test")
    browser = sign_in(owner)

    for end in ("", f"{made.token.pk}/removal/"):
        page = text_of(browser.get(PLACE + end))
        assert "<script>alert" not in page
        assert "<b>@x" not in page
