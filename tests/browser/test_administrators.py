"""The administrator of a site installs an app, watches it come, reads the call to it; and keeps the site's hours."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_administrator_installs_an_app_and_reads_the_signed_call(administrator, public_app):
    administrator.open("/")
    administrator.follow("Alpha")
    administrator.photograph("site-overview")
    administrator.follow("Catalogue")
    administrator.sees("What can be installed")
    administrator.photograph("site-catalogue")
    administrator.follow(public_app.name)
    administrator.sees("Installing it lets the app")
    expect(administrator.main.locator(".rights")).to_contain_text("(READ)")
    administrator.photograph("site-install")
    administrator.press("Install")

    administrator.sees("The app is being installed.")
    expect(administrator.fact("Runs")).to_have_text("version 1.0.0")
    call = administrator.main.locator("details.fold", has=administrator.page.locator("code:text-is('installed')"))
    call.locator("summary").click()
    expect(call).to_contain_text("succeeded")
    expect(call).to_contain_text(f"POST {public_app.url}/installed")
    expect(call).to_contain_text(re.compile(r'"sharedSecret": ?"\(masked\)"'))
    expect(call).to_contain_text(re.compile(r"authorization: JWT", re.IGNORECASE))
    administrator.photograph("site-app")
    administrator.open(f"/alpha/apps/{public_app.key}/calls/")
    administrator.sees("Secrets are masked.")
    administrator.photograph("site-calls")
    administrator.open("/alpha/apps/")
    administrator.sees(public_app.name)
    administrator.photograph("site-apps")


def test_the_app_tells_its_vendor_that_the_call_was_signed(installed_app, at):
    somebody = at(installed_app.url)
    somebody.open(installed_app.page)

    received = somebody.page.locator("#received tr:has(td:text-is('installed'))")
    expect(received).to_have_count(1)
    expect(received.locator("td").nth(2)).to_have_text("yes")
    expect(somebody.page.locator("#tenants")).to_contain_text("/alpha")
    somebody.photograph("sample-app")


def test_an_administrator_switches_an_app_off_and_on(administrator, installed_app):
    administrator.open(f"/alpha/apps/{installed_app.key}/")
    administrator.press("Switch off")
    administrator.sees("The app is off")
    administrator.press("Switch on")
    administrator.sees("The app is on again.")


def test_an_administrator_changes_the_maintenance_window(administrator):
    administrator.open("/alpha/settings/")
    administrator.photograph("site-settings")
    administrator.page.get_by_label("Time zone").fill("Asia/Tokyo")
    administrator.page.get_by_label("Maintenance window starts").fill("22:15")
    administrator.page.get_by_label("Maintenance window ends").fill("23:45")
    administrator.main.get_by_role("button", name="Save").first.click()

    administrator.sees("The window is set.")
    expect(administrator.fact("Maintenance window")).to_contain_text("22:15")
    expect(administrator.fact("Maintenance window")).to_contain_text("23:45")
    expect(administrator.fact("Time zone")).to_contain_text("Asia/Tokyo")


def test_a_window_of_more_than_four_hours_is_refused_beside_its_field(administrator):
    administrator.foresee(422)
    administrator.open("/alpha/settings/")
    administrator.page.get_by_label("Maintenance window starts").fill("01:00")
    administrator.page.get_by_label("Maintenance window ends").fill("06:00")
    administrator.main.get_by_role("button", name="Save").first.click()

    expect(administrator.main.locator("#id_window_end_errors")).to_contain_text("4 hours")
    administrator.photograph("site-settings-refused")
