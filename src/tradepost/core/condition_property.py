"""Comparing entity properties with what a condition wants. Source: domain.md 7.5.

What is missing is unlike everything. Primitives are compared as text, objects as JSON, lists item by item.
"""

from collections.abc import Sequence
from typing import Any

from tradepost.core.condition_facts import MISSING
from tradepost.core.condition_shape import text_of
from tradepost.core.difference import canonical_text
from tradepost.core.document import parse_strictly
from tradepost.core.errors import ProblemsError

_LONGEST_VALUE = 32 * 1024
"""characters of a parameter that are read as JSON; a property is not larger either"""

_BRACKETS = ("{", "[")


def value_at(value: Any, object_name: str | None) -> Any:
    """What stands at a dotted path in a property's value, or MISSING. Numbers in the path do not count into lists."""
    for part in object_name.split(".") if object_name else ():
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def equals(value: Any, wanted: str | Sequence[str]) -> bool:
    """Whether a property's value is what is wanted: the same texts, or the JSON that the wanted text is."""
    if value is MISSING:
        return False
    if _texts(value) == _wanted_texts(wanted):
        return True
    return isinstance(wanted, str) and _same_json(value, wanted)


def contains_any(value: Any, wanted: str | Sequence[str]) -> bool:
    """Whether the list in a property holds one of the wanted texts."""
    held = set(_texts(value))
    return any(not held.isdisjoint(texts) for texts in _readings(wanted))


def contains_all(value: Any, wanted: str | Sequence[str]) -> bool:
    """Whether the list in a property holds all wanted texts. A missing property holds nothing, not even nothing."""
    if value is MISSING:
        return False
    held = set(_texts(value))
    return any(held.issuperset(texts) for texts in _readings(wanted))


def _texts(value: Any) -> tuple[str, ...]:
    """The items of a list as texts; anything else is a list of one, and what is missing a list of none."""
    if value is MISSING:
        return ()
    return tuple(_text(item) for item in value) if isinstance(value, list) else (_text(value),)


def _text(value: Any) -> str:
    text = text_of(value)
    return _folded(text) if text is not None else _compact(value)


def _folded(text: str) -> str:
    """Text that is a JSON object or list in its compact form, so that spaces and the order of keys do not count."""
    parsed = _parsed(text) if text.lstrip()[:1] in _BRACKETS else MISSING
    return text if parsed is MISSING else _compact(parsed)


def _wanted_texts(wanted: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(_folded(text) for text in ((wanted,) if isinstance(wanted, str) else wanted))


def _readings(wanted: str | Sequence[str]) -> list[tuple[str, ...]]:
    """A text is a list of one; older descriptors write a whole list as JSON into a text, so that is tried too."""
    readings = [_wanted_texts(wanted)]
    parsed = _parsed(wanted) if isinstance(wanted, str) else MISSING
    if isinstance(parsed, list):
        readings.append(_texts(parsed))
    return readings


def _same_json(value: Any, wanted: str) -> bool:
    parsed = _parsed(wanted)
    return parsed is not MISSING and _compact(parsed) == _compact(value)


def _parsed(text: str) -> Any:
    if len(text) > _LONGEST_VALUE:
        return MISSING
    try:
        return parse_strictly(text)
    except ProblemsError:
        return MISSING


def _compact(value: Any) -> str:
    """One text per JSON value in which 1 and 1.0 are the same number and true is none."""
    try:
        return canonical_text(_plain(value))
    except RecursionError:
        return canonical_text(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
