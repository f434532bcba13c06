"""What a site grants with a manifest: bulk upgrades take no more, rolling releases leave it as it is."""

import copy

import pytest
from hypothesis import given
from tests.core import connect_manifests, manifest_documents
from tests.core.manifest_documents import read

from tradepost.core.manifest_explained import MANIFEST_RULES, Effect
from tradepost.core.manifest_facts import facts_of_manifest
from tradepost.core.manifest_release import compare_manifests
from tradepost.core.manifest_rights import (
    ESCALATIONS,
    Permission,
    compare_permissions,
    find_crossing_rollout,
    find_escalations,
    find_rollout,
    is_app_managed,
)
from tradepost.core.plan import Rollout

BASE = {
    "app": {"id": "ari:app/1", "licensing": {"enabled": False}, "connect": {"key": "one"}},
    "permissions": {
        "scopes": ["read:jira-work", "storage:app"],
        "external": {"fetch": {"backend": ["https://a.example"]}, "images": [{"address": "https://a.example"}]},
        "content": {"styles": ["unsafe-inline"]},
    },
    "providers": {"auth": [{"key": "one", "clientId": "a"}]},
    "remotes": [{"key": "one", "baseUrl": {"default": "https://a.example", "EU": "https://b.example"}}],
    "modules": {"webtrigger": [{"key": "one", "function": "f"}]},
}


def changed(path, value):
    after = copy.deepcopy(BASE)
    *way, last = path
    node = after
    for part in way:
        node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    node[last] = value
    return after


MORE = {
    "a scope": (("permissions", "scopes"), ["read:jira-work", "storage:app", "write:jira-work"]),
    "an address": (("permissions", "external", "fetch", "client"), ["https://new.example"]),
    "a category": (("permissions", "external", "images"), [{"address": "https://a.example", "category": "analytics"}]),
    "addresses of customers": (("permissions", "external", "configurable"), {"enabled": True}),
    "a content option": (("permissions", "content", "scripts"), ["unsafe-eval"]),
    "a sign-in provider": (("providers", "auth"), [{"key": "two", "clientId": "a"}]),
    "another client id": (("providers", "auth"), [{"key": "one", "clientId": "b"}]),
    "a remote": (("remotes",), [*BASE["remotes"], {"key": "two", "baseUrl": "https://two.example"}]),
    "a region": (("remotes", 0, "baseUrl", "US"), "https://us.example"),
    "another address of a region": (("remotes", 0, "baseUrl", "EU"), "https://c.example"),
    "storing personal data": (("remotes", 0, "storage"), {"inScopeEUD": True}),
    "a remote of customers": (("remotes", 0, "configurable"), True),
    "payment": (("app", "licensing", "enabled"), True),
}
NO_MORE = {
    "fewer scopes": (("permissions", "scopes"), ["read:jira-work"]),
    "no provider": (("providers", "auth"), []),
    "no region": (("remotes", 0, "baseUrl"), {"default": "https://a.example"}),
    "fewer addresses": (("permissions", "external", "images"), []),
    "a web trigger": (("modules", "webtrigger"), [{"key": "two", "function": "f"}]),
    "another name": (("app", "name"), "Other"),
}


@pytest.mark.parametrize(("path", "value"), MORE.values(), ids=MORE)
def test_a_bulk_upgrade_never_brings(path, value):
    assert find_escalations(read(BASE), read(changed(path, value)))
    assert find_rollout(read(BASE), read(changed(path, value))) is None


@pytest.mark.parametrize(("path", "value"), NO_MORE.values(), ids=NO_MORE)
def test_a_bulk_upgrade_may_bring(path, value):
    assert not find_escalations(read(BASE), read(changed(path, value)))
    assert find_rollout(read(BASE), read(changed(path, value))) is Rollout.BULK


def test_a_price_that_falls_away_keeps_a_version_out_too_since_licensing_stays_what_it_is():
    paid = changed(("app", "licensing", "enabled"), True)

    assert [reason.rule for reason in find_escalations(read(paid), read(BASE))] == ["payment.disabled"]


def test_every_escalation_is_a_rule_of_numbering_and_major_but_for_the_price_that_falls_away():
    assert {rule for rule in ESCALATIONS if MANIFEST_RULES[rule].effect is not Effect.MAJOR} == {"payment.disabled"}


def test_code_goes_ahead_of_permissions_only_where_the_manifest_says_that_the_app_looks_after_them():
    more = changed(("permissions", "scopes"), ["read:jira-work", "storage:app", "write:jira-work"])
    managed = copy.deepcopy(more)
    managed["permissions"]["enforcement"] = "app-managed"

    assert is_app_managed(read(managed))
    assert find_rollout(read(BASE), read(managed)) is Rollout.ROLLING
    assert find_rollout(read(BASE), read(more)) is None


@pytest.mark.parametrize("said", [None, "platform-managed", True, ["app-managed"], "App-Managed"])
def test_anything_else_than_app_managed_is_not(said):
    assert not is_app_managed(read(changed(("permissions", "enforcement"), said)))


@given(manifest_documents.manifests, manifest_documents.manifests)
def test_what_is_no_escalation_grants_nothing_new(one, other):
    before, after = read(one or {"app": {}}), read(other or {"app": {}})
    if find_escalations(before, after):
        return
    old, new = facts_of_manifest(before), facts_of_manifest(after)

    assert new.scopes.keys() <= old.scopes.keys()
    assert new.egress.keys() <= old.egress.keys()
    assert new.content.keys() <= old.content.keys()
    assert new.licensing == old.licensing


@given(manifest_documents.manifests, manifest_documents.manifests)
def test_every_major_without_escalation_takes_something_away_or_adds_a_trigger(one, other):
    before, after = read(one or {"app": {}}), read(other or {"app": {}})
    if find_escalations(before, after):
        return
    majors = {reason.rule for reason in compare_manifests(before, after) if reason.consent}

    assert majors <= {
        "manifest_scope.removed", "provider.removed", "region.removed", "trigger.dynamic_added",
        "trigger.became_dynamic",
    }  # fmt: skip


def test_a_watched_app_crosses_in_a_bulk_upgrade_only_where_nobody_would_be_asked():
    descriptor = connect_manifests.descriptor()
    same = read(connect_manifests.manifest())
    more = read(connect_manifests.manifest(permissions__scopes=["admin:connect-jira"]))

    assert find_crossing_rollout(descriptor, same) is Rollout.BULK
    assert find_crossing_rollout(descriptor, more) is None


def test_permissions_stand_side_by_side():
    asked = changed(("permissions", "scopes"), ["read:jira-work", "write:jira-work"])

    shown = compare_permissions(read(BASE), read(asked))

    assert [line for line in shown if line.kind == "scope"] == [
        Permission("scope", "read:jira-work", granted=True, asked=True),
        Permission("scope", "storage:app", granted=True, asked=False),
        Permission("scope", "write:jira-work", granted=False, asked=True),
    ]
    assert all(line.granted and line.asked for line in shown if line.kind != "scope")


def test_where_nothing_was_granted_by_a_manifest_everything_is_asked():
    shown = compare_permissions(None, read(changed(("app", "licensing", "enabled"), True)))

    assert {line.kind for line in shown} == {
        "scope", "address", "content", "sign-in provider", "remote", "payment",
    }  # fmt: skip
    assert not any(line.granted for line in shown)
