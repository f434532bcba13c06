"""The Connect descriptor that a deployed app is on sites, made from the parts of its manifest.

Tradepost runs no vendor's code: what a site shows of a deployed app are its `connectModules`, served by the remote that
`app.connect` names, exactly as those of a watched app. Everything else is kept, compared and named as not rendered.
Source: domain.md 4.8 and 4.9, protocol.md 7.2 and 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.descriptor import DEFAULT_LISTING_POLICY, ListingPolicy, read_descriptor
from tradepost.core.difference import pointer
from tradepost.core.document import shown
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.manifest import Manifest, Part, Path, PlacedProblem, placed_problem
from tradepost.core.manifest_connect_draft import CONNECT_MODULES, Draft, connect_types, nearest, part_of
from tradepost.core.manifest_facts import DEFAULT_REGION
from tradepost.core.module_kinds import KINDS

__all__ = ["Connect", "Unrendered", "descriptor_of", "read_connect"]

_LIFECYCLE = "lifecycle"


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A module that is kept and compared and has no place on a page here. `kind` is its type as the manifest has it."""

    pointer: str
    kind: str
    key: str | None
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, object]:
        """The shape that commands print."""
        return {
            "pointer": self.pointer, "kind": self.kind, "key": self.key, "line": self.line, "column": self.column,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connect:
    """What a manifest is on sites. `descriptor` is None with problems, and where there are no Connect modules.

    `warnings` are those of the descriptor; both they and `problems` point into the manifest.
    """

    descriptor: dict[str, Any] | None
    problems: tuple[PlacedProblem, ...]
    warnings: tuple[PlacedProblem, ...]
    unrendered: tuple[Unrendered, ...]


def descriptor_of(
    manifest: Manifest,
    *,
    key: str | None = None,
    region: str = DEFAULT_REGION,
    policy: ListingPolicy = DEFAULT_LISTING_POLICY,
) -> dict[str, Any]:
    """The descriptor that the manifest is on sites in a region. Raises ProblemsError with every problem.

    `key` is taken where the manifest has no `app.connect.key`; without it the last part of `app.id` is. An app without
    any Connect modules has no descriptor: that is the one problem `connect.nothing`.
    """
    found = read_connect(manifest, key=key, region=region, policy=policy)
    if found.descriptor is None:
        raise ProblemsError(found.problems or (nothing_to_render(manifest),))
    return found.descriptor


def read_connect(
    manifest: Manifest,
    *,
    key: str | None = None,
    region: str = DEFAULT_REGION,
    policy: ListingPolicy = DEFAULT_LISTING_POLICY,
) -> Connect:
    """What the manifest is on sites, with every problem and warning, without raising."""
    unrendered = find_unrendered(manifest)
    if not manifest.document.get(CONNECT_MODULES):
        return Connect(None, (), (), unrendered)
    draft = Draft(manifest)
    document = draft.write(key=key, region=region)
    _, problems, warnings = read_descriptor(document, policy=policy)
    found = tuple(_translated(draft, problem) for problem in problems if not _is_told(problem))
    placed = tuple(dict.fromkeys((*draft.problems, *found)))
    doubts = tuple(_translated(draft, warning) for warning in warnings if warning.rule != "module.unknown")
    return Connect(None if placed else document, placed, doubts, unrendered)


def nothing_to_render(manifest: Manifest) -> PlacedProblem:
    """The problem of an app that has no Connect modules: sites could show nothing of it."""
    text = "The app has no connectModules. It can be deployed, and nothing of it is rendered on sites."
    return placed_problem(manifest, (), text, "connect.nothing")


def find_unrendered(manifest: Manifest) -> tuple[Unrendered, ...]:
    """Everything under `modules`, and the Connect modules of types that have no place here."""
    found: list[Unrendered] = []
    modules = manifest.document.get("modules")
    for kind, value in modules.items() if isinstance(modules, dict) else ():
        found += _each(manifest, ("modules", kind), kind, value)
    for kind, name, value in connect_types(manifest):
        if name != _LIFECYCLE and name not in KINDS:
            found += _each(manifest, (CONNECT_MODULES, kind), kind, value)
    return tuple(found)


def _each(manifest: Manifest, path: Path, kind: str, value: object) -> list[Unrendered]:
    if isinstance(value, list):
        return [_unrendered(manifest, (*path, place), kind, item) for place, item in enumerate(value)]
    return [] if value is None else [_unrendered(manifest, path, kind, value)]


def _unrendered(manifest: Manifest, path: Path, kind: str, module: object) -> Unrendered:
    key = module.get("key") if isinstance(module, dict) else None
    place = manifest.place_of(path)
    where = (None, None) if place is None else (place.line, place.column)
    return Unrendered(shown(pointer(*path)), shown(kind), shown(key) if isinstance(key, str) else None, *where)


def _is_told(problem: Problem) -> bool:
    """A key or an address that is missing was told in words of the manifest."""
    return problem.rule == "field.required" and problem.pointer in {"/key", "/baseUrl"}


def _translated(draft: Draft, problem: Problem) -> PlacedProblem:
    """A problem of the descriptor as one of the manifest, at the nearest part that is there."""
    path = nearest(draft.manifest, _path_into(draft, problem.pointer))
    return placed_problem(draft.manifest, path, problem.text, problem.rule)


def _path_into(draft: Draft, where: str) -> Path:
    """The path into the manifest from a pointer into the descriptor: the longest part of it whose origin is known."""
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in where.split("/")[1:])
    for length in range(len(parts), 0, -1):
        origin = draft.origins.get(parts[:length])
        if origin is not None:
            return (*origin, *_parts_of(part_of(draft.manifest, origin), parts[length:]))
    return ()


def _parts_of(node: object, parts: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts of a pointer, with places in lists as numbers."""
    found: list[Part] = []
    for part in parts:
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            found.append(int(part))
            node = node[int(part)]
        else:
            found.append(part)
            node = node.get(part) if isinstance(node, Mapping) else None
    return tuple(found)
