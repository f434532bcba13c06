"""Comparing two descriptors: what a vendor is told before anything is published."""

import json

import pytest
from tests.core.documents import good, panel, raw, reordered, without

from tradepost.core.comparison import compare_descriptors
from tradepost.core.errors import InvalidInputError
from tradepost.core.version import Version


def compare(old, new, **options):
    encoded = [document if isinstance(document, bytes) else raw(document) for document in (old, new)]
    return compare_descriptors(*encoded, **options).to_json()


def places(answer):
    return {(problem["document"], problem["pointer"]) for problem in answer["problems"]}


def test_no_change_makes_no_next_version():
    answer = compare(good(), reordered(good()))

    assert answer == {
        "change": "none",
        "live": "1.0.0",
        "next": None,
        "consent": False,
        "reasons": [],
        "separable": [],
        "warnings": [],
        "problems": [],
    }


def test_a_change_says_the_next_version_its_reasons_and_what_could_go_alone():
    new = good(scopes=["READ", "WRITE"], modules={"webPanels": [panel("one") | {"url": "/new"}, panel("two")]})

    answer = compare(good(), new, live=Version(1, 2, 3))

    assert (answer["change"], answer["live"], answer["next"], answer["consent"]) == ("minor", "1.2.3", "1.3.0", True)
    assert answer["separable"] == ["/modules/webPanels/0"]
    assert [(reason["rule"], reason["change"], reason["consent"]) for reason in answer["reasons"]] == [
        ("scope.added", "minor", True),
        ("module.changed", "patch", False),
    ]


def test_the_live_version_starts_at_the_old_api_version_and_must_fit_it():
    assert compare(good(apiVersion=4), good(apiVersion=6))["live"] == "4.0.0"
    assert compare(good(apiVersion=4), good(apiVersion=6))["next"] == "6.0.0"
    with pytest.raises(InvalidInputError, match=r"2\.0\.0"):
        compare(good(), good(), live=Version(2, 0, 0))


def test_problems_of_both_documents_come_at_once_and_nothing_else_is_claimed():
    answer = compare(good(key="a b", apiVersion=3), good(baseUrl=1, apiVersion=2, scopes="READ"))

    assert places(answer) == {
        ("old", "/key"),
        ("new", "/baseUrl"),
        ("new", "/scopes"),
        ("new", "/apiVersion"),
        ("new", "/key"),
    }
    assert (answer["change"], answer["next"], answer["consent"]) == (None, None, False)
    assert (answer["reasons"], answer["separable"], answer["live"]) == ([], [], "3.0.0")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (good(apiVersion=2), good(), ("new", "/apiVersion")),
        (good(), good(key="other"), ("new", "/key")),
        (good(), without("key"), ("new", "/key")),
        (good(), b"{", ("new", "")),
        (b"\xff", good(), ("old", "")),
        (good(), b'{"a":' * 70 + b"1" + b"}" * 70, ("new", "/a" * 64)),
        (good(), good(pad="x" * 1024 * 1024), ("new", "")),
        (good(), good(apiVersion=10**400), ("new", "/apiVersion")),
    ],
)
def test_what_cannot_follow_is_a_problem_of_its_document(old, new, place):
    assert place in places(compare(old, new))


def test_a_missing_key_is_told_once():
    assert [problem["pointer"] for problem in compare(good(), without("key"))["problems"]] == ["/key"]


def test_the_live_version_is_unknown_where_the_old_document_does_not_say_it():
    assert compare(good(apiVersion="2"), good())["live"] is None
    assert compare(b"nonsense", good())["live"] is None
    assert compare(b"nonsense", good(), live=Version(1, 2, 3))["live"] == "1.2.3"


def test_drafts_at_development_addresses_are_compared_with_a_warning():
    draft = good(baseUrl="http://localhost:3000", unknown=1)

    answer = compare(draft, draft)

    assert answer["change"] == "none"
    assert {(found["document"], found["pointer"]) for found in answer["warnings"]} == {
        ("old", "/baseUrl"),
        ("old", "/unknown"),
        ("new", "/baseUrl"),
        ("new", "/unknown"),
    }


def test_the_answer_is_json():
    assert json.loads(json.dumps(compare(good(), good(name="\u00e4"))))
