"""The predefined conditions: what each asks, and whether this product can answer it. Source: domain.md 7.5.

docs/reference/conditions.md is drawn from this table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

BOTH = ("jira", "confluence")
JIRA = ("jira",)
CONFLUENCE = ("confluence",)


class Form(StrEnum):
    """What the value of a parameter may be."""

    TEXT = "text"
    TEXTS = "text or list"
    PATH = "dotted path"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a condition."""

    name: str
    form: Form = Form.TEXT
    required: bool = True


@dataclass(frozen=True, slots=True)
class PredefinedCondition:
    """One name: which products know it, what it takes, and whether it is supported.

    `why` says what it asks where it is supported, and why it is not where it is not. `always_false` is the truth where
    the product lacks the thing that is asked about.
    """

    name: str
    products: tuple[str, ...]
    params: tuple[Param, ...]
    supported: bool
    why: str
    always_false: bool = False


_PROPERTY = (Param("entity"), Param("propertyKey"), Param("objectName", Form.PATH, required=False))
_VALUE = Param("value", Form.TEXTS)
_CONTEXT_PARAM = Param("contextParam")
_PERMISSION = (Param("permission"),)

_COMMON: Mapping[str, tuple[tuple[Param, ...], str]] = {
    "addon_is_licensed": ((), "The app is licensed at this site: `lic` is `active`."),
    "capability_set": ((Param("value"),), "The app's edition at this site is this one. False without an edition."),
    "entity_property_equal_to": ((*_PROPERTY, _VALUE), "The property equals `value`, as JSON or as text."),
    "entity_property_exists": (_PROPERTY, "The entity has the property, and the path leads somewhere in it."),
    "entity_property_contains_any": ((*_PROPERTY, _VALUE), "The list in the property holds one of `value`."),
    "entity_property_contains_all": ((*_PROPERTY, _VALUE), "The list in the property holds all of `value`."),
    "entity_property_contains_any_user_group": (
        _PROPERTY,
        "The list in the property names a group in which the viewer is.",
    ),
    "entity_property_equal_to_context": (
        (*_PROPERTY, _CONTEXT_PARAM),
        "The property equals a value of the context, such as `user.accountId`.",
    ),
    "entity_property_contains_context": (
        (*_PROPERTY, _CONTEXT_PARAM),
        "The list in the property holds a value of the context, such as `user.accountId`.",
    ),
    "user_is_admin": ((), "The viewer administers the site."),
    "user_is_logged_in": ((), "Somebody is signed in."),
    "user_is_sysadmin": ((), "The viewer is a system administrator of the site."),
}
_JIRA: Mapping[str, tuple[tuple[Param, ...], str]] = {
    "can_use_application": (
        (Param("applicationKey"),),
        "The viewer may use the application. An unknown key is false.",
    ),
    "has_global_permission": (_PERMISSION, "The viewer has the global permission."),
    "has_issue_permission": (_PERMISSION, "The viewer has the permission on the issue. False without an issue."),
    "has_project_permission": (_PERMISSION, "The viewer has the permission in the project. False without a project."),
    "has_selected_project": ((), "The page belongs to a project."),
    "is_admin_mode": ((), "The page is one of administration."),
    "is_issue_assigned_to_current_user": ((), "The viewer is the issue's assignee."),
    "is_issue_editable": ((), "The viewer may edit the issue."),
    "is_issue_reported_by_current_user": ((), "The viewer reported the issue."),
    "is_issue_unresolved": ((), "The issue is not done."),
    "user_is_project_admin": ((), "The viewer administers the project."),
    "user_is_the_logged_in_user": ((), "The profile that is looked at is the viewer's own."),
}
_JIRA_FALSE: Mapping[str, str] = {
    "can_attach_file_to_issue": "the product has no attachments",
    "can_manage_attachments": "the product has no attachments",
    "has_sub_tasks_available": "the product has no sub-tasks",
    "has_voted_for_issue": "the product has no votes",
    "is_sub_task": "the product has no sub-tasks",
    "is_watching_issue": "the product has no watchers",
    "linking_enabled": "the product has no links between issues",
    "sub_tasks_enabled": "the product has no sub-tasks",
    "time_tracking_enabled": "the product does not track time",
    "user_has_issue_history": "the product does not keep which issues somebody looked at",
    "voting_enabled": "the product has no votes",
    "watching_enabled": "the product has no watchers",
}
_CONFLUENCE: Mapping[str, str] = {
    "active_theme": "has no themes",
    "can_edit_space_styles": "has no spaces",
    "can_signup": "has no sign-up page",
    "content_has_any_permissions_set": "has no pages with permissions of their own",
    "create_content": "has no pages",
    "email_address_public": "shows nobody's e-mail address",
    "favourite_page": "has no favourites",
    "favourite_space": "has no favourites",
    "following_target_user": "has no followers",
    "has_attachment": "has no attachments",
    "has_attachment_permission": "has no attachments",
    "has_blog_post": "has no blogs",
    "has_page": "has no pages",
    "has_space": "has no spaces",
    "has_template": "has no templates of pages",
    "latest_version": "has no pages with versions",
    "not_personal_space": "has no spaces",
    "printable_version": "has no printable pages",
    "showing_page_attachments": "has no attachments",
    "space_function_permission": "has no spaces",
    "space_sidebar": "has no spaces",
    "target_user_has_personal_blog": "has no blogs",
    "target_user_has_personal_space": "has no spaces",
    "threaded_comments": "has no pages with comments",
    "tiny_url_supported": "has no short addresses of pages",
    "user_can_create_personal_space": "has no spaces",
    "user_can_use_confluence": "is not Confluence",
    "user_favouriting_target_user_personal_space": "has no spaces",
    "user_has_personal_blog": "has no blogs",
    "user_has_personal_space": "has no spaces",
    "user_is_confluence_administrator": "is not Confluence",
    "user_logged_in_editable": "has no profiles as Confluence has them",
    "user_watching_page": "has no pages to watch",
    "user_watching_space": "has no spaces to watch",
    "user_watching_space_for_content_type": "has no spaces to watch",
    "viewing_content": "has no pages of content",
    "viewing_own_profile": "has no profiles as Confluence has them; `user_is_the_logged_in_user` asks the same",
}


