"""What a descriptor must be so that it can be listed. Source: domain.md 1.6 and protocol.md 7.2.

Every check collects; nothing stops at the first problem.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from tradepost.core.addresses import complain_about_base_url, complain_about_path
from tradepost.core.difference import pointer
from tradepost.core.document import DEFAULT_LIMITS, DocumentLimits, kind_of, shown
from tradepost.core.errors import Problem
from tradepost.core.facts import find_fact_problems
from tradepost.core.module import find_remote_conditions, module_problems, unknown_kinds
from tradepost.core.scopes import KNOWN, canonical

_KEY = re.compile(r"[a-zA-Z0-9._-]+")
_REQUIRED = ("key", "baseUrl", "authentication")
LIFECYCLE_EVENTS = frozenset({"installed", "enabled", "disabled", "uninstalled"})
_AUTHENTICATION = frozenset({"jwt", "none"})
_OBJECTS = ("vendor", "links", "apiMigrations", "modules", "lifecycle", "translations")
_LIMITED_OBJECTS = ("lifecycle", "apiMigrations")
TEXT_LENGTHS: Mapping[str, int] = {"name": 200, "description": 10_000}
"""Optional texts and the most characters each may have."""
_KNOWN_FIELDS = frozenset({
    *_REQUIRED, *_OBJECTS, *TEXT_LENGTHS, "version", "apiVersion", "scopes", "enableLicensing", "$schema",
})  # fmt: skip


class Places(StrEnum):
    """What becomes of base URLs that are well formed but plain http, on an odd port or on a private host."""

    REFUSED = "refused"
    WARNED = "warned"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class ListingPolicy:
    """What the operator allows in a listing. Lengths are in characters.

    `max_members` is for the document itself and for `lifecycle` and `apiMigrations`, whose members each have their own
    reason. `development` allows plain http, any port and private hosts. `warn_about_places` only warns of them, for
    documents under construction. `forbidden_origins` (such as `https://site.example`) are those of the host
    service itself.
    """

    development: bool = False
    warn_about_places: bool = False
    allowed_ports: frozenset[int] = frozenset({443, 8080})
    forbidden_origins: frozenset[str] = frozenset()
    max_api_version: int = 9_999
    max_key_length: int = 64
    max_scopes: int = 100
    max_scope_length: int = 100
    max_modules: int = 1_000
    max_members: int = 200
    limits: DocumentLimits = DEFAULT_LIMITS

    @property
    def places(self) -> Places:
        """What becomes of base URLs in places the open marketplace refuses."""
        if self.development:
            return Places.ALLOWED
        return Places.WARNED if self.warn_about_places else Places.REFUSED


DEFAULT_LISTING_POLICY = ListingPolicy()


def find_listing_problems(document: Mapping[str, Any], policy: ListingPolicy) -> tuple[Problem, ...]:
    """Everything that keeps the document from being listed."""
    return (
        *_missing_fields(document),
        *_key_problems(document, policy),
        *_base_url_problems(document, policy),
        *_authentication_problems(document),
        *_lifecycle_problems(document),
        *find_fact_problems(document),
        *_limit_problems(document, policy),
        *_member_problems(document, policy),
        *_type_problems(document),
        *_module_problems(document, policy),
        *islice(find_remote_conditions(document), policy.max_members),
    )


def find_warnings(document: Mapping[str, Any], policy: ListingPolicy) -> tuple[Problem, ...]:
    """What does not keep the document from being listed but deserves a look: unknown fields and scopes, modules
    that never show, odd places.
    """
    return (
        *islice(_unknown_fields(document), policy.max_members),
        *islice(_unknown_scopes(document), policy.max_scopes),
        *islice(_hidden_modules(document), policy.max_members),
        *_place_warnings(document, policy),
    )


def _missing_fields(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _REQUIRED:
        if name not in document:
            yield Problem(pointer(name), f"The required field {name} is missing.", "field.required")


def _key_problems(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    key = document.get("key", "a")
    if not isinstance(key, str):
        yield Problem("/key", f"key must be a string, not {kind_of(key)}.", "key.type")
    elif _KEY.fullmatch(key) is None:
        text = f"key may hold letters (a to z), digits, hyphens, dots and underscores, not {shown(key)!r}."
        yield Problem("/key", text, "key.form")
    elif len(key) > policy.max_key_length:
        text = f"key has {len(key)} characters; at most {policy.max_key_length} are allowed."
        yield Problem("/key", text, "key.long")


def _base_url_problems(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    for complaint in _base_url_complaints(document, policy):
        if not complaint.about_place or policy.places is Places.REFUSED:
            yield Problem("/baseUrl", complaint.text, complaint.rule)


def _place_warnings(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    for complaint in _base_url_complaints(document, policy):
        if complaint.about_place and policy.places is Places.WARNED:
            text = f"{complaint.text} It could not be listed outside development."
            yield Problem("/baseUrl", text, complaint.rule)


def _base_url_complaints(document: Mapping[str, Any], policy: ListingPolicy) -> list[Any]:
    if "baseUrl" not in document:
        return []
    return list(
        complain_about_base_url(
            document["baseUrl"],
            allowed_ports=policy.allowed_ports,
            forbidden_origins=policy.forbidden_origins,
        )
    )


def _authentication_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    if "authentication" not in document:
        return
    authentication = document["authentication"]
    if not isinstance(authentication, dict):
        text = f"authentication must be an object, not {kind_of(authentication)}."
        yield Problem("/authentication", text, "authentication.type")
        return
    kind = authentication.get("type")
    if not isinstance(kind, str) or canonical(kind).lower() not in _AUTHENTICATION:
        found = repr(shown(kind)) if isinstance(kind, str) else kind_of(kind)
        found = found if "type" in authentication else "missing"
        text = f"authentication.type must be jwt or none, not {found}."
        yield Problem("/authentication/type", text, "authentication.unknown")


def _lifecycle_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    lifecycle = document.get("lifecycle", {})
    entries = lifecycle if isinstance(lifecycle, dict) else {}
    for name in sorted(LIFECYCLE_EVENTS & entries.keys()):
        complaint = complain_about_path(entries[name])
        if complaint:
            yield Problem(pointer("lifecycle", name), complaint, "lifecycle.path")
    if authentication_type(document) == "jwt" and "installed" not in entries:
        text = "With jwt authentication, lifecycle.installed is required: there the app learns its secret."
        yield Problem("/lifecycle/installed", text, "lifecycle.installed_required")


def authentication_type(document: Mapping[str, Any]) -> str | None:
    """`jwt`, `none`, or whatever text stands there, in lower case; None where there is no text."""
    authentication = document.get("authentication")
    kind = authentication.get("type") if isinstance(authentication, dict) else None
    return canonical(kind).lower() if isinstance(kind, str) else None


def _limit_problems(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    api_version = document.get("apiVersion")
    if type(api_version) is int and api_version > policy.max_api_version:
        yield Problem("/apiVersion", f"apiVersion must be at most {policy.max_api_version}.", "api_version.limit")
    scopes = document.get("scopes")
    if not isinstance(scopes, list):
        return
    if len(scopes) > policy.max_scopes:
        yield Problem("/scopes", f"At most {policy.max_scopes} scopes are allowed.", "scopes.limit")
        return
    for place, scope in enumerate(scopes):
        if isinstance(scope, str) and not 0 < len(scope) <= policy.max_scope_length:
            text = f"A scope must have 1 to {policy.max_scope_length} characters."
            yield Problem(pointer("scopes", place), text, "scopes.length")


def _member_problems(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    for where, value in (("", document), *((f"/{name}", document.get(name)) for name in _LIMITED_OBJECTS)):
        if isinstance(value, Mapping) and len(value) > policy.max_members:
            text = f"At most {policy.max_members} fields are allowed in one object here."
            yield Problem(where, text, "field.limit")


def _type_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _OBJECTS:
        if name in document and not isinstance(document[name], dict):
            text = f"{name} must be an object, not {kind_of(document[name])}."
            yield Problem(pointer(name), text, "field.type")
    for name, longest in TEXT_LENGTHS.items():
        value = document.get(name, "")
        if not isinstance(value, str):
            yield Problem(pointer(name), f"{name} must be a string, not {kind_of(value)}.", "field.type")
        elif len(value) > longest:
            yield Problem(pointer(name), f"{name} must have at most {longest} characters.", "field.long")
    vendor = document.get("vendor")
    vendor_name = vendor.get("name", "") if isinstance(vendor, dict) else ""
    if not isinstance(vendor_name, str):
        text = f"The vendor's name must be a string, not {kind_of(vendor_name)}."
        yield Problem("/vendor/name", text, "field.type")


def _module_problems(document: Mapping[str, Any], policy: ListingPolicy) -> Iterator[Problem]:
    modules = document.get("modules")
    if not isinstance(modules, dict):
        return
    total = sum(len(entries) or 1 if isinstance(entries, list) else 1 for entries in modules.values())
    if total > policy.max_modules:
        yield Problem("/modules", f"At most {policy.max_modules} modules are allowed.", "modules.limit")
        return
    for kind, entries in modules.items():
        if isinstance(entries, list):
            for place, entry in enumerate(entries):
                if not isinstance(entry, dict):
                    text = f"A module must be an object, not {kind_of(entry)}."
                    yield Problem(pointer("modules", shown(kind), place), text, "module.type")
        elif not isinstance(entries, dict):
            text = f"A module type must hold an array or an object, not {kind_of(entries)}."
            yield Problem(pointer("modules", shown(kind)), text, "module.type")


def _unknown_fields(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in document:
        if name not in _KNOWN_FIELDS:
            text = f"The field {shown(name)} is not known and has no effect."
            yield Problem(shown(pointer(name)), text, "field.unknown")
    lifecycle = document.get("lifecycle")
    for name in lifecycle if isinstance(lifecycle, dict) else ():
        if name not in LIFECYCLE_EVENTS:
            text = f"The lifecycle event {shown(name)} is not known and is never sent."
            yield Problem(shown(pointer("lifecycle", name)), text, "lifecycle.unknown")


def _unknown_scopes(document: Mapping[str, Any]) -> Iterator[Problem]:
    scopes = document.get("scopes")
    for place, scope in enumerate(scopes if isinstance(scopes, list) else ()):
        if isinstance(scope, str) and canonical(scope) not in KNOWN:
            text = f"The scope {shown(scope)} is not known. It grants only itself, and only with consent."
            yield Problem(pointer("scopes", place), text, "scope.unknown")


def _hidden_modules(document: Mapping[str, Any]) -> Iterator[Problem]:
    for kind in unknown_kinds(document):
        text = f"The module type {shown(kind)} is kept and has no effect here."
        yield Problem(pointer("modules", shown(kind)), text, "module.unknown")
    refused = set(find_remote_conditions(document))
    for problem in module_problems(document):
        if problem not in refused:
            yield Problem(shown(problem.pointer), problem.text, problem.rule)
