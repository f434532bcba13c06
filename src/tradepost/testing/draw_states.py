"""Draws docs/states.md from the tables in core/states: `python -m tradepost.testing.draw_states`."""

from pathlib import Path

from tradepost.core.states import MACHINES, Machine

PAGE = Path(__file__).resolve().parents[3] / "docs" / "states.md"
HEAD = """# States

Drawn from the tables in `src/tradepost/core/states` by `make docs`; a test fails when this page is out of date.
A state changes only where an arrow stands; anything else is refused with "an illegal transition" and changes nothing.
The tables do not show *who* may cause an event or *when*: see [the rules](rules.md) and the how-tos.
"""


def draw() -> str:
    """Return the page."""
    return HEAD + "".join(_draw(machine) for machine in MACHINES)


def _draw(machine: Machine) -> str:
    arrows = [
        f"    {state.value} --> {after.value}: {event.value}"
        for state, row in machine.transitions.items()
        for event, after in row.items()
    ]
    ends = [f"    {state.value} --> [*]" for state, row in machine.transitions.items() if not row]
    picture = "\n".join(["stateDiagram-v2", f"    [*] --> {machine.start.value}", *arrows, *ends])
    rows = "\n".join(f"| `{state.value}` | {machine.notes[state]} |" for state in machine.transitions)
    title = machine.name[0].upper() + machine.name[1:]
    return f"\n## {title}\n\n```mermaid\n{picture}\n```\n\n| state | means |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    PAGE.write_text(draw(), encoding="utf-8")
