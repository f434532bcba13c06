"""A build deploys with what it got for its identity token: that app, that environment, and nothing else."""

import json

import pytest
from django.test import Client
from tests.marketplace.builds.conftest import deployed_app, exchange
from tests.marketplace.builds.issuing import APP_ID, CLAIMS

from tradepost.foundation.clock import machine_now
from tradepost.marketplace.deployments.models import Deployment

pytestmark = pytest.mark.django_db
MANIFEST = f"app:\n  id: {APP_ID}\n  connect:\n    key: notes\nmodules: {{}}\n"


@pytest.fixture
def build(issuer, trusted):
    """A build of production that has shown its identity token."""
    now = machine_now()
    made = exchange(issuer.sign(now=now), now=now)
    return Client(headers={"authorization": f"Bearer {made.secret}"})


def post(client, path, body):
    return client.post(f"/api/1{path}", json.dumps(body), content_type="application/json")


def test_a_build_deploys_and_is_named_with_its_run(build, app):
    wanted = {"environment": "production", "manifest": MANIFEST}
    answer = post(build, f"/deployed-apps/{app.pk}/deployments", wanted)

    assert answer.status_code == 201, answer.content
    made = Deployment.objects.get()
    assert (made.environment, made.by) == ("production", "build acme/notes @ refs/heads/main")
    assert made.run_url == CLAIMS["run_url"]


def test_a_build_sees_its_app_and_environment_alone(build, app, vendor):
    other = deployed_app(vendor, "ari:other", "Other")

    assert [each["id"] for each in build.get("/api/1/deployed-apps").json()["items"]] == [str(app.pk)]
    assert build.get(f"/api/1/deployed-apps/{other.pk}").status_code == 404
    wanted = {"environment": "staging", "manifest": MANIFEST}
    assert post(build, f"/deployed-apps/{app.pk}/deployments", wanted).status_code == 404
    assert post(build, f"/deployed-apps/{other.pk}/deployments", wanted).status_code == 404
    assert not Deployment.objects.exists()


def test_a_build_does_nothing_that_is_for_people(build, app):
    assert post(build, "/deployed-apps", {"name": "Another"}).status_code == 403
    assert build.get("/api/1/listings").status_code == 401
    assert build.get("/api/1/me").status_code == 401
    assert build.get("/api/1/tokens").status_code == 401
