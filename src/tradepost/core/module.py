"""The modules of a descriptor: what an app adds to a site. Source: protocol.md 3, 4, 7.2.

Reading never fails. A module that cannot be shown is left out and named by `module_problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tradepost.core.condition_shape import Conditions
from tradepost.core.errors import Problem


class Place(StrEnum):
    """Where a module stands in the product."""

    PAGE = "a page of its own"
    PANEL = "a panel on a page"
    ITEM = "a link on a page"
    SECTION = "a group of links"
    DIALOG = "a dialog that is opened by others"
    EVENT = "a call when something happens"


class Leads(StrEnum):
    """What an address is relative to."""

    APP = "app"
    SITE = "site"
    ELSEWHERE = "elsewhere"


class Opens(StrEnum):
    """How a link opens what it leads to."""

    PAGE = "page"
    DIALOG = "dialog"
    INLINE_DIALOG = "inlinedialog"
    DIALOG_MODULE = "dialogmodule"


@dataclass(frozen=True, slots=True)
class Kind:
    """One supported module type. `single` ones hold one object instead of an array; `needs` are required fields.

    `location` stands in for a missing one. `framed` ones are pages of the app shown in a frame. `url_in_target` ones
    have their address in `target`.
    """

    name: str
    place: Place
    needs: tuple[str, ...]
    location: str = ""
    single: bool = False
    framed: bool = True
    url_in_target: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """How a link opens: `options` are as the descriptor has them, such as `width`, `height` and a dialog's `key`."""

    opens: Opens = Opens.PAGE
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Module:
    """One module that can be shown. `pointer` is its place in the descriptor, `raw` what stands there.

    `key` is empty where the type needs none and the app gave none. `url` is as the descriptor has it, with variables in
    it; `leads` says what it is relative to. `name` falls back to the key. A smaller `weight` comes first.
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
    def framed(self) -> bool:
        """Whether it is a page of the app in a frame."""


KINDS: Mapping[str, Kind] = {}


def modules_of(document: Mapping[str, Any]) -> tuple[Module, ...]:
    """Every module that can be shown, in the order of the descriptor."""


def module_problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that keeps a module from showing, conditions included."""


def unknown_kinds(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Module types that are kept and have no effect here."""


def find_module(modules: tuple[Module, ...], key: str) -> Module | None:
    """The module with the key, framed ones first."""
