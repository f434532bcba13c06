"""The descriptor that a deployed app is on sites, and what cannot be turned into one."""

import json

import pytest
from hypothesis import given
from tests.core.connect_manifests import MANIFEST, manifest
from tests.core.manifest_documents import manifests, read

from tradepost.core.descriptor import parse_descriptor
from tradepost.core.errors import ProblemsError
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_connect import descriptor_of, read_connect
from tradepost.wire.manifest_text import read_manifest

PANEL = MANIFEST["connectModules"]["jira:webPanels"][0]


def test_a_manifest_becomes_the_descriptor_of_a_watched_app():
    assert descriptor_of(read(manifest(app__licensing={"enabled": True}))) == {
        "key": "com.example.poll",
        "baseUrl": "https://poll.example.com",
        "authentication": {"type": "jwt"},
        "scopes": ["READ", "WRITE"],
        "enableLicensing": True,
        "modules": {"webPanels": [PANEL]},
        "lifecycle": {"installed": "/installed"},
    }


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("read:connect-jira", "READ"),
        ("write:connect-confluence", "WRITE"),
        ("delete:connect-jira", "DELETE"),
        ("project-admin:connect-jira", "PROJECT_ADMIN"),
        ("space-admin:connect-confluence", "SPACE_ADMIN"),
        ("admin:connect-jira", "ADMIN"),
        ("act-as-user:connect-jira", "ACT_AS_USER"),
        ("access-email-addresses:connect-jira", "ACCESS_EMAIL_ADDRESSES"),
    ],
)
@pytest.mark.parametrize("form", [list, dict.fromkeys])
def test_connect_scopes_are_those_of_the_descriptor_and_others_are_none_of_its(scope, expected, form):
    found = descriptor_of(read(manifest(permissions__scopes=form([scope, "storage:app", "read:jira-work"]))))

    assert found["scopes"] == [expected]


def test_without_a_connect_key_the_end_of_the_app_id_is_the_key_unless_the_caller_knows_another():
    without = read(manifest(app__connect={"remote": "connect"}))

    assert descriptor_of(without)["key"] == "poll-1"
    assert descriptor_of(without, key="registered")["key"] == "registered"
    assert descriptor_of(read(MANIFEST), key="registered")["key"] == "com.example.poll"


def test_each_region_has_its_address_and_others_the_default_one():
    found = read(manifest(remotes=[{"key": "connect", "baseUrl": {"default": "https://a.com", "EU": "https://b.com"}}]))

    assert [descriptor_of(found, region=region)["baseUrl"] for region in ("default", "EU", "US")] == [
        "https://a.com", "https://b.com", "https://a.com",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kind"), [(None, "jwt"), ("jwt", "jwt"), ("jwt-asymmetric", "jwt"), ("none", "none")]
)
def test_authentication_is_jwt_where_nothing_is_said(written, kind):
    found = descriptor_of(read(manifest(app__connect__authentication=written)))

    assert found["authentication"] == {"type": kind}
    assert ("apiMigrations" in found) == (written == "jwt-asymmetric")


def test_a_type_that_is_one_object_by_its_nature_is_a_list_of_one_in_manifests():
    page = {"key": "config", "name": {"value": "Config"}, "url": "/config"}

    value = manifest()
    value["connectModules"]["jira:configurePage"] = [page]

    found = descriptor_of(read(value))

    assert found["modules"]["configurePage"] == page


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (manifest(app__connect__remote=None), ["connect.remote"]),
        (manifest(app__connect=None), ["connect.remote"]),
        (manifest(app__connect__remote="other"), ["connect.remote_unknown"]),
        (manifest(remotes=None), ["connect.remote_unknown"]),
        (manifest(remotes=[{"key": "connect"}]), ["connect.address"]),
        (manifest(remotes=[{"key": "connect", "baseUrl": {"EU": "https://eu.com"}}]), ["connect.address"]),
        (manifest(remotes=MANIFEST["remotes"] + [{"key": "connect", "baseUrl": "https://b.com"}]), ["connect.address"]),
        (manifest(remotes=[{"key": "connect", "baseUrl": "${ADDRESS}"}]), ["base_url.form"]),
        (manifest(app={"id": "my app", "connect": {"remote": "connect"}}), ["connect.key"]),
        (manifest(app__connect__key="k" * 65), ["key.long"]),
        (manifest(app__connect__key="k" * 91), ["key.long"]),
        (manifest(app__connect__key="my app"), ["key.form"]),
        (manifest(app__connect__authentication="oauth"), ["authentication.unknown"]),
        (manifest(connectModules={"jira:webPanels": [PANEL], "confluence:webPanels": [PANEL]}),
         ["connect.products", "lifecycle.installed_required"]),
        (manifest(connectModules={"webPanels": [PANEL]}), ["connect.module_type", "lifecycle.installed_required"]),
        (manifest(connectModules=["jira:webPanels"]), ["connect.module_type", "lifecycle.installed_required"]),
        (manifest(connectModules={"jira:lifecycle": ["/installed"]}),
         ["connect.lifecycle", "lifecycle.installed_required"]),
        (manifest(connectModules={"jira:lifecycle": [{"installed": "/a"}, {"installed": "/b"}]}),
         ["connect.lifecycle"]),
        (manifest(connectModules={"jira:lifecycle": {"installed": "https://a.com"}}), ["lifecycle.path"]),
        (manifest(connectModules={"jira:lifecycle": {"installed": "/a"}, "jira:webPanels": "x"}), ["module.type"]),
        (manifest(connectModules={"jira:webPanels": [PANEL]}), ["lifecycle.installed_required"]),
    ],
)  # fmt: skip
def test_what_cannot_be_turned_is_told_with_a_place(value, expected):
    found = read_connect(read(value))

    assert sorted({problem.rule for problem in found.problems}) == expected
    assert found.descriptor is None
    assert all(problem.line and problem.column for problem in found.problems)
    with pytest.raises(ProblemsError):
        descriptor_of(read(value))


