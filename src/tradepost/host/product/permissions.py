"""Who may do what: tables of permissions, and the three questions about them.

The names are those that apps know (domain.md 7.5). What the product has nothing for (attachments, work logs, links,
watchers, moving, due dates, security levels) nobody has the permission for, so that an app shows nothing that cannot
work.
"""

from collections.abc import Mapping
from types import MappingProxyType

from .actors import ADMINS_GROUP, USERS_GROUP, Actor
from .models import Project, ProjectPermission

BROWSE = "BROWSE_PROJECTS"
ADMINISTER_PROJECT = "ADMINISTER_PROJECTS"
ADMINISTER = "ADMINISTER"

_BOTH = (USERS_GROUP,)
_ADMINS = (ADMINS_GROUP,)

PROJECT_DEFAULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        BROWSE: _BOTH,
        "CREATE_ISSUES": _BOTH,
        "EDIT_ISSUES": _BOTH,
        "TRANSITION_ISSUES": _BOTH,
        "RESOLVE_ISSUES": _BOTH,
        "CLOSE_ISSUES": _BOTH,
        "ASSIGN_ISSUES": _BOTH,
        "ASSIGNABLE_USER": _BOTH,
        "MODIFY_REPORTER": _ADMINS,
        "DELETE_ISSUES": _ADMINS,
        "ADD_COMMENTS": _BOTH,
        "EDIT_OWN_COMMENTS": _BOTH,
        "DELETE_OWN_COMMENTS": _BOTH,
        "EDIT_ALL_COMMENTS": _ADMINS,
        "DELETE_ALL_COMMENTS": _ADMINS,
        ADMINISTER_PROJECT: _ADMINS,
    }
)
"""What the product knows, and the groups that hold it in a new project."""

PLAIN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        BROWSE: "See the project and its issues",
        "CREATE_ISSUES": "Make issues",
        "EDIT_ISSUES": "Edit issues",
        "TRANSITION_ISSUES": "Change the status of issues",
        "RESOLVE_ISSUES": "Resolve issues (asked by apps only)",
        "CLOSE_ISSUES": "Close issues (asked by apps only)",
        "ASSIGN_ISSUES": "Assign issues to people",
        "ASSIGNABLE_USER": "Be assigned issues",
        "MODIFY_REPORTER": "Say that somebody else reported an issue",
        "DELETE_ISSUES": "Delete issues",
        "ADD_COMMENTS": "Comment",
        "EDIT_OWN_COMMENTS": "Edit comments of one's own",
        "DELETE_OWN_COMMENTS": "Delete comments of one's own",
        "EDIT_ALL_COMMENTS": "Edit everybody's comments",
        "DELETE_ALL_COMMENTS": "Delete everybody's comments",
        ADMINISTER_PROJECT: "Administer the project",
    }
)

NOT_IN_PROJECTS = frozenset({
    "CREATE_ATTACHMENTS", "DELETE_ALL_ATTACHMENTS", "DELETE_ALL_WORKLOGS", "DELETE_OWN_ATTACHMENTS",
    "DELETE_OWN_WORKLOGS", "EDIT_ALL_WORKLOGS", "EDIT_OWN_WORKLOGS", "LINK_ISSUES", "MANAGE_WATCHERS", "MOVE_ISSUES",
    "SCHEDULE_ISSUES", "SET_ISSUE_SECURITY", "VIEW_DEV_TOOLS", "VIEW_READONLY_WORKFLOW", "VIEW_VOTERS_AND_WATCHERS",
    "WORK_ON_ISSUES",
})  # fmt: skip
"""Known names for things the product does not have; nobody holds them."""

GLOBAL: Mapping[str, str] = MappingProxyType(
    {ADMINISTER: ADMINS_GROUP, "SYSTEM_ADMIN": ADMINS_GROUP, "USER_PICKER": USERS_GROUP}
)
"""Permissions on the whole site, and the group that holds each."""

NOT_GLOBAL = frozenset({"BULK_CHANGE", "CREATE_SHARED_OBJECTS", "MANAGE_GROUP_FILTER_SUBSCRIPTIONS"})
"""Known names for things the product does not have; nobody holds them."""

ALWAYS_ADMINS = frozenset({BROWSE, ADMINISTER_PROJECT})
"""A site's administrators hold these in every project, so that no project can be locked up."""

VISITORS = frozenset({BROWSE})
"""What everybody may do in a public project."""

_APPS = frozenset(PROJECT_DEFAULTS) - {"ASSIGNABLE_USER"}
"""What an app may do in its own name in every project, as far as its scopes go."""


def global_permissions(actor: Actor) -> frozenset[str]:
    """Return the permissions on the whole site. An app in its own name has none: its scopes speak for it."""
    return frozenset(name for name, group in GLOBAL.items() if group in actor.groups)


def project_permissions(project: Project, actor: Actor) -> frozenset[str]:
    """Return what the actor may do in a project of their site, nothing in a project of another."""
    if project.site_id != actor.site.pk:
        return frozenset()
    if actor.is_app:
        return _APPS
    granted = held_by(actor.groups, grants_of(project)) if actor.groups else frozenset()
    if actor.is_admin:
        granted |= ALWAYS_ADMINS
    if BROWSE not in granted:  # who may not see a project may do nothing else in it
        return VISITORS if project.is_public else frozenset()
    return granted


def has_permission(project: Project, actor: Actor, name: str) -> bool:
    return name in project_permissions(project, actor)


def grants_of(project: Project) -> tuple[tuple[str, str], ...]:
    """Return (permission, group name) of a project, asked once per object."""
    found = getattr(project, "_grants", None)
    if found is None:
        rows = ProjectPermission.objects.filter(project=project).values_list("permission", "group_name")
        found = tuple(rows)
        project._grants = found  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def held_by(groups: frozenset[str], grants: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Return the permissions that any of the groups (lower case) was granted. Pure."""
    return frozenset(permission for permission, group in grants if group.lower() in groups)
