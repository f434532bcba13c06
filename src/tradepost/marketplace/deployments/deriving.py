"""What a manifest is on sites: a descriptor under the key of its listing, with every problem told at the manifest."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from tradepost.core.addresses import complain_about_base_url
from tradepost.core.descriptor import Descriptor, ListingPolicy, parse_descriptor, read_descriptor
from tradepost.core.document import DocumentLimits, shown
from tradepost.core.errors import ConflictError, Problem, ProblemsError
from tradepost.core.listing import Places
from tradepost.core.manifest import Manifest, Path, PlacedProblem, placed_problem
from tradepost.core.manifest_connect import Unrendered, nothing_to_render, read_connect
from tradepost.core.manifest_connect_draft import Draft, nearest
from tradepost.core.manifest_facts import DEFAULT_REGION, facts_of_manifest, find_manifest_problems
from tradepost.core.manifest_lint_doubts import find_doubts
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Environment
from tradepost.wire.manifest_text import read_manifest

OTHER_APP = "deployment.app_id"
LONGEST_KEY = 64
LONGEST_NAME = 200
MOST_WARNINGS = 200
"""A hostile manifest can have as many as lines."""

_KEY = re.compile(r"[a-zA-Z0-9._-]+")
_APP_ID: Path = ("app", "id")
_CONNECT_KEY: Path = ("app", "connect", "key")


@dataclass(frozen=True, slots=True)
class Derived:
    """A manifest and the descriptor that it is on sites; `document` is the descriptor's text."""

    manifest: Manifest
    descriptor: Descriptor
    document: bytes
    warnings: tuple[PlacedProblem, ...]
    unrendered: tuple[Unrendered, ...]


def read(text: str | bytes) -> Manifest:
    """The manifest in a text. Raises ProblemsError with everything that keeps it from being read."""
    found = read_manifest(text, limits=DocumentLimits(max_bytes=configuration.limits.document_bytes))
    if found.manifest is None:
        raise ProblemsError(found.problems)
    return found.manifest


def check_app(manifest: Manifest, app_id: str) -> None:
    """Raise ProblemsError for a manifest without `app.id`, ConflictError for one of another app."""
    found = facts_of_manifest(manifest).app_id
    told = find_manifest_problems(manifest)
    if found is None or any(problem.pointer == "/app/id" for problem in told):
        text = f"app.id is missing. This app is {app_id}."
        raise ProblemsError(told or (placed_problem(manifest, nearest(manifest, _APP_ID), text, OTHER_APP),))
    if found != app_id:
        text = f"The manifest is of the app {shown(found)}, and this app is {app_id}."
        raise ConflictError(text, OTHER_APP, (placed_problem(manifest, _APP_ID, text, OTHER_APP),))


def key_of(manifest: Manifest) -> str:
    """The key that the manifest gives the app in production. Raises ProblemsError where it gives none."""
    facts = facts_of_manifest(manifest)
    last = (facts.app_id or "").rpartition("/")[2]
    key, path = (last, _APP_ID) if facts.connect_key is None else (facts.connect_key, _CONNECT_KEY)
    if _KEY.fullmatch(key) is None:
        text = (
            "The app has no key: app.connect.key is missing, and app.id does not end with a name that can be one."
            if facts.connect_key is None
            else f"app.connect.key may hold letters (a to z), digits, hyphens, dots, underscores; not {shown(key)!r}."
        )
        raise ProblemsError((placed_problem(manifest, nearest(manifest, _CONNECT_KEY), text, "connect.key"),))
    return _fitting(manifest, key, path)


def key_in(manifest: Manifest, production_key: str, environment: str) -> str:
    """The key of the app in an environment that has no listing yet. Raises ProblemsError where it gets too long."""
    if environment == Environment.PRODUCTION:
        return production_key
    return _fitting(manifest, f"{production_key}-{environment}", nearest(manifest, _CONNECT_KEY))


