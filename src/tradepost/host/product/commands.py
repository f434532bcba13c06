"""What people and apps do to issues and comments. Rules of who may are in `permissions`; every change is announced."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, LimitError
from tradepost.foundation.models import User

from . import shapes
from .actors import Actor, display_name
from .changes import announce
from .limits import MOST_COMMENTS
from .models import Comment, EntityProperty, Issue, Project, Status
from .permissions import has_permission
from .queries import find_assignable, find_person, find_statuses, get_comment, get_issue, get_project, is_own, require
from .texts import read_summary, read_text


@dataclass(frozen=True, slots=True)
class Edit:
    """What of an issue is to change; None means that it stays. An `assignee` of "" is nobody, else an account id.

    `version` is the one the editor saw; None writes over whatever is there, as apps do.
    """

    summary: str | None = None
    description: str | None = None
    assignee: str | None = None
    reporter: str | None = None
    status: int | None = None
    version: int | None = None


@transaction.atomic
def create_issue(
    project_ref: str,
    *,
    summary: str,
    description: str = "",
    assignee: str = "",
    by: Actor,
    now: datetime,
) -> Issue:
    """Make an issue with the project's next number: the project's row is locked, so numbers have no gaps."""
    project = get_project(by, project_ref)
    require(project, by, "CREATE_ISSUES", "You may not make issues in this project.")
    texts = {"summary": read_summary(summary), "description": read_text(description, field="description")}
    chosen = _assignee(project, assignee, by) if assignee else None
    statuses = find_statuses(project)
    row = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    row.last_number += 1
    row.save(update_fields=["last_number"])
    issue = Issue.objects.create(
        site=project.site, project=project, number=row.last_number, status=statuses[0], assignee=chosen,
        reporter=by.user, reporter_app=by.app_key, reporter_app_name=by.app_name,
        created_at=now, updated_at=now, **texts,
    )  # fmt: skip
    _tell("jira:issue_created", issue, by, now)
    return issue


@transaction.atomic
def edit_issue(ref: str, edit: Edit, *, by: Actor, now: datetime) -> Issue:
    """Change what an edit names. Raises ConflictError where somebody else was quicker; nothing is changed then."""
    issue = _locked(ref, by)
    if edit.version is not None and edit.version != issue.version:
        raise ConflictError("Somebody changed this issue while you looked at it. Load it again and repeat your change.")
    changed = [_change(issue, name, value) for name, value in _wanted(issue, edit, by).items()]
    items = [item for item in changed if item is not None]
    if not items:
        return issue
    issue.version += 1
    issue.updated_at = now
    issue.save()
    _tell("jira:issue_updated", issue, by, now, changelog={"items": items})
    return issue


@transaction.atomic
def delete_issue(ref: str, *, by: Actor, now: datetime) -> None:
    """Delete an issue with its comments and properties. Its number is never used again."""
    issue = _locked(ref, by)
    require(issue.project, by, "DELETE_ISSUES", "You may not delete issues in this project.")
    _tell("jira:issue_deleted", issue, by, now)
    EntityProperty.objects.filter(site=issue.site, kind="issue", entity=str(issue.pk)).delete()
    issue.delete()


@transaction.atomic
def add_comment(ref: str, *, body: str, by: Actor, now: datetime) -> Comment:
    issue = _locked(ref, by)
    require(issue.project, by, "ADD_COMMENTS", "You may not comment in this project.")
    text = read_text(body, field="body", is_needed=True)
    if Comment.objects.filter(issue=issue).count() >= MOST_COMMENTS:
        raise LimitError(f"An issue has at most {MOST_COMMENTS} comments.")
    comment = Comment.objects.create(
        issue=issue, author=by.user, author_app=by.app_key, author_app_name=by.app_name, body=text,
        created_at=now, updated_at=now,
    )  # fmt: skip
    _touch(issue, now)
    _tell_comment("comment_created", comment, issue, by, now)
    return comment


@transaction.atomic
def edit_comment(ref: str, comment_ref: str, *, body: str, by: Actor, now: datetime) -> Comment:
    """Write a comment anew: one's own, or anybody's with the permission for that."""
    issue = _locked(ref, by)
    comment = get_comment(issue, comment_ref)
    if not may_touch(comment, issue.project, by, "EDIT"):
        raise ForbiddenError("You may not edit this comment.")
    comment.body = read_text(body, field="body", is_needed=True)
    comment.updated_at = now
    comment.save(update_fields=["body", "updated_at"])
    _tell_comment("comment_updated", comment, issue, by, now)
    return comment


@transaction.atomic
def delete_comment(ref: str, comment_ref: str, *, by: Actor, now: datetime) -> None:
    issue = _locked(ref, by)
    comment = get_comment(issue, comment_ref)
    if not may_touch(comment, issue.project, by, "DELETE"):
        raise ForbiddenError("You may not delete this comment.")
    _tell_comment("comment_deleted", comment, issue, by, now)
    comment.delete()


def may_touch(comment: Comment, project: Project, by: Actor, verb: str) -> bool:
    """Whether the actor may EDIT or DELETE a comment. An app touches those of its own only."""
    if is_own(comment, by):
        return has_permission(project, by, f"{verb}_OWN_COMMENTS")
    return not by.is_app and has_permission(project, by, f"{verb}_ALL_COMMENTS")


def _locked(ref: str, by: Actor) -> Issue:
    issue = get_issue(by, ref)
    Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    return get_issue(by, ref)


def _touch(issue: Issue, now: datetime) -> None:
    """What is said about an issue makes it newer, and is no edit of it."""
    issue.updated_at = now
    issue.save(update_fields=["updated_at"])


def _wanted(issue: Issue, edit: Edit, by: Actor) -> dict[str, Any]:
    """Return the fields to set, after asking for the permission of each."""
    project, found = issue.project, {}
    if edit.summary is not None or edit.description is not None:
        require(project, by, "EDIT_ISSUES", "You may not edit issues in this project.")
    if edit.summary is not None:
        found["summary"] = read_summary(edit.summary)
    if edit.description is not None:
        found["description"] = read_text(edit.description, field="description")
    if edit.assignee is not None and edit.assignee != str(issue.assignee_id or ""):
        found["assignee"] = _assignee(project, edit.assignee, by)
    if edit.reporter is not None and edit.reporter != str(issue.reporter_id or ""):
        require(project, by, "MODIFY_REPORTER", "You may not change who reported an issue.")
        found["reporter"] = _person(issue, edit.reporter)
    if edit.status is not None and edit.status != issue.status_id:
        require(project, by, "TRANSITION_ISSUES", "You may not change the status of issues in this project.")
        found["status"] = _status(project, edit.status)
    return found


def _change(issue: Issue, name: str, value: Any) -> dict[str, Any] | None:
    """Set one field and return the line of the change log, None where it was so already."""
    before = getattr(issue, name)
    if before == value:
        return None
    setattr(issue, name, value)
    if name == "reporter":
        issue.reporter_app = issue.reporter_app_name = ""
    return {
        "field": name,
        "fieldtype": "jira",
        "fieldId": name,
        "from": _id(before),
        "fromString": _words(before),
        "to": _id(value),
        "toString": _words(value),
    }


def _id(value: Any) -> str | None:
    return str(value.pk) if isinstance(value, User | Status) else None


def _words(value: Any) -> str | None:
    """How a value reads in a change log, which never names e-mail addresses."""
    if isinstance(value, User):
        return display_name(value)
    return str(value) if value else None


def _assignee(project: Project, wanted: str, by: Actor) -> User | None:
    require(project, by, "ASSIGN_ISSUES", "You may not assign issues in this project.")
    if not wanted:
        return None
    found = next((user for user in find_assignable(project) if str(user.pk) == wanted), None)
    if found is None:
        raise InvalidInputError("This person cannot be assigned issues of this project.", "/assignee")
    return found


def _person(issue: Issue, wanted: str) -> User:
    found = find_person(issue.site, wanted)
    if found is None:
        raise InvalidInputError("There is no such person on this site.", "/reporter")
    return found


def _status(project: Project, wanted: int) -> Status:
    found = next((status for status in find_statuses(project) if status.pk == wanted), None)
    if found is None:
        raise InvalidInputError("This project has no such status.", "/status")
    return found


def _tell(event: str, issue: Issue, by: Actor, now: datetime, **more: Any) -> None:
    payload = {**_by(by), "issue": shapes.issue_shape(issue), **more}
    context = shapes.issue_context(issue)
    announce(event, issue.site, ("issue", issue.pk), payload, actor=by, now=now, context=context)


def _tell_comment(event: str, comment: Comment, issue: Issue, by: Actor, now: datetime) -> None:
    """Comments are told in the order of their issue."""
    payload = {"comment": shapes.comment_shape(comment, issue), "issue": shapes.issue_shape(issue)}
    context = {**shapes.issue_context(issue), "comment.id": str(comment.pk)}
    announce(event, issue.site, ("issue", issue.pk), payload, actor=by, now=now, context=context)


def _by(actor: Actor) -> dict[str, Any]:
    if actor.is_app:
        return {"user": shapes.app_shape(actor.site, actor.app_key, actor.app_name)}
    return {"user": shapes.user_shape(actor.site, actor.user)} if actor.user is not None else {}
