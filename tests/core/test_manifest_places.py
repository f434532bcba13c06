"""A reason says where its fact stands: pointer, line and column."""

import pytest
from tests.core.manifest_documents import read

from tradepost.core.manifest import Manifest
from tradepost.core.manifest_release import compare_manifests

OLD = """\
app:
  id: ari:app/1
permissions:
  scopes:
    - read:jira-work
    - storage:app
  external:
    fetch:
      backend:
        - https://old.example
"""

NEW = """\
# A comment moves everything down.
app:
  id: ari:app/1
  licensing:
    enabled: true
  connect: {key: watched}
permissions:
  scopes:
    - read:jira-work
    - 'write:jira-work'
  external:
    images:
      - address: https://ä.example/~x
        category: analytics
    fetch: {backend: [{remote: backend}], client: ["https://c.example"]}
    configurable: {enabled: true}
  content:
    styles: [unsafe-inline]
remotes:
  - key: backend
    baseUrl:
      default: https://a.example
      EU: https://b.example
modules:
  webtrigger:
  - key: hook
    function: f
providers:
  auth:
    - key: google
      clientId: 007
"""

EXPECTED = {
    ("manifest_scope.added", "/permissions/scopes/1", 10, 7),
    ("manifest_scope.removed", "/permissions/scopes/1", 6, 7),
    ("egress.added", "/permissions/external/images/0", 13, 9),
    ("egress.added", "/permissions/external/fetch/backend/0", 15, 23),
    ("egress.added", "/permissions/external/fetch/client/0", 15, 52),
    ("egress.removed", "/permissions/external/fetch/backend/0", 10, 11),
    ("egress.opened", "/permissions/external/configurable/enabled", 16, 20),
    ("content.added", "/permissions/content/styles/0", 18, 14),
    ("remote.added", "/remotes/0", 20, 5),
    ("trigger.dynamic_added", "/modules/webtrigger/0", 26, 5),
    ("provider.added", "/providers/auth/0", 30, 7),
    ("payment.enabled", "/app/licensing/enabled", 5, 5),
    ("connect_key.added", "/app/connect/key", 6, 13),
}


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_every_reason_points_at_its_fact_in_the_text(line_break):
    old, new = (read(text.replace("\n", line_break)) for text in (OLD, NEW))

    reasons = compare_manifests(old, new)

    assert {(reason.rule, reason.pointer, reason.line, reason.column) for reason in reasons} == EXPECTED
    assert "007" not in {reason.text for reason in reasons}


def test_a_changed_address_of_a_region_is_pointed_at_by_the_name_of_the_region():
    old, new = read(NEW), read(NEW.replace("https://b.example", "https://z.example"))

    [reason] = [it for it in compare_manifests(old, new) if it.rule == "region.changed"]

    assert (reason.pointer, reason.line, reason.column) == ("/remotes/0/baseUrl/EU", 23, 7)
    assert "https://z.example" in reason.text
    assert "https://b.example" in reason.text


def test_a_fact_behind_an_alias_or_a_merge_key_is_pointed_at_where_it_is_written():
    text = "shared: &s\n  enabled: true\napp:\n  licensing:\n    <<: *s\npermissions:\n  scopes: &a\n    - x\n"
    [payment, scope] = compare_manifests(read("shared: {enabled: true}"), read(text))[:2]

    assert {(it.rule, it.pointer, it.line, it.column) for it in (payment, scope)} == {
        ("payment.enabled", "/app/licensing/enabled", 2, 3),
        ("manifest_scope.added", "/permissions/scopes/0", 8, 7),
    }


def test_without_a_text_line_and_column_are_not_known():
    [reason] = compare_manifests(Manifest({}), Manifest({"permissions": {"scopes": ["x"]}}))

    assert reason.to_json() == {
        "rule": "manifest_scope.added",
        "pointer": "/permissions/scopes/0",
        "change": "major",
        "consent": True,
        "text": "The app newly asks for the scope x.",
        "line": None,
        "column": None,
    }
