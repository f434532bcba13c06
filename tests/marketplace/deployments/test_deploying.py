"""Registering an app and deploying it by REST: numbers, reasons, and what is refused."""

import pytest
from tests.marketplace.deployments.manifests import APP_ID, KEY, MAJOR, MINOR, manifest

from tradepost.marketplace.catalog.models import Listing

pytestmark = pytest.mark.django_db


def test_the_way_of_an_app_from_registration_to_its_second_major(acme):
    first = acme.deployed()
    assert (first["version"], first["change"], first["state"], first["app_key"]) == ("1.1.0", "first", "offered", KEY)
    minor = acme.deployed(manifest(**MINOR), message="Say what it is", run_url="https://ci.example/1")
    assert (minor["version"], minor["change"], minor["consent"], minor["before"]) == ("1.2.0", "minor", False, "1.1.0")

    refused = acme.deploy(manifest(**MAJOR))
    assert (refused.status_code, refused.json()["rule"]) == (409, "deployment.major")
    (problem,) = refused.json()["problems"]
    assert (problem["rule"], problem["line"] > 1) == ("manifest_scope.added", True)
    major = acme.deployed(manifest(**MAJOR), approve_major=True)
    assert (major["version"], major["consent"]) == ("2.0.0", True)
    assert acme.numbers() == [("2.0.0", "offered"), ("1.2.0", "offered"), ("1.1.0", "offered")]


def test_the_first_deployment_lists_the_app_privately(acme):
    acme.deployed()
    listing = Listing.objects.get(app_key=KEY)

    assert (listing.source, listing.state, listing.next_poll_at) == ("deployed", "private", None)
    assert str(listing.offered) == "1.1.0"
    assert listing.name == "Poll"


def test_without_an_app_id_one_is_drawn(owner, acme):
    answer = acme.call("post", "/deployed-apps", {"name": "Second"})

    assert answer.status_code == 201
    assert answer.json()["app_id"] == f"ari:tradepost:marketplace::app/{answer.json()['id']}"


def test_an_app_id_is_registered_once(acme):
    again = acme.call("post", "/deployed-apps", {"name": "Again", "app_id": APP_ID})

    assert (again.status_code, again.json()["rule"]) == (409, "app.id_taken")
