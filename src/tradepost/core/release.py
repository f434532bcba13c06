"""Numbering: whether a new descriptor is a new version, which number it gets, and why.

Decided once per listing, against the newest version ever made. Source: domain.md 1.1, 1.4 and 12 nos. 1 to 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.changes import compare_documents
from tradepost.core.consent import DEFAULT_POLICY, ConsentPolicy
from tradepost.core.difference import same_value
from tradepost.core.facts import facts_of
from tradepost.core.reasons import Reason, separable
from tradepost.core.version import Change, Version

__all__ = [
    "Reason",
    "Refusal",
    "Release",
    "compare_documents",
    "decide_release",
    "decide_review",
    "find_refusals",
    "separable",
]


@dataclass(frozen=True, slots=True)
class Release:
    """A new version is due. Its change is the highest among its reasons; a first version counts as major."""

    version: Version
    change: Change
    reasons: tuple[Reason, ...]

    @property
    def consent(self) -> bool:
        """Whether a site that runs the version before has to be asked."""
        return any(reason.consent for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The document cannot follow the one before. Nothing moves, and the vendor is told."""

    rule: str
    pointer: str
    text: str


def decide_release(
    newest: tuple[Version, Mapping[str, Any]] | None,
    new: Mapping[str, Any],
    *,
    policy: ConsentPolicy = DEFAULT_POLICY,
) -> Release | Refusal | None:
    """Whether the new document makes a version after `newest` (the newest ever made, offered or not).

    None means that nothing changed. Raises ProblemsError where a document has a wrong type in a field the
    rules read.
    """
    api_version = facts_of(new).api_version
    if newest is None:
        text = "This is the first version of the app."
        reason = Reason("version.first", "", Change.MAJOR, False, text)
        return Release(Version.first(api_version), Change.MAJOR, (reason,))
    version, before = newest
    refusals = find_refusals(before, new)
    if refusals:
        return refusals[0]
    reasons = compare_documents(before, new, policy=policy)
    if not reasons:
        return None
    change = max(reason.change for reason in reasons)
    return Release(version.bump(change, api_version), change, reasons)


def find_refusals(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Refusal, ...]:
    """What forbids that one document follows the other: another `key`, a lower `apiVersion`.

    Raises ProblemsError where a document has a wrong type in a field the rules read.
    """
    refusals = []
    if has_other_key(before, after):
        text = "The app key changed. Another key is another app, which has to be listed on its own."
        refusals.append(Refusal("key.changed", "/key", text))
    old, new = facts_of(before).api_version, facts_of(after).api_version
    if new < old:
        text = f"apiVersion fell from {old} to {new}. A newer version must not have a lower one."
        refusals.append(Refusal("api_version.lowered", "/apiVersion", text))
    return tuple(refusals)


def has_other_key(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two documents are of two apps. A missing key is a value of its own."""
    if "key" in before and "key" in after:
        return not same_value(before["key"], after["key"])
    return ("key" in before) != ("key" in after)


def decide_review(
    *,
    public: bool,
    last_offered: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    first_deployment: bool = False,
) -> tuple[Reason, ...]:
    """Why a person has to review the version before it is offered; empty when nobody has to.

    Compared with the version last *offered*, so a change stays due however many versions follow it, and a
    change that is taken back is not due any more. Private listings are not reviewed. `first_deployment`: the version
    is deployed and the one offered last was watched. Source: domain.md 9.1 and 4.3.
    """
    if not public:
        return ()
    if last_offered is None:
        return (_review("review.first", "", "The first version of a public app is reviewed."),)
    reasons = []
    if not same_value(last_offered.get("baseUrl"), new.get("baseUrl")):
        text = "The base URL is not that of the version offered last."
        reasons.append(_review("review.base_url", "/baseUrl", text))
    if facts_of(last_offered).enable_licensing != facts_of(new).enable_licensing:
        text = "The payment model is not that of the version offered last."
        reasons.append(_review("review.payment", "/enableLicensing", text))
    if first_deployment:
        text = "The app was watched so far; this is the first version that is deployed."
        reasons.append(_review("review.first_deployment", "", text))
    return tuple(reasons)


def _review(rule: str, pointer: str, text: str) -> Reason:
    return Reason(rule, pointer, Change.NONE, False, text)
