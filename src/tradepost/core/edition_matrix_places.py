"""Where in the text of a JSON document a pointer leads: line and column, for editors."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tradepost.core.difference import pointer

_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(slots=True)
class _Open:
    """An object or a list that is being read. `at` is None where nobody asks for what stands in it."""

    at: str | None
    is_object: bool
    key: str | None = None
    index: int = 0


def find_places(text: str, pointers: Iterable[str]) -> Mapping[str, TextPlace]:
    """Where the values are that pointers lead to; where there is none, what encloses it stands in.

    The text must be valid JSON. Of a repeated key the last one counts.
    """
    wanted = tuple(dict.fromkeys(pointers))
    bare = text.removeprefix(_BYTE_ORDER_MARK)
    offsets = _offsets(bare, {prefix for each in wanted for prefix in _prefixes(each)})
    starts = [0, *(match.end() for match in re.finditer("\n", bare))]
    found = {}
    for each in wanted:
        offset = next((offsets[prefix] for prefix in _prefixes(each) if prefix in offsets), 0)
        line = bisect_right(starts, offset)
        found[each] = TextPlace(line, offset - starts[line - 1] + 1)
    return found


def _prefixes(each: str) -> list[str]:
    """The pointer and those of all that encloses it, the longest first, the whole document last."""
    parts = each.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _offsets(text: str, wanted: set[str]) -> dict[str, int]:
    """Where the values of the wanted pointers begin, in characters. Reads on without recursion."""
    found: dict[str, int] = {}
    stack: list[_Open] = []
    for match in _PIECE.finditer(text):
        piece, top = match[0], stack[-1] if stack else None
        if piece in "}]":
            stack.pop()
        elif piece == ",":
            _go_on(top)
        elif top is not None and top.is_object and top.key is None:
            top.key = json.loads(piece)
        elif piece != ":":
            at = _pointer_in(top)
            if at in wanted:
                found[at] = match.start()
            if piece in "{[":
                stack.append(_Open(at if at in wanted else None, piece == "{"))
    return found


def _go_on(top: _Open | None) -> None:
    if top is not None:
        top.key = None
        top.index += 1


def _pointer_in(top: _Open | None) -> str | None:
    """The pointer of the value that comes next."""
    if top is None:
        return ""
    if top.at is None:
        return None
    return top.at + pointer(top.key if top.key is not None and top.is_object else top.index)
