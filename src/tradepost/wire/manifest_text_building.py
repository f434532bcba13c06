"""Building the value of a manifest from the events of a YAML parser, without recursion."""

from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from tradepost.core.difference import pointer
from tradepost.core.document import DocumentLimits, shown
from tradepost.core.manifest import Marks, Part, PlacedProblem
from tradepost.wire.manifest_text_scalars import is_collection_tag, plain, tagged

MOST_PROBLEMS = 20
"""A hostile text can have as many problems as bytes; nobody reads more than this."""

_NO_KEY = object()
"""A mapping waits for its next key. Lists have `None` for a key."""
_MERGING = object()
"""Stands in for the key while the value of a merge key is read."""
_MERGE = "<<"


class StoppedError(Exception):
    """A limit was reached, or enough problems were found: the rest is not read."""


@dataclass(slots=True)
class _Node:
    """A finished value: `size` counts values, `weight` characters, `height` containers, all with aliases filled in."""

    value: Any
    size: int
    weight: int
    height: int
    text: str | None = None


@dataclass(slots=True)
class _Frame:
    """A container under construction."""

    value: Any
    mapping: bool
    anchor: str | None
    start: tuple[int, int]
    key: Any
    key_start: tuple[int, int] = (1, 1)
    merged: list[Any] = field(default_factory=list)
    starts: dict[Part, tuple[int, int]] = field(default_factory=dict)
    size: int = 1
    weight: int = 0
    height: int = 1


