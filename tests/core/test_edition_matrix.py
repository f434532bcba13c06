"""The matrix of modules against editions: what the evaluator of conditions would say, before there is a site."""

import json
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.documents import good
from tests.core.module_documents import GOOD, module_documents, with_module

from tradepost.core.condition import MISSING, IssueFacts, evaluate, parse_conditions
from tradepost.core.edition import Edition
from tradepost.core.edition_matrix import SITUATIONS, Shows, Situation, Viewer, check_editions, draw_matrix
from tradepost.core.edition_matrix_shows import MOST_EXACT, Judge
from tradepost.core.edition_matrix_situations import facts_in

LICENSED = {"condition": "addon_is_licensed"}
SIGNED_IN = {"condition": "user_is_logged_in"}
ADMIN = {"condition": "user_is_admin"}
FLAG = {"condition": "feature_flag", "params": {"featureKey": "new"}}
PROPERTY = {
    "condition": "entity_property_equal_to",
    "params": {"entity": "addon", "propertyKey": "cfg", "objectName": "a.b", "value": "true"},
}


def edition_is(value, *, invert=False):
    return {"condition": "capability_set", "params": {"value": value}, "invert": invert}


STANDARD, ADVANCED = (edition_is(edition.capability) for edition in Edition)


def inverted(condition):
    return condition | {"invert": not condition.get("invert", False)}


def permission(name):
    return {"condition": "has_project_permission", "params": {"permission": name}}


def shows_of(conditions, situation):
    return Judge(parse_conditions(conditions)).cell(situation).shows


def row_of(*conditions, **changes):
    (row,) = draw_matrix(with_module(conditions=list(conditions), **changes) | {"enableLicensing": True}).rows
    return row


def where_it_shows(*conditions, viewer=Viewer.USER):
    """Edition and license of the situations in which a viewer surely sees a module."""
    row = row_of(*conditions)
    return {
        (situation.edition, situation.licensed)
        for situation in SITUATIONS
        if situation.viewer is viewer and row.row[situation].shows is Shows.YES
    }


EVERYWHERE = {(edition, licensed) for edition in (*Edition, None) for licensed in (True, False)}
LICENSED_ONES = {(edition, True) for edition in (*Edition, None)}


@pytest.mark.parametrize("kind", [kind for kind in GOOD if kind != "webhooks"])
def test_a_module_without_conditions_shows_everywhere_to_everybody(kind):
    (row,) = draw_matrix(with_module(kind)).rows

    assert row.kind == kind
    assert {cell.shows for cell in row.row.values()} == {Shows.YES}
    assert row.depends_on == ()


def test_there_is_a_situation_for_every_edition_license_and_viewer():
    assert len(set(SITUATIONS)) == 3 * 2 * 3


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([LICENSED], LICENSED_ONES),
        ([inverted(LICENSED)], EVERYWHERE - LICENSED_ONES),
        ([ADVANCED], {(Edition.ADVANCED, True), (Edition.ADVANCED, False)}),
        ([LICENSED, ADVANCED], {(Edition.ADVANCED, True)}),
        ([LICENSED, inverted(ADVANCED)], {(Edition.STANDARD, True), (None, True)}),
        ([inverted(ADVANCED)], EVERYWHERE - {(Edition.ADVANCED, True), (Edition.ADVANCED, False)}),
        ([{"or": [STANDARD, ADVANCED]}, LICENSED], {(Edition.STANDARD, True), (Edition.ADVANCED, True)}),
        ([{"conditions": [STANDARD, ADVANCED], "type": "AND"}], set()),
        ([edition_is("capabilityPremium")], set()),
    ],
)
def test_edition_and_license_decide_where_a_module_shows(conditions, expected):
    assert where_it_shows(*conditions) == expected


@pytest.mark.parametrize(
    ("condition", "visitor", "user", "administrator"),
    [
        (SIGNED_IN, "no", "yes", "yes"),
        (ADMIN, "no", "no", "yes"),
        (inverted(ADMIN), "yes", "yes", "no"),
        ({"condition": "user_is_sysadmin"}, "no", "no", "depends"),
        ({"condition": "user_is_project_admin"}, "no", "depends", "depends"),
        ({"condition": "has_global_permission", "params": {"permission": "administer"}}, "no", "no", "yes"),
        ({"condition": "has_global_permission", "params": {"permission": "SYSTEM_ADMIN"}}, "no", "no", "depends"),
        ({"condition": "has_global_permission", "params": {"permission": "app__own"}}, *["depends"] * 3),
        (permission("BROWSE_PROJECTS"), "depends", "depends", "depends"),
        ({"condition": "is_issue_assigned_to_current_user"}, "no", "depends", "depends"),
        (PROPERTY, "depends", "depends", "depends"),
        (FLAG, "depends", "depends", "depends"),
        (inverted(FLAG), "depends", "depends", "depends"),
        ({"condition": "voting_enabled"}, "no", "no", "no"),
        ({"condition": "no_such_condition"}, "no", "no", "no"),
        ({"or": [PROPERTY, inverted(PROPERTY)]}, "yes", "yes", "yes"),
        ({"and": [PROPERTY, inverted(PROPERTY)]}, "no", "no", "no"),
        ({"or": [PROPERTY, SIGNED_IN]}, "depends", "yes", "yes"),
        ({"and": [PROPERTY, SIGNED_IN]}, "no", "depends", "depends"),
    ],
)
def test_who_looks_decides_or_it_depends(condition, visitor, user, administrator):
    found = [shows_of([condition], Situation(None, True, viewer)) for viewer in Viewer]

    assert found == [visitor, user, administrator]


