"""The rows of a matrix of editions: every module that has a viewer, and who sees it. Source: domain.md 7.5."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradepost.core.condition_shape import Conditions, Single, parse_conditions
from tradepost.core.difference import pointer
from tradepost.core.document import shown
from tradepost.core.edition_matrix_shows import Judge, Row
from tradepost.core.edition_matrix_situations import Situation
from tradepost.core.module import KINDS, Module, Place, modules_of


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module and who sees it. `pointer` is its place in the descriptor.

    `supported` is False for a type that has no place in this product: its conditions are judged all the same, since
    another product may show it. `module` is None for those.
    """

    kind: str
    key: str
    name: str
    pointer: str
    supported: bool
    module: Module | None
    conditions: Conditions
    judge: Judge
    row: Row

    @property
    def label(self) -> str:
        """How the module is called: by its key; where it has none by its name or its number."""
        return shown(self.key or self.name or self.pointer.rpartition("/")[2])

    @property
    def singles(self) -> tuple[Single, ...]:
        """The conditions that can be answered, in their order."""
        return tuple(leaf for leaf in self.conditions.leaves if isinstance(leaf, Single))

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What the answer hangs on in some situation."""
        return tuple(dict.fromkeys(label for cell in self.row.values() for label in cell.depends_on))

    def place_of(self, leaf: Single, *parts: str) -> str:
        """A pointer to a condition, or to something in it."""
        return self.pointer + pointer("conditions") + leaf.path + pointer(*parts)

    def may_show_in(self, situation: Situation) -> bool:
        """Whether anything can make it show."""
        return bool(self.row[situation].may)


def rows_of(document: Mapping[str, Any]) -> tuple[ModuleRow, ...]:
    """A row for each module that somebody may see, in the order of the descriptor.

    Webhooks have no viewer; modules of a wrong shape are left out; of types without a place here, those with
    conditions are taken.
    """
    known = {module.pointer: module for module in modules_of(document)}
    return tuple(_rows(document, known))


def kinds_not_drawn(document: Mapping[str, Any], rows: Sequence[ModuleRow]) -> tuple[str, ...]:
    """Module types without a place here of which no module has conditions, in the order of the descriptor."""
    drawn = {row.kind for row in rows} | {*KINDS}
    kinds = dict.fromkeys(kind for kind, _, _ in _entries(document))
    return tuple(kind for kind in kinds if kind not in drawn)


def _rows(document: Mapping[str, Any], known: Mapping[str, Module]) -> Iterator[ModuleRow]:
    for kind, where, entry in _entries(document):
        module = known.get(where)
        if module is not None and module.place is not Place.EVENT:
            yield _row(kind, module.key, module.name, where, module, module.conditions)
        elif kind not in KINDS and isinstance(entry, dict) and entry.get("conditions") is not None:
            at = where + pointer("conditions")
            yield _row(kind, _text(entry.get("key")), "", where, None, parse_conditions(entry["conditions"], at=at))


def _row(kind: str, key: str, name: str, where: str, module: Module | None, conditions: Conditions) -> ModuleRow:
    judge = Judge(conditions)
    return ModuleRow(kind, key, name, where, module is not None, module, conditions, judge, judge.row())


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Type, pointer and value of everything that stands where modules do."""
    modules = document.get("modules")
    for kind, entries in modules.items() if isinstance(modules, dict) else ():
        where = pointer("modules", kind)
        if isinstance(entries, list):
            yield from ((kind, where + pointer(place), entry) for place, entry in enumerate(entries))
        else:
            yield kind, where, entries


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