def _predefined() -> Iterator[PredefinedCondition]:
    for name, (params, why) in _COMMON.items():
        yield PredefinedCondition(name, BOTH, params, supported=True, why=why)
    flag = "Always false: the product has no feature flags."
    yield PredefinedCondition(
        "feature_flag", BOTH, (Param("featureKey", required=False),), supported=True, why=flag, always_false=True
    )
    for name, (params, why) in _JIRA.items():
        yield PredefinedCondition(name, JIRA, params, supported=True, why=why)
    for name, lack in _JIRA_FALSE.items():
        yield PredefinedCondition(name, JIRA, (), supported=True, why=f"Always false: {lack}.", always_false=True)
    for name, lack in _CONFLUENCE.items():
        why = f"Confluence only, and this product {lack}."
        yield PredefinedCondition(name, CONFLUENCE, (), supported=False, why=why)


PREDEFINED: Mapping[str, PredefinedCondition] = MappingProxyType({each.name: each for each in _predefined()})
"""Name -> what it is. A name that stands here but is not supported hides a module like an unknown one."""

PROJECT_PERMISSIONS = frozenset(
    {
        "ADD_COMMENTS", "ADMINISTER_PROJECTS", "ASSIGN_ISSUES", "ASSIGNABLE_USER", "BROWSE_PROJECTS", "CLOSE_ISSUES",
        "CREATE_ATTACHMENTS", "CREATE_ISSUES", "DELETE_ALL_ATTACHMENTS", "DELETE_OWN_ATTACHMENTS",
        "DELETE_ALL_COMMENTS", "DELETE_OWN_COMMENTS", "DELETE_ALL_WORKLOGS", "DELETE_OWN_WORKLOGS", "DELETE_ISSUES",
        "EDIT_ALL_COMMENTS", "EDIT_OWN_COMMENTS", "EDIT_ALL_WORKLOGS", "EDIT_OWN_WORKLOGS", "EDIT_ISSUES",
        "LINK_ISSUES", "MANAGE_WATCHERS", "MODIFY_REPORTER", "MOVE_ISSUES", "RESOLVE_ISSUES", "SCHEDULE_ISSUES",
        "SET_ISSUE_SECURITY", "TRANSITION_ISSUES", "VIEW_DEV_TOOLS", "VIEW_READONLY_WORKFLOW",
        "VIEW_VOTERS_AND_WATCHERS", "WORK_ON_ISSUES",
    }
)  # fmt: skip
"""Permissions in a project or on its issues."""

GLOBAL_PERMISSIONS = frozenset(
    {
        "ADMINISTER", "SYSTEM_ADMIN", "USER_PICKER", "CREATE_SHARED_OBJECTS", "MANAGE_GROUP_FILTER_SUBSCRIPTIONS",
        "BULK_CHANGE",
    }
)  # fmt: skip
"""Permissions in the whole site. An app's own are written `<app key>__<permission key>`."""
