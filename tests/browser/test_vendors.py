"""A vendor lists an app, an operator lets it in; and what is said of an address that cannot be listed."""

import http.server
import json
import re
import threading

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BAD = {
    "key": "browser-bad",
    "name": "Bad",
    "baseUrl": "https://bad.example.com",
    "authentication": {"type": "jwt"},
    "scopes": "READ",
}


@pytest.fixture
def bad_address():
    """An address that answers with a descriptor that has problems."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(BAD).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.3", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield "http://{}:{}/descriptor.json".format(*server.server_address)
        server.shutdown()


def test_a_vendor_lists_an_app_and_an_operator_makes_it_public(vendor, operator, at, house, sample):
    vendor.photograph("vendor-home")
    vendor.press("List an app")
    vendor.page.get_by_label("Address of the descriptor").fill(sample.descriptor_url)
    vendor.press("Read it")
    vendor.sees("This was read", sample.key, "1.0.0")
    vendor.photograph("vendor-list-an-app")
    vendor.press(f"List {sample.name}")
    vendor.sees(f"{sample.name} is listed, privately, with version 1.0.0.")
    vendor.press("Submit for review")
    vendor.sees("Submitted: an operator looks at it now.")
    vendor.photograph("vendor-listing-submitted")

    operator.open("/")
    operator.photograph("operator-home")
    operator.page.get_by_role("link", name="Reviews", exact=True).click()
    operator.photograph("operator-reviews")
    operator.main.get_by_role("row", name=sample.name).get_by_role("link", name="Review", exact=True).click()
    operator.sees(f"Review of {sample.name} 1.0.0", "review.first")
    operator.photograph("operator-review")
    operator.page.get_by_label("Comment").fill("Welcome.")
    operator.press("Approve")
    operator.sees("approved")

    vendor.page.reload()
    expect(vendor.fact("State")).to_contain_text("public: every site can install it")
    vendor.photograph("vendor-listing-public")
    vendor.follow("in the catalogue")
    vendor.sees("What it may do on a site")
    vendor.photograph("catalogue-app")

    somebody = at(house.marketplace_url)
    somebody.open("/apps/")
    somebody.sees(sample.name)
    somebody.photograph("catalogue")


def test_what_is_wrong_with_a_descriptor_is_said_with_places_and_nothing_is_listed(vendor, bad_address):
    vendor.foresee(422)
    vendor.open("/new-listing/")
    vendor.page.get_by_label("Address of the descriptor").fill(bad_address)
    vendor.press("Read it")

    vendor.sees("Problems of the descriptor")
    problems = vendor.main.locator(".reasons")
    expect(problems).to_contain_text("/scopes")
    expect(problems).to_contain_text("/lifecycle")
    expect(vendor.main.get_by_role("button", name=re.compile("^List "))).to_have_count(0)
    vendor.photograph("vendor-list-an-app-problems")
    vendor.open("/listings/browser-bad/", status=404)
    vendor.photograph("not-found")


def test_an_address_where_nobody_answers_is_said_beside_the_field(vendor):
    vendor.foresee(422)
    vendor.open("/new-listing/")
    vendor.page.get_by_label("Address of the descriptor").fill("http://127.0.0.3:9/descriptor.json")
    vendor.press("Read it")

    expect(vendor.main.locator(".errors")).to_contain_text("127.0.0.3")
    vendor.sees("Read it again")
