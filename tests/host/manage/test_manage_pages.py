"""The pages of licenses: what an administrator reads of each app, and who may see and do what."""

from datetime import timedelta

import pytest
from tests.host.browsers import forms_of, said, text_of
from tests.host.manage.town import APP, DAY, START, Town

from tradepost.core.states import LicenseState
from tradepost.foundation.models import AuditEntry
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import Site

PAGE = f"/alpha/manage/{APP}/"


def shown(town: Town, page: str = PAGE) -> str:
    answer = town.browser().get(page)
    assert answer.status_code == 200, answer.content
    return text_of(answer)


def test_a_trial_is_shown_with_the_days_that_are_left_and_its_end_by_the_sites_clock(settled: Town) -> None:
    assert "30 days left, until Wed 01 Apr 2026, 14:00" in shown(settled)
    settled.now = START + 29 * DAY + timedelta(seconds=1)
    assert "1 day left" in shown(settled)
    overview = shown(settled, "/alpha/manage/")
    assert "trial" in overview
    assert "1.0.0" in overview
    assert "Europe/Berlin" in overview


def test_at_the_very_instant_of_its_end_a_trial_is_over(settled: Town) -> None:
    settled.now = START + 30 * DAY
    page = shown(settled)
    assert "trial is over" in page
    assert "it is not licensed" in page


@pytest.mark.parametrize(
    ("state", "period", "words"),
    [
        (LicenseState.ACTIVE, "monthly", "Paid monthly; this period ends Thu 02 Apr 2026, 14:00"),
        (LicenseState.ACTIVE, "none", "it runs until it is ended"),
        (LicenseState.CANCELLED, "annual", "It runs until Tue 02 Mar 2027, 13:00 and ends then"),
    ],
)
def test_a_subscription_is_shown_with_its_period(settled: Town, state: str, period: str, words: str) -> None:
    ends = {"monthly": START.replace(month=4), "annual": START.replace(year=2027), "none": None}[period]
    settled.give(state=state, period=period, anchor=START if ends else None, period_ends_at=ends)
    assert words in shown(settled)


def test_a_free_app_is_called_free_and_offers_no_license(settled: Town) -> None:
    settled.installation().running.__class__.objects.update(paid=False)
    page = shown(settled)
    assert "free app" in page
    assert "Begin trial" not in page
    refused = settled.rest("PUT", f"apps/{APP}/trial", revision=1)
    assert (refused.status_code, refused.json()["rule"]) == (409, "app.free")


def test_a_trial_is_begun_from_the_list_of_apps(settled: Town) -> None:
    settled.give(state="none", trial_used=False, trial_ends_at=None)
    done = settled.browser().submit("/alpha/manage/", f"{PAGE}trial/")
    assert "The trial has begun." in said(done)
    assert "30 days left" in shown(settled)
    [row] = settled.acts("license.wished")
    assert (row["actor"], row["wish"]) == ("admin@alpha.example", "trial")


def test_while_the_marketplace_is_down_the_pages_say_what_stands_and_how_long(settled: Town) -> None:
    settled.road.is_down = True
    settled.forget()
    settled.now += DAY
    page = shown(settled)
    assert "The marketplace cannot be reached: marketplace.test does not accept connections." in page
    assert "It answered last Mon 02 Mar 2026, 13:00" in page
    assert "stands until Mon 09 Mar 2026, 13:00" in page
    assert "it is licensed" in page
    settled.now = START + 7 * DAY
    assert "counts no more" in shown(settled)
    assert "it is not licensed" in shown(settled)
    assert "not confirmed for too long" in shown(settled, "/alpha/manage/")


def test_every_button_says_in_words_that_the_marketplace_is_down_and_changes_nothing(settled: Town) -> None:
    settled.give(state="none", trial_used=False, trial_ends_at=None)
    page = settled.browser()
    page.get(PAGE)
    settled.road.is_down = True
    done = page.submit(PAGE, f"{PAGE}trial/")
    assert "Nothing is lost: try again in a while." in said(done)
    refused = page.submit(PAGE, f"{PAGE}access-token/", token="tpa_0123456789abcdef0123456789abcdef")
    assert refused.status_code == 422
    assert "Nothing is lost" in text_of(refused)
    preview = page.get(f"{PAGE}editions/advanced/")
    assert (preview.status_code, "Nothing is lost" in text_of(preview)) == (503, True)
    assert settled.acts("license.wished") == []


