"""A watched app written as a manifest: it says what the descriptor says, so that no site is asked."""

import json

import pytest
from tests.core import connect_manifests

from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.descriptor import parse_descriptor
from tradepost.core.errors import ProblemsError
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_connect import descriptor_of
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_equivalence_explained import Way
from tradepost.core.manifest_writing import manifest_of
from tradepost.sdk.sample.descriptor import changed, first_descriptor

KEPT = ("key", "name", "description", "baseUrl", "lifecycle", "scopes")


def says_the_same(descriptor, manifest):
    back = descriptor_of(manifest, policy=DRAFT_POLICY)
    assert {name: back.get(name) for name in KEPT} == {name: descriptor.get(name) for name in KEPT}
    assert back["authentication"]["type"] == descriptor["authentication"]["type"].lower()
    assert back["enableLicensing"] == bool(descriptor.get("enableLicensing"))
    assert back["modules"] == descriptor.get("modules", {})


def test_the_manifest_of_a_watched_app_is_its_descriptor_on_sites():
    descriptor = connect_manifests.descriptor(name="Poll", description="Ask.", enableLicensing=True)
    descriptor["modules"]["configurePage"] = {"key": "set", "name": {"value": "Set"}, "url": "/set"}

    manifest = Manifest(manifest_of(descriptor, app_id="ari:app/1").document)

    says_the_same(descriptor, manifest)
    assert judge_equivalence(descriptor, manifest).way is Way.SILENT
    assert manifest.document["app"]["id"] == "ari:app/1"


@pytest.mark.parametrize("changes", [[], ["add-scope", "make-paid"], ["offer-editions"], ["change-panel"]])
def test_the_sample_app_can_be_deployed_as_it_is(changes):
    descriptor = first_descriptor(key="sample", name="Sample", base_url="https://sample.example")
    for change in changes:
        descriptor = changed(descriptor, change, {})

    written = manifest_of(descriptor)

    says_the_same(descriptor, Manifest(written.document))
    assert judge_equivalence(descriptor, Manifest(written.document)).way is Way.SILENT
    assert {problem.pointer for problem in written.lost} == {"/vendor", "/apiVersion"}
    assert "id" not in written.document["app"]


def test_signed_installs_become_asymmetric_authentication():
    descriptor = connect_manifests.descriptor(apiMigrations={"signed-install": True, "gdpr": True})

    written = manifest_of(descriptor)

    assert written.document["app"]["connect"]["authentication"] == "jwt-asymmetric"
    assert [problem.pointer for problem in written.lost] == ["/apiMigrations/gdpr"]


def test_scopes_keep_their_meaning_in_whatever_letters_they_are_written():
    descriptor = connect_manifests.descriptor(scopes=["read", "Act_As_User", "ACCESS_EMAIL_ADDRESSES"])

    back = descriptor_of(Manifest(manifest_of(descriptor).document))

    assert back["scopes"] == ["READ", "ACT_AS_USER", "ACCESS_EMAIL_ADDRESSES"]


def test_a_scope_that_a_manifest_cannot_name_is_said_to_be_lost():
    written = manifest_of(connect_manifests.descriptor(scopes=["READ", "V2 scope"]))

    assert [problem.pointer for problem in written.lost] == ["/scopes/1"]
    assert written.document["permissions"]["scopes"] == ["read:connect-jira"]


@pytest.mark.real_descriptors
def test_every_real_descriptor_that_can_be_listed_can_be_deployed_without_a_question(real_descriptors):
    lines = (real_descriptors / "connect_singles.jsonl").read_text(encoding="utf-8").splitlines()
    tried = 0
    for line in lines:
        try:
            text = json.dumps(json.loads(line)["descriptor"])
            descriptor = parse_descriptor(text.encode(), policy=DRAFT_POLICY).document
        except ProblemsError:
            continue
        written = manifest_of(descriptor)
        if any(problem.pointer.startswith("/scopes") for problem in written.lost) or not descriptor.get("modules"):
            continue
        tried += 1
        assert judge_equivalence(descriptor, Manifest(written.document)).way is Way.SILENT, descriptor["key"]

    assert tried > 50
