"""Apps with editions in Chromium: which panel a site sees, and what its page is told, as its license changes."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect
from tests.connect.ace import wait_for
from tests.connect.frames import frame_of
from tests.connect.watching import review

from tradepost.server.demo.rest import AnswerError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ADVANCED, STANDARD = "capabilityAdvanced", "capabilityStandard"
PRICES = [
    {"edition": edition, "period": period, "per_user": price}
    for edition, period, price in (
        ("standard", "monthly", "1.00"),
        ("standard", "annual", "10.00"),
        ("advanced", "monthly", "2.00"),
        ("advanced", "annual", "20.00"),
    )
]


def offer_editions(cast, key: str, *, standard: str, advanced: str) -> None:
    """Let the vendor map two features and set prices, and the operator let them go live."""
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    cast.operator.put(f"/api/1/vendors/{vendor}/early-access", {"open": True})
    features = [
        {"name": "Notes", "editions": ["standard", "advanced"], "modules": [standard]},
        {"name": "Colours", "editions": ["advanced"], "modules": [advanced]},
    ]
    cast.vendor.put(
        f"/api/1/listings/{key}/editions",
        {"revision": 0, "currency": "USD", "features": features, "prices": PRICES},
    )
    cast.vendor.put(f"/api/1/listings/{key}/editions/submission")
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    number = next(item["id"] for item in waiting if item["app"] == key)
    cast.operator.put(f"/api/1/reviews/{number}/decision", {"decision": "approve", "comment": ""})


@pytest.fixture(scope="module")
def notes(make, cast, alpha):
    """Paid notes, a real app with three panels, installed on alpha after its editions went live."""
    app = make.in_production("paid-notes", "127.0.0.5", site="alpha")
    app.start()
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    cast.vendor.post("/api/1/listings", {"vendor": vendor, "descriptor_url": app.descriptor_url})
    cast.vendor.put(f"/api/1/listings/{app.key}/submission")
    review(cast, app)
    offer_editions(cast, app.key, standard="basic", advanced="pro")
    alpha.install_from_marketplace(app.key)
    alpha.wait_until_runs(app, "1.0.0")
    return app


def license_of(cast, site, key: str):
    rows = cast.operator.get(f"/api/1/licenses?app={key}&site={site.eyes.site}")["items"]
    return rows[0]


def sees_panel(person, app, module: str, *, license_: str, edition: str, others: tuple[str, ...]) -> None:
    """The person opens an issue and sees this panel of the app and no other; the page and its script agree."""
    person.open("/alpha/browse/DEMO-1")
    frame = frame_of(person, app, module)
    expect(frame.locator("body")).to_have_attribute("data-license", license_)
    expect(frame.locator("body")).to_have_attribute("data-edition", edition)
    expect(frame.locator("#told")).to_have_text(f"License {license_}, edition {edition}")
    for other in others:
        expect(person.page.locator(f'[data-app="{app.key}"][data-module="{other}"]')).to_have_count(0)
    query = dict(parse_qsl(urlsplit(app.received("/panel")[-1]["target"]).query))
    assert (query["lic"], query.get("capSet", "absent")) == (license_, edition)


def test_a_new_customer_is_on_standard_from_the_first_day(ann, notes):
    told = notes.tenant

    sees_panel(ann, notes, "basic", license_="active", edition=STANDARD, others=("pro", "buy"))
    assert told["capabilitySet"] == STANDARD
    assert told["entitlementId"]
    ann.photograph("edition-standard")


def test_an_administrator_reads_what_advanced_brings_and_switches(ann, notes):
    ann.open("/alpha/manage/")
    ann.photograph("manage-apps")
    ann.page.get_by_role("link", name="Paid notes", exact=True).first.click()
    ann.page.get_by_role("button", name="Switch to Advanced …").click()
    ann.sees("Colours")
    ann.sees("Notes in colour")
    ann.photograph("edition-preview")
    ann.press("Switch to Advanced")

    sees_panel(ann, notes, "pro", license_="active", edition=ADVANCED, others=("basic", "buy"))
    ann.photograph("edition-advanced")
    heard = notes.wait_for_note("license changed")["body"]["license"]
    assert (heard["active"], heard["capabilitySet"]) == (True, ADVANCED)
    assert notes.wait_for("/license-changed")["algorithm"] == "HS256"


def test_back_on_standard_the_app_is_still_told_so(ann, notes, cast, alpha):
    ann.open(f"/alpha/manage/{notes.key}/editions/standard/")
    ann.sees("Colours")
    ann.press("Switch to Standard")

    sees_panel(ann, notes, "basic", license_="active", edition=STANDARD, others=("pro", "buy"))


def test_the_entry_of_the_app_says_the_same_as_its_pages(notes):
    entry = wait_for(lambda: notes.call("get", f"/rest/atlassian-connect/1/addons/{notes.key}"), "no answer")["body"]

    assert entry["license"]["active"] is True
    assert entry["license"]["capabilitySet"] == STANDARD
    assert entry["license"]["evaluation"] is True


def test_a_license_that_is_over_shows_the_panel_for_those_who_have_none(ann, notes, cast, alpha):
    row = license_of(cast, alpha, notes.key)
    cast.operator.put(f"/api/1/licenses/{row['id']}/end", {"why": "the trial was taken back"})
    wait_for(lambda: _state(alpha, notes.key) == "trial_expired", "alpha is not told")

    sees_panel(ann, notes, "buy", license_="none", edition=STANDARD, others=("basic", "pro"))
    ann.photograph("edition-over")


def test_the_sample_app_shows_what_it_was_told_on_every_channel(ann, cast, alpha, house):
    key = cast.key
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    with suppress(AnswerError):
        cast.change("offer-editions")
    cast.vendor.post("/api/1/listings", {"vendor": vendor, "descriptor_url": cast.descriptor_url})
    cast.vendor.put(f"/api/1/listings/{key}/submission")
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    number = next(item["id"] for item in waiting if item["app"] == key)
    cast.operator.put(f"/api/1/reviews/{number}/decision", {"decision": "approve", "comment": ""})
    alpha.install_from_marketplace(key)
    wait_for(lambda: alpha.runs(key) == "1.0.0", "the sample app is not installed")
    told = rows_told(ann, key)
    assert told["address"] == told["rest"] == told["context"] == ("active", "absent", "standard")
    ann.photograph("sample-told-absent")

    offer_editions(cast, key, standard="notes-panel", advanced="advanced-panel")
    seen = alpha.eyes.rest.get(alpha.path(key, "editions", "advanced"))
    alpha.eyes.rest.put(alpha.path(key, "edition"), {"edition": "advanced", "revision": seen["revision"]})
    wait_for(lambda: "webhook" in cast.sample.get("/control/told")[alpha.base_url], "the app hears no event")
    told = rows_told(ann, key)

    assert told["address"] == told["rest"] == told["context"] == told["webhook"] == ("active", ADVANCED, "advanced")
    ann.photograph("sample-told-advanced")
    ann.open("/alpha/browse/DEMO-1")
    expect(ann.page.locator(f'iframe[data-app="{key}"][data-module="advanced-panel"]')).to_have_count(1)
    expect(ann.page.locator(f'[data-app="{key}"][data-module="standard-panel"]')).to_have_count(0)


def rows_told(person, key: str) -> dict[str, tuple[str, str, str]]:
    """What the sample app's own page says: license, edition and branch by channel."""
    person.open("/alpha/")
    person.page.get_by_role("link", name="What I was told", exact=True).first.click()
    element = person.page.wait_for_selector(f'iframe[data-app="{key}"][data-module="told"]', state="attached")
    frame = element.content_frame()
    expect(frame.locator("#context")).to_have_text("The page context was read.")
    rows = frame.locator("#told tbody tr").all()
    parts = ("active", "edition", "branch")
    return {row.get_attribute("data-channel"): tuple(row.locator(f".{p}").inner_text() for p in parts) for row in rows}


def _state(site, key: str) -> str:
    return str(site.eyes.rest.get(site.path(key, "license"))["state"])
