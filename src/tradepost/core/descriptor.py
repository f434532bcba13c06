"""The descriptor of an app: what it says, once it is known to be fit for a listing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.consent import Terms
from tradepost.core.document import DocumentLimits, find_value_problems, parse_document, read_document
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.facts import Facts, facts_of, normalise
from tradepost.core.listing import (
    DEFAULT_LISTING_POLICY,
    LIFECYCLE_EVENTS,
    ListingPolicy,
    authentication_type,
    find_listing_problems,
    find_warnings,
)
from tradepost.core.scopes import expand

__all__ = [
    "DEFAULT_LISTING_POLICY",
    "Descriptor",
    "DocumentLimits",
    "Facts",
    "ListingPolicy",
    "facts_of",
    "normalise",
    "parse_descriptor",
    "parse_document",
    "read_descriptor",
]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A listable descriptor. `scopes` are canonical names as declared; `document` is the parsed text, never
    changed.
    """

    key: str
    name: str
    base_url: str
    api_version: int
    scopes: frozenset[str]
    enable_licensing: bool
    authentication: str
    lifecycle: Mapping[str, str]
    vendor_name: str
    description: str
    document: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()

    @property
    def rights(self) -> frozenset[str]:
        """The scopes with all they imply."""
        return expand(self.scopes)

    @property
    def terms(self) -> Terms:
        """What a site that runs this has granted."""
        return Terms(rights=self.rights, paid=self.enable_licensing, api_version=self.api_version)

    @property
    def installed_path(self) -> str | None:
        """The path of the `installed` call, relative to the base URL."""
        return self.lifecycle.get("installed")


def parse_descriptor(raw: bytes | Mapping[str, Any], *, policy: ListingPolicy = DEFAULT_LISTING_POLICY) -> Descriptor:
    """The descriptor in the bytes or in a parsed document. Raises ProblemsError with *every* problem."""
    document, problems, warnings = read_descriptor(raw, policy=policy)
    if problems or document is None:
        raise ProblemsError(problems)
    facts = facts_of(document)
    vendor = document.get("vendor", {})
    return Descriptor(
        key=document["key"],
        name=document.get("name") or document["key"],
        base_url=document["baseUrl"],
        api_version=facts.api_version,
        scopes=facts.scopes,
        enable_licensing=facts.enable_licensing,
        authentication=authentication_type(document) or "none",
        lifecycle={name: path for name, path in document.get("lifecycle", {}).items() if name in LIFECYCLE_EVENTS},
        vendor_name=vendor.get("name", ""),
        description=document.get("description", ""),
        document=document,
        warnings=warnings,
    )


def read_descriptor(
    raw: bytes | Mapping[str, Any], *, policy: ListingPolicy = DEFAULT_LISTING_POLICY
) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...], tuple[Problem, ...]]:
    """The document (None where the bytes hold none), its problems and its warnings, without raising."""
    document: Mapping[str, Any] | None
    if isinstance(raw, bytes):
        document, problems = read_document(raw, limits=policy.limits)
    else:
        document, problems = raw, tuple(find_value_problems(raw, limits=policy.limits))
    if document is None:
        return None, problems, ()
    return document, (*problems, *find_listing_problems(document, policy)), find_warnings(document, policy)
