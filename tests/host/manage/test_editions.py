"""Switching editions from a site: what is shown before, what happens, and what refuses."""

import pytest
from django.http import HttpResponse
from tests.host.browsers import forms_of, said, text_of
from tests.host.manage.town import APP, DAY, START, Town

from tradepost.wire.licenses import CHANGED_MEANWHILE

PAGE = f"/alpha/manage/{APP}/"
UP, DOWN = f"{PAGE}editions/advanced/", f"{PAGE}editions/standard/"


@pytest.fixture
def paying(town: Town) -> Town:
    """Editions are live, and the site pays by the month, on Standard."""
    town.put_editions()
    town.customer(billing="improved")
    town.install()
    town.give(state="active", period="monthly", anchor=START, period_ends_at=START.replace(month=4), edition="standard")
    return town


def shown(town: Town, page: str = PAGE) -> str:
    return text_of(town.browser().get(page))


def switch(town: Town, page: str) -> HttpResponse:
    """Look at what it would mean, and press the button."""
    return town.browser().submit(page, page)


def test_before_a_switch_stands_what_is_gained_and_lost_for_whom_and_when(paying: Town) -> None:
    page = shown(paying, UP)
    assert "When at once" in page
    gained = page[page.index("What the site gains") : page.index("What the site loses")]
    assert "Reports : Every week." in gained
    assert "On this site: The report panel, for everybody" in gained
    assert "The plain panel" not in page
    lost = page[page.index("What the site loses") :]
    assert "The basics panel webPanels everybody" in lost


def test_a_switch_up_is_at_once_and_one_down_at_the_end_of_the_period_until_it_is_taken_back(paying: Town) -> None:
    assert "The site has the edition Advanced now" in said(switch(paying, UP))
    assert "it is licensed, edition Advanced" in shown(paying)
    assert "When Thu 02 Apr 2026, 14:00" in shown(paying, DOWN)
    assert "The edition becomes Standard Thu 02 Apr 2026, 14:00" in said(switch(paying, DOWN))
    assert "Standard from Thu 02 Apr 2026, 14:00" in shown(paying)
    kept = paying.browser().submit(PAGE, f"{PAGE}kept-edition/")
    assert "The site keeps the edition Advanced" in said(kept)
    assert "Next edition" not in shown(paying)
    assert [each["wish"] for each in paying.acts("license.wished")] == ["switch", "switch", "keep"]


def test_a_higher_edition_is_tried_once_and_its_days_are_counted(paying: Town) -> None:
    done = paying.browser().submit(PAGE, f"{UP}trial/")
    assert "The site tries the edition Advanced now" in said(done)
    assert "tried: 30 days left, until Wed 01 Apr 2026, 14:00" in shown(paying)
    paying.now = START + 30 * DAY
    paying.forget()
    page = shown(paying)
    assert "Edition Standard" in page
    assert "Try Advanced" not in page


def test_of_two_administrators_the_second_sees_what_the_first_did_before_they_decide_again(paying: Town) -> None:
    second = paying.browser()
    preview = second.get(UP)
    switch(paying, UP)
    from_page = form_of(preview)
    answer = second.post(UP, from_page)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Somebody else changed this license since you looked" in page
    assert "Now Advanced" in page
    assert f'action="{UP}"' not in answer.content.decode()
    seen = int(from_page["revision"])
    refused = paying.rest("PUT", f"apps/{APP}/edition", edition="standard", revision=seen)
    assert (refused.status_code, refused.json()["rule"]) == (409, CHANGED_MEANWHILE)


def form_of(answer: HttpResponse) -> dict[str, str]:
    """The hidden fields of the button that switches up."""
    return next(hidden for action, hidden in forms_of(answer) if action == UP)


def test_an_app_without_editions_offers_none_and_says_why_not(town: Town) -> None:
    town.install()
    page = shown(town)
    assert "Switch to" not in page
    preview = town.browser().get(UP)
    refused = town.rest("PUT", f"apps/{APP}/edition", edition="advanced", revision=99)
    assert refused.status_code == 409
    assert f'action="{UP}"' not in preview.content.decode()


def test_on_original_billing_no_edition_is_shown_or_offered(paying: Town) -> None:
    paying.customer(billing="original")
    paying.forget()
    page = shown(paying)
    assert "edition Standard" not in page
    assert "Switch to Advanced" not in page
    revision = paying.rest("GET", f"apps/{APP}/license").json()["revision"]
    refused = paying.rest("PUT", f"apps/{APP}/edition", edition="advanced", revision=revision)
    assert refused.status_code == 409
    assert "original billing" in refused.json()["detail"]


@pytest.mark.parametrize("edition", ["gold", "Advanced", "standard advanced"])
def test_an_edition_that_nobody_knows_is_refused_in_words(paying: Town, edition: str) -> None:
    answer = paying.browser().get(f"{PAGE}editions/{edition}/")
    assert answer.status_code == 404
    assert "An edition is one of standard, advanced" in text_of(answer)


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 40, "٣"])
def test_a_revision_that_is_no_number_was_never_seen(paying: Town, revision: str) -> None:
    browser = paying.browser()
    form = form_of(browser.get(UP))
    assert browser.post(UP, {**form, "revision": revision}).status_code == 409
    assert paying.acts("license.wished") == []


def test_while_the_marketplace_is_down_a_switch_is_refused_and_the_page_can_be_tried_again(paying: Town) -> None:
    browser = paying.browser()
    form = form_of(browser.get(UP))
    paying.road.is_down = True
    assert "Nothing is lost" in said(browser.post(UP, form))
    paying.road.is_down = False
    paying.forget()
    assert "The site has the edition Advanced now" in said(browser.post(UP, form))