def derive(manifest: Manifest, *, key: str, environment: str, name: str, policy: ListingPolicy) -> Derived:
    """The descriptor of a manifest under the key of its listing; `name` is taken where the manifest has none.

    Raises ProblemsError with every problem, each at its place in the manifest.
    """
    found = read_connect(manifest, key=key, policy=policy)
    document, problems, warnings = found.descriptor, found.problems, found.warnings
    if document is None and not problems:
        document, problems, warnings = _bare(manifest, key, policy)
        warnings = (nothing_to_render(manifest), *warnings)
    told = (*find_manifest_problems(manifest), *problems)
    if told or document is None:
        raise ProblemsError(_in_order(told))
    own = {**document, "key": key, "name": _name(document.get("name") or name, environment)}
    text = json.dumps(own, ensure_ascii=False).encode()
    told = _in_order((*warnings, *_doubts(manifest, policy)))
    return Derived(manifest, _parsed(manifest, text, policy), text, told[:MOST_WARNINGS], found.unrendered)


def _doubts(manifest: Manifest, policy: ListingPolicy) -> list[PlacedProblem]:
    """What `tradepost lint` doubts, too. In development everything is served without encryption."""
    return [each for each in find_doubts(manifest) if not (policy.development and each.rule == "lint.plain_http")]


def _name(name: str, environment: str) -> str:
    """The app's name on sites; outside production it says where it is from (domain.md 4.1)."""
    end = "" if environment == Environment.PRODUCTION else f" ({environment})"
    return name[: LONGEST_NAME - len(end)] + end


def _parsed(manifest: Manifest, text: bytes, policy: ListingPolicy) -> Descriptor:
    """Read the text as every site will. What the checks before did not see, such as its size, is told here."""
    limits = DocumentLimits(max_bytes=configuration.limits.document_bytes)
    try:
        return parse_descriptor(text, policy=replace(policy, limits=limits))
    except ProblemsError as error:
        told = tuple(placed_problem(manifest, (), each.text, each.rule) for each in error.problems)
        raise ProblemsError(told) from error


Found = tuple[dict[str, Any], tuple[PlacedProblem, ...], tuple[PlacedProblem, ...]]


def _bare(manifest: Manifest, key: str, policy: ListingPolicy) -> Found:
    """The descriptor of an app of which sites show nothing and which they never call, its problems and warnings."""
    draft = Draft(manifest)
    written = draft.write(key=key, region=DEFAULT_REGION)
    kept = {name: value for name, value in written.items() if name not in {"apiMigrations", "lifecycle"}}
    document = {
        **kept,
        "baseUrl": _address(manifest, policy) or f"https://{_host_name(key)}.invalid",
        "authentication": {"type": "none"},
        "modules": {},
    }
    _, problems, warnings = read_descriptor(document, policy=policy)
    return document, *(tuple(_placed(draft, each) for each in found) for found in (problems, warnings))


def _placed(draft: Draft, problem: Problem) -> PlacedProblem:
    parts = tuple(problem.pointer.split("/")[1:])
    origins = (draft.origins.get(parts[:length]) for length in range(len(parts), 0, -1))
    origin = next((each for each in origins if each is not None), ())
    return placed_problem(draft.manifest, nearest(draft.manifest, origin), problem.text, problem.rule)


def _address(manifest: Manifest, policy: ListingPolicy) -> str | None:
    """The first address of a remote that a descriptor may have."""
    for remote in facts_of_manifest(manifest).remotes.values():
        for _, address in remote.addresses:
            complaints = complain_about_base_url(
                address, allowed_ports=policy.allowed_ports, forbidden_origins=policy.forbidden_origins
            )
            if all(each.about_place and policy.places is not Places.REFUSED for each in complaints):
                return address
    return None


def _host_name(key: str) -> str:
    """A key as a host name that leads nowhere."""
    parts = [part.strip("-_") for part in key.lower().split(".")]
    return ".".join(part for part in parts if part) or "app"


def _fitting(manifest: Manifest, key: str, path: Path) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    text = f"The app's key would be {shown(key)}, which has {len(key)} characters; at most {LONGEST_KEY} are allowed."
    raise ProblemsError((placed_problem(manifest, path, text, "key.long"),))


def _in_order(found: tuple[PlacedProblem, ...]) -> tuple[PlacedProblem, ...]:
    """Once each, in the order of the text."""
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.line or 0, each.column or 0)))
