"""Names and descriptors that try to become part of a page."""

import pytest
from tests.marketplace.browsing import sign_in, text_of
from tests.marketplace.conftest import HOUR, START, poll, publish
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import WireHost

from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.releases import commands as releases
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 }}"
LISTING = "/listings/com.example.app/"


@pytest.fixture
def evil(server, vendor, owner, operator, host):
    """A public app all of whose texts are hostile, with a hostile site, and a version in review."""
    catalog.create_vendor("Evil " + EVIL[:60], "evil@evil.test", by=operator, now=START)
    url = server.serve(descriptor(name=EVIL, description=EVIL, vendor={"name": EVIL}))
    listing = publish(catalog.list_app(vendor.pk, url, by=owner, now=START), owner=owner, operator=operator)
    releases.write_notes(listing.app_key, "1.0.0", EVIL, by=owner, now=START)
    wire = WireHost(host[1])
    wire.check((1, "1.0.0"))
    SiteRecord.objects.update(name=EVIL, base_url="javascript:alert(1)//" + EVIL)
    wire.report(wire.says(1, "1.0.0", "failed", text=EVIL))
    server.serve(
        descriptor(
            name="Other " + EVIL,
            scopes=["READ", EVIL],
            baseUrl="http://127.0.0.2:9000/moved",
            modules={EVIL: [{"key": EVIL, "url": "javascript:alert(1)"}]},
        )
    )
    poll(listing, START + 5 * HOUR)
    server.serve({"key": EVIL, "baseUrl": EVIL, EVIL: EVIL})
    return poll(listing, START + 10 * HOUR)


def test_hostile_texts_stay_texts_on_every_page(evil, operator, owner, vendor, host):
    review = Review.objects.get(state="waiting")
    browser = sign_in(operator)
    ends = [
        "",
        "versions/",
        "versions/1.0.0/",
        "versions/1.1.0/",
        "sites/",
        "notices/",
        "polls/",
        "preview/",
        "address/",
    ]
    paths = [LISTING + end for end in ends]
    paths += ["/", "/apps/", "/apps/com.example.app/", "/listings/", "/vendors/", f"/vendors/{vendor.pk}/"]
    paths += ["/reviews/", f"/reviews/{review.pk}/", "/hosts/", f"/hosts/{host[0].pk}/"]
    for path in paths:
        page = text_of(browser.get(path))
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'href="javascript' not in page, path
    assert "&lt;script&gt;alert(1)" in text_of(browser.get(LISTING))


def test_a_hostile_search_stays_a_text(evil, owner):
    browser = sign_in(owner)
    for path in ("/apps/", "/listings/", LISTING + "sites/", "/reviews/"):
        page = text_of(browser.get(path, {"q": EVIL, "state": EVIL, "version": EVIL}))
        assert "<script>alert" not in page, path


def test_a_hostile_descriptor_is_shown_before_it_is_listed_as_text(server, vendor, owner):
    url = server.serve(descriptor(key="evil.app", name=EVIL, scopes=[EVIL]))
    page = text_of(sign_in(owner).post("/new-listing/", {"vendor": str(vendor.pk), "descriptor_url": url}))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_hostile_preview_stays_a_text(evil, owner):
    browser = sign_in(owner)
    for text in (EVIL, '{"key": "</textarea><script>alert(1)</script>"}'):
        answer = browser.post(LISTING + "preview/", {"text": text})
        assert answer.status_code == 422
        assert "<script>alert" not in answer.content.decode()
