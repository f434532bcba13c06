"""How entity properties are compared with what a condition wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.module_documents import json_values

from tradepost.core.condition import MISSING, ConditionFacts, evaluate, parse_conditions
from tradepost.core.condition_property import contains_all, contains_any, equals, value_at

NOT_THERE = object()


def holds(name, stored, *, facts=None, **params):
    value = MISSING if stored is NOT_THERE else stored
    given_ = facts or {}
    seen = ConditionFacts(
        entity_property=lambda entity, key: value if (entity, key) == ("issue", "p") else MISSING, **given_
    )
    condition = {"condition": f"entity_property_{name}", "params": {"entity": "issue", "propertyKey": "p"} | params}
    return evaluate(parse_conditions([condition]), seen).shows


@pytest.mark.parametrize(
    ("stored", "value", "same"),
    [
        ("yes", "yes", True),
        ("yes", '"yes"', True),
        ("yes", "no", False),
        ("", "", True),
        (True, "true", True),
        (True, True, True),
        (True, "True", False),
        (True, "1", False),
        (1, "1", True),
        (1, 1, True),
        (1.0, "1", True),
        (1, "1.0", True),
        (2.5, "2.5", True),
        ("1", "1", True),
        (None, "null", True),
        (None, "", False),
        ({"a": 1, "b": [True]}, '{ "b": [true], "a": 1 }', True),
        ({"a": 1}, '{"a":"1"}', False),
        ({}, "{}", True),
        (["a", "b"], '["a", "b"]', True),
        (["a", "b"], ["a", "b"], True),
        (["b", "a"], ["a", "b"], False),
        ([1, True, None], ["1", "true", "null"], True),
        (["a"], "a", True),
        ([{"a": 1}], ['{"a": 1}'], True),
        ([], "[]", True),
        ([], [], True),
        ("[broken", "[broken", True),
        (NOT_THERE, "", False),
        (NOT_THERE, "null", False),
        (NOT_THERE, [], False),
    ],
)
def test_a_property_equals_a_value_as_text_or_as_json(stored, value, same):
    assert holds("equal_to", stored, value=value) is same


@pytest.mark.parametrize(
    ("stored", "value", "any_of", "all_of"),
    [
        (["a", "b"], "a", True, True),
        (["a", "b"], ["a", "c"], True, False),
        (["a", "b"], ["b", "a"], True, True),
        (["a", "b"], "c", False, False),
        (["a", "b"], '["a", "c"]', True, False),
        (["a", "b"], '["a", "b"]', True, True),
        ([1, 2, True], ["1", "true"], True, True),
        ([{"x": 1}], '{"x":1}', True, True),
        ([["a"]], '["a"]', True, True),
        ("a", "a", True, True),
        ("abc", "a", False, False),
        ([], "a", False, False),
        (["a"], [], False, True),
        (NOT_THERE, "a", False, False),
        (NOT_THERE, [], False, False),
    ],
)
def test_a_property_contains_any_or_all_of_a_text_or_a_list(stored, value, any_of, all_of):
    assert holds("contains_any", stored, value=value) is any_of
    assert holds("contains_all", stored, value=value) is all_of


@pytest.mark.parametrize(
    ("stored", "path", "exists"),
    [
        ({"a": {"b": None}}, "a.b", True),
        ({"a": {"b": None}}, "a", True),
        ({"a": {"b": None}}, "a.c", False),
        ({"a": {"b": None}}, "a.b.c", False),
        ({"a.b": 1}, "a.b", False),
        (["x"], "0", False),
        (None, None, True),
        (0, None, True),
        (NOT_THERE, None, False),
        (NOT_THERE, "a", False),
    ],
)
def test_a_property_exists_where_the_path_leads_somewhere(stored, path, exists):
    assert holds("exists", stored, objectName=path) is exists


def test_a_path_is_followed_before_values_are_compared():
    assert holds("equal_to", {"a": {"b": True}}, objectName="a.b", value="true")
    assert holds("contains_any", {"a": ["x"]}, objectName="a", value=["x", "y"])
    assert not holds("equal_to", {"a": 1}, objectName="b", value="null")


def test_another_entity_or_property_is_missing():
    assert not holds("exists", 1, propertyKey="q")
    assert not holds("exists", 1, entity="project")


def test_a_property_may_name_a_group_of_the_viewer():
    groups = {"groups": frozenset({"staff", "jira-users"})}

    assert holds("contains_any_user_group", ["boss", "staff"], facts=groups)
    assert holds("contains_any_user_group", {"a": "staff"}, facts=groups, objectName="a")
    assert not holds("contains_any_user_group", ["boss"], facts=groups)
    assert not holds("contains_any_user_group", ["boss"])
    assert not holds("contains_any_user_group", NOT_THERE, facts=groups)


def test_a_property_is_compared_with_the_context():
    context = {"context": {"user.accountId": "5b10", "issue.id": "10001"}}

    assert holds("equal_to_context", "5b10", facts=context, contextParam="user.accountId")
    assert holds("equal_to_context", 10001, facts=context, contextParam="issue.id")
    assert not holds("equal_to_context", "5b10", facts=context, contextParam="issue.id")
    assert not holds("equal_to_context", "5b10", contextParam="user.accountId")
    assert holds("contains_context", ["x", "5b10"], facts=context, contextParam="user.accountId")
    assert not holds("contains_context", ["x"], facts=context, contextParam="user.accountId")


def test_a_value_nested_without_end_is_compared_all_the_same():
    deep = []
    for _ in range(5_000):
        deep = [deep]

    assert not equals(deep, "a")
    assert not contains_any([deep], ["a"])
    assert not equals("a", "[" * 20_000)


@given(json_values, st.one_of(st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3).map(tuple)))
def test_any_value_can_be_compared_and_what_is_missing_is_like_nothing(value, wanted):
    equals(value, wanted)
    if contains_all(value, wanted) and wanted:
        assert contains_any(value, wanted)
    if equals(value, wanted) and wanted:
        assert contains_any(value, wanted) or value == []
    for compare in (equals, contains_any, contains_all):
        assert not compare(MISSING, wanted)
    assert value_at(value, None) is value
