"""Reading JSON text: what is a document at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import raw, values

from tradepost.core.document import DocumentLimits, parse_document, parse_strictly, repeats_a_key, shown
from tradepost.core.errors import ProblemsError


def problems_of(data, **limits):
    with pytest.raises(ProblemsError) as caught:
        parse_document(data, limits=DocumentLimits(**limits))
    return {(problem.pointer, problem.rule) for problem in caught.value.problems}


@given(st.dictionaries(st.text("ab/~"), values))
def test_a_json_object_is_read_as_it_stands(document):
    assert parse_document(raw(document)) == document


def test_a_byte_order_mark_is_dropped_once():
    assert parse_document(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert problems_of(b"\xef\xbb\xbf\xef\xbb\xbf{}") == {("", "document.not_json")}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b'{"a": 1,}', "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": 01}', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": "\x00"}', "not_json"),
        (b"<html></html>", "not_json"),
        (b"\xc2\xa0{}", "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b"[]", "not_object"),
        (b'"text"', "not_object"),
        (b"null", "not_object"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "bad_number"),
    ],
)
def test_bytes_that_hold_no_json_object_have_one_problem_that_says_so(data, rule):
    assert problems_of(data) == {("", f"document.{rule}")}


def test_every_repeated_key_unstorable_text_and_endless_number_is_told_with_its_place():
    data = (
        rb'{"a": 1, "\u0061": 2, "b": {"c": [{"d": 1, "d": 1}]},'
        rb' "e": "\u0000", "f": ["\ud800"], "g": 1e999, "\udfff": 1}'
    )

    assert problems_of(data) == {
        ("/a", "document.repeated_key"),
        ("/b/c/0/d", "document.repeated_key"),
        ("/e", "document.bad_text"),
        ("/f/0", "document.bad_text"),
        ("/g", "document.bad_number"),
        ("", "document.bad_text"),
    }


def test_a_pair_of_surrogates_is_one_letter_and_no_problem():
    assert parse_document(rb'{"a": "\ud83d\ude00"}') == {"a": "\U0001f600"}


def test_what_a_message_repeats_of_a_document_can_be_stored_and_is_not_endless():
    assert shown("a\x00\ud800b") == "a\ufffd\ufffdb"
    assert len(shown("x" * 10_000)) < 400


def test_a_document_may_be_as_large_and_deep_as_the_limits_say_and_no_more():
    padding = b" " * (100 - len(b'{"a": [1]}'))

    assert parse_document(b'{"a": [1]}' + padding, limits=DocumentLimits(max_bytes=100)) == {"a": [1]}
    assert problems_of(b'{"a": [1]} ' + padding, max_bytes=100) == {("", "document.too_large")}
    assert parse_document(b'{"a": [1]}', limits=DocumentLimits(max_depth=2))
    assert problems_of(b'{"a": [[]]}', max_depth=2) == {("/a/0", "document.too_deep")}
    assert parse_document(b'{"a": [1]}', limits=DocumentLimits(max_items=3))
    assert problems_of(b'{"a": [1, 2]}', max_items=3) == {("", "document.too_many")}


def test_a_hostile_document_does_not_get_a_message_for_each_of_its_problems():
    data = b'{"a": [' + b",".join([b'"\\u0000"'] * 10_000) + b"]}"

    assert len(problems_of(data)) < 100


@pytest.mark.parametrize(
    ("text", "repeats"),
    [('{"a": 1}', False), ('{"a": 1, "a": 1}', True), ('[{"b": {"a": 1, "a": 2}}]', True), ('{"a": {"a": 1}}', False)],
)
def test_repeated_keys_are_seen_at_any_depth(text, repeats):
    assert repeats_a_key(parse_strictly(text)) is repeats
