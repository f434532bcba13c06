"""The few things in a descriptor that numbering and consent read, and the form in which documents are
compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.consent import Terms
from tradepost.core.difference import pointer
from tradepost.core.document import kind_of
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.scopes import canonical, expand

_LEAST_API_VERSION = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules read: `scopes` are canonical names as declared, not expanded."""

    api_version: int
    scopes: frozenset[str]
    enable_licensing: bool

    @property
    def rights(self) -> frozenset[str]:
        """The scopes with all they imply."""
        return expand(self.scopes)

    @property
    def terms(self) -> Terms:
        """What a site that runs this has granted."""
        return Terms(rights=self.rights, paid=self.enable_licensing, api_version=self.api_version)


def facts_of(document: Mapping[str, Any]) -> Facts:
    """Read the facts; null is missing, and a missing or not positive `apiVersion` is 1.

    Raises ProblemsError where one of the three fields has a wrong type (true, 1.0 and "2" are no integers).
    """
    problems = find_fact_problems(document)
    if problems:
        raise ProblemsError(tuple(problems))
    return Facts(
        api_version=max(document.get("apiVersion") or _LEAST_API_VERSION, _LEAST_API_VERSION),
        scopes=frozenset(canonical(name) for name in document.get("scopes") or ()),
        enable_licensing=bool(document.get("enableLicensing")),
    )


def find_fact_problems(document: Mapping[str, Any]) -> list[Problem]:
    """Wrong types in the three fields that the rules read."""
    api_version, scopes, licensing = (document.get(name) for name in ("apiVersion", "scopes", "enableLicensing"))
    problems = []
    if api_version is not None and type(api_version) is not int:
        text = f"apiVersion must be an integer, not {kind_of(api_version)}."
        problems.append(Problem("/apiVersion", text, "api_version.type"))
    if licensing is not None and not isinstance(licensing, bool):
        text = f"enableLicensing must be true or false, not {kind_of(licensing)}."
        problems.append(Problem("/enableLicensing", text, "licensing.type"))
    if scopes is not None and not isinstance(scopes, list):
        problems.append(Problem("/scopes", f"scopes must be an array, not {kind_of(scopes)}.", "scopes.type"))
    elif scopes is not None:
        problems += [
            Problem(pointer("scopes", place), f"A scope must be a string, not {kind_of(scope)}.", "scopes.type")
            for place, scope in enumerate(scopes)
            if not isinstance(scope, str)
        ]
    return problems


def normalise(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document in the form that is compared: two documents are the same where these are.

    The descriptor's own `version` is left out, `scopes` become a sorted set, and the ways to leave out one
    of the three facts become one. Everything else stands as it is. Raises ProblemsError like `facts_of`.
    """
    facts = facts_of(document)
    compared = {name: value for name, value in document.items() if name != "version"}
    return compared | {
        "apiVersion": facts.api_version,
        "scopes": sorted(facts.scopes),
        "enableLicensing": facts.enable_licensing,
    }