class Builder:
    """Takes events one by one; afterwards `root` is the value (None for an empty text) and `marks` its places."""

    def __init__(self, limits: DocumentLimits) -> None:
        self.root: Any = None
        self.problems: list[PlacedProblem] = []
        self._limits = limits
        self._starts: dict[int, dict[Part, tuple[int, int]]] = {}
        self._spellings: dict[int, dict[Part, str]] = {}
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Node | None] = {}
        self._documents = 0
        self._size = 0
        self._weight = 0

    @property
    def marks(self) -> Marks:
        """Where everything stands."""
        return Marks(self._starts, self._spellings)

    def take(self, event: Any) -> None:
        """Take the next event. Raises StoppedError where reading on makes no sense."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open(event, {}, mapping=True)
        elif kind is yaml.SequenceStartEvent:
            self._open(event, [], mapping=False)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._document(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._problem(_start(event), "The text holds a second document.", "manifest.documents")
            raise StoppedError

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        start = _start(event)
        merge = False
        if event.tag is not None:
            value, fits = tagged(text, event.tag)
            if not fits:
                self._problem(start, f"The tag {shown(event.tag)} is not known here, or its value is not of that kind.",
                              "manifest.tag")  # fmt: skip
        elif event.implicit[0]:
            value = plain(text)
            merge = text == _MERGE
        else:
            value = text
        if "\x00" in text:
            self._problem(start, "The text holds a NUL character.", "document.bad_text")
        if event.anchor is not None:
            self._anchors[event.anchor] = _Node(value, 1, len(text), 0, text)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.key is _NO_KEY:
            self._count(0, len(text), start)
            self._take_key(frame, text, start, merge=merge)
        else:
            self._count(1, len(text), start)
            self._attach(_Node(value, 1, len(text), 0, text), start)

    def _open(self, event: Any, value: Any, *, mapping: bool) -> None:
        start = _start(event)
        if len(self._frames) >= self._limits.max_depth:
            self._too_deep(start)
        if event.tag is not None and not is_collection_tag(event.tag, mapping=mapping):
            self._problem(start, f"The tag {shown(event.tag)} is not known here.", "manifest.tag")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._count(1, 0, start)
        self._frames.append(_Frame(value, mapping, event.anchor, start, _NO_KEY if mapping else None))

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.merged:
            self._merge(frame)
        self._starts[id(frame.value)] = frame.starts
        node = _Node(frame.value, frame.size, frame.weight, frame.height)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = node
        self._attach(node, frame.start)

    def _alias(self, event: Any) -> None:
        start = _start(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            what = "itself" if event.anchor in self._anchors else "an anchor that is not there"
            self._problem(start, f"The alias {shown(event.anchor)} stands for {what}.", "manifest.alias")
            node = _Node(None, 1, 0, 0, "")
        if len(self._frames) + node.height > self._limits.max_depth:
            self._too_deep(start)
        self._count(node.size, node.weight, start)
        self._attach(node, start)

    def _count(self, size: int, weight: int, start: tuple[int, int]) -> None:
        """Refuse what would be too much once every alias is filled in, before anything is."""
        self._size += size
        self._weight += weight
        if self._size > self._limits.max_items:
            text = f"The manifest has more than {self._limits.max_items} values, with its aliases filled in."
            self._problem(start, text, "document.too_many")
            raise StoppedError
        if self._weight > self._limits.max_bytes:
            text = f"The manifest has more than {self._limits.max_bytes} characters, with its aliases filled in."
            self._problem(start, text, "document.too_large")
            raise StoppedError

    def _attach(self, node: _Node, start: tuple[int, int]) -> None:
        if not self._frames:
            self.root = node.value
            return
        frame = self._frames[-1]
        if frame.key is _NO_KEY:
            self._take_key(frame, node.text, start)
            return
        frame.size += node.size
        frame.weight += node.weight
        if node.height >= frame.height:
            frame.height = node.height + 1
        if not frame.mapping:
            self._keep(frame, len(frame.value), node, start)
            frame.value.append(node.value)
        elif frame.key is _MERGING:
            self._take_merge(frame, node, start)
        else:
            self._keep(frame, frame.key, node, frame.key_start)
            frame.value[frame.key] = node.value
            frame.key = _NO_KEY

    def _keep(self, frame: _Frame, part: Part, node: _Node, start: tuple[int, int]) -> None:
        frame.starts[part] = start
        if node.text is not None and type(node.value) is not str:
            self._spellings.setdefault(id(frame.value), {})[part] = node.text

    def _take_key(self, frame: _Frame, text: str | None, start: tuple[int, int], *, merge: bool = False) -> None:
        frame.key_start = start
        if merge:
            if frame.merged:
                self._problem(start, "The merge key << stands twice in one mapping.", "document.repeated_key")
            frame.key = _MERGING
            return
        if text is None:
            self._problem(start, "A key must be text, not a mapping or a list.", "manifest.key")
        key = text or ""
        frame.weight += len(key)
        if key in frame.value:
            self._problem(start, f"The key {shown(key)!r} stands twice in one mapping.", "document.repeated_key", key)
        frame.key = key

    def _take_merge(self, frame: _Frame, node: _Node, start: tuple[int, int]) -> None:
        frame.key = _NO_KEY
        sources = node.value if isinstance(node.value, list) else [node.value]
        if not sources or not all(isinstance(source, dict) for source in sources):
            self._problem(start, "The merge key << takes a mapping or a list of mappings.", "manifest.merge")
        frame.merged += [source for source in sources if isinstance(source, dict)]

    def _merge(self, frame: _Frame) -> None:
        """Add what is merged in: the mapping's own keys count first, then the sources in their order."""
        for source in frame.merged:
            starts, spellings = self._starts.get(id(source), {}), self._spellings.get(id(source), {})
            for key, value in source.items():
                if key not in frame.value:
                    frame.value[key] = value
                    frame.starts[key] = starts[key]
                    if key in spellings:
                        self._spellings.setdefault(id(frame.value), {})[key] = spellings[key]

    def _too_deep(self, start: tuple[int, int]) -> None:
        text = f"The manifest is nested more than {self._limits.max_depth} levels deep."
        self._problem(start, text, "document.too_deep")
        raise StoppedError

    def _problem(self, start: tuple[int, int], text: str, rule: str, *more: Part) -> None:
        path = [part for frame in self._frames for part in _part_of(frame)]
        if more and self._frames:
            path = path[: len(path) - len(_part_of(self._frames[-1]))]
        self.problems.append(PlacedProblem(shown(pointer(*path, *more)), text, rule, *start))
        if len(self.problems) >= MOST_PROBLEMS:
            raise StoppedError


def _part_of(frame: _Frame) -> tuple[Part, ...]:
    """Where in the container the value under construction will stand; nothing while its key is being read."""
    if not frame.mapping:
        return (len(frame.value),)
    if frame.key is _NO_KEY:
        return ()
    return (_MERGE,) if frame.key is _MERGING else (str(frame.key),)


def _start(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
