"""How things of the product look to apps: the JSON of REST answers and of webhooks, from rows to plain values.

`api` is the version of the interface: texts are plain in 2 and documents in 3.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.foundation.models import User
from tradepost.host.sites.models import Site

from .actors import account_id, app_account_id, display_name
from .adf import to_document
from .models import Comment, EntityProperty, Issue, Project, Status

DEFAULT_API = "2"
"""The version in which webhooks speak."""

CATEGORIES: Mapping[str, dict[str, Any]] = {
    "new": {"id": 2, "key": "new", "name": "To Do", "colorName": "blue-gray"},
    "indeterminate": {"id": 4, "key": "indeterminate", "name": "In Progress", "colorName": "yellow"},
    "done": {"id": 3, "key": "done", "name": "Done", "colorName": "green"},
}
TASK = {"id": "10001", "name": "Task", "description": "", "subtask": False}
"""The one type an issue has."""


def address(site: Site, path: str, api: str = DEFAULT_API) -> str:
    """Return the whole address of something below /rest/api/."""
    return f"{site.base_url}/rest/api/{api}/{path}"


def user_shape(site: Site, user: User, *, with_email: bool = False, api: str = DEFAULT_API) -> dict[str, Any]:
    """Return a person. The e-mail address only for whom it is meant: ACCESS_EMAIL_ADDRESSES, or the person."""
    shape = {
        "self": address(site, f"user?accountId={account_id(user)}", api),
        "accountId": account_id(user),
        "accountType": "atlassian",
        "displayName": display_name(user),
        "active": user.is_active,
        "timeZone": site.zone,
    }
    return shape | ({"emailAddress": user.email} if with_email else {})


def app_shape(site: Site, key: str, name: str, api: str = DEFAULT_API) -> dict[str, Any]:
    """Return an app where a person would stand."""
    return {
        "self": address(site, f"user?accountId={app_account_id(key)}", api),
        "accountId": app_account_id(key),
        "accountType": "app",
        "displayName": name or key,
        "active": True,
        "timeZone": site.zone,
    }


def project_shape(project: Project, api: str = DEFAULT_API) -> dict[str, Any]:
    """Return a project as it stands inside other things."""
    return {
        "self": address(project.site, f"project/{project.pk}", api),
        "id": str(project.pk),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": False,
        "style": "classic",
        "isPrivate": not project.is_public,
    }


def whole_project_shape(project: Project, api: str = DEFAULT_API) -> dict[str, Any]:
    """Return a project with what only the question for one project says."""
    lead = user_shape(project.site, project.lead, api=api) if project.lead is not None else None
    issue_type = {"self": address(project.site, f"issuetype/{TASK['id']}", api), **TASK}
    return project_shape(project, api) | {
        "description": project.description,
        "lead": lead,
        "issueTypes": [issue_type],
        "url": f"{project.site.base_url}/projects/{project.key}/",
    }


def status_shape(site: Site, status: Status, api: str = DEFAULT_API) -> dict[str, Any]:
    category = CATEGORIES[status.category]
    return {
        "self": address(site, f"status/{status.pk}", api),
        "id": str(status.pk),
        "name": status.name,
        "description": "",
        "statusCategory": {"self": address(site, f"statuscategory/{category['id']}", api), **category},
    }


def issue_shape(issue: Issue, api: str = DEFAULT_API) -> dict[str, Any]:
    """Return an issue with its fields; comments are asked for apart."""
    return {
        "id": str(issue.pk),
        "key": issue.key,
        "self": address(issue.site, f"issue/{issue.pk}", api),
        "fields": {
            "summary": issue.summary,
            "description": _text(issue.description, api),
            "status": status_shape(issue.site, issue.status, api),
            "issuetype": {"self": address(issue.site, f"issuetype/{TASK['id']}", api), **TASK},
            "project": project_shape(issue.project, api),
            "assignee": user_shape(issue.site, issue.assignee, api=api) if issue.assignee is not None else None,
            "reporter": _who(issue.site, issue.reporter, issue.reporter_app, issue.reporter_app_name, api),
            "creator": _who(issue.site, issue.reporter, issue.reporter_app, issue.reporter_app_name, api),
            "created": moment(issue.created_at),
            "updated": moment(issue.updated_at),
        },
    }


def comment_shape(comment: Comment, issue: Issue, api: str = DEFAULT_API) -> dict[str, Any]:
    author = _who(issue.site, comment.author, comment.author_app, comment.author_app_name, api)
    return {
        "self": address(issue.site, f"issue/{issue.pk}/comment/{comment.pk}", api),
        "id": str(comment.pk),
        "author": author,
        "updateAuthor": author,
        "body": _text(comment.body, api),
        "created": moment(comment.created_at),
        "updated": moment(comment.updated_at),
        "jsdPublic": True,
    }


def property_shape(kept: EntityProperty) -> dict[str, Any]:
    return {"key": kept.key, "value": kept.value}


def issue_context(issue: Issue) -> dict[str, str]:
    """Return what variables in an app's addresses mean on an issue."""
    return {
        "issue.id": str(issue.pk),
        "issue.key": issue.key,
        "issuetype.id": TASK["id"],
        **project_context(issue.project),
    }  # type: ignore[dict-item]


def project_context(project: Project) -> dict[str, str]:
    """Return what variables in an app's addresses mean in a project."""
    return {"project.id": str(project.pk), "project.key": project.key}


def moment(at: datetime) -> str:
    """Return an instant as apps read it: milliseconds, and the offset without a colon."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def _who(site: Site, user: User | None, app_key: str, app_name: str, api: str) -> dict[str, Any] | None:
    if app_key:
        return app_shape(site, app_key, app_name, api)
    return user_shape(site, user, api=api) if user is not None else None


def _text(text: str, api: str) -> Any:
    if api == "3":
        return to_document(text)
    return text or None
