"""What a trusted build may expect, and when a token meets it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.marketplace.builds.issuing import CLAIMS, EXPECTED

from tradepost.core.errors import InvalidInputError, ProblemsError
from tradepost.marketplace.builds.claims import build_named, checked_claims, find_differences, run_of

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
VALUES = st.text(max_size=8)
ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | VALUES, lambda inner: st.lists(inner, max_size=2))
EXPECTATIONS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=5)


@given(expected=EXPECTATIONS, told=st.dictionaries(NAMES, ANYTHING, max_size=6), data=st.data())
def test_no_subset_of_the_expected_claims_is_enough(expected, told, data):
    missing = data.draw(st.sets(st.sampled_from(sorted(expected)), min_size=1))
    claims = {**told, **expected}
    for name in missing:
        del claims[name]

    assert len(find_differences(expected, claims)) == len(missing)


@given(expected=EXPECTATIONS, told=st.dictionaries(NAMES, ANYTHING, max_size=6), data=st.data())
def test_a_claim_meets_only_the_very_same_text(expected, told, data):
    changed = data.draw(st.sampled_from(sorted(expected)))
    value = data.draw(ANYTHING.filter(lambda value: value != expected[changed] or not isinstance(value, str)))

    assert len(find_differences(expected, {**told, **expected, changed: value})) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("7", {"run": 7}),
        ("7", {"run": 7.0}),
        ("True", {"run": True}),
        ("true", {"run": True}),
        ("None", {"run": None}),
        ("None", {}),
        ("", {}),
        ("a", {"run": ["a"]}),
        ("['a']", {"run": ["a"]}),
        ("a", {"run": {"a": "a"}}),
    ],
)
def test_what_only_looks_like_the_expected_text_is_not_it(value, told):
    assert len(find_differences({"run": value}, told)) == 1


@given(expected=EXPECTATIONS, told=st.dictionaries(NAMES, ANYTHING, max_size=6))
def test_claims_beyond_the_expected_ones_are_no_matter(expected, told):
    assert find_differences(expected, {**told, **expected}) == ()


@given(st.dictionaries(NAMES, ANYTHING, max_size=6), st.sampled_from(["repository", "sub", "ref", "run_id"]), ANYTHING)
def test_whatever_a_token_says_it_can_be_shown_and_kept(told, name, value):
    claims = {**told, name: value}

    assert 0 < len(build_named(claims)) <= 200
    assert build_named(claims).isprintable()
    assert all(text.isprintable() and len(text) <= 300 for text in run_of(claims).values())


def test_a_build_is_named_by_its_place_and_branch():
    assert build_named(CLAIMS) == "acme/notes @ refs/heads/main"
    assert build_named({"project_path": "acme/notes", "sub": "x"}) == "acme/notes"
    assert build_named({"sub": "job 7", "repository": 5}) == "job 7"
    assert build_named({}) == "unnamed"


@pytest.mark.parametrize(
    "claims",
    [
        EXPECTED,
        {"sub": "repo:acme/notes:ref:refs/heads/main"},
        {"project_path": "acme/notes", "ref": "main"},
        {"sub": "Käthe's build, No. 1 (main)"},
    ],
)
def test_sub_or_two_claims_that_say_whose_build_it_is_can_be_expected(claims):
    assert checked_claims(claims) == claims


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({}, "Expect sub, or at least two"),
        ({"repository": "acme/notes"}, "Expect sub, or at least two"),
        ({"ref": "refs/heads/main", "environment": "production"}, "Any project of the issuer could have these"),
        ({"sub": "repo:acme/*"}, "looks like a pattern"),
        ({"sub": "repo:acme/.?"}, "looks like a pattern"),
        ({"sub": "repo:acme/[a-z]"}, "looks like a pattern"),
        ({"sub": "^repo:acme"}, "looks like a pattern"),
        ({"sub": "acme|other"}, "looks like a pattern"),
        ({"sub": "${{ github.repository }}"}, "looks like a pattern"),
        ({"sub": "acme", "iss": "https://issuer.example"}, "checked for every token"),
        ({"sub": "acme", "aud": "x"}, "checked for every token"),
        ({"sub": "acme", "exp": "1"}, "checked for every token"),
        ({"sub": ""}, "1 to 300 visible characters"),
        ({"sub": " acme"}, "1 to 300 visible characters"),
        ({"sub": "ac\0me"}, "1 to 300 visible characters"),
        ({"sub": "ac\u202eme"}, "1 to 300 visible characters"),
        ({"sub": "x" * 301}, "1 to 300 visible characters"),
        ({"sub": 7}, "must be a text"),
        ({"sub": "acme", "": "x"}, "no name of a claim"),
        ({"sub": "acme", "a b": "x"}, "no name of a claim"),
        ({"sub": "acme", "n" * 101: "x"}, "no name of a claim"),
    ],
)
def test_what_could_be_a_strangers_or_a_pattern_cannot_be_expected(claims, text):
    with pytest.raises(ProblemsError, match=text) as caught:
        checked_claims(claims)
    assert all(each.pointer.startswith("/claims") for each in caught.value.problems)


def test_every_problem_is_told_at_once():
    with pytest.raises(ProblemsError) as caught:
        checked_claims({"sub": "*", "ref": "", "aud": "x"})
    assert [each.pointer for each in caught.value.problems] == ["/claims/sub", "/claims/ref", "/claims/aud"]


def test_a_trusted_build_has_so_many_claims():
    with pytest.raises(InvalidInputError, match="at most 12"):
        checked_claims({"sub": "acme", **{f"claim{number}": "x" for number in range(12)}})
