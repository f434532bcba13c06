"""What a caller may learn when something is wrong. Nothing here knows of HTTP; one table in the shell maps
it.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document: where (JSON pointer, RFC 6901; "" is the whole), and what to do
    about it.
    """

    pointer: str
    text: str
    rule: str = ""


class TradepostError(Exception):
    """Base of everything the rules and commands raise on purpose."""

    title: ClassVar[str] = "Something went wrong"


class ProblemsError(TradepostError):
    """A document that cannot be accepted, with every problem found in it."""

    title = "The document has problems"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.pointer or '/'}: {problem.text}" for problem in problems))
        self.problems = problems


class NotFoundError(TradepostError):
    """There is no such thing, or the caller may not know that there is."""

    title = "Not found"

    def __init__(self, kind: str, ref: object) -> None:
        super().__init__(f"There is no {kind} {ref}")
        self.kind = kind
        self.ref = ref


class ConflictError(TradepostError):
    """What is asked does not fit the present state of things. `rule` names why, for programs that can do better, and
    `problems` tell the single causes where there are several.
    """

    title = "Conflict"

    def __init__(self, text: str, rule: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(text)
        self.rule = rule
        self.problems = problems


class IllegalTransitionError(TradepostError):
    """A state machine was told an event that its state does not know."""

    title = "Not possible in this state"

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: {event} is not possible in the state {state}")
        self.machine = machine
        self.state = state
        self.event = event


class ForbiddenError(TradepostError):
    """The caller is known and may see the thing, but may not do this to it."""

    title = "Not allowed"


class UnauthenticatedError(TradepostError):
    """The caller has not shown who they are."""

    title = "Sign in first"


class InvalidInputError(TradepostError):
    """One value from outside cannot be used; `pointer` names it where it has a place."""

    title = "Invalid input"

    def __init__(self, text: str, pointer: str = "") -> None:
        super().__init__(text)
        self.pointer = pointer


class LimitError(TradepostError):
    """More than the limit allows."""

    title = "Over the limit"
