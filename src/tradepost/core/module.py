"""The modules of a descriptor: what an app adds to a site. Source: protocol.md 3, 4, 7.2.

Reading never fails. A module of a wrong shape is left out and named by `module_problems`; one whose conditions cannot
be judged stays and never shows, so that it can be said why.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tradepost.core.addresses import origin_of
from tradepost.core.condition_shape import REMOTE, Conditions, parse_conditions, text_of
from tradepost.core.difference import pointer
from tradepost.core.document import kind_of, shown
from tradepost.core.errors import Problem
from tradepost.core.module_address import Leads, complain_about_url, leads_to
from tradepost.core.module_kinds import KINDS, Kind, Place

__all__ = [
    "DEFAULT_WEIGHT",
    "KINDS",
    "Kind",
    "Leads",
    "Module",
    "Opens",
    "Place",
    "Target",
    "find_module",
    "find_remote_conditions",
    "module_problems",
    "modules_of",
    "unknown_kinds",
]

DEFAULT_WEIGHT = 100
"""A smaller weight comes first."""

LONGEST_KEY = 100
"""characters of a module key"""

LONGEST_TEXT = 1_000
"""characters of a module's name, location, tooltip or event"""

_KEY = re.compile(r"[a-zA-Z0-9-]+")
_IN_SITE = frozenset({"product", "page"})
_CONTEXTS = _IN_SITE | {"addon"}


class Opens(StrEnum):
    """How a link opens what it leads to, or what an issue's panel is."""

    PAGE = "page"
    DIALOG = "dialog"
    INLINE_DIALOG = "inlinedialog"
    DIALOG_MODULE = "dialogmodule"
    WEB_PANEL = "web_panel"


@dataclass(frozen=True, slots=True)
class Target:
    """How something opens. `options` are as the descriptor has them: `width`, `height`, `key` of a dialog module."""

    opens: Opens = Opens.PAGE
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Module:
    """One module. `pointer` is its place in the descriptor and `raw` what stands there.

    `key` is empty where the type needs none and the app gave none. `name` falls back to the key, a webhook's to its
    event. `url` is as the descriptor has it, with its variables; `leads` says what it is relative to, and `context`
    how the app said so (`addon`, `product`, `page`).
    """

    kind: str
    key: str
    name: str
    url: str
    location: str
    weight: int
    conditions: Conditions
    target: Target
    context: str
    leads: Leads
    params: Mapping[str, str]
    tooltip: str
    raw: Mapping[str, Any]
    pointer: str

    @property
    def place(self) -> Place:
        """Where it stands in the product."""
        return KINDS[self.kind].place

    @property
    def framed(self) -> bool:
        """Whether it is itself a page of the app in a frame."""
        return KINDS[self.kind].framed


def modules_of(document: Mapping[str, Any]) -> tuple[Module, ...]:
    """Every module of a supported type and a right shape, in the order of the descriptor."""
    return tuple(module for module, _ in _read(document) if module is not None)


def module_problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that keeps modules from showing, their conditions included. Unknown types are no problem."""
    return tuple(problem for _, problems in _read(document) for problem in problems)


def unknown_kinds(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The module types that are kept and have no effect here."""
    return tuple(kind for kind in _modules(document) if kind not in KINDS)


