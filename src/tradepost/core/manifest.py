"""The manifest of a deployed app: its parsed text, and where each part of it stood.

Reading YAML is the shell's business (`tradepost.wire.manifest_text`); here arrive parsed values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradepost.core.difference import pointer
from tradepost.core.document import kind_of, repeats_a_key, shown
from tradepost.core.errors import Problem
from tradepost.core.reasons import Reason
from tradepost.core.version import Change

Part = str | int
Path = tuple[Part, ...]
"""The way to a part of a document: keys of mappings and places in lists."""

_LEAST_KNOWN = ("app", "permissions", "modules", "remotes", "connectModules")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something starts in a text; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Marks:
    """What a text says beyond its values. Containers are named by their identity, since aliases share them.

    `starts` has the line and column of each member (of the key in a mapping, of the value in a list), `spellings` the
    written form of scalars that are not text, such as `007` or `1e3`.
    """

    starts: Mapping[int, Mapping[Part, tuple[int, int]]] = field(default_factory=dict)
    spellings: Mapping[int, Mapping[Part, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest; without `marks` nothing is known of lines and columns."""

    document: Mapping[str, Any]
    marks: Marks = field(default_factory=Marks, compare=False)

    def place_of(self, path: Path) -> Place | None:
        """Where the part starts; None where there was no text, or no such part."""
        if not path:
            return Place(1, 1) if self.marks.starts else None
        found = self.marks.starts.get(id(self._container_of(path)), {}).get(path[-1])
        return None if found is None else Place(*found)

    def spelling_of(self, path: Path) -> str | None:
        """How a scalar that is not text was written, where that is known."""
        return self.marks.spellings.get(id(self._container_of(path)), {}).get(path[-1]) if path else None

    def _container_of(self, path: Path) -> object:
        node: Any = self.document
        for part in path[:-1]:
            try:
                node = node[part]
            except (LookupError, TypeError):
                return None
        return node


@dataclass(frozen=True, slots=True)
class PlacedProblem(Problem):
    """A problem with its line and column; both None where they are not known."""

    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedReason(Reason):
    """A reason with its line and column in the manifest that its pointer leads into."""

    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, object]:
        """The shape of every reason, with `line` and `column`; null where there was no text."""
        return {**Reason.to_json(self), "line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """What came of reading a manifest: None where there is none, and every problem found on the way."""

    manifest: Manifest | None
    problems: tuple[PlacedProblem, ...] = ()

    @classmethod
    def of_value(cls, value: object) -> "ReadManifest":
        """A manifest that comes parsed, without its text."""
        if not isinstance(value, dict):
            return cls(None, (not_a_mapping(value),))
        if repeats_a_key(value):
            text = "The manifest repeats a key in a mapping."
            return cls(None, (PlacedProblem("", text, "document.repeated_key"),))
        return cls(Manifest(value))


def not_a_mapping(value: object) -> PlacedProblem:
    """The problem of a text that is YAML and no mapping."""
    what = "empty" if value is None else kind_of(value)
    return PlacedProblem("", f"A manifest must be a YAML mapping; this is {what}.", "manifest.not_mapping", 1, 1)


def looks_like_manifest(document: Mapping[str, Any]) -> bool:
    """Whether a mapping names what only manifests have, or what descriptors cannot do without is missing."""
    return "app" in document or ("baseUrl" not in document and any(name in document for name in _LEAST_KNOWN))


def placed_problem(manifest: Manifest, path: Path, text: str, rule: str) -> PlacedProblem:
    """A problem of one part of a manifest."""
    place = manifest.place_of(path)
    return PlacedProblem(shown(pointer(*path)), text, rule, *_numbers(place))


def placed_reason(manifest: Manifest, path: Path, rule: str, change: Change, text: str) -> PlacedReason:
    """A reason for one part of a manifest. Exactly majors ask for consent (rolling releases refine that on sites)."""
    consent = change is Change.MAJOR
    return PlacedReason(rule, shown(pointer(*path)), change, consent, text, *_numbers(manifest.place_of(path)))


def _numbers(place: Place | None) -> tuple[int | None, int | None]:
    return (None, None) if place is None else (place.line, place.column)
