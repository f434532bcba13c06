"""Writing `app.id` into the text of a manifest, and changing nothing else of it: comments, order and line ends stay.

Ways to write it are tried one after the other. Each is read back, and taken only where the manifest then says exactly
what it said before, and the id.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tradepost.cli.vendor.manifests import read_text
from tradepost.core.manifest import Manifest

_LINE = re.compile(r"[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029]|\Z)")
_BREAKS = "\r\n\x85\u2028\u2029"
_NOTHING = re.compile(r"\s*:[ \t]*(?:''|\"\"|~|null|Null|NULL)?")
_BOM = "\ufeff"


class CannotWriteError(Exception):
    """The id cannot be written in any way that surely changes nothing else."""


def with_app_id(raw: bytes, app_id: str) -> bytes:
    """The manifest with this id, where it has none. Raises CannotWriteError."""
    before = read_text(raw).manifest
    if before is None:
        raise CannotWriteError
    wanted = _with_id(before.document, app_id)
    text = raw.decode("utf-8")
    bom = _BOM if text.startswith(_BOM) else ""
    for start, end, put in _ways(text.removeprefix(_BOM), before, app_id):
        body = text.removeprefix(_BOM)
        new = f"{bom}{body[:start]}{put}{body[end:]}".encode()
        read = read_text(new).manifest
        if read is not None and read.document == wanted:
            return new
    raise CannotWriteError


def _with_id(document: Any, app_id: str) -> dict[str, Any]:
    app = document.get("app")
    if app is not None and not isinstance(app, dict):
        raise CannotWriteError
    return {**document, "app": {**(app or {}), "id": app_id}}


def _ways(text: str, manifest: Manifest, app_id: str) -> Iterator[tuple[int, int, str]]:
    """Places (from, to) in the text and what to put there, the likeliest first."""
    lines = _Lines(text)
    quoted = json.dumps(app_id)
    app = manifest.document.get("app")
    if isinstance(app, dict) and "id" in app:
        yield from _in_place_of_nothing(text, lines.offset(manifest, ("app", "id")), app_id)
        return
    if app:
        first = lines.offset(manifest, ("app", next(iter(app))))
        yield from lines.above(first, f"id: {app_id}")
        if first is not None:
            yield first, first, f'"id": {quoted}, '
        return
    at = lines.offset(manifest, ("app",))
    if at is not None:  # `app:` with nothing in it
        yield from lines.below(at, f"id: {app_id}")
        brace = text.find("{", at)
        if brace >= 0:
            yield brace + 1, brace + 1, f'"id": {quoted}'
        return
    first = lines.offset(manifest, (next(iter(manifest.document), ""),))
    yield from lines.above(first, "app:", f"  id: {app_id}")
    if first is not None:
        yield first, first, f'"app": {{"id": {quoted}}}, '


def _in_place_of_nothing(text: str, key: int | None, app_id: str) -> Iterator[tuple[int, int, str]]:
    """`id` is written with nothing after it, or with an empty text or null."""
    if key is None:
        return
    for name in ("id", '"id"', "'id'"):
        found = _NOTHING.match(text, key + len(name)) if text.startswith(name, key) else None
        if found is not None:
            quoted = json.dumps(app_id)  # where names are quoted, as in JSON, values are
            for value in (app_id, quoted) if name == "id" else (quoted, app_id):
                yield key + len(name), found.end(), f": {value}"


class _Lines:
    """The lines of a text, as YAML counts them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [found.start() for found in _LINE.finditer(text)]
        first = _LINE.match(text)
        line = first.group() if first else ""
        self._end = line[len(line.rstrip(_BREAKS)) :] or "\n"

    def offset(self, manifest: Manifest, path: tuple[str, ...]) -> int | None:
        """Where a part of the manifest starts in the text."""
        place = manifest.place_of(path)
        if place is None or place.line > len(self._starts):
            return None
        return self._starts[place.line - 1] + place.column - 1

    def above(self, offset: int | None, *lines: str) -> Iterator[tuple[int, int, str]]:
        """New lines before the one at `offset`, indented as that is; only where nothing else stands before it."""
        if offset is None:
            return
        start = max(each for each in self._starts if each <= offset)
        before = self._text[start:offset]
        if not before.strip(" "):
            yield start, start, "".join(f"{before}{line}{self._end}" for line in lines)

    def below(self, offset: int, line: str) -> Iterator[tuple[int, int, str]]:
        """A new line after the one at `offset`, indented more."""
        start = max(each for each in self._starts if each <= offset)
        found = _LINE.match(self._text, start)
        assert found is not None
        end, indent = found.end(), " " * (offset - start + 2)
        has_end = found.group().endswith(tuple(_BREAKS))
        yield end, end, f"{indent}{line}{self._end}" if has_end else f"{self._end}{indent}{line}"
