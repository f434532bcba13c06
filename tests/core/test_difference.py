"""Comparing values and matching lists."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import reordered, tagged, values

from tradepost.core import difference
from tradepost.core.difference import canonical_text, match_lists, pointer, same_value

lists = st.lists(st.one_of(values, st.fixed_dictionaries({"key": st.sampled_from("abcdef")})), max_size=7)
keyed_lists = st.lists(st.sampled_from("abcdef"), unique=True).map(lambda keys: [{"key": key} for key in keys])


@given(values, values)
def test_values_are_the_same_when_types_and_contents_are(one, other):
    assert same_value(one, other) == (tagged(one) == tagged(other))
    assert same_value(one, reordered(one))


def test_one_and_one_point_zero_and_true_are_three_values_at_any_depth():
    for wrap in (lambda value: value, lambda value: [{"a": [value]}]):
        assert not same_value(wrap(1), wrap(1.0))
        assert not same_value(wrap(1), wrap(True))
        assert not same_value(wrap(1.0), wrap(True))
        assert not same_value(wrap(0), wrap(False))
        assert not same_value(wrap(None), wrap(False))


@given(values)
def test_deeply_nested_values_get_the_same_text_without_recursion(value):
    assert difference._deep_canonical_text(value) == canonical_text(value)


def test_values_nested_beyond_the_encoder_are_compared_all_the_same():
    deep, other = 1, 2
    for _ in range(5_000):
        deep, other = {"a": [deep]}, {"a": [other]}

    assert same_value(deep, deep)
    assert not same_value(deep, other)


@given(lists, lists)
def test_lists_match_without_difference_exactly_when_they_are_the_same(before, after):
    found = match_lists(before, after)

    nothing = not (found.added or found.removed or found.changed or found.moved)
    assert nothing == same_value(before, after)


@given(lists, lists)
def test_every_item_is_accounted_for_once(before, after):
    found = match_lists(before, after)

    assert len(before) - len(found.removed) == len(after) - len(found.added)
    assert len({old for old, _ in found.changed}) == len(found.changed)
    assert len({new for _, new in found.changed} | set(found.added)) == len(found.changed) + len(found.added)


@given(keyed_lists, st.integers(0, 6), st.randoms(use_true_random=False))
def test_inserting_an_item_marks_only_itself(before, place, random):
    after = [dict(item) for item in before]
    after.insert(place, {"key": "new"})

    found = match_lists(before, after)

    assert [after[index]["key"] for index in found.added] == ["new"]
    assert not (found.removed)
    assert not (found.changed)
    assert not (found.moved)


@given(keyed_lists, st.randoms(use_true_random=False))
def test_putting_items_in_another_order_only_moves_them(before, random):
    after = list(before)
    random.shuffle(after)

    found = match_lists(before, after)

    assert not (found.added)
    assert not (found.removed)
    assert not (found.changed)
    assert all(before[old] == after[new] for old, new in found.moved)
    stayed = [after[new] for new in range(len(after)) if new not in {new for _, new in found.moved}]
    assert stayed == [item for item in before if item in stayed]


def test_one_item_taken_to_the_end_is_the_only_one_that_moved():
    items = [{"key": key} for key in "abcd"]

    assert match_lists(items, [*items[1:], items[0]]).moved == ((0, 3),)


def test_items_without_keys_are_matched_by_their_value():
    hooks = [{"event": "a", "url": "/a"}, {"event": "b", "url": "/b"}, {"event": "c", "url": "/c"}]

    found = match_lists(hooks, [hooks[0], {"event": "b", "url": "/other"}, hooks[2]])

    assert found == difference.ListDifference((), (), ((1, 1),), ())


def test_pointers_escape_tildes_and_slashes():
    assert pointer("modules", "a/b~c", 0) == "/modules/a~1b~0c/0"
    assert pointer() == ""


def test_canonical_text_is_json():
    assert json.loads(canonical_text({"b": [1, 1.0, True], "a": None})) == {"a": None, "b": [1, 1.0, True]}