def test_problems_of_the_descriptor_point_into_the_manifest():
    text = (
        "app:\n  id: a\n  connect:\n    key: my app\n    remote: one\n"
        "remotes:\n  - key: one\n    baseUrl: ftp://a\n"
        "connectModules:\n  jira:lifecycle:\n    - key: x\n      installed: nowhere\n"
        "  jira:webPanels:\n    - key: a_b\n      conditions:\n        - condition: /ask\n"
    )

    found = read_connect(read(text))

    assert {(it.rule, it.pointer, it.line, it.column) for it in found.problems} == {
        ("key.form", "/app/connect/key", 4, 5),
        ("base_url.form", "/remotes/0/baseUrl", 8, 5),
        ("lifecycle.path", "/connectModules/jira:lifecycle/0/installed", 12, 7),
        ("condition.remote", "/connectModules/jira:webPanels/0/conditions/0/condition", 16, 11),
    }
    assert ("module.key", "/connectModules/jira:webPanels/0/key", 14, 7) in {
        (it.rule, it.pointer, it.line, it.column) for it in found.warnings
    }


def test_everything_under_modules_and_unknown_connect_types_is_named_as_not_rendered():
    value = manifest(modules={"macro": [{"key": "m"}], "function": [{"key": "f"}, "odd"]})
    value["connectModules"]["jira:dashboardItems"] = [{"key": "d"}]

    found = read_connect(read(value)).unrendered

    assert [(it.pointer, it.kind, it.key) for it in found] == [
        ("/modules/function/0", "function", "f"), ("/modules/function/1", "function", None),
        ("/modules/macro/0", "macro", "m"), ("/connectModules/jira:dashboardItems/0", "jira:dashboardItems", "d"),
    ]  # fmt: skip
    assert all(it.line for it in found)


@pytest.mark.parametrize("modules", [None, {}])
def test_an_app_without_connect_modules_has_no_descriptor_and_no_problem(modules):
    found = read(manifest(connectModules=modules))

    assert (read_connect(found).descriptor, read_connect(found).problems) == (None, ())
    with pytest.raises(ProblemsError) as error:
        descriptor_of(found)
    assert [problem.rule for problem in error.value.problems] == ["connect.nothing"]


@given(manifests)
def test_whatever_comes_out_is_a_descriptor_and_whatever_does_not_has_problems(value):
    for connect in (None, MANIFEST["connectModules"]):
        found = read_connect(Manifest({**value, "connectModules": connect} if connect else value))

        assert (found.descriptor is None) == (connect is None or bool(found.problems))
        if found.descriptor is not None:
            parse_descriptor(found.descriptor)


ODD = [None, 7, "x", [], {}, [[]], [{}], {"key": []}, [None], {"default": 3}]


@pytest.mark.parametrize("part", ["app", "remotes", "permissions", "connectModules", "modules"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_shapes_are_problems_and_never_accidents(part, odd):
    for value in (
        {**MANIFEST, part: odd},
        {**MANIFEST, "connectModules": {"jira:webPanels": odd, "jira:lifecycle": odd}},
    ):
        found = read_connect(Manifest(value))

        assert found.descriptor is None or parse_descriptor(found.descriptor)


@pytest.mark.real_descriptors
def test_every_real_manifest_with_connect_modules_is_a_listable_descriptor(real_descriptors):
    turned = 0
    for name in ("forge_histories", "forge_singles"):
        for line in (real_descriptors / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for version in record.get("transitions") or [record]:
                found = read_manifest(version["raw"]).manifest
                if found is None or "connectModules" not in found.document:
                    continue
                listed = parse_descriptor(descriptor_of(found))
                assert listed.key == found.document["app"]["connect"]["key"]
                turned += 1
    assert turned > 20
