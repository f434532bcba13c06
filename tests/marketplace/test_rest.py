"""The marketplace by REST: who may do what, and what comes back."""

import pytest
from django.test import Client
from tests.foundation.people import token_for
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, WireHost

from tradepost.marketplace.catalog import commands
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db


class Program:
    """Speaks REST with a token."""

    def __init__(self, caller, *scopes):
        self._client = Client(headers={"authorization": f"Bearer {token_for(caller.user, *scopes)}"})

    def __getattr__(self, method):
        def call(path, body=None, **options):
            if body is not None:
                options |= {"data": body, "content_type": "application/json"}
            return getattr(self._client, method)(f"/api/1{path}", **options)

        return call


@pytest.fixture
def vendors_program(owner):
    return Program(owner, "apps:read", "apps:write")


@pytest.fixture
def operators_program(operator):
    return Program(operator, "apps:read", "operate")


def test_the_way_of_an_app_from_listing_to_public(server, vendor, vendors_program, operators_program):
    url = server.serve(descriptor())
    made = vendors_program.post("/listings", {"vendor": str(vendor.pk), "descriptor_url": url})
    assert (made.status_code, made.json()["key"], made.json()["offered"]) == (201, APP, "1.0.0")

    assert vendors_program.put(f"/listings/{APP}/submission").json()["state"] == "submitted"
    (review,) = operators_program.get("/reviews?state=waiting").json()["items"]
    decided = operators_program.put(f"/reviews/{review['id']}/decision", {"decision": "approve", "comment": "Fine"})
    assert (decided.status_code, decided.json()["state"]) == (200, "approved")
    again = operators_program.put(f"/reviews/{review['id']}/decision", {"decision": "reject", "comment": "No"})
    assert again.status_code == 409

    assert vendors_program.get(f"/listings/{APP}").json()["state"] == "public"
    assert vendors_program.delete(f"/listings/{APP}/publication").json()["state"] == "private"


def test_versions_say_why_they_were_made_and_how_they_differ(server, listing, vendors_program):
    server.serve(descriptor(scopes=["READ", "WRITE"], name="Renamed"))
    poll(listing, START + 5 * HOUR)
    newest, first = vendors_program.get(f"/listings/{APP}/versions").json()["items"]

    assert (newest["number"], newest["build"], newest["made_by"]) == ("1.1.0", 1_001_000, "watching")
    assert (newest["change"], newest["consent"], newest["state"]) == ("minor", True, "offered")
    assert (first["number"], first["change"]) == ("1.0.0", "first")
    whole = vendors_program.get(f"/listings/{APP}/versions/1.1.0").json()
    assert whole["separable"] == ["/name"]
    assert whole["difference"]["before"] == "1.0.0"
    assert [(v["pointer"], v["kind"], v["old"], v["new"]) for v in whole["difference"]["values"]] == [
        ("/name", "changed", '"Example"', '"Renamed"'),
        ("/scopes/1", "added", None, '"WRITE"'),
    ]


def test_notes_are_written_by_the_vendor(listing, vendors_program):
    answer = vendors_program.put(f"/listings/{APP}/versions/1.0.0/notes", {"notes": "The first."})

    assert answer.json()["notes"] == "The first."
    assert vendors_program.put(f"/listings/{APP}/versions/9.0.0/notes", {"notes": ""}).status_code == 404


def test_progress_and_sites_are_seen_by_the_vendor(public_listing, host, vendors_program):
    wire = WireHost(host[1])
    wire.check((1, "1.0.0"))
    wire.report(wire.says(1, "1.0.0"))
    progress = vendors_program.get(f"/listings/{APP}/progress").json()

    assert progress["versions"][0]["running"] == 1
    (site,) = vendors_program.get(f"/listings/{APP}/sites?state=current").json()["items"]
    assert (site["name"], site["host"], site["running"]) == ("Site 1", "Product", "1.0.0")


def test_a_poll_is_asked_for_and_notices_are_read(listing, vendors_program):
    assert vendors_program.put(f"/listings/{APP}/poll").status_code == 202
    assert vendors_program.put(f"/listings/{APP}/resumption").status_code == 409
    assert [n["kind"] for n in vendors_program.get(f"/listings/{APP}/notices").json()["items"]] == ["listed"]