def test_only_administrators_of_the_site_do_anything_and_only_they_and_operators_look(settled: Town) -> None:
    set_member(settled.site.pk, email=settled.person("user@alpha.example").actor, role="user", by=settled.admin,
               now=settled.now)  # fmt: skip
    answers = {who: settled.browser(who).get(PAGE).status_code for who in ("user@alpha.example", "admin@beta.example")}
    assert answers == {"user@alpha.example": 403, "admin@beta.example": 404}
    operator = settled.browser("operator@town.example")
    page = operator.get(PAGE)
    assert page.status_code == 200
    assert "An administrator of the site decides" in text_of(page)
    token = {"csrfmiddlewaretoken": forms_of(page)[0][1]["csrfmiddlewaretoken"]}
    for action in ("trial/", "kept-edition/", "editions/advanced/", "access-token/removal/"):
        answer = operator.post(f"{PAGE}{action}", {"revision": "1", **token})
        assert answer.status_code == 403, action
    assert operator.post(f"{PAGE}access-token/", {"token": settled.token().secret, **token}).status_code == 403


def test_every_form_insists_on_a_token_of_its_own(settled: Town) -> None:
    browser = settled.browser()
    browser.get(PAGE)
    for action in ("trial/", "kept-edition/", "editions/advanced/", "editions/advanced/trial/", "access-token/",
                   "access-token/removal/", "simulation/"):  # fmt: skip
        assert browser.post(f"{PAGE}{action}", {"revision": "1"}).status_code == 403, action


def test_what_people_did_is_in_the_history_without_any_secret(settled: Town) -> None:
    made = settled.token()
    settled.browser().submit(PAGE, f"{PAGE}access-token/", token=made.secret)
    page = shown(settled, f"{PAGE}history/")
    assert "applied the access token" in page
    assert made.token.prefix in page
    assert made.secret not in page


def test_what_the_app_was_told_stands_in_the_history_in_plain_words(settled: Town) -> None:
    made = settled.token()
    settled.browser().submit(PAGE, f"{PAGE}access-token/", token=made.secret)
    page = shown(settled, f"{PAGE}history/")
    assert "the marketplace" in page
    assert "the app is told: licensed, on trial" in page
    assert "license.seen" not in page


def test_private_listings_are_switched_on_the_same_page(settled: Town) -> None:
    browser = settled.browser()
    done = browser.submit("/alpha/manage/", "/alpha/settings/private-listings/")
    assert done["Location"] == "/alpha/manage/"
    assert "Private listings are off" in said(done)
    assert "This site takes no access tokens" in shown(settled)
    assert f"{PAGE}access-token/" not in [each[0] for each in forms_of(browser.get(PAGE))]


def test_the_edition_of_the_sites_own_product_is_set_with_an_audit_row_and_told_by_rest(town: Town) -> None:
    action = "/alpha/settings/product-edition/"
    done = town.browser().submit("/alpha/settings/", action, product_edition="premium")
    assert "has the edition Premium now" in said(done)
    assert Site.objects.get(pk=town.site.pk).product_edition == "premium"
    answer = town.rest("PUT", "product-edition", product_edition="free")
    assert (answer.status_code, answer.json()["product_edition"]) == (200, "free")
    assert town.rest("PUT", "product-edition", product_edition="gold").status_code == 422
    refused = town.browser().submit("/alpha/settings/", action, product_edition="gold")
    assert refused.status_code == 422
    rows = AuditEntry.objects.filter(action="site.product_edition_set").order_by("recorded_at")
    assert [row.detail for row in rows] == [
        {"before": "standard", "after": "premium"},
        {"before": "premium", "after": "free"},
    ]
