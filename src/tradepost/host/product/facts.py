"""What conditions of modules may ask about a viewer and the place they look at: lookups, made when they are asked."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tradepost.core.condition import MISSING, ConditionFacts, IssueFacts
from tradepost.core.errors import NotFoundError
from tradepost.foundation.models import User
from tradepost.host.appapi.queries import get_property
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site

from . import shapes
from .actors import Actor, account_id, actor_of
from .models import Issue, Project
from .permissions import ADMINISTER_PROJECT, global_permissions, project_permissions
from .properties import find_value

APPLICATIONS = frozenset({"jira-core", "jira-software"})
"""The applications whose interface the product has; everybody with a role on a site may use them."""


def condition_facts(
    site: Site,
    viewer: User | None,
    *,
    project: Project | None = None,
    issue: Issue | None = None,
    profile_user: User | None = None,
    installation: Installation | None = None,
) -> ConditionFacts:
    """Return the facts for one viewer at one place. An issue brings its project.

    `installation` is the app whose properties may be asked for. Its license is not the product's to know: the caller
    sets `licensed` and `capability_set`, and `admin_mode` on administration pages, by `dataclasses.replace`.
    """
    actor = actor_of(site, viewer)
    place = issue.project if issue is not None else project
    held = project_permissions(place, actor) if place is not None else frozenset()
    everywhere = global_permissions(actor)
    return ConditionFacts(
        viewer=actor.account_id,
        is_admin="ADMINISTER" in everywhere,
        is_sysadmin="SYSTEM_ADMIN" in everywhere,
        is_project_admin=ADMINISTER_PROJECT in held,
        groups=actor.groups,
        applications=APPLICATIONS if actor.is_member else frozenset(),
        has_project=place is not None,
        issue=_issue_facts(issue, held) if issue is not None else None,
        profile_user=account_id(profile_user) if profile_user is not None else None,
        context=_context(actor, place, issue, profile_user),
        global_permission=everywhere.__contains__,
        project_permission=held.__contains__,
        issue_permission=held.__contains__ if issue is not None else _nothing,
        entity_property=_lookup(actor, place, issue, installation),
    )


def _issue_facts(issue: Issue, held: frozenset[str]) -> IssueFacts:
    return IssueFacts(
        assignee=str(issue.assignee_id) if issue.assignee_id else None,
        reporter=str(issue.reporter_id) if issue.reporter_id else None,
        resolved=issue.status.category == "done",
        editable="EDIT_ISSUES" in held,
    )


def _context(actor: Actor, project: Project | None, issue: Issue | None, profile: User | None) -> dict[str, str]:
    found = {"user.accountId": actor.account_id} if actor.account_id else {}
    if profile is not None:
        found["profileUser.accountId"] = account_id(profile)
    if issue is not None:
        return found | shapes.issue_context(issue)
    return found | shapes.project_context(project) if project is not None else found


def _lookup(
    actor: Actor, project: Project | None, issue: Issue | None, installation: Installation | None
) -> Callable[[str, str], Any]:
    """Return the lookup of properties; the same one is asked for only once."""
    kept_with = {
        "issue": str(issue.pk) if issue is not None else None,
        "project": str(project.pk) if project is not None else None,
        "user": actor.account_id,
    }

    @cache
    def find(entity: str, key: str) -> Any:
        if entity == "addon":
            return _app_value(installation, key)
        owner = kept_with.get(entity)
        return MISSING if owner is None else find_value(actor.site, entity, owner, key, missing=MISSING)

    return find


def _app_value(installation: Installation | None, key: str) -> Any:
    if installation is None or "\0" in key:
        return MISSING
    try:
        return json.loads(get_property(installation, key))
    except NotFoundError:
        return MISSING


def _nothing(_permission: str) -> bool:
    return False