def test_the_descriptor_address_is_changed_or_every_problem_is_said(server, listing, vendors_program):
    url = server.serve(descriptor(baseUrl=None, scopes=1), "/broken.json")
    answer = vendors_program.put(f"/listings/{APP}/descriptor-url", {"descriptor_url": url})
    assert answer.status_code == 422
    assert {p["pointer"] for p in answer.json()["problems"]} == {"/baseUrl", "/scopes"}

    url = server.serve(descriptor(), "/moved.json")
    answer = vendors_program.put(f"/listings/{APP}/descriptor-url", {"descriptor_url": url})
    assert answer.json()["descriptor_url"] == url


def test_a_preview_publishes_nothing(listing, vendors_program):
    answer = vendors_program.post(f"/listings/{APP}/previews", {"document": descriptor(apiVersion=2)})
    assert (answer.json()["next"], answer.json()["consent"]) == ("2.0.0", True)
    answer = vendors_program.post(f"/listings/{APP}/previews", {"document": descriptor(key="other")})
    assert (answer.json()["next"], answer.json()["refusal"]["rule"]) == (None, "key.changed")
    answer = vendors_program.post(f"/listings/{APP}/previews", {})
    assert (answer.json()["next"], answer.json()["change"]) == (None, "none")
    assert listing.versions.count() == 1


def test_host_services_are_invited_and_revoked_by_operators(operators_program, vendors_program):
    made = operators_program.post("/hosts", {"name": "Product"})
    assert made.status_code == 201
    assert made.json()["code"].startswith("tpe_")
    host = made.json()["id"]
    assert operators_program.put(f"/hosts/{host}/invitation").json()["code"] != made.json()["code"]
    assert operators_program.delete(f"/hosts/{host}").json()["state"] == "revoked"
    (seen,) = operators_program.get("/hosts").json()["items"]
    assert "code" not in seen
    assert vendors_program.get("/hosts").status_code == 403
    assert vendors_program.post("/hosts", {"name": "Mine"}).status_code == 403


def test_people_are_managed_by_owners(vendor, owner, vendors_program, operators_program):
    address = f"/vendors/{vendor.pk}/members"
    assert vendors_program.put(f"{address}/dev@acme.test", {"role": "developer"}).json()["role"] == "developer"
    assert len(vendors_program.get(address).json()) == 2
    assert vendors_program.delete(f"{address}/dev@acme.test").status_code == 204
    assert vendors_program.put(f"{address}/not-a-mail", {"role": "owner"}).status_code == 422
    assert vendors_program.put(f"{address}/x@acme.test", {"role": "king"}).status_code == 422
    made = operators_program.post("/vendors", {"name": "New", "contact_email": "new@example.test"})
    assert made.status_code == 201
    assert [v["name"] for v in vendors_program.get("/vendors").json()["items"]] == ["Acme"]


EVERY_ADDRESS = [
    ("get", ""),
    ("put", "/submission"),
    ("delete", "/submission"),
    ("delete", "/publication"),
    ("put", "/poll"),
    ("put", "/resumption"),
    ("get", "/versions"),
    ("get", "/versions/1.0.0"),
    ("get", "/progress"),
    ("get", "/sites"),
    ("get", "/notices"),
]


@pytest.mark.parametrize(("method", "end"), EVERY_ADDRESS)
def test_another_vendors_app_is_not_there(listing, stranger, method, end):
    answer = getattr(Program(stranger, "apps:read", "apps:write"), method)(f"/listings/{APP}{end}")

    assert answer.status_code == 404
    assert Listing.objects.get().state == "private"


def test_another_vendors_review_is_not_there_and_a_vendor_decides_nothing(listing, vendors_program, stranger, owner):
    vendors_program.put(f"/listings/{APP}/submission")
    review = Review.objects.get()

    assert Program(stranger, "apps:read").get("/reviews").json()["items"] == []
    body = {"decision": "approve"}
    assert vendors_program.put(f"/reviews/{review.pk}/decision", body).status_code == 403


@pytest.mark.parametrize(("method", "end"), [each for each in EVERY_ADDRESS if each[0] != "get"])
def test_a_token_that_only_reads_changes_nothing(listing, owner, method, end):
    answer = getattr(Program(owner, "apps:read"), method)(f"/listings/{APP}{end}")

    assert answer.status_code == 403


def test_a_listing_of_many_apps_comes_in_pages(server, vendor, owner, vendors_program):
    for name in "abc":
        commands.list_app(vendor.pk, server.serve(descriptor(key=name), f"/{name}"), by=owner, now=START)
    first = vendors_program.get("/listings?limit=2").json()
    rest = vendors_program.get(f"/listings?limit=2&after={first['next']}").json()

    assert [each["key"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None