def test_what_an_answer_hangs_on_is_named_once():
    row = row_of(PROPERTY, {"or": [LICENSED, FLAG, PROPERTY]}, SIGNED_IN)

    assert row.depends_on == ("entity_property_equal_to(entity=addon, objectName=a.b, propertyKey=cfg, value=true)",)
    assert row.row[Situation(None, True, Viewer.ANONYMOUS)].depends_on == ()


def test_every_module_that_somebody_may_see_has_a_row_in_the_order_of_the_descriptor():
    modules = {
        "dialogs": [GOOD["dialogs"]],
        "jiraDashboardItems": [{"key": "item", "conditions": [ADVANCED]}, {"key": "plain"}],
        "jiraEntityProperties": [{"key": "none"}],
        "webhooks": [GOOD["webhooks"]],
        "configurePage": GOOD["configurePage"],
        "webPanels": [7, GOOD["webPanels"]],
    }

    matrix = draw_matrix(good(modules=modules))

    assert [(row.pointer, row.supported) for row in matrix.rows] == [
        ("/modules/dialogs/0", True),
        ("/modules/jiraDashboardItems/0", False),
        ("/modules/configurePage", True),
        ("/modules/webPanels/1", True),
    ]
    assert matrix.not_drawn == ("jiraEntityProperties",)


PERMISSIONS = ["P0", "P1", "P2", "P3"]


def leaves(open_ones):
    told = st.sampled_from([LICENSED, STANDARD, ADVANCED, SIGNED_IN, ADMIN, edition_is("x")])
    return st.builds(lambda leaf, invert: leaf | {"invert": invert}, told | open_ones, st.booleans())


def trees(open_ones):
    several = st.recursive(
        leaves(open_ones),
        lambda inner: st.builds(
            lambda word, parts: {word: parts}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=4)
        ),
        max_leaves=14,
    )
    return st.lists(several, max_size=4)


@settings(max_examples=150)
@given(trees(st.sampled_from(PERMISSIONS).map(permission)))
def test_the_matrix_is_what_the_evaluator_says_over_everything_that_can_be_so(tree):
    conditions = parse_conditions(tree)
    judge = Judge(conditions)
    held = [frozenset(some) for count in range(5) for some in combinations(PERMISSIONS, count)]

    for situation in SITUATIONS:
        facts = facts_in(situation)
        said = {evaluate(conditions, replace(facts, project_permission=some.__contains__)).shows for some in held}
        expected = Shows.DEPENDS if len(said) == 2 else Shows.YES if said == {True} else Shows.NO
        assert judge.cell(situation).shows is expected


MANY = [f"Q{number}" for number in range(MOST_EXACT + 4)]


@settings(max_examples=100)
@given(st.lists(trees(st.sampled_from(MANY).map(permission)), min_size=3, max_size=3), st.sets(st.sampled_from(MANY)))
def test_with_more_open_questions_than_can_be_enumerated_yes_and_no_are_still_certain(parts, held):
    everything = {"or": [permission(name) for name in MANY]}
    conditions = parse_conditions([everything, *(part for each in parts for part in each)])
    judge = Judge(conditions)

    for situation in SITUATIONS:
        facts = replace(facts_in(situation), project_permission=held.__contains__)
        shows = judge.cell(situation).shows
        assert shows is Shows.DEPENDS or evaluate(conditions, facts).shows == (shows is Shows.YES)


def test_questions_beyond_the_exact_ones_are_named_too():
    cell = Judge(parse_conditions([permission(name) for name in MANY])).cell(SITUATIONS[0])

    assert cell.shows is Shows.DEPENDS
    assert len(cell.depends_on) == len(MANY)


