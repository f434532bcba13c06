"""What a change of a descriptor would do to customers, said before anything is published."""

from dataclasses import dataclass
from typing import Any

from tradepost.core.consent import DEFAULT_POLICY, ConsentPolicy
from tradepost.core.descriptor import ListingPolicy, facts_of, read_descriptor
from tradepost.core.errors import InvalidInputError, Problem
from tradepost.core.facts import find_fact_problems
from tradepost.core.reasons import Reason, separable
from tradepost.core.release import Refusal, compare_documents, find_refusals
from tradepost.core.version import Change, Version

DRAFT_POLICY = ListingPolicy(warn_about_places=True)
"""For documents under construction on a vendor's machine: http, odd ports and private hosts are only warned of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem or a warning, and which of the two documents has it."""

    document: str
    pointer: str
    text: str

    def to_json(self) -> dict[str, str]:
        """The shape that the command prints."""
        return {"document": self.document, "pointer": self.pointer, "text": self.text}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What would happen. With problems nothing would: `change` and `next` are None and `reasons` is empty."""

    change: Change | None
    live: Version | None
    next: Version | None
    reasons: tuple[Reason, ...]
    warnings: tuple[Finding, ...]
    problems: tuple[Finding, ...]

    @property
    def consent(self) -> bool:
        """Whether the administrator of a site that runs the old document has to agree."""
        return any(reason.consent for reason in self.reasons)

    @property
    def separable(self) -> tuple[str, ...]:
        """Pointers of changes that could go out alone, without consent."""
        return separable(self.reasons)

    def to_json(self) -> dict[str, object]:
        """The shape that the command prints."""
        return {
            "change": None if self.change is None else self.change.value,
            "live": None if self.live is None else str(self.live),
            "next": None if self.next is None else str(self.next),
            "consent": self.consent,
            "reasons": [reason.to_json() for reason in self.reasons],
            "separable": list(self.separable),
            "warnings": [warning.to_json() for warning in self.warnings],
            "problems": [problem.to_json() for problem in self.problems],
        }


def compare_descriptors(
    old: bytes,
    new: bytes,
    *,
    live: Version | None = None,
    policy: ListingPolicy = DRAFT_POLICY,
    consent_policy: ConsentPolicy = DEFAULT_POLICY,
) -> Comparison:
    """Compare two descriptors as the marketplace would, `live` being the number of the old one.

    `live` defaults to `<apiVersion of OLD>.0.0`. Raises InvalidInputError where it does not fit the old document's
    `apiVersion`; all else that is wrong stands in the answer.
    """
    before, old_problems, old_warnings = read_descriptor(old, policy=policy)
    after, new_problems, new_warnings = read_descriptor(new, policy=policy)
    warnings = (*_findings("old", old_warnings), *_findings("new", new_warnings))
    problems = (
        *_findings("old", old_problems),
        *_findings("new", new_problems),
        *_refusals(before, after),
    )
    version = live or _first_version(before)
    if problems or before is None or after is None:
        return Comparison(None, version, None, (), warnings, problems)
    version = _fitting(version, facts_of(before).api_version)
    reasons = compare_documents(before, after, policy=consent_policy)
    change = max((reason.change for reason in reasons), default=Change.NONE)
    following = version.bump(change, facts_of(after).api_version) if reasons else None
    return Comparison(change, version, following, reasons, warnings, ())


def _fitting(live: Version | None, api_version: int) -> Version:
    version = live or Version.first(api_version)
    if version.major != api_version:
        raise InvalidInputError(
            f"The live version {version} does not fit: the old document's apiVersion is {api_version}."
        )
    return version


def _first_version(document: Any) -> Version | None:
    """The first version of a document whose `apiVersion` can be read, whatever else is wrong with it."""
    if document is None or any(problem.pointer == "/apiVersion" for problem in find_fact_problems(document)):
        return None
    return Version.first(facts_of({"apiVersion": document.get("apiVersion")}).api_version)


def _refusals(before: Any, after: Any) -> tuple[Finding, ...]:
    """What forbids the step from one to the other, as far as each can be read; missing keys are told elsewhere."""
    if before is None or after is None:
        return ()
    found: list[Refusal] = []
    readable = [_first_version(document) is not None for document in (before, after)]
    comparable = _only_identity(before, api_version=all(readable)), _only_identity(after, api_version=all(readable))
    found += find_refusals(*comparable)
    if "key" not in before or "key" not in after:
        found = [refusal for refusal in found if refusal.pointer != "/key"]
    return _findings("new", [Problem(refusal.pointer, refusal.text, refusal.rule) for refusal in found])


def _only_identity(document: Any, *, api_version: bool) -> dict[str, Any]:
    names = ("key", "apiVersion") if api_version else ("key",)
    return {name: document[name] for name in names if name in document}


def _findings(document: str, problems: Any) -> tuple[Finding, ...]:
    return tuple(Finding(document, problem.pointer, problem.text) for problem in problems)
