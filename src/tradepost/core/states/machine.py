"""A state machine as a table, and the one function that walks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from tradepost.core.errors import IllegalTransitionError

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine:
    """A named machine: where it starts, and which event leads from which state to which.

    `notes` says of a state what a person should know; it goes into docs/states.md.
    """

    name: str
    start: StrEnum
    transitions: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]
    notes: Mapping[StrEnum, str]


def advance(machine: Machine, state: State, event: StrEnum) -> State:
    """Return the state of `machine` after `event`. Raises IllegalTransitionError when the table has no such arrow."""
    after = machine.transitions[state].get(event)
    if after is None:
        raise IllegalTransitionError(machine.name, state.value, event.value)
    return cast("State", after)
