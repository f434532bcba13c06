"""Situations that an app is made for, and what each tells of what conditions ask. Source: domain.md 7.3, 7.5.

Given are the edition, the license and who looks. Whatever else is asked may be so or not: it is a variable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from tradepost.core.condition_answers import answer, canonical_permission
from tradepost.core.condition_facts import ConditionFacts
from tradepost.core.condition_shape import Single
from tradepost.core.document import shown
from tradepost.core.edition import Edition

LICENSED = "addon_is_licensed"
CAPABILITY = "capability_set"
ABSENT = "absent"


class Viewer(StrEnum):
    """Who looks: nobody who is signed in, somebody who administers nothing in the site, the site's administrator."""

    ANONYMOUS = "anonymous"
    USER = "user"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is given. Without an edition the app is told of none: original billing, or a site that never switched."""

    edition: Edition | None
    licensed: bool
    viewer: Viewer

    def occurs(self, *, paid: bool) -> bool:
        """Whether a site can be in it. A free app has neither; a license that is over keeps its edition."""
        return paid or (self.edition is None and not self.licensed)


EDITIONS: tuple[Edition | None, ...] = (*Edition, None)
"""Those there are, in the order of their rank, then the absent one."""

SITUATIONS = tuple(
    Situation(edition, licensed, viewer) for licensed, edition, viewer in product((True, False), EDITIONS, Viewer)
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A question that some situation leaves open. The same name and parameters are one question wherever they stand."""

    name: str
    params: tuple[tuple[str, str | tuple[str, ...]], ...] = ()

    @property
    def label(self) -> str:
        """The question in one line."""
        told = (f"{name}={value if isinstance(value, str) else list(value)}" for name, value in self.params)
        return shown(f"{self.name}({', '.join(told)})") if self.params else self.name


def edition_word(edition: Edition | None) -> str:
    """What an edition is called in matrices: its name in small letters, or `absent`."""
    return ABSENT if edition is None else edition.value


def facts_in(situation: Situation) -> ConditionFacts:
    """What the situation gives; what it leaves open is missing."""
    return _FACTS[situation]


def variable_of(leaf: Single) -> Variable:
    """What a condition asks."""
    params = dict(leaf.params)
    if "permission" in params:
        params["permission"] = _permission(leaf)
    return Variable(leaf.name, tuple(sorted(params.items())))


def find_answer(leaf: Single, situation: Situation) -> bool | None:
    """What a condition says in a situation, `invert` left aside; None where the situation leaves it open."""
    return answer(leaf, facts_in(situation)).holds if _is_told(leaf, situation.viewer) else None


def _is_told(leaf: Single, viewer: Viewer) -> bool:
    if leaf.name == "feature_flag":
        # Never so in this product today, but a flag is made to be switched.
        return False
    if leaf.known.always_false or leaf.name in _ALWAYS_TOLD:
        return True
    if _asks_for_sysadmin(leaf):
        return viewer is not Viewer.ADMINISTRATOR
    if leaf.name == "has_global_permission":
        return _permission(leaf) == "ADMINISTER"
    return viewer is Viewer.ANONYMOUS and _asks_about_somebody(leaf)


def _asks_for_sysadmin(leaf: Single) -> bool:
    in_words = leaf.name == "has_global_permission" and _permission(leaf) == "SYSTEM_ADMIN"
    return in_words or leaf.name == "user_is_sysadmin"


def _asks_about_somebody(leaf: Single) -> bool:
    """Whether it is false where nobody is signed in: there is no user with properties, groups or an account id."""
    own = {leaf.params.get("entity"), leaf.params.get("contextParam")}
    return leaf.name in _ABOUT_THE_VIEWER or not own.isdisjoint({"user", "user.accountId"})


def _permission(leaf: Single) -> str:
    return canonical_permission(str(leaf.params["permission"]))


def _facts(situation: Situation) -> ConditionFacts:
    is_admin = situation.viewer is Viewer.ADMINISTRATOR
    return ConditionFacts(
        viewer=None if situation.viewer is Viewer.ANONYMOUS else situation.viewer.value,
        is_admin=is_admin,
        licensed=situation.licensed,
        capability_set=None if situation.edition is None else situation.edition.capability,
        global_permission=lambda name: is_admin and name == "ADMINISTER",
    )


_FACTS: Mapping[Situation, ConditionFacts] = MappingProxyType(
    {situation: _facts(situation) for situation in SITUATIONS}
)

_ALWAYS_TOLD = frozenset({LICENSED, CAPABILITY, "user_is_logged_in", "user_is_admin"})

_ABOUT_THE_VIEWER = frozenset(
    {
        "entity_property_contains_any_user_group",
        "is_issue_assigned_to_current_user",
        "is_issue_reported_by_current_user",
        "user_is_project_admin",
        "user_is_the_logged_in_user",
    }
)
