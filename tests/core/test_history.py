"""Walking histories: what replay says of each step."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import compared, documents

from tradepost.core.consent import decide_consent
from tradepost.core.facts import facts_of
from tradepost.core.history import Outcome, Parsed, Text, walk_history

MISSING = object()


def walk(*documents):
    sources = [Text(document) if isinstance(document, str) else Parsed(document) for document in documents]
    return [
        (step.change.value, str(step.version) if step.version else None, step.consent) for step in walk_history(sources)
    ]


def test_a_history_is_numbered_step_by_step():
    assert walk(
        {"key": "a"},
        {"key": "a", "name": "x"},
        {"key": "a", "name": "x", "scopes": ["READ"]},
        {"key": "a", "name": "x", "scopes": ["read", "READ"], "version": "9"},
        {"key": "a", "apiVersion": 3},
        {"key": "a", "apiVersion": 2},
        {"key": "a", "apiVersion": 3, "enableLicensing": True},
    ) == [
        ("first", "1.0.0", False),
        ("patch", "1.0.1", False),
        ("minor", "1.1.0", True),
        ("none", "1.1.0", False),
        ("major", "3.0.0", True),
        ("refused", "3.0.0", False),
        ("minor", "3.1.0", True),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "", "[]", "null", '"text"', "{", '{"a": 1,}', '{"a": NaN}', '{"a": 1, "a": 1}', '{"b": {"a": 1, "\\u0061": 1}}',
        "[" * 100_000, '{"a":' * 100_000, "// comment\n{}", "\ufeff\ufeff{}",
        [], None, "text", 1,
        {"apiVersion": True}, {"apiVersion": 1.0}, {"apiVersion": "2"}, {"scopes": "READ"}, {"scopes": [None]},
        {"scopes": {}}, {"enableLicensing": 0}, {"enableLicensing": "true"},
    ],
)  # fmt: skip
def test_what_the_rules_cannot_read_is_invalid_and_moves_nothing(document):
    assert walk(document, {"key": "a"}, document, {"key": "a"}) == [
        ("invalid", None, False),
        ("first", "1.0.0", False),
        ("invalid", "1.0.0", False),
        ("none", "1.0.0", False),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "{}", "\ufeff{}", ' \r\n\t{"a": "\\u0000\\ud800"} ', '{"a": {"a": 1}}', '{"a": 1e999}',
        json.dumps({"apiVersion": None, "scopes": None, "enableLicensing": None}),
        json.dumps({"key": 5, "baseUrl": "{{localBaseUrl}}", "modules": True, "authentication": 7}),
        '{"a":' * 200 + "1" + "}" * 200,
    ],
)  # fmt: skip
def test_all_else_is_judged_however_unfit_it_is_for_a_listing(document):
    assert walk(document, document) == [("first", "1.0.0", False), ("none", "1.0.0", False)]


def test_another_key_is_another_app_even_with_a_lower_api_version():
    assert walk(
        {"key": "a", "apiVersion": 5},
        {"key": "b", "apiVersion": 2, "scopes": ["ADMIN"]},
        {"apiVersion": 1},
        {"key": None},
        {"key": 1},
        {"key": True},
        {"key": "b", "apiVersion": 2},
    ) == [
        ("first", "5.0.0", False),
        ("first", "2.0.0", False),
        *[("first", "1.0.0", False)] * 4,
        ("first", "2.0.0", False),
    ]


def test_steps_are_judged_against_the_last_accepted_document():
    assert walk(
        {"key": "a", "apiVersion": 2, "scopes": ["READ"]},
        {"key": "a", "apiVersion": 1, "scopes": ["ADMIN"]},
        "not JSON",
        {"key": "a", "apiVersion": 2, "scopes": ["READ"]},
        {"key": "a", "apiVersion": 2, "scopes": ["ADMIN"]},
    ) == [
        ("first", "2.0.0", False),
        ("refused", "2.0.0", False),
        ("invalid", "2.0.0", False),
        ("none", "2.0.0", False),
        ("minor", "2.1.0", True),
    ]


def test_documents_nested_to_the_edge_of_what_can_be_read_are_compared_without_a_crash():
    for depth in range(900, 1_000, 7):
        text = '{"a":' * depth + "%s" + "}" * depth
        outcomes = [outcome for outcome, _, _ in walk(text % 1, text % 2)]
        assert outcomes in (["first", "patch"], ["invalid", "invalid"])


def test_an_invalid_or_refused_step_says_why():
    steps = list(walk_history([Parsed({"apiVersion": 2}), Parsed({"apiVersion": True}), Parsed({})]))

    assert [[reason.rule for reason in step.reasons] for step in steps] == [
        ["version.first"],
        ["api_version.type"],
        ["api_version.lowered"],
    ]


@given(st.lists(documents, max_size=6), st.booleans())
def test_every_step_follows_from_the_last_accepted_document(history, as_text):
    sources = [Text(json.dumps(document)) if as_text else Parsed(document) for document in history]
    last = None
    for document, step in zip(history, walk_history(sources), strict=True):
        same_app = last is not None and compared({"k": last.get("key", "none")}) == compared(
            {"k": document.get("key", "none")}
        )
        if not same_app:
            expected = Outcome.FIRST
        elif facts_of(document).api_version < facts_of(last).api_version:
            expected = Outcome.REFUSED
        elif compared(document) == compared(last):
            expected = Outcome.NONE
        else:
            expected = None
        assert step.change in ({Outcome.PATCH, Outcome.MINOR, Outcome.MAJOR} if expected is None else {expected})
        asked = expected is None and bool(decide_consent(facts_of(last).terms, facts_of(document).terms).ask)
        assert step.consent == asked
        if expected is not Outcome.REFUSED:
            last = document
