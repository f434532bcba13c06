"""Registering an app and deploying it by REST: numbers, reasons, and what is refused."""

import pytest
from tests.marketplace.deployments.manifests import APP_ID, KEY, MAJOR, MINOR, manifest
from tests.marketplace.wire_client import WireHost

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.models import Deployment
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.releases.queries import document_of
from tradepost.marketplace.rollout.models import PendingNews
from tradepost.marketplace.watching.models import Document

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


def test_each_environment_has_numbers_and_a_key_of_its_own(acme):
    acme.deployed()
    acme.deployed(manifest(**MINOR))
    staging = acme.deployed(environment="staging")
    development = acme.deployed(environment="development")

    assert (staging["version"], staging["app_key"]) == ("1.1.0", f"{KEY}-staging")
    assert (development["version"], development["app_key"]) == ("1.1.0", f"{KEY}-development")
    listings = Listing.objects.filter(group=Listing.objects.get(app_key=KEY).group)
    assert sorted(each.name for each in listings) == ["Poll", "Poll (development)", "Poll (staging)"]


def test_development_first_names_its_listing_after_the_manifest(acme):
    assert acme.deployed(environment="development")["app_key"] == f"{KEY}-development"
    assert acme.deployed()["app_key"] == KEY
    assert Listing.objects.values("group").distinct().count() == 1


def test_without_a_connect_key_the_last_part_of_the_id_is_the_key(acme):
    text = manifest(app__connect={"remote": "connect", "authentication": "jwt"})
    assert acme.deployed(text)["app_key"] == "poll-1"


def test_another_connect_key_is_a_major_and_the_listing_keeps_its_own(acme):
    acme.deployed()
    made = acme.deployed(manifest(app__connect__key="com.example.other"), approve_major=True)

    assert (made["version"], made["app_key"]) == ("2.0.0", KEY)
    offered = Listing.objects.get().offered
    assert document_of(offered)["key"] == KEY


def test_an_app_without_connect_modules_is_deployed_and_says_what_is_not_rendered(acme):
    text = manifest(connectModules=None, remotes=None, modules={"macro": [{"key": "a"}, {"key": "b"}]})
    made = acme.deployed(text)

    assert [(each["kind"], each["key"]) for each in made["unrendered"]] == [("macro", "a"), ("macro", "b")]
    assert [each["line"] for each in made["unrendered"]] == [text.splitlines().index(f"  - key: {k}") + 1 for k in "ab"]
    assert "connect.nothing" in {each["rule"] for each in made["warnings"]}
    document = document_of(Listing.objects.get().offered)
    assert (document["baseUrl"], document["authentication"]) == ("https://com.example.poll.invalid", {"type": "none"})
    assert (document["modules"], document["key"], document["scopes"]) == ({}, KEY, ["READ"])


def test_a_dry_run_decides_everything_and_writes_nothing(acme):
    acme.deployed()
    rows = count_of_rows()
    told = acme.deployed(manifest(**MAJOR), dry_run=True)

    assert (told["version"], told["change"], told["at"], told["dry_run"]) == ("2.0.0", "major", None, True)
    assert acme.deploy(manifest(app__id="another"), dry_run=True).status_code == 409
    assert acme.deployed(environment="staging", dry_run=True)["app_key"] == f"{KEY}-staging"
    assert count_of_rows() == rows


def test_a_deployment_leaves_its_message_its_build_and_its_rows_in_the_audit_log(acme, owner):
    acme.deployed(message="Say what it is", run_url="https://ci.example/runs/1")
    (row,) = acme.get("/versions").json()["items"]

    assert (row["by"], row["message"], row["run_url"]) == (owner.actor, "Say what it is", "https://ci.example/runs/1")
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"deployed_app.registered", "listing.made", "version.made", "version.offered", "deployment.made"} <= actions


def test_the_manifest_comes_back_byte_by_byte(acme):
    text = "# A comment\n" + manifest(app__name="Pöll")
    acme.deployed(text)
    answer = acme.get("/versions/1.1.0/manifest")

    assert answer.content == text.encode()
    assert answer["Content-Type"].startswith("text/yaml")
    assert acme.get("/versions/1.2.0/manifest").status_code == 404


def test_one_version_says_why_and_what_it_asks_for(acme):
    acme.deployed()
    acme.deployed(manifest(**MAJOR), approve_major=True)
    whole = acme.get("/versions/2.0.0").json()

    assert whole["before"] == "1.1.0"
    assert [(each["rule"], each["line"] > 0) for each in whole["reasons"]] == [("manifest_scope.added", True)]
    assert {"kind": "scope", "text": "write:connect-jira"} in whole["permissions"]


