"""What a matrix of editions warns of: each rule where it should speak, and beside it where it should not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import good, values
from tests.core.module_documents import with_module
from tests.core.test_edition_matrix import (
    ADMIN,
    ADVANCED,
    FLAG,
    LICENSED,
    PROPERTY,
    SIGNED_IN,
    STANDARD,
    edition_is,
    inverted,
    permission,
)

from tradepost.core.difference import pointer
from tradepost.core.edition_matrix import Rule, check_editions, draw_matrix
from tradepost.core.edition_matrix_places import TextPlace, find_places

NOBODY = Rule.SHOWS_TO_NOBODY
ABSENT = Rule.VANISHES_WHEN_ABSENT
ON_STANDARD = Rule.VANISHES_ON_STANDARD
UNLICENSED = Rule.OPENS_TO_UNLICENSED
OUTLIVES = Rule.OUTLIVES_LICENSE
UNKNOWN = Rule.UNKNOWN_VALUE
NEVER = Rule.NEVER_LICENSED
INLINE = Rule.INLINE


def findings(*conditions, paid=True, kind="generalPages", **changes):
    document = with_module(kind, conditions=list(conditions), **changes) | {"enableLicensing": paid}
    return draw_matrix(document).findings


def rules(*conditions, paid=True, **changes):
    return [finding.rule for finding in findings(*conditions, paid=paid, **changes)]


def without(rule, *conditions, **changes):
    return rule not in rules(*conditions, **changes)


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [LICENSED],
        [inverted(LICENSED)],
        [LICENSED, ADVANCED],
        [LICENSED, inverted(ADVANCED)],
        [LICENSED, {"or": [STANDARD, inverted(ADVANCED)]}],
        [PROPERTY, SIGNED_IN],
        [{"or": [inverted(LICENSED), inverted(ADVANCED)]}],
    ],
)
def test_good_practice_is_not_warned_of(conditions):
    assert rules(*conditions) == []


@pytest.mark.parametrize(
    ("conditions", "where"),
    [
        ([STANDARD, ADVANCED], ""),
        ([LICENSED, inverted(LICENSED)], ""),
        ([ADMIN, inverted(SIGNED_IN)], ""),
        ([permission("P"), inverted(permission("P"))], ""),
        ([SIGNED_IN, {"condition": "no_such_condition"}], "/1/condition"),
        ([{"condition": "active_theme"}], "/0/condition"),
        ([{"condition": "voting_enabled"}], ""),
        ([{"or": []}], "/0/or"),
        ([{"condition": "capability_set"}], "/0/params/value"),
        ([{"condition": "capability_set", "params": {"capabilitySet": "capabilityAdvanced"}}], "/0/params/value"),
        ([{"condition": "capability_set", "params": {"value": ["capabilityAdvanced"]}}], "/0/params/value"),
    ],
)
def test_a_module_that_shows_to_nobody_is_warned_of_where_the_reason_stands(conditions, where):
    (found,) = findings(*conditions)

    assert found.rule == NOBODY
    assert found.pointer == f"/modules/generalPages/0/conditions{where}"
    assert (found.kind, found.module) == ("generalPages", "page")


@pytest.mark.parametrize("conditions", [[STANDARD], [ADMIN], [FLAG], [permission("P"), inverted(permission("Q"))]])
def test_a_module_that_somebody_may_see_somewhere_does_not_show_to_nobody(conditions):
    assert without(NOBODY, *conditions)


def test_conditions_that_this_product_does_not_know_are_no_matter_for_modules_of_another_product():
    unknown = {"key": "item", "conditions": [{"condition": "servicedesk.is_agent"}]}
    impossible = {"key": "item", "conditions": [SIGNED_IN, inverted(SIGNED_IN)]}
    misshapen = {"key": "item", "conditions": [7]}

    def found(*items):
        return draw_matrix(good(modules={"jiraDashboardItems": list(items)})).findings

    assert found(unknown) == ()
    assert [finding.rule for finding in found(impossible, misshapen)] == [NOBODY, NOBODY]


def test_a_module_that_is_left_out_is_warned_of_with_the_rule_that_leaves_it_out():
    document = good(modules={"webPanels": [{"key": "panel"}, 7], "jiraProfileTabPanels": 7})

    found = draw_matrix(document).findings

    assert {(finding.rule, finding.kind, finding.module) for finding in found} == {
        ("module.field", "webPanels", "0"),
        ("module.field", "webPanels", "1"),
        ("module.field", "jiraProfileTabPanels", ""),
    }
    assert draw_matrix(good()).findings == ()


@pytest.mark.parametrize(
    "conditions",
    [[LICENSED, STANDARD], [LICENSED, {"or": [STANDARD, ADVANCED]}], [LICENSED, STANDARD, PROPERTY, ADMIN]],
)
def test_a_feature_of_standard_that_vanishes_without_an_edition_is_warned_of(conditions):
    (found,) = findings(*conditions)

    assert found.rule == ABSENT
    assert "vanishes" in found.text
    assert "invert" in found.fix


def test_the_warning_says_who_loses_the_feature():
    assert findings(LICENSED, STANDARD)[0].text.startswith("Everybody of")
    assert findings(LICENSED, STANDARD, SIGNED_IN)[0].text.startswith("Users and administrators of")
    assert findings(LICENSED, STANDARD, ADMIN)[0].text.startswith("Administrators of")


@pytest.mark.parametrize("conditions", [[LICENSED, ADVANCED], [LICENSED], [LICENSED, inverted(ADVANCED)], [PROPERTY]])
def test_a_feature_of_advanced_or_of_all_does_not_vanish(conditions):
    assert without(ABSENT, *conditions)


def test_a_feature_that_an_absent_edition_has_and_standard_has_not_is_warned_of():
    assert rules(LICENSED, inverted(STANDARD)) == [ON_STANDARD]
    assert rules(LICENSED, inverted(STANDARD), inverted(ADVANCED)) == [ON_STANDARD]
    assert without(ON_STANDARD, LICENSED, inverted(ADVANCED))


@pytest.mark.parametrize(
    "conditions",
    [
        [inverted(ADVANCED)],
        [inverted(ADVANCED), SIGNED_IN, PROPERTY],
        [{"or": [LICENSED, inverted(ADVANCED)]}],
        [{"and": [ADMIN, {"or": [inverted(ADVANCED), PROPERTY]}]}],
    ],
)
def test_an_inverted_check_that_opens_to_the_unlicensed_is_warned_of(conditions):
    found = [finding for finding in findings(*conditions) if finding.rule == UNLICENSED]

    assert len(found) == 1
    assert "without a license" in found[0].text
    assert "addon_is_licensed" in found[0].fix


def test_the_warning_points_at_the_inverted_check():
    (found,) = findings(SIGNED_IN, {"or": [ADVANCED, {"and": [inverted(ADVANCED)]}]})

    assert found.pointer == "/modules/generalPages/0/conditions/1/or/1/and/0"


@pytest.mark.parametrize(
    "conditions",
    [
        [LICENSED, inverted(ADVANCED)],
        [{"and": [LICENSED, {"or": [inverted(ADVANCED), PROPERTY]}]}],
        [{"or": [inverted(LICENSED), inverted(ADVANCED)]}],
        [{"or": [SIGNED_IN, inverted(SIGNED_IN), inverted(ADVANCED)]}],
        [ADVANCED],
    ],
)
def test_an_inverted_check_beside_the_license_opens_to_nobody_else(conditions):
    assert without(UNLICENSED, *conditions)


def test_a_check_of_the_edition_alone_that_outlives_the_license_is_warned_of():
    assert rules(ADVANCED) == [OUTLIVES]
    assert "on Advanced" in findings(ADVANCED)[0].text
    assert without(OUTLIVES, LICENSED, ADVANCED)
    assert without(OUTLIVES, {"or": [ADVANCED, inverted(LICENSED)]}, SIGNED_IN)


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("capabilitySetAdvanced", "Write capabilityAdvanced."),
        ("capablityStandard", "Write capabilityStandard."),
        ("CAPABILITYADVANCED", "Write capabilityAdvanced."),
        ("premium", "Write capabilityStandard or capabilityAdvanced."),
        ("", "Write capabilityStandard or capabilityAdvanced."),
    ],
)
def test_an_edition_that_there_is_not_is_warned_of_with_the_one_that_is_meant(value, fix):
    never, _ = findings(edition_is(value))
    always = findings(LICENSED, edition_is(value, invert=True))

    assert (never.rule, never.fix) == (UNKNOWN, fix)
    assert never.text.endswith("never true.")
    assert [finding.rule for finding in always] == [UNKNOWN]
    assert "always true" in always[0].text
    assert always[0].pointer == "/modules/generalPages/0/conditions/1/params/value"


def test_the_editions_that_there_are_are_known():
    assert without(UNKNOWN, STANDARD)
    assert without(UNKNOWN, inverted(ADVANCED))


@pytest.mark.parametrize("paid", [False, None, "yes"])
def test_a_free_app_that_asks_for_a_license_or_an_edition_is_warned_of(paid):
    assert rules(LICENSED, paid=paid) == [NEVER, NOBODY]
    assert rules(inverted(ADVANCED), paid=paid) == [NEVER]
    assert rules(SIGNED_IN, {"or": [ADVANCED, LICENSED, ADMIN]}, paid=paid) == [NEVER]
    assert rules(SIGNED_IN, paid=paid) == []
    assert without(NEVER, LICENSED, paid=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a?e={condition.capability_set(value=capabilityAdvanced)}", []),
        ("/a?l={condition.addon_is_licensed}&i={issue.key}", []),
        ("/a?e={condition.capability_set(value=advanced)}", [UNKNOWN]),
        ("/a?e={condition.capability_set}", [INLINE]),
        ("/a?e={condition.no_such_condition}", [INLINE]),
        ("/a?e={condition.capability_set(advanced)}", [INLINE]),
        ("/a?e={condition.user_is_admin!}", [INLINE]),
    ],
)
def test_a_condition_in_an_address_that_is_never_true_is_warned_of(url, expected):
    assert rules(url=url) == expected
    assert all(finding.pointer == "/modules/generalPages/0/url" for finding in findings(url=url))


def test_the_address_in_a_target_is_read_too():
    (found,) = findings(kind="jiraIssueGlances", target={"type": "web_panel", "url": "/a?e={condition.capability_set}"})

    assert (found.rule, found.pointer) == (INLINE, "/modules/jiraIssueGlances/0/target/url")


def test_a_warning_names_line_and_column():
    document = {
        "enableLicensing": True,
        "modules": {"generalPages": [{"key": "a", "name": "A", "url": "/a", "conditions": [inverted(ADVANCED)]}]},
    }
    lines = json.dumps(document, indent=1).split("\n")

    (found,) = check_editions("\n".join(lines).encode()).to_json()["warnings"]

    assert (found["line"], found["column"]) == (10, 6)
    assert '"condition": "capability_set"' in lines[10]
    assert draw_matrix(with_module(conditions=[STANDARD])).to_json()["warnings"][0]["line"] is None


def test_where_a_pointer_leads_nowhere_what_encloses_it_stands_in():
    assert find_places('\ufeff{"a":\n {"b": 1}}', ["/a/b", "/a/c/d", "/x", ""]) == {
        "/a/b": TextPlace(2, 8),
        "/a/c/d": TextPlace(2, 2),
        "/x": TextPlace(1, 1),
        "": TextPlace(1, 1),
    }


def _all_pointers(value, at=""):
    yield at, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _all_pointers(child, at + pointer(key))


nested = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(nested, st.sampled_from([None, 0, 2]), st.booleans())
def test_a_place_is_where_the_value_begins_in_any_layout(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    lines = text.split("\n")
    expected = dict(_all_pointers(value))

    places = find_places(text, expected)

    for at, place in places.items():
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == expected[at]
