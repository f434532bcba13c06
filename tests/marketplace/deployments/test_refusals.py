"""What is not deployed: bad texts, wrong apps, taken keys, too much. A refusal leaves one row in the audit log."""

from datetime import timedelta

import pytest
from tests.marketplace.deployments.manifests import APP_ID, KEY, MAJOR, MINOR, Deploying, descriptor, manifest

from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.builds.models import DeployToken
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.models import DeployedApp, Deployment
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.watching.models import Document

pytestmark = pytest.mark.django_db

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{b}: &{b} [{', '.join(f'*{a}' for _ in range(9))}]\n"
    for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)  # fmt: skip

TEXTS = {
    "no YAML": ("app: [1, 2\n", "manifest.not_yaml"),
    "no mapping": ("- app\n", "manifest.not_mapping"),
    "empty": ("", "manifest.not_mapping"),
    "repeated key": (manifest() + f"app:\n  id: {APP_ID}\n", "document.repeated_key"),
    "alias bomb": (manifest() + LAUGHS, "document.too_many"),
    "an object of the language": (manifest() + "x: !!python/object:os.system {}\n", "manifest.tag"),
    "NUL as an escape": (manifest() + 'x: "a\\0b"\n', "document.bad_text"),
    "wrong type": (manifest(permissions__scopes=7), "manifest.type"),
    "no app.id": (manifest(app__id=None), "deployment.app_id"),
    "app.id of a wrong type": (manifest(app__id=[1]), "manifest.type"),
    "key that is none": (manifest(app__connect__key="a b"), "connect.key"),
    "key too long": (manifest(app__connect__key="k" * 65), "key.long"),
    "no such remote": (manifest(app__connect__remote="other"), "connect.remote_unknown"),
    "base URL that is none": (manifest(remotes=[{"key": "connect", "baseUrl": "ftp://x.example"}]), "base_url.form"),
    "base URL here": (
        manifest(remotes=[{"key": "connect", "baseUrl": f"{configuration.marketplace_url}/x"}]),
        "base_url.own_origin",
    ),
    "lifecycle elsewhere": (
        manifest(connectModules={"jira:lifecycle": [{"key": "e", "installed": "https://x.example/i"}]}),
        "lifecycle.path",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_bad_manifest_is_refused_with_its_place_and_keeps_nothing(name, acme):
    text, rule = TEXTS[name]
    refused = acme.deploy(text)

    assert refused.status_code == 422, refused.content
    problems = refused.json()["problems"]
    assert rule in {each["rule"] for each in problems}, problems
    assert all(each["line"] >= 1 and each["column"] >= 1 for each in problems)
    nothing_was_kept(rule)


def nothing_was_kept(rule):
    assert [model.objects.count() for model in (AppVersion, Deployment, Listing, Document)] == [0, 0, 0, 0]
    (row,) = AuditEntry.objects.filter(action="deployment.refused")
    assert rule in row.detail["rules"]


def test_every_problem_is_told_at_once_in_the_order_of_the_text(acme):
    text = manifest(
        remotes=[{"key": "connect", "baseUrl": "ftp://x.example"}],
        connectModules={"jira:lifecycle": [{"key": "e"}], "jira:webPanels": [7]},
        permissions__scopes=[1],
    )
    problems = acme.deploy(text).json()["problems"]

    assert {"base_url.form", "lifecycle.installed_required", "module.type"} <= {each["rule"] for each in problems}
    places = [(each["line"], each["column"]) for each in problems]
    assert places == sorted(places)


def test_a_text_that_is_too_large_is_not_parsed(acme):
    most = configuration.limits.document_bytes
    refused = acme.deploy(manifest() + "# " + "x" * most)

    assert refused.status_code == 422
    assert refused.json()["problems"][0]["rule"] == "document.too_large"
    assert acme.deploy("x" * (configuration.limits.request_bytes + 1)).status_code == 413


def test_a_text_with_a_nul_character_is_no_request(acme):
    assert acme.deploy("app: \0").status_code == 400
    assert acme.deploy(message="a\0b").status_code == 400
    assert acme.get("/versions/1%00/manifest").status_code == 400


def test_the_manifest_of_another_app_is_refused(acme):
    acme.deployed()
    refused = acme.deploy(manifest(app__id="ari:cloud:ecosystem::app/other"))

    assert (refused.status_code, refused.json()["rule"]) == (409, "deployment.app_id")
    assert refused.json()["problems"][0]["pointer"] == "/app/id"


@pytest.mark.parametrize("whose", ["another vendor's watched", "another vendor's deployed", "own other app's"])
def test_a_key_that_is_listed_is_taken_and_nothing_is_said_of_its_owner(whose, acme, stranger, server):
    if whose == "another vendor's watched":
        vendor = catalog.queries.vendors(stranger).get()
        catalog.list_app(vendor.pk, server.serve(descriptor()), by=stranger, now=machine_now())
    else:
        other = Deploying.of(stranger) if whose.startswith("another") else acme
        mine = acme.app
        assert other.register("Rival", "rival-1").status_code == 201
        other.deployed(manifest(app__id="rival-1"))
        acme.app = mine
    refused = acme.deploy()

    assert (refused.status_code, refused.json()["rule"]) == (409, "deployment.key_taken")
    assert "Other" not in refused.content.decode()
    assert "Rival" not in refused.content.decode()
    assert acme.deploy(environment="staging").status_code == 201  # its own key is free


def test_a_key_that_gets_too_long_with_its_environment_is_told(acme):
    text = manifest(app__connect__key="k" * 60)
    (problem,) = acme.deploy(text, environment="development").json()["problems"]

    assert (problem["rule"], problem["pointer"]) == ("key.long", "/app/connect/key")
    assert acme.deploy(text).status_code == 201


def test_fields_that_cannot_be_are_refused(acme):
    for fields in (
        {"environment": "qa"},
        {"message": "x" * 501},
        {"run_url": "javascript:alert(1)"},
        {"run_url": "https://" + "x" * 500},
        {"major_version": -1},
        {"major_version": 10**9},
        {"approve_major": "maybe"},
        {"manifest": 7},
    ):
        assert acme.post("/deployments", {"manifest": manifest(), **fields}).status_code == 422, fields
    for body in ({"name": ""}, {"name": "x" * 201}, {"name": "A", "app_id": "a b"}, {"name": "A", "app_id": ""}):
        assert acme.call("post", "/deployed-apps", body).status_code == 422, body
    assert acme.get("/versions?environment=qa").status_code == 422
    assert acme.get("/versions?after=nonsense").status_code == 422


def test_more_deployments_than_a_day_has_are_refused(acme, monkeypatch):
    acme.deployed()
    app = DeployedApp.objects.get(pk=acme.app)
    listing = Listing.objects.get()
    document = Document.objects.first()
    most = configuration.policy.deployments_per_day
    made = AppVersion.objects.bulk_create(
        AppVersion(
            listing=listing, number=f"1.{n}.0", order_key=10**12 + n * 10**6, document=document, manifest=document,
            base_url="", api_version=1, paid=False, scopes=[], change="minor", consent=False,
            made_at=machine_now(), made_by="test",
        )
        for n in range(2, most + 1)
    )  # fmt: skip
    Deployment.objects.bulk_create(
        Deployment(app=app, version=each, environment="production", at=machine_now() - timedelta(hours=1), by="test")
        for each in made
    )

    assert acme.deploy().status_code == 429
    assert acme.deploy(dry_run=True).status_code == 429
    assert acme.deploy(environment="staging").status_code == 201


def test_another_vendors_app_is_not_there(acme, stranger):
    acme.deployed()
    other = Deploying.of(stranger, app=acme.app)

    for path in ("", "/environments", "/versions", "/versions/1.1.0", "/versions/1.1.0/manifest",
                 "/comparison?from=1.1.0&to=1.1.0", "/installations"):  # fmt: skip
        assert other.get(path).status_code == 404, path
    assert other.deploy().status_code == 404
    assert other.post("/versions/1.1.0/withdrawal", {"environment": "production"}).status_code == 404
    assert other.call("get", "/deployed-apps").json()["items"] == []
    assert not AuditEntry.objects.filter(action="deployment.refused").exists()


def test_a_token_needs_the_scope(owner, acme):
    reader = Deploying.of(owner, "apps:read", app=acme.app)
    assert reader.deploy().status_code == 403
    assert reader.register().status_code == 403
    assert Deploying.of(owner, "apps:write", app=acme.app).get("/versions").status_code == 403
    assert Deploying("tp_unknown", acme.app).get("").status_code == 401
    assert Deploying("tpd_unknown", acme.app).get("").status_code == 401


def deploy_token(app, environment, **fields):
    plain = f"tpd_{environment}"
    DeployToken.objects.create(
        app_id=app, environment=environment, name="CI", prefix=plain[:8], digest=hash_token(plain),
        created_at=machine_now(), created_by="test", expires_at=machine_now() + timedelta(hours=1), **fields,
    )  # fmt: skip
    return Deploying(plain, app)


def test_a_deploy_token_sees_its_app_and_its_environment_and_can_nothing_else(acme):
    acme.deployed()
    mine, build = acme.app, deploy_token(acme.app, "staging")
    made = build.deployed(environment="staging")

    assert made["by"].startswith("deploy token CI")
    assert [each["environment"] for each in build.get("/environments").json()] == ["staging"]
    assert [each["id"] for each in build.call("get", "/deployed-apps").json()["items"]] == [mine]
    assert build.numbers("staging") == [("1.1.0", "offered")]
    assert build.deploy().status_code == 404
    for path in ("/versions", "/versions/1.1.0", "/versions/1.1.0/manifest", "/installations"):
        assert build.get(path).status_code == 404, path
    assert build.post("/versions/1.1.0/withdrawal", {"environment": "staging"}).status_code == 403
    assert build.call("post", "/deployed-apps", {"name": "Mine"}).status_code == 403
    assert build.call("get", "/listings").status_code == 401
    acme.register("Second", "second-1")
    build.app = acme.app
    assert build.get("").status_code == 404
    assert build.deploy(environment="staging").status_code == 404


def test_a_person_of_several_vendors_says_which(acme, owner, operator):
    second = catalog.create_vendor("Second", "apps@second.test", by=operator, now=machine_now())
    catalog.set_member(second.pk, owner.user.email, "developer", by=operator, now=machine_now())

    unsaid = acme.call("post", "/deployed-apps", {"name": "Which"})
    assert (unsaid.status_code, unsaid.json()["problems"][0]["pointer"]) == (422, "/vendor")
    assert acme.call("post", "/deployed-apps", {"name": "This", "vendor": str(second.pk)}).status_code == 201
    assert acme.call("post", "/deployed-apps", {"name": "No", "vendor": acme.app}).status_code == 404


def test_a_refused_major_leaves_the_versions_as_they_were(acme):
    acme.deployed()
    before = acme.numbers()
    assert acme.deploy(manifest(**MAJOR)).status_code == 409

    assert acme.numbers() == before
    assert AuditEntry.objects.get(action="deployment.refused").detail["rules"] == ["deployment.major"]
    assert acme.deployed(manifest(**MINOR))["version"] == "1.2.0"
    assert str(Listing.objects.get(app_key=KEY).offered) == "1.2.0"
