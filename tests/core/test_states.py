"""The state machines: the table is the whole truth, for every state and every event."""

from enum import StrEnum

import pytest

from tradepost.core.errors import IllegalTransitionError
from tradepost.core.states import MACHINES, Machine, advance
from tradepost.testing import draw_states


def events_of(machine: Machine) -> set[StrEnum]:
    kinds = {type(event) for row in machine.transitions.values() for event in row}
    return {event for kind in kinds for event in kind}


EVERY_PAIR = [
    pytest.param(machine, state, event, id=f"{machine.name}-{state}-{event}")
    for machine in MACHINES
    for state in machine.transitions
    for event in sorted(events_of(machine))
]


@pytest.mark.parametrize(("machine", "state", "event"), EVERY_PAIR)
def test_the_table_is_the_whole_truth(machine, state, event):
    row = machine.transitions[state]

    if event in row:
        assert advance(machine, state, event) is row[event]
    else:
        with pytest.raises(IllegalTransitionError):
            advance(machine, state, event)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_in_the_table_has_a_note_and_something_leads_to_it(machine):
    kind = type(machine.start)
    targets = {machine.start} | {state for row in machine.transitions.values() for state in row.values()}

    assert targets == set(machine.transitions) == set(machine.notes) == set(kind)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_state_that_somebody_waits_in_has_a_way_out(machine):
    ends = {state for state, row in machine.transitions.items() if not row}

    assert all(
        name
        in {"rejected", "superseded", "approved", "applied", "given_up", "used", "removed", "withdrawn"}
        | {"completed", "failed", "cancelled", "upgraded", "left"}
        for name in ends
    )


def test_the_page_of_states_is_drawn_from_the_tables():
    assert draw_states.PAGE.read_text(encoding="utf-8") == draw_states.draw(), "run `make docs` and commit the page"
