"""What a deployment would do to customers, said before anything is deployed: `compare` for manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.comparison import Comparison, Finding
from tradepost.core.facts import find_fact_problems
from tradepost.core.manifest import Manifest, Path, PlacedProblem, ReadManifest, looks_like_manifest, placed_problem
from tradepost.core.manifest_facts import find_manifest_problems
from tradepost.core.manifest_release import (
    FIRST_VERSION,
    compare_manifests,
    decide_first_deployment,
    is_app_of,
    is_same_app,
    next_version,
    refuse_return,
)
from tradepost.core.version import Change, Version


@dataclass(frozen=True, slots=True)
class PlacedFinding(Finding):
    """A problem or a warning about a manifest, with its line and column where they are known."""

    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape that the command prints."""
        return {**Finding.to_json(self), "line": self.line, "column": self.column}


def compare_deployments(old: ReadManifest, new: ReadManifest, *, live: Version | None = None) -> Comparison:
    """Compare two manifests as production deployments of one app; `live` defaults to 1.1.0, the first deployment.

    Another `app.id` is a problem here, since another app cannot follow.
    """
    version = live or FIRST_VERSION
    warnings = (*_doubts("old", old), *_doubts("new", new))
    problems = [*_problems("old", old), *_problems("new", new)]
    if old.manifest and new.manifest and not is_same_app(old.manifest, new.manifest):
        text = "app.id changed. Another app.id is another app, which has to be listed on its own."
        problems.append(_found("new", placed_problem(new.manifest, _nearest(new.manifest), text, "deployment.app")))
    if problems or old.manifest is None or new.manifest is None:
        return Comparison(None, version, None, (), warnings, tuple(problems))
    reasons = compare_manifests(old.manifest, new.manifest)
    change = max(reason.change for reason in reasons)
    return Comparison(change, version, next_version(version, change), reasons, warnings, ())


def compare_first_deployment(
    document: Mapping[str, Any], new: ReadManifest, *, live: Version | None = None
) -> Comparison:
    """What it makes when a watched app is deployed for the first time, under the key of its descriptor."""
    api_version = 1 if find_fact_problems(document) else max(document.get("apiVersion") or 1, 1)
    version = live or Version.first(api_version)
    problems = list(_problems("new", new))
    if new.manifest is not None and not is_app_of(document, new.manifest):
        text = "app.connect.key is not the key of the descriptor. Only under its own key is a watched app deployed."
        path = _nearest(new.manifest, "connect", "key")
        problems.append(_found("new", placed_problem(new.manifest, path, text, "deployment.app")))
    if problems or new.manifest is None:
        return Comparison(None, version, None, (), (), tuple(problems))
    release = decide_first_deployment(version, new.manifest)
    return Comparison(Change.MAJOR, version, release.version, release.reasons, (), ())


def refuse_descriptor(old: ReadManifest) -> Comparison:
    """A deployed app does not become a watched one again."""
    refusal = Finding("new", "", refuse_return().text)
    return Comparison(None, FIRST_VERSION, None, (), (), (*_problems("old", old), refusal))


def _nearest(manifest: Manifest, *names: str) -> Path:
    """The path to a member of `app`, or the longest part of it that is there."""
    path: Path = ("app", *(names or ("id",)))
    while path and manifest.place_of(path) is None:
        path = path[:-1]
    return path


def _problems(side: str, read: ReadManifest) -> tuple[Finding, ...]:
    found = read.problems or (() if read.manifest is None else find_manifest_problems(read.manifest))
    return tuple(_found(side, problem) for problem in found)


def _doubts(side: str, read: ReadManifest) -> tuple[Finding, ...]:
    if read.manifest is None or looks_like_manifest(read.manifest.document):
        return ()
    text = "This has no baseUrl and is read as a manifest, but nothing in it says that it is one."
    return (PlacedFinding(side, "", text, 1, 1),)


def _found(side: str, problem: PlacedProblem) -> PlacedFinding:
    return PlacedFinding(side, problem.pointer, problem.text, problem.line, problem.column)
