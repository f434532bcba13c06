"""Walking a history through the rules: descriptors as if each had been served at a listing's address, manifests as if
each had been deployed to production.

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
from tradepost.core.manifest import Manifest, PlacedProblem, PlacedReason, ReadManifest
from tradepost.core.manifest_release import (
    decide_deployment,
    decide_first_deployment,
    is_app_of,
    is_same_app,
    refuse_return,
)
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
    document: Mapping[str, Any] | Manifest


def walk_history(
    documents: Iterable[Text | Parsed | ReadManifest], *, policy: ConsentPolicy = DEFAULT_POLICY
) -> Iterator[Step]:
    """One step per document, in order, each judged against the last accepted one."""
    last: _Accepted | None = None
    for source in documents:
        try:
            document = _read(source)
        except ProblemsError as error:
            yield _not_accepted(Outcome.INVALID, last, error.problems)
            continue
        decision = _deploy(last, document) if isinstance(document, Manifest) else _release(last, document, policy)
        if isinstance(decision, Refusal):
            problem = Problem(decision.pointer, decision.text, decision.rule)
            yield _not_accepted(Outcome.REFUSED, last, (problem,))
            continue
        step = _accepted(*decision)
        yield step
        last = _Accepted(step.version, document) if step.version is not None else last


def _release(
    last: _Accepted | None, document: Mapping[str, Any], policy: ConsentPolicy
) -> tuple[Release | None, Version | None] | Refusal:
    """What a descriptor makes, and the number it follows; None for a first one."""
    if last is not None and isinstance(last.document, Manifest):
        if is_app_of(document, last.document):
            return refuse_return()
        last = None
    newest = None
    if last is not None and not isinstance(last.document, Manifest) and not has_other_key(last.document, document):
        newest = last.version, last.document
    decision = decide_release(newest, document, policy=policy)
    return decision if isinstance(decision, Refusal) else (decision, newest[0] if newest else None)


def _deploy(last: _Accepted | None, manifest: Manifest) -> tuple[Release, Version | None]:
    """What a deployment makes, and the number it follows. Another app starts anew; a watched app goes on."""
    if last is not None and isinstance(last.document, Manifest) and is_same_app(last.document, manifest):
        return decide_deployment((last.version, last.document), manifest), last.version
    if last is not None and not isinstance(last.document, Manifest) and is_app_of(last.document, manifest):
        return decide_first_deployment(last.version, manifest), last.version
    return decide_deployment(None, manifest), None


def _accepted(decision: Release | None, newest: Version | None) -> Step:
    if decision is None:
        return Step(Outcome.NONE, newest, False, ())
    outcome = Outcome(decision.change.value) if newest else Outcome.FIRST
    return Step(outcome, decision.version, decision.consent, decision.reasons)


def _not_accepted(outcome: Outcome, last: _Accepted | None, problems: Iterable[Problem]) -> Step:
    reasons = tuple(_reason_of(found) for found in problems)
    return Step(outcome, None if last is None else last.version, False, reasons)


def _reason_of(problem: Problem) -> Reason:
    if isinstance(problem, PlacedProblem):
        line, column = problem.line, problem.column
        return PlacedReason(problem.rule, problem.pointer, Change.NONE, False, problem.text, line, column)
    return Reason(problem.rule, problem.pointer, Change.NONE, False, problem.text)


def _read(source: Text | Parsed | ReadManifest) -> Mapping[str, Any] | Manifest:
    """The document, if the rules can read it. Raises ProblemsError with what is wrong."""
    if isinstance(source, ReadManifest):
        if source.manifest is None:
            raise ProblemsError(source.problems)
        return source.manifest
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
