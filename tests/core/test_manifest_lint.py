"""Everything that `lint` says of a manifest, at once and with places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.connect_manifests import DESCRIPTOR, MANIFEST, descriptor, manifest
from tests.core.manifest_documents import manifests, read

from tradepost.core.manifest import ReadManifest
from tradepost.core.manifest_lint import lint
from tradepost.core.manifest_lint_explained import LINT_RULES
from tradepost.core.version import Version
from tradepost.wire.manifest_text import read_manifest

AGAINST = json.dumps(DESCRIPTOR).encode()


def lint_value(value, **options):
    return lint(ReadManifest(read(value)), **options)


def warned(value):
    return [warning.rule for warning in lint_value(value).warnings]


@pytest.mark.parametrize(
    ("parts", "rules"),
    [
        ({}, []),
        ({"permision": {"scopes": []}}, ["lint.field_unknown"]),
        ({"permissions__scope": ["a"]}, ["lint.permission_unknown"]),
        ({"permissions__enforcement": "app-managed"}, []),
        ({"permissions__external": {"image": [], "images": ["a.com"]}}, ["lint.permission_unknown"]),
        ({"permissions__external": {"fetch": {"images": []}}}, ["lint.permission_unknown"]),
        ({"permissions__content": {"style": ["unsafe-inline"]}}, ["lint.permission_unknown"]),
        ({"permissions__external": {"fetch": {"backend": [{"remote": "other"}]}}}, ["lint.remote_unknown"]),
        ({"permissions__external": {"fetch": {"backend": [{"remote": "connect"}]}}}, []),
        ({"modules": {"endpoint": [{"key": "e", "remote": "other"}]}}, ["lint.remote_unknown"]),
        ({"modules": {"endpoint": [{"key": "e", "remote": "connect"}]}}, []),
        ({"endpoint": [{"key": "e", "remote": "other"}]}, ["lint.remote_unknown"]),
        ({"remotes": [*MANIFEST["remotes"], {"baseUrl": "https://a.com"}]}, ["lint.remote_key"]),
        ({"remotes": MANIFEST["remotes"] * 2}, ["lint.remote_key"]),
        ({"app__licensing": {"editionsEnabled": True}}, ["lint.editions"]),
        ({"app__licensing": {"editionsEnabled": True, "enabled": False}}, ["lint.editions"]),
        ({"app__licensing": {"editionsEnabled": True, "enabled": True}}, []),
        ({"app__licensing": {"editionsEnabled": False}}, []),
        ({"permissions__external": {"images": ["http://a.com", "https://b.com", "c.com"]}}, ["lint.plain_http"]),
        ({"permissions__external": {"fetch": {"client": [{"address": "WS://a.com"}]}}}, ["lint.plain_http"]),
        ({"remotes": [{"key": "connect", "baseUrl": "http://a.com"}]}, ["base_url.https"]),
        ({"remotes": [*MANIFEST["remotes"], {"key": "b", "baseUrl": {"EU": "http://a.com"}}],
          "permissions__external": {"fetch": {"backend": [{"remote": "b"}]}}}, ["lint.plain_http"]),
        ({"permissions__scopes": ["odd:connect-jira"]}, ["scope.unknown"]),
        ({"connectModules": None}, ["connect.nothing"]),
    ],
)  # fmt: skip
def test_what_deserves_a_look_is_a_warning_and_keeps_nothing_back(parts, rules):
    found = lint_value(manifest(**parts))

    assert [warning.rule for warning in found.warnings] == rules
    assert found.deployable
    assert all(warning.line and warning.column for warning in found.warnings)


def test_a_mapping_that_is_no_manifest_is_told_so():
    assert warned({"name": "poll"}) == ["lint.field_unknown", "connect.nothing", "lint.no_manifest"]


def test_every_problem_is_told_at_once_in_the_order_of_the_text():
    text = (
        "app:\n  id: a b\n  connect:\n    remote: other\n"
        "permissions:\n  scopes: read:jira-work\n  external:\n    images:\n      - category: analytics\n"
        "connectModules:\n  jira:webPanels: []\n"
    )

    found = lint(read_manifest(text), against=AGAINST)

    assert [(it.rule, it.line) for it in found.problems] == [
        ("connect.key", 3), ("deployment.app", 3), ("connect.remote_unknown", 4), ("manifest.type", 6),
        ("manifest.missing", 9), ("lifecycle.installed_required", 10),
    ]  # fmt: skip
    assert found.upgrade is None


def test_problems_of_the_text_are_told_and_nothing_else_can_be():
    found = lint(read_manifest("a: 1\na: 2\nb: *c\n"), against=b"[]")

    assert [(it.rule, it.line) for it in found.problems] == [("document.repeated_key", 2), ("manifest.alias", 3)]
    assert [it.rule for it in found.descriptor_problems] == ["document.not_object"]


@pytest.mark.parametrize(
    ("api_version", "live", "following"),
    [(None, None, "2.0.0"), (3, None, "4.0.0"), (None, "1.4.2", "2.0.0"), (1, "7.9.9", "8.0.0")],
)
def test_the_first_listed_major_is_the_highest_listed_major_plus_one(api_version, live, following):
    against = json.dumps(descriptor(apiVersion=api_version)).encode()

    found = lint_value(MANIFEST, against=against, live=live and Version.parse(live))

    assert str(found.upgrade.next) == following
    assert not found.consent


@pytest.mark.parametrize("key", ["com.example.other", None])
def test_another_key_is_a_problem_in_clear_words(key):
    found = lint_value(manifest(app__connect__key=key), against=AGAINST)

    assert [problem.rule for problem in found.problems] == ["deployment.app"]
    assert "set app.connect.key to 'com.example.poll'" in found.problems[0].text
    assert (found.deployable, found.upgrade) == (False, None)


@pytest.mark.parametrize("against", [b"", b"{", b"[]", b"\xff", b'{"key": 7}', json.dumps({"key": "a"}).encode()])
def test_a_descriptor_that_cannot_be_read_keeps_the_judgement_back(against):
    found = lint_value(MANIFEST, against=against)

    assert found.descriptor_problems
    assert (found.deployable, found.upgrade) == (False, None)


@given(manifests, st.sampled_from([None, AGAINST]))
def test_any_manifest_gets_an_answer_that_is_json(value, against):
    found = lint_value({**value, "connectModules": MANIFEST["connectModules"]}, against=against)

    assert json.loads(json.dumps(found.to_json()))
    assert (found.upgrade is not None) == (found.deployable and against is not None)


@pytest.mark.parametrize("odd", [None, 7, "x", [], [[]], [{}], {"a": []}], ids=repr)
@pytest.mark.parametrize("part", ["app", "remotes", "permissions", "modules", "providers", "endpoint"])
def test_odd_shapes_are_told_of_and_never_accidents(part, odd):
    assert lint_value({**MANIFEST, part: odd}, against=AGAINST).to_json()


def test_every_rule_of_lint_is_shown_by_a_test_of_it_or_of_the_connect_part(project):
    tests = [project / "tests" / "core" / f"test_manifest_{name}.py" for name in ("lint", "connect")]
    shown = "".join(path.read_text(encoding="utf-8") for path in tests)

    assert [name for name in LINT_RULES if f'"{name}"' not in shown] == []


@pytest.mark.real_descriptors
def test_every_real_manifest_gets_an_answer_and_nearly_all_could_be_deployed(real_descriptors):
    found = []
    for line in (real_descriptors / "forge_histories.jsonl").read_text(encoding="utf-8").splitlines():
        found += [lint(read_manifest(version["raw"])) for version in json.loads(line)["transitions"]]

    refused = [report for report in found if not report.deployable]
    assert len(refused) <= 2, [report.problems for report in refused]
    assert any(warning.rule == "lint.permission_unknown" for report in found for warning in report.warnings)
