"""Conditions: expressions that decide whether a module shows to a viewer. Source: domain.md 7.5, protocol.md 7.3.

They are read once per version and judged per viewer. What is not understood never shows: an unknown name, a name that
this product cannot answer, and a wrong shape hide the module wherever they stand, with `invert` or without.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tradepost.core.condition_answers import answer
from tradepost.core.condition_facts import MISSING, ConditionFacts, IssueFacts
from tradepost.core.condition_names import PREDEFINED, PredefinedCondition
from tradepost.core.condition_shape import Broken, Combined, Condition, Conditions, Single, parse_conditions

__all__ = [
    "MISSING",
    "NO_CONDITIONS",
    "PREDEFINED",
    "Broken",
    "Combined",
    "Condition",
    "ConditionFacts",
    "ConditionReason",
    "Conditions",
    "IssueFacts",
    "PredefinedCondition",
    "Single",
    "Verdict",
    "evaluate",
    "explain",
    "inline_condition",
    "parse_conditions",
]

NO_CONDITIONS = parse_conditions(None)
"""Those of a module that always shows."""


@dataclass(frozen=True, slots=True)
class ConditionReason:
    """What one condition said. `holds` counts `invert` in; `path` is a JSON pointer below the module's conditions."""

    name: str
    holds: bool
    text: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the conditions let a module show, and why. Reasons stand in the order of the descriptor."""

    shows: bool
    reasons: tuple[ConditionReason, ...] = ()


def evaluate(conditions: Conditions, facts: ConditionFacts) -> Verdict:
    """Judge for one viewer and ask no more than it takes: reasons are those of the conditions that were asked."""
    if conditions.hopeless:
        return Verdict(shows=False, reasons=tuple(_judge(leaf, facts) for leaf in conditions.hopeless))
    reasons: list[ConditionReason] = []
    shows = _holds(conditions.tree, facts, reasons)
    return Verdict(shows, tuple(reasons))


def explain(conditions: Conditions, facts: ConditionFacts) -> Verdict:
    """The verdict of `evaluate`, with what every single condition said."""
    reasons = tuple(_judge(leaf, facts) for leaf in conditions.leaves)
    shows = _combine(conditions.tree, iter(reasons))
    return Verdict(shows and not conditions.hopeless, reasons)


def inline_condition(facts: ConditionFacts) -> Callable[[str, Mapping[str, str]], bool]:
    """What `{condition.NAME(param=value)}` in an address asks: see core.variables. What is not understood is false."""

    def holds(name: str, params: Mapping[str, str]) -> bool:
        return evaluate(parse_conditions({"condition": name, "params": dict(params)}), facts).shows

    return holds


def _holds(tree: Condition, facts: ConditionFacts, reasons: list[ConditionReason]) -> bool:
    if not isinstance(tree, Combined):
        reasons.append(_judge(tree, facts))
        return reasons[-1].holds
    held = (_holds(part, facts, reasons) for part in tree.parts)
    return all(held) if tree.every else any(held)


def _combine(tree: Condition, said: Iterator[ConditionReason]) -> bool:
    if not isinstance(tree, Combined):
        return next(said).holds
    held = [_combine(part, said) for part in tree.parts]
    return all(held) if tree.every else any(held)


def _judge(leaf: Single | Broken, facts: ConditionFacts) -> ConditionReason:
    if isinstance(leaf, Broken):
        return ConditionReason(leaf.name, holds=False, text=leaf.text, path=leaf.path)
    said = answer(leaf, facts)
    text = f"{said.text} The condition is inverted." if leaf.invert else said.text
    return ConditionReason(leaf.name, said.holds != leaf.invert, text, leaf.path)
