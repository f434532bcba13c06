"""Reading the parts of a manifest tolerantly: what has a wrong type is a problem, and is read as well as it can be.

Histories hold what people committed, so nothing here gives up: a scalar where a list belongs is a list of one, a
mapping of named things is the list of them. What a deployment would refuse stands in `problems`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tradepost.core.difference import canonical_text
from tradepost.core.document import kind_of
from tradepost.core.manifest import Manifest, Path, PlacedProblem, placed_problem

_OLD_TRUE = frozenset({"true", "yes", "on"})
_OLD_FALSE = frozenset({"false", "no", "off", ""})
"""What YAML 1.1 and people take for booleans, in small letters."""

_WRONG_TYPE = "manifest.type"


class Reader:
    """Reads one manifest. Every question takes the path to the part, for places and problems."""

    def __init__(self, manifest: Manifest) -> None:
        self.problems: list[PlacedProblem] = []
        self._manifest = manifest

    def part(self, *names: str) -> object:
        """The value behind a chain of keys; None where any of them is missing."""
        node: object = self._manifest.document
        for depth, name in enumerate(names):
            node = self.mapping(node, names[:depth]).get(name)
        return node

    def mapping(self, value: object, path: Path) -> Mapping[str, Any]:
        """The mapping; an empty one where there is none."""
        if value is not None and not isinstance(value, dict):
            self._wrong(value, path, "a mapping")
        return value if isinstance(value, dict) else {}

    def items(self, value: object, path: Path) -> Sequence[tuple[Path, Any]]:
        """The items of a list that say anything; a lone value is a list of one."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong(value, path, "a list")
            return ((path, value),)
        return [((*path, place), item) for place, item in enumerate(value) if item is not None]

    def names(self, value: object, path: Path) -> Iterator[tuple[str, Path]]:
        """The names in a list of them or, in a mapping, its keys."""
        if isinstance(value, dict):
            yield from ((name, (*path, name)) for name in value)
            return
        for where, item in self.items(value, path):
            name = self.text(item, where)
            if name is not None:
                yield name, where

    def keyed(self, value: object, path: Path) -> Iterator[tuple[str | None, Path, Mapping[str, Any]]]:
        """Named things: a list of mappings with `key`, or a mapping from keys. The key is None where it is missing."""
        if isinstance(value, dict) and not _is_scalar(value.get("key")):
            for key, item in value.items():
                where = (*path, key)
                yield key, where, self.mapping(item, where)
            return
        for where, item in self.items(value, path):
            if isinstance(item, dict):
                yield self.text(item.get("key"), (*where, "key")), where, item
            else:
                self._wrong(item, where, "a mapping")
                yield self.text(item, where), where, {}

    def text(self, value: object, path: Path) -> str | None:
        """The text as it was written, so that 007 stays 007; None where nothing stands there."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            self._wrong(value, path, "text")
            return canonical_text(value)
        return self._manifest.spelling_of(path) or json.dumps(value)

    def flag(self, value: object, path: Path) -> bool:
        """Whether something is switched on. What is neither true nor false counts as on where it says anything."""
        if value is None or isinstance(value, bool):
            return bool(value)
        word = value.lower() if isinstance(value, str) else None
        if word not in _OLD_TRUE and word not in _OLD_FALSE:
            self._wrong(value, path, "true or false")
        return bool(value) if word is None else word not in _OLD_FALSE

    def _wrong(self, value: object, path: Path, wanted: str) -> None:
        name = next((part for part in reversed(path) if isinstance(part, str)), "it")
        text = f"{name} must be {wanted}, not {kind_of(value)}."
        self.problems.append(placed_problem(self._manifest, path, text, _WRONG_TYPE))

    def missing(self, path: Path, text: str) -> None:
        """Note that a part says nothing that could be read."""
        self.problems.append(placed_problem(self._manifest, path, text, "manifest.missing"))


def _is_scalar(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)
