"""Who comes in, who does not, what nobody else may see, and the tokens that people make for programs."""

import re

import pytest
from playwright.sync_api import expect

from tradepost.server.demo.rest import AnswerError, Rest
from tradepost.server.seed import PASSWORD, VENDOR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EMAIL = re.compile("^e-?mail", re.IGNORECASE)
RITA = "rita@rival.example"
NEW_PASSWORD = "a-long-enough-word-91"


def test_the_front_pages_welcome_strangers(at, house):
    for name, url in (("marketplace", house.marketplace_url), ("host", house.host_url)):
        stranger = at(url)
        stranger.open("/")
        stranger.photograph(f"welcome-{name}")
        stranger.press("Sign in")
        stranger.photograph(f"sign-in-{name}")


def test_a_stranger_signs_in_and_comes_to_where_they_wanted_to_go(at, house, public_app):
    stranger = at(house.marketplace_url)
    stranger.open(f"/listings/{public_app.key}/versions/")
    expect(stranger.page).to_have_url(re.compile("/accounts/login/"))
    stranger.sign_in(VENDOR, PASSWORD)

    expect(stranger.page).to_have_url(f"{house.marketplace_url}/listings/{public_app.key}/versions/")
    stranger.sees("1.0.0")

    stranger.choose("Vera Vendor", "Sign out")
    stranger.page.get_by_role("link", name="Sign in").first.wait_for()
    stranger.open(f"/listings/{public_app.key}/versions/")
    expect(stranger.page).to_have_url(re.compile("/accounts/login/"))


def test_a_wrong_password_is_said_and_lets_nobody_in(at, house):
    stranger = at(house.host_url)
    stranger.open("/accounts/login/")
    stranger.page.get_by_label(EMAIL).fill(VENDOR)
    stranger.page.get_by_label("Password").fill("not this one")
    stranger.press("Sign in")

    expect(stranger.main.get_by_role("alert")).to_contain_text("not correct")


def test_a_new_vendor_is_invited_by_mail_and_sees_nothing_of_other_vendors(operator, at, house, cast, public_app):
    operator.page.get_by_role("link", name="Vendors", exact=True).click()
    operator.photograph("operator-vendors")
    operator.press("Make a vendor")
    operator.page.get_by_label("Name").fill("Rival")
    operator.page.get_by_label("Contact address").fill(RITA)
    operator.press("Make it")
    operator.sees("Rival is made.")
    operator.page.get_by_label("E-mail").fill(RITA)
    operator.page.get_by_label("Role").select_option("owner")
    operator.press("Add")
    operator.sees(f"{RITA} is now owner at Rival.")
    operator.photograph("operator-vendor")

    rival = at(house.marketplace_url)
    _read_mail(rival, house, cast)
    rival.page.locator("pre a[href*='/accounts/']").first.click()
    rival.page.get_by_label(EMAIL).fill(RITA)
    rival.press("Send the mail")
    rival.sees("Look at your mail")
    _read_mail(rival, house, cast)
    rival.page.locator("pre a[href*='/accounts/']").first.click()
    rival.page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    rival.page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    rival.photograph("choose-password")
    rival.press("Set the password")
    rival.press("Sign in")
    rival.sign_in(RITA, NEW_PASSWORD)

    rival.open("/listings/")
    rival.sees("No apps")
    rival.open(f"/listings/{public_app.key}/", status=404)
    rival.open(f"/listings/{public_app.key}/versions/1.0.0/", status=404)
    rival.open("/clock/", status=404)


def _read_mail(person, house, cast):
    """Open the newest mail to Rita; it is on its way while anything works."""
    cast.clock.settle()
    person.open(f"{house.mail_url}/?to={RITA}")
    person.page.locator("td a").first.click()


def test_an_administrator_sees_no_other_site(administrator):
    administrator.open("/")
    administrator.sees("Alpha")
    administrator.sees_not("Beta")
    administrator.open("/beta/apps/", status=404)


def test_a_token_is_shown_once_works_and_is_revoked(administrator, house):
    administrator.choose("Ann Administrator", "API tokens")
    administrator.press("Make a token")
    administrator.page.get_by_label("Name").fill("my script")
    administrator.page.get_by_label("(sites:read)").check()
    administrator.photograph("token-form")
    administrator.press("Make it")
    administrator.sees("Copy it now.")
    token = administrator.page.locator("#token").inner_text()
    administrator.photograph("token-made")
    rest = Rest(house.host_url, token)
    assert [site["name"] for site in rest.get("/api/1/sites")["items"]] == ["Alpha"]

    administrator.follow("To your tokens")
    administrator.sees("my script")
    assert token not in administrator.page.content()
    administrator.photograph("tokens")
    administrator.page.once("dialog", lambda dialog: dialog.accept())
    administrator.main.get_by_role("row", name="my script").get_by_role("button", name="Revoke").click()
    administrator.sees("The token is revoked")
    with pytest.raises(AnswerError, match="401"):
        rest.get("/api/1/sites")
