"""Walking a history of descriptors through the rules, as if each had been served at a listing's address.

Files in a repository carry placeholders and development addresses, so only what the rules read is judged here; whether
a document could be listed is not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tradepost.core.consent import DEFAULT_POLICY, ConsentPolicy
from tradepost.core.document import kind_of, parse_strictly, repeats_a_key
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.facts import find_fact_problems
from tradepost.core.reasons import Reason
from tradepost.core.release import Refusal, Release, decide_release, has_other_key
from tradepost.core.version import Change, Version


class Outcome(StrEnum):
    """What became of one document of a history."""

    INVALID = "invalid"
    FIRST = "first"
    REFUSED = "refused"
    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Text:
    """A document as its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as the value its text was parsed to."""

    value: object


@dataclass(frozen=True, slots=True)
class Step:
    """What a document did: `version` is the number after it, None before the first accepted document."""

    change: Outcome
    version: Version | None
    consent: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Accepted:
    """The last accepted document (neither invalid nor refused) and its number."""

    version: Version
    document: Mapping[str, Any]


def walk_history(documents: Iterable[Text | Parsed], *, policy: ConsentPolicy = DEFAULT_POLICY) -> Iterator[Step]:
    """One step per document, in order, each judged against the last accepted one."""
    last: _Accepted | None = None
    for source in documents:
        try:
            document = _read(source)
        except ProblemsError as error:
            yield _not_accepted(Outcome.INVALID, last, error.problems)
            continue
        same_app = last is not None and not has_other_key(last.document, document)
        newest = (last.version, last.document) if last is not None and same_app else None
        decision = decide_release(newest, document, policy=policy)
        if isinstance(decision, Refusal):
            problem = Problem(decision.pointer, decision.text, decision.rule)
            yield _not_accepted(Outcome.REFUSED, last, (problem,))
            continue
        step = _accepted(decision, newest)
        yield step
        last = _Accepted(step.version, document) if step.version is not None else last


def _accepted(decision: Release | None, newest: tuple[Version, Mapping[str, Any]] | None) -> Step:
    if decision is None:
        return Step(Outcome.NONE, newest[0] if newest else None, False, ())
    outcome = Outcome(decision.change.value) if newest else Outcome.FIRST
    return Step(outcome, decision.version, decision.consent, decision.reasons)


def _not_accepted(outcome: Outcome, last: _Accepted | None, problems: Iterable[Problem]) -> Step:
    reasons = tuple(Reason(found.rule, found.pointer, Change.NONE, False, found.text) for found in problems)
    return Step(outcome, None if last is None else last.version, False, reasons)


def _read(source: Text | Parsed) -> Mapping[str, Any]:
    """The document, if the rules can read it. Raises ProblemsError with what is wrong."""
    value = parse_strictly(source.text) if isinstance(source, Text) else source.value
    if not isinstance(value, dict):
        text = f"The document must be a JSON object, not {kind_of(value)}."
        raise ProblemsError((Problem("", text, "document.not_object"),))
    problems = find_fact_problems(value)
    if repeats_a_key(value):
        problems.append(Problem("", "The document repeats a key in an object.", "document.repeated_key"))
    if problems:
        raise ProblemsError(tuple(problems))
    return value
