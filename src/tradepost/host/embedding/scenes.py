"""Who looks at what: a viewer on a site, and the issue, project or person that the page is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest

from tradepost.core.condition import ConditionFacts
from tradepost.foundation.callers import find_caller
from tradepost.foundation.models import User
from tradepost.host.installing.models import Installation
from tradepost.host.licenses.deciding import license_of
from tradepost.host.product.actors import account_id, actor_of
from tradepost.host.product.facts import condition_facts
from tradepost.host.product.models import Issue, Project
from tradepost.host.product.queries import find_person, get_issue, get_project
from tradepost.host.product.shapes import TASK, issue_context, project_context
from tradepost.host.sites.models import Site

LONGEST_CUSTOM = 2_000
"""Characters of one value that an app hands to a page of its own."""

MOST_CUSTOM = 20
CUSTOM = "ac."
"""How parameters begin that carry an app's own values to its page."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One view of one page. `viewer` is None for a visitor; `custom` are an app's own values for its own page."""

    site: Site
    viewer: User | None = None
    project: Project | None = None
    issue: Issue | None = None
    profile_user: User | None = None
    custom: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    _known: dict[str, ConditionFacts] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def account_id(self) -> str | None:
        return account_id(self.viewer) if self.viewer is not None else None

    @property
    def variables(self) -> dict[str, str]:
        """What variables in the addresses of modules mean here."""
        found: dict[str, str] = {CUSTOM + name: value for name, value in self.custom.items()}
        if self.project is not None:
            found |= project_context(self.project)
        if self.issue is not None:
            found |= issue_context(self.issue)
        if self.profile_user is not None:
            found["profileUser.accountId"] = account_id(self.profile_user)
        return found

    @property
    def told(self) -> dict[str, Any]:
        """What apps are told of the scene, as the context of tokens and of the page's scripts."""
        product: dict[str, Any] = {}
        if self.issue is not None:
            kind = {"id": TASK["id"]}
            product["issue"] = {"id": str(self.issue.pk), "key": self.issue.key, "issuetype": kind}
        if self.project is not None:
            product["project"] = {"id": str(self.project.pk), "key": self.project.key}
        return {self.site.product_type: product} if product else {}

    @property
    def links(self) -> dict[str, str]:
        """The parameters that lead another page to the same scene."""
        found: dict[str, str] = {}
        if self.issue is not None:
            found["issue.key"] = self.issue.key
        elif self.project is not None:
            found["project.key"] = self.project.key
        if self.profile_user is not None:
            found["profileUser.accountId"] = account_id(self.profile_user)
        return found

    def facts(self, installation: Installation, *, admin_mode: bool = False) -> ConditionFacts:
        """What the conditions of one app can ask here; `admin_mode` for what stands on pages of administrators.

        Who the viewer is and what they may is found out once, for all apps.
        """
        known = self._known.get("")
        if known is None:
            known = self._known[""] = self._facts(None)
        license_ = license_of(installation)
        return replace(
            known,
            licensed=license_.active,
            capability_set=license_.capability_set,
            admin_mode=admin_mode,
            entity_property=self._lookup(known, installation),
        )

    def _lookup(self, known: ConditionFacts, installation: Installation) -> Callable[[str, str], Any]:
        """Only properties that the app keeps of itself differ from app to app."""

        def find(entity: str, key: str) -> Any:
            if entity != "addon":
                return known.entity_property(entity, key)
            own = self._known.get(installation.app_key)
            if own is None:
                own = self._known[installation.app_key] = self._facts(installation)
            return own.entity_property(entity, key)

        return find

    def _facts(self, installation: Installation | None) -> ConditionFacts:
        return condition_facts(
            self.site,
            self.viewer,
            project=self.project,
            issue=self.issue,
            profile_user=self.profile_user,
            installation=installation,
        )


def viewer_of(request: HttpRequest, site: Site) -> User | None:
    """Who looks at a site by this request; somebody without a role there is a visitor."""
    caller = find_caller(request)
    return actor_of(site, caller.user).user if caller is not None else None


def read_scene(site: Site, viewer: User | None, asked: Mapping[str, str]) -> Scene:
    """The scene that parameters such as `issue.key=KEY-1` name, with what begins with `ac.` as the app's own values.

    Raises NotFoundError for what is not there or the viewer may not see.
    """
    actor = actor_of(site, viewer)
    issue_ref = asked.get("issue.key") or asked.get("issue.id")
    project_ref = asked.get("project.key") or asked.get("project.id")
    person_ref = asked.get("profileUser.accountId")
    issue = get_issue(actor, issue_ref) if issue_ref else None
    project = get_project(actor, project_ref) if project_ref and issue is None else None
    person = find_person(site, person_ref) if person_ref and actor.is_member else None
    return Scene(
        site,
        actor.user,
        project=issue.project if issue is not None else project,
        issue=issue,
        profile_user=person,
        custom=_custom(asked),
    )


def _custom(asked: Mapping[str, str]) -> Mapping[str, str]:
    own = [(name.removeprefix(CUSTOM), value) for name, value in asked.items() if name.startswith(CUSTOM)]
    return MappingProxyType({name: value[:LONGEST_CUSTOM] for name, value in own[:MOST_CUSTOM]})
