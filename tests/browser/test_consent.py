"""A vendor asks for one more scope; the administrator is asked, declines, and changes their mind."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def asked(vendor, at, installed_app):
    """The version that asks for more is there: the vendor made the change, polled, and read the reasons."""
    player = at(installed_app.url)
    player.open(installed_app.page)
    player.page.get_by_role("button", name="add-scope").click()
    player.sees("Done: add-scope.")

    vendor.open(f"/listings/{installed_app.key}/")
    vendor.press("Poll now")
    vendor.main.locator("th[scope=row]").get_by_role("link", name="1.1.0", exact=True).first.wait_for()
    vendor.photograph("vendor-listing-new-version")
    vendor.main.locator("th[scope=row]").get_by_role("link", name="1.1.0", exact=True).first.click()
    vendor.sees("Version 1.1.0", "scope.added", "/scopes", "needs consent", "Difference to 1.0.0")
    vendor.photograph("vendor-version")
    return installed_app


def test_an_administrator_declines_changes_their_mind_and_approves(
    asked, administrator, vendor, at, house, cast, alpha
):
    administrator.open("/alpha/apps/")
    administrator.press("Check now")
    administrator.main.get_by_role("row", name=asked.name).get_by_role("link", name="Decide").wait_for()
    administrator.photograph("site-apps-waiting")
    administrator.open("/approvals/")
    administrator.sees("Updates that wait for a decision", asked.name)
    administrator.photograph("site-updates")

    cast.clock.settle()  # the mail is on its way while anything works
    reader = at(house.mail_url)
    reader.open(f"/?to={alpha.email}")
    reader.photograph("mail-list")
    reader.page.get_by_role("link", name=asked.name).first.click()
    reader.sees("WRITE", alpha.email)
    reader.photograph("mail")
    link = reader.page.locator("a[href*='/approvals/']").first
    administrator.open(link.get_attribute("href"))
    administrator.sees("Version 1.1.0 asks for more", "(WRITE)")
    administrator.photograph("site-approval")

    administrator.press("Decline")
    administrator.sees("Declined. The site stays on version 1.0.0", "was declined")
    administrator.photograph("site-app-declined")
    administrator.press("Approve after all")
    administrator.sees("Approved.")
    expect(administrator.fact("Runs")).to_have_text("version 1.1.0")
    expect(administrator.main.locator(".rights").first).to_contain_text("(WRITE)")
    administrator.photograph("site-app-upgraded")

    cast.clock.settle()
    vendor.open(f"/listings/{asked.key}/sites/")
    expect(vendor.main.get_by_role("row", name="Alpha")).to_contain_text("1.1.0")
    vendor.photograph("vendor-sites")


def test_a_vendor_sees_what_a_change_would_do_before_it_is_published(vendor, public_app):
    vendor.open(f"/listings/{public_app.key}/preview/")
    vendor.press("Show what it would do")
    vendor.sees("Nothing would change")
    vendor.photograph("vendor-preview")


def test_an_app_that_breaks_is_told_to_its_vendor_and_recovers(vendor, at, public_app):
    player = at(public_app.url)
    player.open(public_app.page)
    player.page.locator("#descriptor-mode").select_option("broken")
    player.sees("The descriptor is now broken.")
    vendor.open(f"/listings/{public_app.key}/")
    vendor.press("Poll now")
    expect(vendor.main.locator("#watching .note-error")).to_contain_text("Backing off")
    vendor.photograph("vendor-listing-broken")

    player.page.locator("#descriptor-mode").select_option("ok")
    player.sees("The descriptor is now ok.")
    vendor.press("Poll now")
    expect(vendor.main.locator("#watching .note-error")).to_have_count(0)
    vendor.sees("recovered")
