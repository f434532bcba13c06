"""An operator moves the clock of the sandbox, and finds everything that happens in the house."""

from datetime import datetime

import pytest
from playwright.sync_api import expect
from tests.browser.people import DESK

from tradepost.server.seed import OPERATOR, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def instant(place):
    return datetime.fromisoformat(place.locator("time").get_attribute("datetime"))


def test_an_operator_moves_the_clock_to_the_next_due_thing(operator, public_app, cast):
    cast.clock.settle()
    operator.choose("Operator", "Clock")
    operator.sees("Everything that was due is done.")
    operator.photograph("operator-clock")
    due = instant(operator.fact("Next due"))

    operator.press("To the next due")

    operator.sees("Domain time is now")
    assert instant(operator.fact("Domain time")) >= due
    operator.sees("Everything that was due is done.")
    cast.clock.settle()
    operator.page.reload()
    assert instant(operator.fact("Next due")) > due


def test_an_operator_moves_the_clock_by_hours_and_not_back(operator, cast):
    operator.open("/clock/")
    before = instant(operator.fact("Domain time"))
    operator.press("+ 5 h")
    operator.sees("Domain time is now")
    assert (instant(operator.fact("Domain time")) - before).total_seconds() >= 5 * 3600
    operator.page.get_by_label("To a time (UTC)").fill("2001-01-01T00:00:00")
    operator.press("Move")
    operator.main.get_by_role("alert").wait_for()
    cast.clock.settle()


@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_every_page_of_an_operator_opens_and_fits_a_phone(service, at, house):
    operator = at(getattr(house, f"{service}_url"))
    operator.sign_in(OPERATOR, PASSWORD)
    menu = operator.page.locator(".account details").first
    paths = menu.locator("a").evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    assert "/audit/" in paths
    for path in [*paths, "/api/1/"]:
        operator.open(path)
        name = path.strip("/").replace("/", "-")
        if path.startswith("/back-office"):  # another's pages, with a design of their own
            operator.page.screenshot(path=operator.pictures / f"{service}-{name}.png")
        else:
            operator.photograph(f"{service}-{name}")
    assert operator.page.viewport_size == DESK


def test_the_rules_that_reasons_name_can_be_read(vendor, public_app):
    vendor.open(f"/listings/{public_app.key}/versions/1.0.0/")
    vendor.photograph("vendor-version-first")
    vendor.main.locator(".reasons a").first.click()
    expect(vendor.page.locator("h1")).to_have_text("Rules")
    vendor.photograph("rules")
