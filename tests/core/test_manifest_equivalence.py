"""Whether a site is asked when a watched app becomes a deployed one: every row, both ways, and against an oracle."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.connect_manifests import DESCRIPTOR, MANIFEST, descriptor, manifest
from tests.core.equivalence_oracle import COVERED_BY, asks, waits_for_a_bulk_upgrade
from tests.core.manifest_documents import manifests, optional, read, some, spellings

from tradepost.core.manifest_connect import descriptor_of
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES, Way
from tradepost.core.manifest_scopes import covering_scope
from tradepost.core.reasons import Reason
from tradepost.core.version import Change
from tradepost.wire.manifest_text import read_manifest

SCOPES = MANIFEST["permissions"]["scopes"]
CONNECT = MANIFEST["remotes"]
MODULES = MANIFEST["connectModules"]
PANEL = MODULES["jira:webPanels"][0]
LIFECYCLE = {"jira:lifecycle": MODULES["jira:lifecycle"]}


def told(old, new):
    found = judge_equivalence(old, read(new))
    return found.way, [reason.rule.removeprefix("equivalence.") for reason in found.reasons]


def scoped(*names):
    return manifest(permissions__scopes=[*SCOPES, *names])


def egress(*entries):
    return manifest(permissions__external={"fetch": {"backend": list(entries)}})


ROWS = [
    # (descriptor, manifest, way, rules): one pair of lines for each row, with and without
    (descriptor(), manifest(), Way.SILENT, ["same"]),
    (descriptor(), manifest(modules={"macro": [{"key": "m"}]}), Way.SILENT, ["module_added"]),
    (descriptor(), manifest(modules={"macro": []}), Way.SILENT, ["same"]),
    (descriptor(), manifest(modules={"webtrigger": [{"key": "w", "function": "f"}]}), Way.SILENT, ["module_added"]),
    (descriptor(modules={}), manifest(), Way.SILENT, ["connect_added"]),
    (descriptor(), manifest(connectModules=LIFECYCLE), Way.SILENT, ["connect_removed"]),
    (descriptor(), manifest(connectModules={**LIFECYCLE, "jira:webPanels": [{**PANEL, "url": "/p"}]}),
     Way.SILENT, ["connect_changed"]),
    (descriptor(lifecycle={"installed": "/other"}), manifest(), Way.SILENT, ["connect_changed"]),
    (descriptor(), manifest(app__connect__remote=None, connectModules=None), Way.BULK,
     ["remote_removed", "remote_added", "connect_removed"]),
    (descriptor(), manifest(app__connect__remote=None, remotes=None, connectModules=LIFECYCLE), Way.BULK,
     ["remote_removed", "connect_removed"]),
    (descriptor(), scoped("read:jira-work"), Way.BULK, ["scope_covered"]),
    (descriptor(), scoped("write:comment:jira"), Way.BULK, ["scope_covered"]),
    (descriptor(), scoped("write:jira-work"), Way.CONSENT, ["scope_raised"]),
    (descriptor(scopes=["delete"]), scoped("write:jira-work"), Way.BULK, ["scope_covered"]),
    (descriptor(), scoped("delete:connect-jira"), Way.CONSENT, ["scope_raised"]),
    (descriptor(scopes=["ADMIN"]), scoped("delete:connect-jira", "space-admin:connect-confluence"), Way.SILENT,
     ["right_dropped", "right_dropped"]),
    (descriptor(), scoped("act-as-user:connect-jira"), Way.CONSENT, ["scope_raised"]),
    (descriptor(scopes=["READ", "WRITE", "ACT_AS_USER"]), scoped("act-as-user:connect-jira"), Way.SILENT, ["same"]),
    (descriptor(), scoped("storage:app"), Way.CONSENT, ["scope_extra"]),
    (descriptor(scopes=["ADMIN"]), scoped("storage:app"), Way.CONSENT, ["scope_extra"] + ["right_dropped"] * 4),
    (descriptor(scopes=["ADMIN"]), scoped("write:confluence-groups"), Way.CONSENT,
     ["scope_extra"] + ["right_dropped"] * 4),
    (descriptor(), scoped("odd:connect-jira"), Way.CONSENT, ["scope_raised"]),
    (descriptor(scopes=["READ", "WRITE", "ODD"]), scoped("odd:connect-jira"), Way.SILENT, ["same"]),
    (descriptor(), manifest(permissions__scopes=["read:connect-jira"]), Way.SILENT, ["right_dropped"]),
    (descriptor(), manifest(permissions__content={"styles": ["unsafe-inline"]}), Way.SILENT, ["content"]),
    (descriptor(), egress("https://api.example.com", {"remote": "connect"}), Way.SILENT, ["egress"]),
    (descriptor(), egress({"address": "a.com", "inScopeEUD": True}), Way.SILENT, ["egress"]),
    (descriptor(), egress({"address": "a.com", "category": "analytics"}), Way.CONSENT, ["analytics"]),
    (descriptor(), manifest(permissions__external={"configurable": {"enabled": True}}), Way.SILENT, ["egress"]),
    (descriptor(), manifest(remotes=[*CONNECT, {"key": "b", "baseUrl": "https://b.com"}]), Way.SILENT,
     ["remote_added"]),
    (descriptor(), manifest(remotes=[{"key": "connect", "baseUrl": "https://b.com"}]), Way.CONSENT,
     ["backend_changed"]),
    (descriptor(baseUrl="https://poll.example.com/"), manifest(), Way.CONSENT, ["backend_changed"]),
    (descriptor(), manifest(remotes=[{"key": "connect", "baseUrl": {"default": "https://poll.example.com"}}]),
     Way.SILENT, ["same"]),
    (descriptor(), manifest(remotes=[{"key": "connect", "baseUrl": {
        "default": "https://poll.example.com", "EU": "https://eu.example.com"}}]), Way.CONSENT, ["backend_changed"]),
    (descriptor(), manifest(app__licensing={"enabled": True}), Way.CONSENT, ["payment_enabled"]),
    (descriptor(enableLicensing=True), manifest(app__licensing={"enabled": True}), Way.SILENT, ["same"]),
    (descriptor(enableLicensing=True), manifest(), Way.SILENT, ["payment_disabled"]),
    (descriptor(enableLicensing=True), manifest(app__licensing={"enabled": True, "editionsEnabled": True}),
     Way.SILENT, ["same"]),
    (descriptor(enableLicensing=True), manifest(app__licensing={"enabled": True, "modes": ["user-access"]}),
     Way.CONSENT, ["user_access"]),
    (descriptor(), manifest(app__access={"userAccess": True}), Way.CONSENT, ["user_access"]),
    (descriptor(), manifest(app__access={"userAccess": False}), Way.SILENT, ["same"]),
    (descriptor(), manifest(providers={"auth": [{"key": "google"}]}), Way.CONSENT, ["provider_added"]),
    (descriptor(), manifest(providers={"auth": []}), Way.SILENT, ["same"]),
    (descriptor(apiVersion=7), manifest(), Way.SILENT, ["same"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "way", "rules"), ROWS)
def test_each_row_goes_its_way(old, new, way, rules):
    assert told(old, new) == (way, rules)


def test_every_rule_has_a_row():
    assert {f"equivalence.{rule}" for *_, rules in ROWS for rule in rules} == set(EQUIVALENCE_RULES)


def test_a_reason_has_a_place_and_asks_what_its_rule_asks():
    found = judge_equivalence(DESCRIPTOR, read(scoped("storage:app", "read:jira-work")))

    assert isinstance(found.reasons[0], Reason)
    assert found.reasons[0].to_json() == {
        "rule": "equivalence.scope_extra", "pointer": "/permissions/scopes/2", "change": "none", "consent": True,
        "text": "No scope of the descriptor covers storage:app; it comes with deployment only.",
        "line": found.reasons[0].line, "column": 5,
    }  # fmt: skip
    assert all(reason.change is Change.NONE for reason in found.reasons)
    assert (found.consent, found.bulk_upgrade) == (True, False)


def test_what_is_gone_points_into_the_descriptor():
    found = judge_equivalence(DESCRIPTOR, read(manifest(connectModules=LIFECYCLE))).reasons[0]

    assert (found.pointer, found.line) == ("/modules/webPanels/0", None)


@pytest.mark.parametrize(
    ("scope", "covering"),
    [
        *COVERED_BY.items(),
        ("delete:issue.property:jira", "DELETE"),
        ("write:workflow:jira", "ADMIN"),
        ("write:project:jira", "ADMIN"),
        ("write:project.component:jira", "PROJECT_ADMIN"),
        ("delete:space.permission:confluence", "SPACE_ADMIN"),
        ("write:board-scope.admin:jira-software", "ADMIN"),
        ("read:email-address:jira", "ACCESS_EMAIL_ADDRESSES"),
        ("read:audit-log:jira", None),
        ("write:app-data:jira", "NONE"),
        ("read:component:compass", None),
        ("share:issue:jira", None),
        ("storage:app", None),
        ("", None),
    ],
)
def test_a_scope_is_covered_by_the_least_connect_scope_that_gives_it(scope, covering):
    assert covering_scope(scope) == covering


known = st.sampled_from([*COVERED_BY, *(f"{name}:connect-jira" for name in ("read", "write", "admin")), "storage:app"])
olds = st.fixed_dictionaries(
    {"key": st.just("one"), "baseUrl": st.sampled_from(["https://a.example", "https://b.example"])},
    optional={"scopes": some(["READ", "write", "DELETE", "ADMIN"]), "enableLicensing": st.booleans()},
)


@st.composite
def news(draw):
    value = {**draw(manifests), "permissions": {"scopes": draw(st.lists(known, max_size=3, unique=True))}}
    value["permissions"] |= draw(optional(external=st.just({"images": [{"address": "*", "category": "analytics"}]})))
    value["app"] = {**value.get("app", {}), "connect": {"key": "one", "remote": draw(st.sampled_from(["one", "two"]))}}
    return value


@given(olds, news())
def test_the_rules_and_the_oracle_agree(old, new):
    found = judge_equivalence(old, read(new))

    assert found.consent == asks(old, new)
    assert found.bulk_upgrade == waits_for_a_bulk_upgrade(old, new)


@given(olds, news(), st.data())
def test_another_spelling_of_the_same_facts_is_judged_the_same(old, new, data):
    again = read(data.draw(spellings(new)))

    assert judge_equivalence(old, again).way is judge_equivalence(old, read(new)).way


@given(news())
def test_more_granted_before_never_asks_more(new):
    ways = [
        judge_equivalence({"baseUrl": "https://a.example", "scopes": scopes}, read(new)).way.gravity
        for scopes in ([], ["READ"], ["WRITE"], ["DELETE"], ["ADMIN"])
    ]

    assert ways == sorted(ways, reverse=True)


def test_an_app_that_is_deployed_as_it_was_watched_goes_by_itself():
    for value in (MANIFEST, manifest(app__licensing={"enabled": True})):
        assert told(descriptor_of(read(value)), value) == (Way.SILENT, ["same"])


@pytest.mark.real_descriptors
def test_real_apps_that_went_this_way_are_judged_as_the_oracle_says(real_descriptors):
    pairs = list(real_pairs(real_descriptors))
    ways = dict.fromkeys(Way, 0)
    for old, new in pairs:
        found = judge_equivalence(old, new)
        ways[found.way] += 1
        assert found.consent == asks(old, new.document), (old["key"], found.reasons)

    assert ways[Way.SILENT] > 50
    assert ways[Way.CONSENT] > 50


def real_pairs(folder):
    """Every descriptor with every manifest under the same key."""
    manifests = {}
    for record in records(folder / "forge_histories.jsonl"):
        for version in record["transitions"]:
            found = read_manifest(version["raw"]).manifest
            if found is not None and "connectModules" in found.document:
                manifests.setdefault(found.document["app"]["connect"]["key"], []).append(found)
    for record in records(folder / "connect_histories.jsonl"):
        for version in record["transitions"]:
            old = version["descriptor"]
            for found in manifests.get(old.get("key"), []) if isinstance(old, dict) else []:
                yield old, found


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
