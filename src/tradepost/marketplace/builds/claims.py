"""What an identity token says of a build, and what a vendor expects of it: names and exact texts, pure functions.

There are no patterns. A pattern that is a little too wide lets a stranger's build in, and nobody sees it.
"""

import re
from collections.abc import Mapping
from typing import Any

from tradepost.core.errors import InvalidInputError, Problem, ProblemsError

MOST_CLAIMS = 12
"""Claims that one trusted build expects."""

LONGEST_NAME = 100
"""Characters of the name of a claim that a trusted build expects."""

LONGEST_VALUE = 300
"""Characters of the value of a claim, expected or kept."""

LONGEST_SHOWN = 100
"""Characters of a claim in a sentence."""

LONGEST_BUILD = 200
"""Characters of what a build is called."""

NEVER_EXPECTED = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Checked for every token anyway, or different in each."""

IDENTIFYING = frozenset(
    {
        "sub",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "workflow_ref",
        "project_path",
        "project_id",
        "namespace_path",
        "namespace_id",
    }
)
"""Claims that say whose build it is. A branch or an environment alone is what anybody's build can have."""

TOLD = (
    *("sub", "repository", "project_path", "ref", "ref_type", "environment", "event_name", "pipeline_source"),
    *("workflow", "workflow_ref", "job_workflow_ref", "ci_config_ref_uri", "sha", "run_id", "run_number"),
    *("run_attempt", "pipeline_id", "job_id", "actor", "user_login", "runner_environment", "run_url"),
)
"""Claims that are kept with a token that was exchanged: they name the build."""

_NAME = re.compile(r"[!-~]+")
_LIKE_A_PATTERN = re.compile(r"[*?\[\]|^$\\{}]")


def checked_claims(given: Mapping[str, str]) -> dict[str, str]:
    """Return what a trusted build may expect. Raises ProblemsError with everything that is wrong with it."""
    if len(given) > MOST_CLAIMS:
        raise InvalidInputError(f"A trusted build has at most {MOST_CLAIMS} claims.", "/claims")
    found = [Problem(_pointer(name), text) for name, value in given.items() for text in _problems_of(name, value)]
    if not found and (problem := _problem_of_all(given)):
        found.append(Problem("/claims", problem))
    if found:
        raise ProblemsError(tuple(found))
    return dict(sorted(given.items()))


def find_differences(expected: Mapping[str, str], told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each claim that is not, as a text and letter by letter, what is expected."""
    return tuple(
        _difference(name, value, told)
        for name, value in sorted(expected.items())
        if not (isinstance(told.get(name), str) and told[name] == value)
    )


def build_named(told: Mapping[str, Any]) -> str:
    """What a build is called by its claims: `acme/notes @ refs/heads/main`."""
    place = next((told[name] for name in ("repository", "project_path", "sub") if _is_text(told.get(name))), "unnamed")
    ref = f" @ {told['ref']}" if _is_text(told.get("ref")) else ""
    return shown(f"{place}{ref}", LONGEST_BUILD)


def run_of(told: Mapping[str, Any]) -> dict[str, str]:
    """The claims that name the build, as texts of bounded length."""
    return {name: shown(str(told[name]), LONGEST_VALUE) for name in TOLD if _is_worth_telling(told.get(name))}


def shown(text: str, most: int = LONGEST_SHOWN) -> str:
    """A stranger's text for a page or the database: one line, of bounded length, without what cannot be seen."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in cut)


def _problems_of(name: str, value: object) -> list[str]:
    called = shown(name)
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return [f"{called or 'An empty text'} is no name of a claim."]
    if name in NEVER_EXPECTED:
        return [f"{called} is checked for every token, or differs in each: leave it out."]
    if not isinstance(value, str):
        return [f"The value of {called} must be a text."]
    if not value or value != value.strip() or not value.isprintable() or len(value) > LONGEST_VALUE:
        return [f"The value of {called} must be 1 to {LONGEST_VALUE} visible characters."]
    if _LIKE_A_PATTERN.search(value):
        advice = "Values are compared letter by letter; make one trusted build for each value."
        return [f"{shown(value)} looks like a pattern. {advice}"]
    return []


def _problem_of_all(given: Mapping[str, str]) -> str:
    if "sub" in given:
        return ""
    if len(given) < 2:
        return "Expect sub, or at least two other claims."
    if not IDENTIFYING & given.keys():
        others = ", ".join(sorted(IDENTIFYING - {"sub"}))
        return f"Any project of the issuer could have these. Expect sub as well, or one of {others}."
    return ""


def _pointer(name: str) -> str:
    return "/claims/" + shown(name).replace("~", "~0").replace("/", "~1")


def _difference(name: str, value: str, told: Mapping[str, Any]) -> str:
    if name not in told:
        return f"{name} is missing, expected “{shown(value)}”"
    found = told[name]
    if isinstance(found, str):
        return f"{name} is “{shown(found)}”, expected “{shown(value)}”"
    return f"{name} is {_kind_of(found)}, expected the text “{shown(value)}”"


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_worth_telling(value: object) -> bool:
    return _is_text(value) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18)