OPEN = [
    {"condition": "user_is_sysadmin"},
    {"condition": "user_is_project_admin"},
    {"condition": "has_selected_project"},
    {"condition": "is_admin_mode"},
    {"condition": "is_issue_reported_by_current_user"},
    {"condition": "is_issue_unresolved"},
    {"condition": "can_use_application", "params": {"applicationKey": "jira-core"}},
    {"condition": "has_global_permission", "params": {"permission": "ADMINISTER"}},
    {"condition": "has_global_permission", "params": {"permission": "BULK_CHANGE"}},
    {"condition": "entity_property_exists", "params": {"entity": "user", "propertyKey": "a"}},
    {"condition": "entity_property_exists", "params": {"entity": "addon", "propertyKey": "a"}},
    {"condition": "entity_property_contains_any_user_group", "params": {"entity": "addon", "propertyKey": "a"}},
    FLAG,
]


@st.composite
def sites(draw, situation):
    """What may be so at a site of the situation."""
    facts = facts_in(situation)
    nobody = situation.viewer is Viewer.ANONYMOUS
    administers = situation.viewer is Viewer.ADMINISTRATOR
    bulk = draw(st.booleans())
    values = {"addon": draw(st.sampled_from([MISSING, ["g"], 1])), "user": MISSING if nobody else draw(st.just(1))}
    return replace(
        facts,
        is_sysadmin=administers and draw(st.booleans()),
        is_project_admin=draw(st.booleans()),
        has_project=draw(st.booleans()),
        admin_mode=draw(st.booleans()),
        groups=frozenset() if nobody else frozenset({"g"}),
        applications=draw(st.sampled_from([frozenset(), frozenset({"jira-core"})])),
        issue=draw(st.sampled_from([None, IssueFacts(reporter=facts.viewer), IssueFacts(resolved=True)])),
        global_permission=lambda name: bulk if name == "BULK_CHANGE" else administers and name == "ADMINISTER",
        entity_property=lambda entity, _: values.get(entity, MISSING),
    )


@settings(max_examples=150)
@given(st.data())
def test_no_site_contradicts_a_yes_or_a_no(data):
    conditions = parse_conditions(data.draw(trees(st.sampled_from(OPEN))))
    situation = data.draw(st.sampled_from(SITUATIONS))

    shows = Judge(conditions).cell(situation).shows

    facts = data.draw(sites(situation))
    assert shows is Shows.DEPENDS or evaluate(conditions, facts).shows == (shows is Shows.YES)


@settings(max_examples=150)
@given(module_documents(), st.sampled_from([True, False, None, "yes"]))
def test_any_document_has_a_matrix_and_every_warning_leads_to_a_place(document, paid):
    matrix = check_editions(json.dumps(document | {"enableLicensing": paid}).encode())

    assert matrix.problems or matrix.paid is (paid is True)
    for finding in matrix.findings:
        assert finding.rule
        assert finding.text.endswith(".")
        assert finding.fix.endswith(".")
        assert finding.pointer.startswith("/modules/")
        assert matrix.places[finding.pointer].column > 1
    json.dumps(matrix.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "raw", [b"", b"not JSON", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"[" * 200_000, b" " * 1_100_000]
)
def test_what_is_no_document_has_problems_and_no_rows(raw):
    matrix = check_editions(raw)

    assert matrix.problems
    assert (matrix.rows, matrix.findings) == ((), ())


def test_the_json_shape_names_every_situation():
    (module,) = draw_matrix(with_module(conditions=[LICENSED, SIGNED_IN, FLAG])).to_json()["modules"]

    assert list(module) == ["type", "key", "name", "pointer", "supported", "shows", "depends_on"]
    assert module["shows"]["active"]["absent"] == {"anonymous": "no", "user": "depends", "administrator": "depends"}
    assert module["shows"]["inactive"]["advanced"]["user"] == "no"
    assert module["depends_on"] == ["feature_flag(featureKey=new)"]


def _texts(record):
    versions = record.get("transitions", [record])
    for version in versions:
        raw = version.get("raw", version.get("descriptor"))
        yield raw if isinstance(raw, str) else json.dumps(raw)


@pytest.mark.parametrize("name", ["connect_singles", "connect_histories", "connect_invalid", "test_fixtures"])
def test_every_real_descriptor_can_be_checked(real_descriptors, name):
    lines = (real_descriptors / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [text for line in lines for text in _texts(json.loads(line))]

    matrices = [check_editions(text.encode("utf-8", errors="replace")) for text in texts]

    assert matrices
    for matrix in matrices:
        answer = json.loads(json.dumps(matrix.to_json()))
        assert len(answer["modules"]) == len(matrix.rows)
        assert all(finding["line"] >= 1 for finding in answer["warnings"])
        for row in matrix.rows:
            if row.conditions.leaves == ():
                assert {cell.shows for cell in row.row.values()} == {Shows.YES}
