"""Editions and access tokens as people meet them: drafted, reviewed, chosen on a site, and seen by the vendor."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from tradepost.server.demo.rest import AnswerError, Rest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PRICES = {"Standard, per user and month": "1.50", "Advanced, per user and month": "3.00"}


@pytest.fixture
def paid_app(sample, cast):
    """A public app that costs something and has a panel for each edition; its vendor may offer editions."""
    control = Rest(sample.url)
    for change in ("make-paid", "offer-editions"):
        control.post("/control/changes", {"do": change})
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    cast.operator.put(f"/api/1/vendors/{vendor}/early-access", {"open": True})
    cast.vendor.post("/api/1/listings", {"vendor": vendor, "descriptor_url": sample.descriptor_url})
    cast.vendor.put(f"/api/1/listings/{sample.key}/submission")
    _approve(cast, sample.key)
    return sample


@pytest.fixture
def paying_alpha(paid_app, cast, alpha):
    """What makes alpha pay for the app."""

    def pays():
        details = alpha.rest.get(f"/api/1/sites/{alpha.site}/catalogue/{paid_app.key}")
        answer = {"app": paid_app.key, "fingerprint": details["ask"]["fingerprint"]}
        alpha.rest.post(f"/api/1/sites/{alpha.site}/apps", answer)
        cast.clock.settle()
        path = f"/api/1/licenses?app={paid_app.key}&site={alpha.site}"
        license_ = cast.operator.get(path)["items"][0]
        paid = {"reference": "invoice-1", "period": "monthly", "user_tier": 25, "why": "paid by card"}
        cast.operator.post(f"/api/1/licenses/{license_['id']}/payments", paid)
        assert cast.clock.wait_until(lambda: _license(alpha, paid_app)["state"] == "active")

    return pays


def test_editions_go_from_a_draft_to_a_site_and_back_to_the_vendor(
    vendor, operator, administrator, paid_app, paying_alpha
):
    _draft(vendor, paid_app)
    operator.open("/reviews/")
    operator.main.get_by_role("row", name=paid_app.name).get_by_role("link", name="Review", exact=True).click()
    operator.sees("What was submitted", "Colours", "USD 3.00")
    operator.photograph("operator-review-of-editions")
    operator.page.get_by_label("Comment").fill("Both are described.")
    operator.press("Approve")
    operator.sees("approved")

    paying_alpha()
    administrator.open(f"/alpha/apps/{paid_app.key}/")
    administrator.follow("License, edition and access token")
    expect(administrator.fact("Edition")).to_have_text("Standard")
    administrator.press("Switch to Advanced …")
    administrator.sees("What the site gains", "Notes in colour", "USD 3.00 per user and month")
    administrator.photograph("site-edition-preview")
    administrator.press("Switch to Advanced")
    administrator.sees("The site has the edition Advanced now.")
    administrator.photograph("site-license")
    administrator.follow("What was done about this license")
    administrator.sees("chose the edition Advanced", "the app is told: licensed, Advanced")

    vendor.open(f"/listings/{paid_app.key}/")
    vendor.follow("which site has which license")
    row = vendor.main.get_by_role("row", name=re.compile("Alpha"))
    expect(row).to_contain_text("active")
    expect(row).to_contain_text("Advanced")
    vendor.sees("Week by week")
    vendor.photograph("vendor-licenses")

    _use_a_token(vendor, administrator, paid_app)


def _draft(vendor, app):
    """The vendor says what each edition has and costs, and submits it."""
    vendor.open(f"/listings/{app.key}/editions/")
    vendor.sees("Missing to go live")
    for name, text, is_advanced in (("Notes", "Notes beside issues.", False), ("Colours", "Notes in colour.", True)):
        vendor.press("Add a feature")
        vendor.page.get_by_label("Name", exact=True).fill(name)
        vendor.page.get_by_label("Text", exact=True).fill(text)
        vendor.page.get_by_label("Standard", exact=True).set_checked(not is_advanced)
        vendor.press("Save")
    for label, amount in PRICES.items():
        vendor.page.get_by_label(label).fill(amount)
    vendor.page.get_by_label("Currency").fill("USD")
    vendor.press("Save the prices")
    vendor.sees("Nothing is missing")
    vendor.photograph("vendor-editions")
    vendor.press("Submit for review")
    vendor.sees("An operator looks at them now.")


def _use_a_token(vendor, administrator, app):
    """The vendor makes an access token; the administrator uses it on a site that pays, is asked, and gives it back."""
    vendor.open(f"/listings/{app.key}/tokens/")
    vendor.press("Make a token")
    vendor.page.get_by_label("For whom").fill("Alpha")
    vendor.press("Make it")
    token = vendor.main.locator("#token").inner_text()
    vendor.open(f"/listings/{app.key}/tokens/")
    vendor.sees("not used yet")
    vendor.sees_not(token)

    administrator.foresee(409)
    administrator.open(f"/alpha/manage/{app.key}/")
    administrator.page.get_by_label("Access token, or the whole link").fill(token)
    administrator.press("Apply the token")
    administrator.press("Apply the token all the same")
    administrator.sees("The access token is applied.", "a trial that runs", "Hidden by the token")
    administrator.sees_not(token)
    administrator.photograph("site-license-by-token")
    administrator.page.once("dialog", lambda dialog: dialog.accept())
    administrator.press("Remove the token")
    administrator.sees("The access token is used no longer")
    expect(administrator.fact("Edition")).to_have_text("Advanced")

    vendor.page.reload()
    expect(vendor.main.get_by_role("row", name=token[:10])).to_contain_text("/alpha")
    vendor.photograph("vendor-access-tokens")


def _approve(cast, key):
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    review = next(item["id"] for item in waiting if item["app"] == key)
    cast.operator.put(f"/api/1/reviews/{review}/decision", {"decision": "approve", "comment": ""})


def _license(site, app):
    with suppress(AnswerError):
        return site.rest.get(f"/api/1/sites/{site.site}/apps/{app.key}/license")
    return {"state": ""}
