"""Editions by REST, and who may do what."""

import threading
from copy import deepcopy

import pytest
from django.db import connection
from django.test import Client
from tests.foundation.people import token_for
from tests.marketplace.editions.offering import AT, draft, go_live, grant

from tradepost.foundation.callers import Caller
from tradepost.marketplace.editions import commands
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db
HERE = "/listings/com.example.app/editions"
BODY = {
    "revision": 0,
    "currency": "eur",
    "features": [
        {"name": "Panel", "editions": ["standard", "advanced"], "modules": ["panel"]},
        {"name": "Forecast", "editions": ["advanced"], "modules": ["forecast"], "text": "<b>bold</b>"},
    ],
    "prices": [
        {"edition": "standard", "period": "monthly", "per_user": "2.5"},
        {"edition": "advanced", "period": "monthly", "per_user": 4},
    ],
}


class Program:
    def __init__(self, caller: Caller, *scopes):
        self._client = Client(headers={"authorization": f"Bearer {token_for(caller.user, *scopes)}"})

    def __getattr__(self, method):
        def call(path, body=None):
            options = {} if body is None else {"data": body, "content_type": "application/json"}
            return getattr(self._client, method)(f"/api/1{path}", **options)

        return call


@pytest.fixture
def vendors(owner):
    return Program(owner, "apps:read", "apps:write")


@pytest.fixture
def operators(operator):
    return Program(operator, "apps:read", "apps:write", "operate")


def body(**changes):
    return deepcopy(BODY) | changes


def test_the_way_of_editions_by_rest(closed, vendors, operators):
    assert vendors.put(HERE, body()).status_code == 403
    assert vendors.get(HERE).json()["may_change"] is False
    access = operators.put(f"/vendors/{closed.vendor_id}/early-access", {"open": True}).json()
    assert (access["open"], operators.get("/early-access").json()["items"]) == (True, [access])

    made = vendors.put(HERE, body()).json()
    assert (made["state"], made["revision"], made["missing"], made["warnings"]) == ("draft", 1, [], [])
    assert (made["draft"]["currency"], made["modules"]) == ("EUR", ["panel", "forecast", "reports"])
    assert vendors.put(HERE, body()).status_code == 409
    assert vendors.put(f"{HERE}/submission").json()["in_review"] is True
    assert vendors.put(f"{HERE}/submission").status_code == 409

    (review,) = operators.get("/reviews?state=waiting").json()["items"]
    assert (review["kind"], review["version"], review["draft"]["currency"]) == ("editions", "", "EUR")
    decided = operators.put(f"/reviews/{review['id']}/decision", {"decision": "approve", "comment": ""})
    assert decided.status_code == 200, decided.content

    live = vendors.get(HERE).json()
    assert (live["state"], live["live"]["prices"][1]["per_user"]) == ("live", "4.00")
    assert vendors.delete(f"{HERE}/publication").json()["state"] == "draft"


def test_features_keep_their_ids_and_what_is_left_out_is_gone(opened, vendors):
    made = vendors.put(HERE, body()).json()
    first = made["draft"]["features"][0]
    again = vendors.put(HERE, body(revision=1, features=[first | {"name": "Renamed"}])).json()

    assert [(each["id"], each["name"]) for each in again["draft"]["features"]] == [(first["id"], "Renamed")]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"features": [{"name": "F", "editions": ["advanced"], "modules": ["gone"]}]}, "/features/0/modules/0"),
        ({"features": [{"name": "F", "editions": []}]}, "/features/0/editions"),
        ({"prices": [{"edition": "advanced", "period": "monthly", "per_user": "-1"}]}, "/prices/0/per_user"),
        ({"prices": [{"edition": "advanced", "period": "monthly", "per_user": "NaN"}]}, "/prices/0/per_user"),
        ({"prices": [{"edition": "advanced", "period": "monthly", "per_user": "much"}]}, "/prices/0/per_user"),
        ({"currency": "Taler"}, "/currency"),
        ({"revision": -1}, "/revision"),
        ({"features": [{"name": "n" * 201, "editions": []}]}, "/features/0/name"),
        ({"features": [{"id": "x", "name": "F", "editions": ["standard"]}]}, "/features/0/id"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(opened, vendors, changes, pointer):
    answer = vendors.put(HERE, body(**changes))

    assert answer.status_code == 422, answer.content
    assert pointer in {problem["pointer"] for problem in answer.json()["problems"]}


def test_everything_that_is_missing_is_a_problem_of_its_own(free, vendors):
    answer = vendors.put("/listings/com.example.free/editions/submission")

    assert answer.status_code == 422
    assert {each["rule"] for each in answer.json()["problems"]} == {
        "editions.free",
        "editions.no_feature",
        "editions.no_price",
    }


def test_what_does_not_fit_is_a_conflict(opened, owner, operator, vendors, site):
    assert vendors.delete(f"{HERE}/submission").status_code == 409
    assert vendors.delete(f"{HERE}/publication").status_code == 409
    go_live(opened, owner, operator)
    grant(site, opened, edition="advanced")

    answer = vendors.delete(f"{HERE}/publication")
    assert (answer.status_code, answer.json()["rule"]) == (409, commands.STILL_PAID)
    assert "1 license is paid for Advanced" in answer.json()["detail"]


def test_to_people_of_other_vendors_there_is_no_such_app(opened, stranger):
    other = Program(stranger, "apps:read", "apps:write")

    assert other.get(HERE).status_code == 404
    assert other.put(HERE, body()).status_code == 404
    assert other.put(f"{HERE}/submission").status_code == 404


def test_scopes_limit_a_token(opened, owner):
    reader = Program(owner, "apps:read")

    assert reader.get(HERE).status_code == 200
    assert reader.put(HERE, body()).status_code == 403
    assert reader.put(f"/vendors/{opened.vendor_id}/early-access", {"open": True}).status_code == 403
    assert reader.get("/early-access").status_code == 403
    assert Program(owner, "sites:read").get(HERE).status_code == 403


def test_everybody_with_a_token_reads_live_editions_of_a_public_app(opened, owner, operator, stranger):
    anybody = Program(stranger, "sites:read")
    assert anybody.get("/apps/com.example.app/editions").status_code == 404
    draft(opened, owner)
    assert anybody.get("/apps/com.example.app/editions").status_code == 404
    commands.submit(opened.app_key, by=owner, now=AT)
    review = Review.objects.get(kind="editions")
    Program(operator, "apps:read", "operate").put(f"/reviews/{review.pk}/decision", {"decision": "approve"})

    told = anybody.get("/apps/com.example.app/editions").json()
    assert (told["editions"], [each["name"] for each in told["features"]]) == (
        ["standard", "advanced"],
        ["Panel", "Forecast"],
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_submissions_at_once_one_is_made(opened, owner):
    draft(opened, owner)
    programs = [Program(owner, "apps:write") for _ in range(4)]
    start, statuses = threading.Barrier(4), []

    def submit(program):
        start.wait()
        try:
            statuses.append(program.put(f"{HERE}/submission").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 409, 409, 409]
    assert Review.objects.filter(kind="editions").count() == 1
