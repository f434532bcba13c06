"""Update checks: what is offered to whom, and what a check costs."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.conftest import HOUR, START, poll, publish
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, WireHost, pairs, site_id

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.releases import commands as releases

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR
SITE = {"site": str(uuid.UUID(int=1)), "base_url": "http://a.test", "name": "A", "installations": []}


@pytest.fixture
def wire(host):
    return WireHost(host[1])


def release(server, listing, number=1, **changes):
    server.serve(descriptor(modules={"webPanels": [{"key": "panel", "url": f"/{number}"}]}, **changes))
    return poll(listing, LATER + number * HOUR)


def test_only_sites_behind_the_newest_offered_version_get_an_offer(server, public_listing, wire):
    release(server, public_listing)
    release(server, public_listing, 2)

    assert pairs(wire.check((1, "1.0.0"), (2, "1.0.1"), (3, "1.0.2"), (4, "1.7.0"))) == {1: "1.0.2", 2: "1.0.2"}


def test_a_first_installation_under_way_gets_none(public_listing, wire):
    assert pairs(wire.check((1, None))) == {}


def test_a_version_in_review_is_offered_to_nobody(server, public_listing, wire):
    release(server, public_listing, baseUrl="http://127.0.0.2:9001/other")

    assert pairs(wire.check((1, "1.0.0"))) == {}


def test_numbers_are_compared_as_numbers(server, public_listing, wire):
    public_listing.versions.update(number="1.0.9", order_key=1_000_000_000_009)
    release(server, public_listing)

    assert pairs(wire.check((1, "1.0.9"))) == {1: "1.0.10"}


def test_apps_that_are_not_offered_are_named_once(public_listing, wire):
    answer = wire.check((1, {"com.example.gone": "1.0.0", APP: "1.0.0"}), (2, {"com.example.gone": "1.0.0"}))

    assert answer.json() == {"offers": [], "versions": [], "unknown": ["com.example.gone"]}


def test_a_private_app_is_offered_only_to_sites_that_have_it(server, public_listing, wire, owner):
    wire.check((1, "1.0.0"), (2, "1.0.0"))
    wire.report(wire.says(1, "1.0.0"))
    catalog.make_private(APP, by=owner, now=LATER)
    release(server, public_listing)

    answer = wire.check((1, "1.0.0"), (2, "1.0.0"))
    assert pairs(answer) == {1: "1.0.1"}
    assert answer.json()["unknown"] == [APP]


def test_sites_are_met_at_their_first_check_and_renamed_later(public_listing, wire, host):
    wire.check((1, "1.0.0"), (2, "1.0.0"))
    wire.post(
        "/wire/1/checks",
        {"sites": [{"site": str(site_id(1)), "base_url": "http://new.test", "name": "New", "installations": []}]},
    )

    assert dict(SiteRecord.objects.values_list("name", "base_url")) == {
        "New": "http://new.test",
        "Site 2": "http://site2.test",
    }
    assert set(SiteRecord.objects.values_list("host", flat=True)) == {host[0].pk}


def test_two_host_services_may_use_the_same_identifier_for_a_site(public_listing, wire, operator):
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    _, credential = hosts.enrol(code, base_url="http://127.0.0.3:8001", product="jira", now=START)
    wire.check((1, "1.0.0"))
    WireHost(credential).check((1, "1.0.0"))

    assert SiteRecord.objects.filter(site=site_id(1)).count() == 2


def test_a_check_that_changes_nothing_reads_thrice_and_writes_nothing(public_listing, wire):
    everybody = [(number, "1.0.0") for number in range(1, 201)]
    wire.check(*everybody)

    with CaptureQueriesContext(connection) as queries:
        wire.check(*everybody)

    asked = [query["sql"] for query in queries if "clockoffset" not in query["sql"]]
    assert len(asked) == 3, asked  # who asks, has anything changed, which sites are known
    assert all(sql.startswith("SELECT") for sql in asked)


def test_that_a_site_was_seen_is_written_hourly(public_listing, wire):
    wire.check((1, "1.0.0"))
    before = domain_now() - 2 * HOUR
    SiteRecord.objects.update(last_seen_at=before)
    wire.check((1, "1.0.0"))

    assert SiteRecord.objects.get().last_seen_at > before


def test_the_catalogue_hears_of_notes_and_of_what_was_rolled_back(server, public_listing, wire, owner):
    wire.check((1, "1.0.0"))
    release(server, public_listing)
    releases.write_notes(APP, "1.0.1", "Faster.", by=owner, now=LATER)
    (version,) = wire.check((1, "1.0.0")).json()["versions"]

    assert version["notes"] == "Faster."


def test_the_public_catalogue_is_listed_and_searched_in_pages(server, vendor, owner, operator, wire):
    for name in ("alpha", "beta", "gamma"):
        url = server.serve(descriptor(key=f"app.{name}", name=name.title()), f"/{name}")
        listing = catalog.list_app(vendor.pk, url, by=owner, now=START)
        if name != "beta":
            publish(listing, owner=owner, operator=operator)

    first = wire.get("/wire/1/apps", limit=1).json()
    second = wire.get("/wire/1/apps", limit=1, after=first["next"]).json()
    assert [first["entries"][0]["app"], second["entries"][0]["app"], second["next"]] == ["app.alpha", "app.gamma", None]
    assert [e["app"] for e in wire.get("/wire/1/apps", q="GAM acme").json()["entries"]] == ["app.gamma"]
    assert wire.get("/wire/1/apps/app.alpha").json()["version"]["version"] == "1.0.0"
    assert wire.get("/wire/1/apps/app.beta").status_code == 404
    for limit in ("0", "101", "x", "0000010000000", "²"):
        assert wire.get("/wire/1/apps", limit=limit).status_code == 422


def test_descriptors_are_given_as_they_were_fetched_but_only_of_what_the_host_may_see(
    server, public_listing, wire, owner
):
    first = public_listing.offered.document_id
    assert wire.get(f"/wire/1/descriptors/{first}").json() == descriptor()
    release(server, public_listing, baseUrl="http://127.0.0.2:9001/other")
    in_review = public_listing.versions.get(number="1.0.1").document_id
    assert wire.get(f"/wire/1/descriptors/{in_review}").status_code == 404

    wire.check((1, "1.0.0"))
    catalog.make_private(APP, by=owner, now=LATER)
    assert wire.get(f"/wire/1/descriptors/{first}").status_code == 404
    wire.report(wire.says(1, "1.0.0"))
    assert wire.get(f"/wire/1/descriptors/{first}").status_code == 200
    assert wire.get(f"/wire/1/apps/{APP}").status_code == 200


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        (b"{", ""),
        (b"\xff", ""),
        (b"[" * 20_000, ""),
        ({}, ""),
        ({"sites": 1}, "/sites"),
        ({"sites": [{"site": "no"}]}, "/sites/0/site"),
        (
            {
                "sites": [
                    {"site": str(uuid.UUID(int=1)), "base_url": "http://a.test", "name": "\0", "installations": []}
                ]
            },
            "",
        ),
        ({"sites": [{}] * 501}, "/sites"),
    ],
)
def test_a_message_that_is_not_of_the_contract_is_refused_with_the_place(wire, message, pointer):
    answer = wire.post("/wire/1/checks", message)

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["problems"][0]["pointer"].startswith(pointer)


def test_a_wrong_method_is_said_to_be_one(wire):
    assert wire.get("/wire/1/checks").status_code == 405
    assert wire.post("/wire/1/apps", {}).status_code == 405
