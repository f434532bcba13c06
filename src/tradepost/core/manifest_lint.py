"""Everything that can be said of a manifest before it is deployed: `tradepost lint`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.descriptor import facts_of, read_descriptor
from tradepost.core.document import shown
from tradepost.core.errors import Problem
from tradepost.core.manifest import Manifest, PlacedProblem, ReadManifest, looks_like_manifest, placed_problem
from tradepost.core.manifest_connect import Unrendered, nothing_to_render, read_connect
from tradepost.core.manifest_connect_draft import nearest
from tradepost.core.manifest_equivalence import Equivalence, judge_equivalence
from tradepost.core.manifest_facts import facts_of_manifest, find_manifest_problems
from tradepost.core.manifest_lint_doubts import find_doubts
from tradepost.core.manifest_release import next_version
from tradepost.core.version import Change, Version


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What becomes of sites of the watched app: `live` is the highest listed version, `next` the first deployed."""

    live: Version
    next: Version
    equivalence: Equivalence

    def to_json(self) -> dict[str, object]:
        """The shape that the command prints."""
        return {
            "live": str(self.live),
            "next": str(self.next),
            "consent": self.equivalence.consent,
            "bulk_upgrade": self.equivalence.bulk_upgrade,
            "reasons": [reason.to_json() for reason in self.equivalence.reasons],
        }


@dataclass(frozen=True, slots=True)
class LintReport:
    """Every problem and warning at once. Problems keep a manifest from being deployed; then there is no `upgrade`.

    `descriptor_problems` are those of the descriptor that it was held against.
    """

    problems: tuple[PlacedProblem, ...]
    warnings: tuple[PlacedProblem, ...] = ()
    unrendered: tuple[Unrendered, ...] = ()
    descriptor_problems: tuple[Problem, ...] = ()
    upgrade: Upgrade | None = None

    @property
    def deployable(self) -> bool:
        """Whether nothing has to be mended first."""
        return not self.problems and not self.descriptor_problems

    @property
    def consent(self) -> bool:
        """Whether administrators would be asked."""
        return self.upgrade is not None and self.upgrade.equivalence.consent

    def to_json(self) -> dict[str, object]:
        """The shape that the command prints."""
        placed = [_finding("manifest", problem) for problem in self.problems]
        return {
            "problems": [*placed, *(_finding("descriptor", problem) for problem in self.descriptor_problems)],
            "warnings": [_finding("manifest", warning) for warning in self.warnings],
            "not_rendered": [module.to_json() for module in self.unrendered],
            "against": None if self.upgrade is None else self.upgrade.to_json(),
        }


def lint(read: ReadManifest, *, against: bytes | None = None, live: Version | None = None) -> LintReport:
    """Everything that is wrong with a manifest or deserves a look, and what it means for sites of a watched app.

    `against` is the descriptor that those sites run, `live` the highest listed version (default: the first version of
    the descriptor).
    """
    document, found = (None, ()) if against is None else _read_against(against)
    if read.manifest is None:
        return LintReport(read.problems, descriptor_problems=found)
    manifest = read.manifest
    connect = read_connect(manifest, policy=DRAFT_POLICY)
    problems = [*find_manifest_problems(manifest), *connect.problems]
    told = {warning.pointer for warning in connect.warnings if warning.rule == "base_url.https"}
    others = (doubt for doubt in find_doubts(manifest) if doubt.rule != "lint.plain_http" or doubt.pointer not in told)
    doubts = [*connect.warnings, *others]
    if not connect.problems and connect.descriptor is None:
        doubts.append(nothing_to_render(manifest))
    if not looks_like_manifest(manifest.document):
        text = "Nothing in this mapping says that it is a manifest."
        doubts.append(placed_problem(manifest, (), text, "lint.no_manifest"))
    if document is not None:
        problems += _key_problems(document, manifest)
    upgrade = None
    if document is not None and not problems:
        upgrade = _upgrade(document, manifest, live)
    return LintReport(_in_order(problems), _in_order(doubts), connect.unrendered, found, upgrade)


def _read_against(against: bytes) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
    """The descriptor, None where it cannot be judged, and why not."""
    document, problems, _ = read_descriptor(against, policy=DRAFT_POLICY)
    return (None if problems else document), problems


def _upgrade(document: Mapping[str, Any], manifest: Manifest, live: Version | None) -> Upgrade:
    version = live or Version.first(facts_of(document).api_version)
    return Upgrade(version, next_version(version, Change.MAJOR), judge_equivalence(document, manifest))


def _key_problems(document: Mapping[str, Any], manifest: Manifest) -> list[PlacedProblem]:
    key, wanted = facts_of_manifest(manifest).connect_key, shown(str(document["key"]))
    if key == document["key"]:
        return []
    has = "is missing" if key is None else f"is {shown(key)!r}"
    text = (
        f"app.connect.key {has}, and the key of the descriptor is {wanted!r}. Only under its own key does a watched "
        f"app become a deployed one: set app.connect.key to {wanted!r}."
    )
    path = nearest(manifest, ("app", "connect", "key"))
    return [placed_problem(manifest, path, text, "deployment.app")]


def _in_order(found: list[PlacedProblem]) -> tuple[PlacedProblem, ...]:
    """Once each, in the order of the text."""
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: (problem.line or 0, problem.column or 0)))


def _finding(document: str, problem: Problem) -> dict[str, object]:
    line, column = (problem.line, problem.column) if isinstance(problem, PlacedProblem) else (None, None)
    return {
        "document": document, "rule": problem.rule, "pointer": problem.pointer, "text": problem.text,
        "line": line, "column": column,
    }  # fmt: skip
