"""Who sees a module, said before there is a viewer: conditions judged where some of their answers are open.

Three answers, as in Kleene's logic, but sharper: `a or not a` is no `depends`. A tree is judged for all values of its
variables at once: bit n of a table is the answer under assignment n. The first `MOST_EXACT` variables of a module are
exact in this way. Any further one is only bounded: one table says where the module may show, another where it must.

Variables are taken to be independent. So `yes` and `no` are certain, and `depends` may in truth be either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tradepost.core.condition_shape import Broken, Condition, Conditions, Single
from tradepost.core.edition_matrix_situations import SITUATIONS, Situation, find_answer, variable_of

MOST_EXACT = 10
"""variables of a module of which every combination is looked at"""


class Shows(StrEnum):
    """Whether a module shows."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Cell:
    """What conditions come to in one situation.

    `may` and `must` are tables over the exact variables: where the module may show, and where it surely does. They
    differ where there are variables too many. `depends_on` names what the answer hangs on.
    """

    shows: Shows
    depends_on: tuple[str, ...]
    may: int
    must: int

    def beyond(self, other: "Cell") -> bool:
        """Whether this one may show under some assignment where the other, of the same conditions, surely does not."""
        return bool(self.may & ~other.may)


Row = Mapping[Situation, Cell]
"""One cell for every situation."""

Pick = Callable[[Single], bool]

_Bounds = tuple[int, int, int]
"""may, must, and as bits the inexact variables that make them differ."""


def _none(_: Single) -> bool:
    return False


class Judge:
    """Judges the conditions of one module in any situation."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        open_leaves = {
            leaf.path: variable_of(leaf)
            for leaf in conditions.leaves
            if isinstance(leaf, Single) and _is_open_somewhere(leaf)
        }
        variables = tuple(dict.fromkeys(open_leaves.values()))
        places = {variable: place for place, variable in enumerate(variables)}
        self._labels = tuple(variable.label for variable in variables)
        self._place = {path: places[variable] for path, variable in open_leaves.items()}
        self._exact = min(len(variables), MOST_EXACT)
        self._everywhere = (1 << (1 << self._exact)) - 1

    def row(self) -> Row:
        """The answer in every situation."""
        return MappingProxyType({situation: self.cell(situation) for situation in SITUATIONS})

    def cell(self, situation: Situation, *, without: Pick = _none) -> Cell:
        """The answer in a situation; conditions picked by `without` do not hold, inverted or not."""
        if self._conditions.hopeless:
            return Cell(Shows.NO, (), 0, 0)
        may, must, loose = self._judge(self._conditions.tree, situation, without)
        if must == self._everywhere:
            return Cell(Shows.YES, (), may, must)
        if not may:
            return Cell(Shows.NO, (), may, must)
        return Cell(Shows.DEPENDS, self._named(may, must, loose), may, must)

    def _judge(self, tree: Condition, situation: Situation, without: Pick) -> _Bounds:
        if isinstance(tree, Single):
            return self._ask(tree, situation, without)
        if isinstance(tree, Broken):
            return 0, 0, 0
        may = must = self._everywhere if tree.every else 0
        loose = 0
        for part in tree.parts:
            part_may, part_must, part_loose = self._judge(part, situation, without)
            may, must = (may & part_may, must & part_must) if tree.every else (may | part_may, must | part_must)
            loose |= part_loose
        return may, must, loose if may != must else 0

    def _ask(self, leaf: Single, situation: Situation, without: Pick) -> _Bounds:
        if without(leaf):
            return 0, 0, 0
        holds = find_answer(leaf, situation)
        if holds is not None:
            table = self._everywhere if holds != leaf.invert else 0
            return table, table, 0
        place = self._place[leaf.path]
        if place >= self._exact:
            return self._everywhere, 0, 1 << place
        table = self._where(place)
        table = self._everywhere & ~table if leaf.invert else table
        return table, table, 0

    def _where(self, place: int) -> int:
        """The assignments in which a variable holds: runs of 2^place zeros and as many ones, in turn."""
        run = 1 << place
        return self._everywhere // ((1 << run) + 1) << run

    def _named(self, may: int, must: int, loose: int) -> tuple[str, ...]:
        return tuple(
            label
            for place, label in enumerate(self._labels)
            if loose >> place & 1 or (place < self._exact and (self._counts(place, may) or self._counts(place, must)))
        )

    def _counts(self, place: int, table: int) -> bool:
        """Whether a table is another one where the variable holds than where it does not."""
        holds = self._where(place)
        return (table & holds) >> (1 << place) != table & self._everywhere & ~holds


def _is_open_somewhere(leaf: Single) -> bool:
    return any(find_answer(leaf, situation) is None for situation in SITUATIONS)
