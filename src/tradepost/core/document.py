"""Reading JSON text strictly: what is a document at all, and within which limits."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any

from tradepost.core.difference import pointer
from tradepost.core.errors import Problem, ProblemsError

_BYTE_ORDER_MARK = "\ufeff"
_MOST_PROBLEMS_OF_A_KIND = 20
"""A hostile document can have as many problems as bytes; nobody reads more than this."""

_LONGEST_SHOWN = 300
"""Characters of a document's own text that a message repeats."""

# PostgreSQL keeps neither as text. JSON can carry both, as escapes.
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be. `items` counts every value, `depth` the objects and arrays inside each
    other.
    """

    max_bytes: int = 1024 * 1024
    max_depth: int = 64
    max_items: int = 200_000


DEFAULT_LIMITS = DocumentLimits()


class RepeatedKeys(dict[str, Any]):
    """A parsed object whose text named a key twice. The last value stands; `names` says which."""

    names: tuple[str, ...] = ()


def parse_document(raw: bytes, *, limits: DocumentLimits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The JSON object in the bytes. Raises ProblemsError with every problem of the text."""
    document, problems = read_document(raw, limits=limits)
    if problems or document is None:
        raise ProblemsError(problems)
    return document


def read_document(
    raw: bytes, *, limits: DocumentLimits = DEFAULT_LIMITS
) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """The JSON object in the bytes, None where there is none, and what is wrong with the text."""
    if len(raw) > limits.max_bytes:
        return None, (Problem("", f"The document is larger than {limits.max_bytes} bytes.", "document.too_large"),)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, (Problem("", f"The document is not UTF-8 text (byte {error.start}).", "document.not_utf8"),)
    try:
        value = parse_strictly(text)
    except ProblemsError as error:
        return None, error.problems
    if not isinstance(value, dict):
        found = Problem("", f"The document must be a JSON object, not {kind_of(value)}.", "document.not_object")
        return None, (found,)
    return value, tuple(find_value_problems(value, limits=limits))


def parse_strictly(text: str) -> Any:
    """The JSON value of the text by RFC 8259, without a leading byte-order mark; repeated keys are marked.

    Raises ProblemsError with one problem where there is none.
    """
    try:
        return json.loads(
            text.removeprefix(_BYTE_ORDER_MARK),
            object_pairs_hook=_object_of,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        hint = " The document is empty." if not text.strip() else ""
        where = f"line {error.lineno}, column {error.colno}"
        problem = Problem("", f"This is not JSON: {error.msg} ({where}).{hint}", "document.not_json")
    except RecursionError:
        problem = Problem("", "The document is nested too deeply to be read.", "document.too_deep")
    except ValueError:
        # Python converts no integer of more than 4,300 digits, against attacks by sheer length.
        problem = Problem("", "The document holds a number that is too long to be read.", "document.bad_number")
    raise ProblemsError((problem,))


def repeats_a_key(value: object) -> bool:
    """Whether any object in a strictly parsed value named a key twice."""
    return any(isinstance(node, RepeatedKeys) for node, _, _ in _walk(value))


def find_value_problems(value: object, *, limits: DocumentLimits) -> list[Problem]:
    """What the values of a document may not be: repeated keys, unstorable text, too large numbers, too
    deep, too many.
    """
    problems: list[Problem] = []
    for count, (node, path, depth) in enumerate(_walk(value), start=1):
        if count > limits.max_items:
            text = f"The document has more than {limits.max_items} values."
            return [*problems, Problem("", text, "document.too_many")]
        if isinstance(node, dict | list):
            if depth > limits.max_depth:
                text = f"The document is nested more than {limits.max_depth} levels deep."
                return [*problems, Problem(_pointer_of(path), text, "document.too_deep")]
            problems += _problems_of_keys(node, path)
        else:
            problems += _problems_of_scalar(node, path)
        if len(problems) >= _MOST_PROBLEMS_OF_A_KIND:
            return problems
    return problems


def kind_of(value: object) -> str:
    """What a JSON value is, in words for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names: Sequence[tuple[type, str]] = (
        (str, "a string"),
        (int, "an integer"),
        (float, "a number with a fraction"),
        (list, "an array"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "an object")


def _walk(value: object) -> Iterator[tuple[object, Any, int]]:
    """Every value in the document with its path and depth, in reading order, without recursion.

    A path is a linked list up to the root: pointers are only spelled out where there is a problem.
    """
    waiting: list[tuple[object, Any, int]] = [(value, None, 1)]
    while waiting:
        node, path, depth = waiting.pop()
        yield node, path, depth
        if isinstance(node, dict):
            waiting += [(child, (path, key), depth + 1) for key, child in reversed(node.items())]
        elif isinstance(node, list):
            last = len(node) - 1
            waiting += [(child, (path, last - back), depth + 1) for back, child in enumerate(reversed(node))]


def _pointer_of(path: Any) -> str:
    parts: list[str | int] = []
    while path is not None:
        path, part = path
        parts.append(part)
    return shown(pointer(*reversed(parts)))


def shown(text: str) -> str:
    """Text of a document as it may stand in a message that is stored: no unstorable characters, not
    endless.
    """
    storable = _NOT_STORABLE.sub("\ufffd", text)
    return storable if len(storable) <= _LONGEST_SHOWN else storable[:_LONGEST_SHOWN] + "\u2026"


def _problems_of_keys(node: object, path: Any) -> list[Problem]:
    problems = []
    if isinstance(node, RepeatedKeys):
        problems = [
            Problem(
                _pointer_of((path, name)),
                f"The key {shown(name)!r} stands twice in one object.",
                "document.repeated_key",
            )
            for name in node.names
        ]
    if isinstance(node, dict):
        problems += [
            Problem(_pointer_of(path), f"The key {shown(key)!r} holds {_unstorable(key)}.", "document.bad_text")
            for key in node
            if _NOT_STORABLE.search(key)
        ]
    return problems


def _problems_of_scalar(node: object, path: Any) -> list[Problem]:
    if isinstance(node, str) and _NOT_STORABLE.search(node):
        return [Problem(_pointer_of(path), f"The text holds {_unstorable(node)}.", "document.bad_text")]
    if isinstance(node, float) and isinf(node):
        return [Problem(_pointer_of(path), "The number is too large.", "document.bad_number")]
    return []


def _unstorable(text: str) -> str:
    return "a NUL character" if "\x00" in text else "half of a surrogate pair"


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = RepeatedKeys(plain)
    times = Counter(key for key, _ in pairs)
    marked.names = tuple(key for key, count in times.items() if count > 1)
    return marked


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)