def test_two_versions_are_compared_in_either_direction(acme):
    acme.deployed()
    acme.deployed(manifest(**MINOR))
    acme.deployed(manifest(**MINOR, **MAJOR), approve_major=True)

    there = acme.get("/comparison?from=1.1.0&to=2.0.0").json()
    assert (there["change"], there["consent"]) == ("major", True)
    assert {"manifest_scope.added"} <= {each["rule"] for each in there["reasons"]}
    assert acme.get("/comparison?from=2.0.0&to=1.2.0").json()["reasons"][0]["rule"] == "manifest_scope.removed"
    assert acme.get("/comparison?from=1.1.0&to=1.2.0").json()["change"] == "minor"
    assert acme.get("/comparison?from=1.1.0&to=7.0.0").status_code == 404


def test_a_backport_follows_its_major_and_never_becomes_the_newest(acme):
    acme.deployed()
    acme.deployed(manifest(**MAJOR), approve_major=True)
    made = acme.deployed(manifest(**MINOR), major_version=1)

    assert (made["version"], made["before"], made["backport"], made["consent"]) == ("1.2.0", "1.1.0", True, False)
    assert [number for number, _ in acme.numbers()] == ["2.0.0", "1.2.0", "1.1.0"]
    assert str(Listing.objects.get().offered) == "2.0.0"
    assert acme.deployed(manifest(**MAJOR, **MINOR))["version"] == "2.1.0"
    assert acme.deployed(manifest(app__description="Again"), major_version=1)["version"] == "1.3.0"


@pytest.mark.parametrize(("major", "text"), [(1, MAJOR), (0, {}), (2, MAJOR), (3, {}), (999_999, {})])
def test_a_backport_has_to_be_a_minor_of_an_older_major(acme, major, text):
    acme.deployed()
    acme.deployed(manifest(**MAJOR), approve_major=True)
    refused = acme.deploy(manifest(**text), major_version=major, approve_major=True)

    assert (refused.status_code, refused.json()["rule"]) == (409, "deployment.backport_major")
    assert ("problems" in refused.json()) == (major == 1)
    assert len(acme.numbers()) == 2


def test_a_backport_to_an_environment_nobody_deployed_to_is_refused(acme):
    assert acme.deploy(major_version=1).json()["rule"] == "deployment.backport_major"


def test_environments_say_how_they_stand(acme, owner):
    acme.deployed()
    acme.deployed(manifest(**MINOR))
    production, staging, development = acme.get("/environments").json()

    assert [production["environment"], staging["environment"], development["environment"]] == [
        "production", "staging", "development",
    ]  # fmt: skip
    assert (production["newest"], production["offered"], production["pending"]) == ("1.2.0", "1.2.0", [])
    assert (production["deployed_by"], production["listing_state"]) == (owner.actor, "private")
    assert (staging["app_key"], staging["newest"], staging["sites"]) == (None, None, 0)


def test_installations_are_those_of_the_environment(public, host):
    wire = WireHost(host[1])
    wire.check((1, {KEY: "1.1.0"}))
    wire.report(wire.says(1, "1.1.0", app=KEY))

    (row,) = public.get("/installations").json()["items"]
    assert (row["name"], row["running"], row["state"]) == ("Site 1", "1.1.0", "current")
    assert public.get("/installations?version=2.0.0").json()["items"] == []
    assert public.get("/installations?environment=staging").json()["items"] == []
    assert [each["sites"] for each in public.get("/versions").json()["items"]] == [1]
    assert public.get("/environments").json()[0]["on_newest"] == 1


def test_a_minor_that_is_offered_is_news_for_hosts_of_its_major_alone(public, host):
    wire = WireHost(host[1])
    wire.check((1, {KEY: "1.1.0"}))
    wire.report(wire.says(1, "1.1.0", app=KEY))
    public.deployed(manifest(**MAJOR), approve_major=True)
    assert PendingNews.objects.count() == 0

    public.deployed(manifest(**MAJOR, **MINOR))
    assert PendingNews.objects.count() == 0
    public.deployed(manifest(**MINOR), major_version=1)
    assert list(PendingNews.objects.values_list("major", flat=True)) == [1]


def count_of_rows():
    models = (AppVersion, AuditEntry, Deployment, Document, Listing, Notice)
    return [model.objects.count() for model in models]
