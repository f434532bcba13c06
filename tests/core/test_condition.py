"""Conditions: every shape is read, nothing unknown shows, and what is explained is what is decided."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.module_documents import SUPPORTED, UNSUPPORTED, conditions, json_values

from tradepost.core.condition import (
    MISSING,
    NO_CONDITIONS,
    PREDEFINED,
    ConditionFacts,
    IssueFacts,
    evaluate,
    explain,
    inline_condition,
    parse_conditions,
)

SIGNED_IN = {"condition": "user_is_logged_in"}
ADMIN = {"condition": "user_is_admin"}
NOBODY = ConditionFacts()
VIEWER = ConditionFacts(viewer="5b10")
BOSS = ConditionFacts(viewer="5b11", is_admin=True, is_sysadmin=True)


def shows(value, facts=VIEWER):
    return evaluate(parse_conditions(value), facts).shows


def single(name, *, invert=False, **params):
    return {"condition": name, "invert": invert, "params": params}


def inverted(condition):
    return condition | {"invert": not condition.get("invert", False)}


def rules_of(value):
    return [(problem.pointer, problem.rule) for problem in parse_conditions(value, at="/c").problems]


def test_a_module_without_conditions_always_shows():
    assert evaluate(NO_CONDITIONS, NOBODY).shows
    assert shows([], NOBODY)
    assert shows(None, NOBODY)


def test_the_list_of_a_module_is_an_and():
    assert not shows([SIGNED_IN, ADMIN], VIEWER)
    assert shows([SIGNED_IN, ADMIN], BOSS)
    assert shows(SIGNED_IN)


@pytest.mark.parametrize(
    ("value", "anonymous", "viewer", "boss"),
    [
        ({"and": [SIGNED_IN, ADMIN]}, False, False, True),
        ({"or": [inverted(SIGNED_IN), ADMIN]}, True, False, True),
        ({"conditions": [SIGNED_IN, ADMIN], "type": "AND"}, False, False, True),
        ({"conditions": [SIGNED_IN, ADMIN], "type": "and"}, False, False, True),
        ({"conditions": [inverted(SIGNED_IN), ADMIN], "type": "Or"}, True, False, True),
        ([{"or": [ADMIN, {"and": [SIGNED_IN, {"or": [inverted(ADMIN)]}]}]}], False, True, True),
    ],
)
def test_conditions_are_combined_in_every_form(value, anonymous, viewer, boss):
    assert [shows(value, facts) for facts in (NOBODY, VIEWER, BOSS)] == [anonymous, viewer, boss]


def nested(levels):
    value = SIGNED_IN
    for level in range(levels):
        value = {"and" if level % 2 else "or": [value]}
    return value


def test_conditions_may_be_nested_32_levels_deep():
    assert shows([nested(32)])
    assert not shows([nested(33)])
    assert [rule for _, rule in rules_of([nested(33)])] == ["condition.limit"]
    assert not shows([nested(5_000)])


def test_a_module_may_have_200_conditions():
    assert shows([SIGNED_IN] * 200)
    assert not shows([SIGNED_IN] * 201)
    assert rules_of([{"or": [SIGNED_IN] * 5_000}, SIGNED_IN]) == [("/c/0/or/200", "condition.limit")]


def test_a_hostile_list_does_not_get_a_problem_for_each_of_its_items():
    assert len(rules_of([{"or": [7] * 5_000}])) == 201


@pytest.mark.parametrize("name", ["user_is_happy", "USER_IS_ADMIN", "", "servicedesk.is_agent", *UNSUPPORTED])
@pytest.mark.parametrize("invert", [True, False])
def test_an_unknown_or_unsupported_name_hides_the_module_wherever_it_stands(name, invert):
    unknown = single(name, invert=invert)

    for value in (unknown, [unknown], [{"or": [SIGNED_IN, unknown]}], {"or": [{"and": [unknown, unknown]}, SIGNED_IN]}):
        verdict = evaluate(parse_conditions(value), BOSS)
        assert not verdict.shows
        assert verdict.reasons[0].name == name
        assert "never shows" in verdict.reasons[0].text
        assert not explain(parse_conditions(value), BOSS).shows


@pytest.mark.parametrize(
    "name", ["https://app.example.com/may-i", "http://a.example", "HTTPS://a", "/may-i?user={user}", "//a.example"]
)
def test_a_remote_condition_is_a_problem_of_its_own(name):
    assert rules_of([{"or": [SIGNED_IN, single(name)]}]) == [("/c/0/or/1/condition", "condition.remote")]
    assert not shows([{"or": [SIGNED_IN, single(name)]}])


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("user_is_admin", ""),
        (7, ""),
        ([[SIGNED_IN]], "/0"),
        ([{}], "/0"),
        ([{"condition": "user_is_admin", "and": [SIGNED_IN]}], "/0"),
        ([{"and": [SIGNED_IN], "or": [SIGNED_IN]}], "/0"),
        ([{"and": []}], "/0/and"),
        ([{"or": SIGNED_IN}], "/0/or"),
        ([{"conditions": [SIGNED_IN], "type": "XOR"}], "/0/type"),
        ([{"and": [SIGNED_IN], "invert": True}], "/0"),
        ([{"condition": 7}], "/0/condition"),
        ([SIGNED_IN | {"invert": "false"}], "/0/invert"),
        ([SIGNED_IN | {"params": []}], "/0/params"),
    ],
)
def test_what_is_no_condition_never_shows_and_is_named(value, place):
    assert rules_of(value) == [(f"/c{place}", "condition.shape")]
    assert not shows(value, BOSS)


@pytest.mark.parametrize(
    ("name", "params", "place"),
    [
        ("capability_set", {}, "value"),
        ("capability_set", {"value": ["capabilityAdvanced"]}, "value"),
        ("has_project_permission", {"permission": None}, "permission"),
        ("can_use_application", {"applicationkey": "jira-core"}, "applicationKey"),
        ("entity_property_exists", {"entity": "addon"}, "propertyKey"),
        ("entity_property_exists", {"entity": "addon", "propertyKey": "a", "objectName": "a..b"}, "objectName"),
        ("entity_property_contains_any", {"entity": "addon", "propertyKey": "a", "value": [{}]}, "value"),
        ("entity_property_equal_to_context", {"entity": "addon", "propertyKey": "a"}, "contextParam"),
    ],
)
@pytest.mark.parametrize("invert", [True, False])
def test_a_condition_with_a_missing_or_wrong_parameter_never_shows(name, params, place, invert):
    value = [{"condition": name, "params": params, "invert": invert}]

    assert rules_of(value) == [(f"/c/0/params/{place}", "condition.params")]
    assert not shows(value, BOSS)


ADVANCED = ConditionFacts(capability_set="capabilityAdvanced")
STANDARD = ConditionFacts(capability_set="capabilityStandard")
CORE_USER = ConditionFacts(viewer="5b10", applications=frozenset({"jira-core"}))
ISSUE = IssueFacts(assignee="5b10", reporter="5b11", editable=True)


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        (single("user_is_logged_in"), NOBODY, False),
        (single("user_is_sysadmin"), BOSS, True),
        (single("user_is_sysadmin"), VIEWER, False),
        (single("user_is_admin"), ConditionFacts(is_admin=True), False),
        (single("addon_is_licensed"), ConditionFacts(licensed=True), True),
        (single("addon_is_licensed"), NOBODY, False),
        (single("capability_set", value="capabilityAdvanced"), ADVANCED, True),
        (single("capability_set", value="capabilityAdvanced"), STANDARD, False),
        (single("capability_set", value="capabilityStandard"), NOBODY, False),
        (single("capability_set", invert=True, value="capabilityStandard"), NOBODY, True),
        (single("feature_flag", featureKey="x"), BOSS, False),
        (single("feature_flag"), BOSS, False),
        (single("voting_enabled"), BOSS, False),
        (single("has_selected_project"), replace(VIEWER, has_project=True), True),
        (single("has_selected_project"), VIEWER, False),
        (single("is_admin_mode"), replace(BOSS, admin_mode=True), True),
        (single("user_is_project_admin"), replace(VIEWER, is_project_admin=True, has_project=True), True),
        (single("user_is_project_admin"), replace(VIEWER, is_project_admin=True), False),
        (single("user_is_the_logged_in_user"), replace(VIEWER, profile_user="5b10"), True),
        (single("user_is_the_logged_in_user"), replace(VIEWER, profile_user="5b11"), False),
        (single("user_is_the_logged_in_user"), NOBODY, False),
        (single("is_issue_assigned_to_current_user"), replace(VIEWER, issue=ISSUE), True),
        (single("is_issue_assigned_to_current_user"), replace(BOSS, issue=ISSUE), False),
        (single("is_issue_assigned_to_current_user"), ConditionFacts(issue=IssueFacts()), False),
        (single("is_issue_reported_by_current_user"), replace(BOSS, issue=ISSUE), True),
        (single("is_issue_unresolved"), replace(BOSS, issue=ISSUE), True),
        (single("is_issue_unresolved"), replace(BOSS, issue=IssueFacts(resolved=True)), False),
        (single("is_issue_unresolved"), BOSS, False),
        (single("is_issue_editable"), replace(BOSS, issue=ISSUE), True),
        (single("can_use_application", applicationKey="jira-core"), CORE_USER, True),
        (single("can_use_application", applicationKey="jira-moon"), CORE_USER, False),
    ],
)  # fmt: skip
def test_what_a_condition_says_of_a_viewer(condition, facts, holds):
    assert shows(condition, facts) is holds
    assert shows(inverted(condition), facts) is not holds


@pytest.mark.parametrize("kind", ["global", "project", "issue"])
def test_permissions_are_asked_where_they_hold_by_their_name_in_upper_case_or_an_apps_own(kind):
    asked = []

    def has(name):
        asked.append(name)
        return name == "EDIT_ISSUES"

    facts = replace(VIEWER, **{f"{kind}_permission": has})

    assert shows(single(f"has_{kind}_permission", permission=" edit_issues"), facts)
    assert not shows(single(f"has_{kind}_permission", permission="com.example.app__Fly"), facts)
    assert not shows(single(f"has_{kind}_permission", permission="EDIT_ISSUES"), VIEWER)
    assert asked == ["EDIT_ISSUES", "com.example.app__Fly"]


def test_a_condition_is_asked_only_when_it_matters_and_an_explanation_asks_all():
    asked = []

    def look_up(entity, key):
        asked.append((entity, key))
        return MISSING

    facts = replace(VIEWER, entity_property=look_up)
    value = parse_conditions([ADMIN, single("entity_property_exists", entity="addon", propertyKey="a")])

    assert [reason.name for reason in evaluate(value, facts).reasons] == ["user_is_admin"]
    assert asked == []
    assert [reason.name for reason in explain(value, facts).reasons] == ["user_is_admin", "entity_property_exists"]
    assert asked == [("addon", "a")]


def test_a_reason_says_what_is_so_and_where_in_the_descriptor():
    (first, second) = explain(parse_conditions([SIGNED_IN, {"or": [inverted(ADMIN)]}]), BOSS).reasons

    assert (first.text, first.path, first.holds) == ("The viewer is signed in.", "/0", True)
    assert second.text == "The viewer administers the site. The condition is inverted."
    assert (second.path, second.holds) == ("/1/or/0", False)


def test_an_inline_condition_is_true_or_false():
    ask = inline_condition(BOSS)

    assert ask("user_is_admin", {})
    assert not ask("user_is_happy", {})
    assert not ask("has_global_permission", {"permission": "ADMINISTER"})


def test_every_name_of_the_reference_stands_in_the_table():
    assert len(SUPPORTED) + len(UNSUPPORTED) == len(PREDEFINED)
    assert all(known.why.endswith(".") for known in PREDEFINED.values())
    assert all("jira" in PREDEFINED[name].products for name in SUPPORTED)
    assert all(PREDEFINED[name].products == ("confluence",) for name in UNSUPPORTED)


GIVEN = {
    "entity": "addon", "propertyKey": "a", "value": "1", "contextParam": "issue.key", "permission": "BROWSE_PROJECTS",
    "applicationKey": "jira-core",
}  # fmt: skip
answerable = st.builds(
    lambda name, invert: {"condition": name, "invert": invert, "params": GIVEN},
    st.sampled_from(SUPPORTED),
    st.booleans(),
)
facts = st.builds(
    lambda flags, value, issue, names: ConditionFacts(
        viewer="5b10" if flags[0] else None,
        is_admin=flags[1],
        is_sysadmin=flags[2],
        licensed=flags[3],
        has_project=flags[4],
        is_project_admin=flags[5],
        admin_mode=flags[6],
        capability_set="1" if flags[7] else None,
        groups=frozenset(names),
        applications=frozenset({"jira-core"} if flags[1] else ()),
        issue=issue,
        profile_user="5b10",
        context={"issue.key": "a"} if flags[2] else {},
        global_permission=lambda _: flags[1],
        project_permission=lambda _: flags[2],
        issue_permission=lambda _: flags[3],
        entity_property=lambda _, key: value if key == "a" else MISSING,
    ),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.one_of(json_values, st.just(MISSING)),
    st.one_of(st.none(), st.builds(IssueFacts, assignee=st.sampled_from(["5b10", None]), resolved=st.booleans())),
    st.lists(st.sampled_from("ab1"), max_size=2),
)


@given(answerable, facts)
def test_inverting_a_condition_says_the_opposite(condition, facts):
    assert shows(inverted(condition), facts) is not shows(condition, facts)


@given(st.lists(answerable, min_size=1, max_size=4), facts)
def test_the_opposite_of_all_is_any_opposite(parts, facts):
    opposites = [inverted(part) for part in parts]

    assert shows({"and": parts}, facts) is not shows({"or": opposites}, facts)
    assert shows({"or": parts}, facts) is not shows({"and": opposites}, facts)


@given(st.one_of(conditions, st.lists(conditions, max_size=3), answerable.map(lambda one: [one])), facts)
def test_what_is_explained_is_what_is_decided(value, facts):
    read = parse_conditions(value)
    decided, explained = evaluate(read, facts), explain(read, facts)

    assert decided.shows is explained.shows
    assert set(decided.reasons) <= set(explained.reasons)
    assert len(explained.reasons) == len(read.leaves)
    assert not (read.problems and decided.shows)
    assert bool(read.problems) is bool(read.hopeless)
    assert decided.shows or any(not reason.holds for reason in decided.reasons)


@given(json_values, facts)
def test_no_json_is_too_odd_to_be_read_and_judged(value, facts):
    explain(parse_conditions(value), facts)