def find_remote_conditions(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Conditions that some address would have to be asked, in modules of any type. They refuse a descriptor."""
    for kind, entries in _modules(document).items():
        for where, entry in _entries(kind, entries):
            if isinstance(entry, dict):
                found = parse_conditions(entry.get("conditions"), at=where + pointer("conditions"))
                yield from (problem for problem in found.problems if problem.rule == REMOTE)


def find_module(modules: tuple[Module, ...], key: str) -> Module | None:
    """The module with the key; framed ones win where several types use it."""
    same = [module for module in modules if module.key == key]
    return next((module for module in same if module.framed), same[0] if same else None)


def _modules(document: Mapping[str, Any]) -> Mapping[str, Any]:
    modules = document.get("modules")
    return modules if isinstance(modules, dict) else {}


def _entries(kind: str, entries: object) -> Iterator[tuple[str, object]]:
    where = pointer("modules", kind)
    if isinstance(entries, list):
        yield from ((where + pointer(place), entry) for place, entry in enumerate(entries))
    else:
        yield where, entries


def _read(document: Mapping[str, Any]) -> Iterator[tuple[Module | None, list[Problem]]]:
    base_url = document.get("baseUrl")
    origin = origin_of(base_url) if isinstance(base_url, str) else None
    for name, entries in _modules(document).items():
        kind = KINDS.get(name)
        if kind is None:
            continue
        keys: set[str] = set()
        for where, entry in _entries(name, entries):
            if not isinstance(entry, dict):
                text = f"A module must be an object, not {kind_of(entry)}."
                yield None, [Problem(where, text, "module.field")]
            elif isinstance(entry.get("key"), str) and entry["key"] in keys:
                text = f"Another module of this type has the key {shown(entry['key'])!r} already."
                yield None, [Problem(where + pointer("key"), text, "module.repeated")]
            else:
                yield _read_one(kind, entry, where, origin)
                keys |= {entry["key"]} if isinstance(entry.get("key"), str) else set()


def _read_one(
    kind: Kind, entry: Mapping[str, Any], where: str, origin: str | None
) -> tuple[Module | None, list[Problem]]:
    conditions = parse_conditions(entry.get("conditions"), at=where + pointer("conditions"))
    problems = [
        Problem(where + problem.pointer, problem.text, problem.rule) for problem in _complaints(kind, entry, origin)
    ]
    if problems:
        return None, [*problems, *conditions.problems]
    key = entry.get("key") or ""
    url = _address(kind, entry) or ""
    context = (entry.get("context") or "addon").lower() if kind.place is Place.ITEM else ""
    is_link = kind.place is Place.ITEM or kind.url_in_target
    weight = entry.get("weight")
    module = Module(
        kind=kind.name,
        key=key,
        name=_words(entry.get("name")) or entry.get("event") or key,
        url=url,
        location=entry.get("location") or kind.location,
        weight=DEFAULT_WEIGHT if weight is None else weight,
        conditions=conditions,
        target=_read_target(entry.get("target")) if is_link else Target(),
        context=context,
        leads=leads_to(url, origin, in_site=context in _IN_SITE),
        params=_read_params(entry.get("params") or {}),
        tooltip=_words(entry.get("tooltip")) or "",
        raw=entry,
        pointer=where,
    )
    return module, list(conditions.problems)


def _address(kind: Kind, entry: Mapping[str, Any]) -> Any:
    """What stands in the place of the address; None where there is nothing, and for groups, which lead nowhere."""
    if kind.place is Place.SECTION:
        return None
    holder = entry.get("target") if kind.url_in_target else entry
    return holder.get("url") if isinstance(holder, dict) else None


def _words(value: Any) -> str | None:
    """A text, plain or in the form `{"value": text}`; None where it is neither."""
    found = value.get("value") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _read_target(value: Mapping[str, Any] | None) -> Target:
    given = value or {}
    return Target(Opens((given.get("type") or Opens.PAGE).lower()), MappingProxyType(dict(given.get("options") or {})))


def _read_params(value: Mapping[str, Any]) -> Mapping[str, str]:
    texts = {name: text_of(item) for name, item in value.items()}
    return MappingProxyType({name: text for name, text in texts.items() if text is not None})


def _complaints(kind: Kind, entry: Mapping[str, Any], origin: str | None) -> Iterator[Problem]:
    """What is wrong with a module, with pointers below it. Null is missing."""
    for name in kind.needs:
        if entry.get(name) is None and not (name == "url" and _opens_a_dialog_module(entry)):
            text = f"A module of the type {kind.name} needs {name}; it is left out."
            yield Problem(pointer(name), text, "module.field")
    for name, (is_fit, wanted) in _FIELDS.items():
        if entry.get(name) is not None and not is_fit(entry[name]):
            yield Problem(pointer(name), f"{name} must be {wanted}; the module is left out.", "module.field")
    key = entry.get("key")
    if key is not None and not (isinstance(key, str) and len(key) <= LONGEST_KEY and _KEY.fullmatch(key)):
        found = repr(shown(key)) if isinstance(key, str) else kind_of(key)
        text = f"A module's key holds 1 to {LONGEST_KEY} letters (a to z), digits and hyphens, not {found}."
        yield Problem("/key", text, "module.key")
    if kind.place is Place.ITEM or kind.url_in_target:
        yield from _link_complaints(kind, entry)
    yield from _url_complaints(kind, entry, origin)


def _link_complaints(kind: Kind, entry: Mapping[str, Any]) -> Iterator[Problem]:
    context, target = entry.get("context"), entry.get("target")
    if kind.place is Place.ITEM and not _is_context(context):
        text = "context must be addon, product or page; the module is left out."
        yield Problem("/context", text, "module.field")
    if target is None:
        return
    if not isinstance(target, dict):
        yield Problem("/target", f"target must be an object, not {kind_of(target)}.", "module.field")
        return
    opens = target.get("type")
    if opens is not None and (not isinstance(opens, str) or opens.lower() not in list(Opens)):
        text = f"The type of a target must be one of {', '.join(Opens)}; the module is left out."
        yield Problem("/target/type", text, "module.field")
    if not isinstance(target.get("options"), dict | None):
        yield Problem("/target/options", "The options of a target must be an object.", "module.field")


def _url_complaints(kind: Kind, entry: Mapping[str, Any], origin: str | None) -> Iterator[Problem]:
    url = _address(kind, entry)
    where = "/target/url" if kind.url_in_target else "/url"
    if url is None:
        if kind.url_in_target and isinstance(entry.get("target"), dict):
            yield Problem(where, f"The target of a module of the type {kind.name} needs url.", "module.field")
        return
    complaint = complain_about_url(url, origin, may_lead_elsewhere=kind.place is Place.ITEM and _is_link(entry))
    if complaint is not None:
        yield Problem(where, complaint, "module.url")


def _opens_a_dialog_module(entry: Mapping[str, Any]) -> bool:
    return _opens(entry) == Opens.DIALOG_MODULE


def _is_link(entry: Mapping[str, Any]) -> bool:
    return _opens(entry) == Opens.PAGE


def _opens(entry: Mapping[str, Any]) -> str:
    target = entry.get("target")
    opens = target.get("type") if isinstance(target, dict) else None
    return opens.lower() if isinstance(opens, str) else Opens.PAGE


def _is_context(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.lower() in _CONTEXTS)


def _is_words(value: Any) -> bool:
    words = _words(value)
    return words is not None and len(words) <= LONGEST_TEXT


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "name": (_is_words, f'text of at most {LONGEST_TEXT} characters, plain or as {{"value": text}}'),
        "tooltip": (_is_words, f'text of at most {LONGEST_TEXT} characters, plain or as {{"value": text}}'),
        "location": (_is_text, f"a string of 1 to {LONGEST_TEXT} characters"),
        "event": (_is_text, f"a string of 1 to {LONGEST_TEXT} characters"),
        "weight": (lambda value: type(value) is int, "an integer"),
        "params": (lambda value: isinstance(value, dict), "an object"),
    }
)
"""Fields that mean the same in every type, with what they must be."""
