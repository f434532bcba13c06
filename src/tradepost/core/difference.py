"""Comparing parsed JSON values, where 1, 1.0 and true are three values and nesting may be deep."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListDifference:
    """How one list became another; pairs are (index before, index after)."""

    added: tuple[int, ...]
    removed: tuple[int, ...]
    changed: tuple[tuple[int, int], ...]
    moved: tuple[tuple[int, int], ...]


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) from its parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def canonical_text(value: object) -> str:
    """One text per JSON value: keys sorted, no white space, numbers in the form that tells their type."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        return _deep_canonical_text(value)


def same_value(one: object, other: object) -> bool:
    """Whether two JSON values are the same, types of numbers included."""
    return canonical_text(one) == canonical_text(other)


def match_lists(before: Sequence[object], after: Sequence[object]) -> ListDifference:
    """Match the items of two lists: by their `key` where every item has one of its own, else by their value.

    Items without a key that stand in only one of the lists are paired in order as changed. The result is
    empty exactly when the lists are the same.
    """
    keyed = _have_distinct_keys(before) and _have_distinct_keys(after)
    names_before = _names(before, keyed=keyed)
    names_after = _names(after, keyed=keyed)
    place_before = {name: index for index, name in enumerate(names_before)}
    kept = [(place_before[name], index) for index, name in enumerate(names_after) if name in place_before]
    remaining = set(names_after)
    gone = [index for index, name in enumerate(names_before) if name not in remaining]
    new = [index for index, name in enumerate(names_after) if name not in place_before]
    if keyed:
        changed = [(old, now) for old, now in kept if not same_value(before[old], after[now])]
    else:
        changed = list(zip(gone, new, strict=False))
        gone, new = gone[len(changed) :], new[len(changed) :]
    return ListDifference(tuple(new), tuple(gone), tuple(changed), _moved(kept))


def _have_distinct_keys(items: Sequence[object]) -> bool:
    keys = [item.get("key") if isinstance(item, dict) else None for item in items]
    return all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)


def _names(items: Sequence[object], *, keyed: bool) -> list[tuple[str, int]]:
    """A name per item that occurs once in its list: its key, or its value and how often it stood there
    before.
    """
    if keyed:
        return [(item["key"], 0) for item in items if isinstance(item, dict)]
    seen: Counter[str] = Counter()
    names = []
    for item in items:
        text = canonical_text(item)
        names.append((text, seen[text]))
        seen[text] += 1
    return names


def _moved(kept: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The fewest pairs that must have moved: all outside a longest run whose order was kept."""
    tails: list[int] = []
    lengths = []
    for old, _ in kept:
        place = bisect_left(tails, old)
        tails[place : place + 1] = [old]
        lengths.append(place + 1)
    moved = []
    wanted = len(tails)
    bound = None
    for pair, length in zip(reversed(kept), reversed(lengths), strict=True):
        if length == wanted and (bound is None or pair[0] < bound):
            wanted, bound = wanted - 1, pair[0]
        else:
            moved.append(pair)
    return tuple(reversed(moved))


def _deep_canonical_text(value: object) -> str:
    """`canonical_text` without recursion, for values nested deeper than the encoder goes."""
    written: list[str] = []
    waiting: list[tuple[bool, object]] = [(False, value)]
    while waiting:
        is_text, item = waiting.pop()
        if is_text:
            written.append(str(item))
        elif isinstance(item, dict):
            waiting.append((True, "}"))
            for place, key in reversed(list(enumerate(sorted(item)))):
                waiting += [(False, item[key]), (True, ("," if place else "") + json.dumps(key) + ":")]
            written.append("{")
        elif isinstance(item, list):
            waiting.append((True, "]"))
            for place, entry in reversed(list(enumerate(item))):
                waiting += [(False, entry), (True, "," if place else "")]
            written.append("[")
        else:
            written.append(json.dumps(item))
    return "".join(written)
