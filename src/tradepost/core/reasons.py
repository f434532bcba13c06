"""A reason: why a decision came out as it did, in a form that people and programs can read."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradepost.core.version import Change


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a decision.

    `rule` is a stable name explained in docs/rules.md, `pointer` a JSON pointer into the new document (into
    the old one for what was removed), `change` what it does to the number, `consent` whether it alone asks
    an administrator.
    """

    rule: str
    pointer: str
    change: Change
    consent: bool
    text: str

    def to_json(self) -> dict[str, object]:
        """The shape printed by the commands and stored with a version."""
        return {
            "rule": self.rule,
            "pointer": self.pointer,
            "change": self.change.value,
            "consent": self.consent,
            "text": self.text,
        }


def separable(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Pointers of changes that could go out alone, without asking, while others need consent.

    Empty when nothing needs consent. A pointer that also carries a change that needs consent is left out.
    """
    held = {reason.pointer for reason in reasons if reason.consent}
    if not held:
        return ()
    return tuple(dict.fromkeys(reason.pointer for reason in reasons if reason.pointer not in held))
