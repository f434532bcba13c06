"""What conditions ask about a viewer and the place they look at. The host fills it; nothing here looks anything up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final


class Missing(Enum):
    """The type of MISSING, so that null stays a value of its own."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""There is no such entity, or it has no such property."""


def _never(_: str) -> bool:
    return False


def _nothing(_entity: str, _key: str) -> Any:
    return MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFacts:
    """The issue that is looked at. People are account ids, None where there is nobody."""

    assignee: str | None = None
    reporter: str | None = None
    resolved: bool = False
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFacts:
    """All that a condition can ask, for one viewer at one place of one site and one app.

    `viewer` and `profile_user` (whose profile is looked at) are account ids; an anonymous viewer is None. The
    permission lookups answer for the viewer, `project_permission` and `issue_permission` at the place and false where
    there is none. They get the product's own permissions in upper case and an app's as they stand.

    `entity_property` takes an entity kind (`addon`, `issue`, `project`, `user`, ...) and a property key, and returns
    the JSON value or MISSING. `context` is what `contextParam` may name, such as `issue.key` and `user.accountId`.
    `licensed` and `capability_set` are those of the app at the site. Lookups are called only when a condition asks.
    """

    viewer: str | None = None
    is_admin: bool = False
    is_sysadmin: bool = False
    is_project_admin: bool = False
    admin_mode: bool = False
    groups: frozenset[str] = frozenset()
    licensed: bool = False
    capability_set: str | None = None
    applications: frozenset[str] = frozenset()
    has_project: bool = False
    issue: IssueFacts | None = None
    profile_user: str | None = None
    context: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    global_permission: Callable[[str], bool] = _never
    project_permission: Callable[[str], bool] = _never
    issue_permission: Callable[[str], bool] = _never
    entity_property: Callable[[str, str], Any] = _nothing
