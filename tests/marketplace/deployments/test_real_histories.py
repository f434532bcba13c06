"""Every manifest of real histories, deployed by REST: the numbers are those that `replay` counts."""

import pytest
from tests.core.real_manifests import real_histories
from tests.marketplace.deployments.manifests import Deploying

from tradepost.core.manifest_facts import facts_of_manifest
from tradepost.core.manifest_release import decide_deployment
from tradepost.wire.manifest_text import read_manifest

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MOST_APPS = 12
MOST_VERSIONS = 30


def long_histories(folder):
    """Histories of one app each, the longest first, as far as they can be read."""
    for history in sorted(real_histories(folder), key=len, reverse=True):
        texts = [each["raw"] for each in history]
        read = [read_manifest(text).manifest for text in texts]
        ids = {facts_of_manifest(each).app_id for each in read if each is not None}
        if len(ids) == 1 and None not in ids and len(next(iter(ids))) < 200:
            yield next(iter(ids)), texts[:MOST_VERSIONS]


def test_real_histories_are_deployed_with_the_numbers_of_the_rules(real_descriptors, owner):
    apps = deployed = 0
    for app_id, texts in long_histories(real_descriptors):
        if apps == MOST_APPS:
            break
        vendor = Deploying.of(owner)
        if vendor.register(f"App {apps}", app_id).status_code != 201:
            continue
        apps += 1
        deployed += walk(vendor, texts)
    assert apps
    assert deployed > 3 * apps


def walk(vendor, texts):
    """Deploy one version after another; return how many were taken. The others were refused with places."""
    newest, taken = None, 0
    for text in texts:
        answer = vendor.deploy(text, approve_major=True)
        if answer.status_code != 201:
            assert answer.status_code == 422, answer.content
            assert answer.json()["problems"]
            continue
        manifest = read_manifest(text).manifest
        due = decide_deployment(newest, manifest)
        made = answer.json()
        assert (made["version"], made["state"]) == (str(due.version), "offered")
        assert [each["rule"] for each in made["reasons"]] == [each.rule for each in due.reasons]
        assert len(made["unrendered"]) == len(vendor.get(f"/versions/{made['version']}").json()["unrendered"])
        newest, taken = (due.version, manifest), taken + 1
    return taken
