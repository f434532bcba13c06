"""Pages: projects, issues with what is said about them, and the search."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ForbiddenError, InvalidInputError
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import slice_of
from tradepost.host.sites.frame import REFUSALS, ROWS, after_of, attempt, blame

from . import commands, projectpages
from .commands import Edit, may_touch
from .forms import CommentForm, IssueForm, SearchForm
from .jql import parse_jql
from .models import Comment, Issue, Project
from .permissions import project_permissions
from .queries import (
    as_id,
    find_assignable,
    find_comments,
    find_issues,
    find_statuses,
    get_comment,
    get_issue,
    get_project,
    require,
)
from .visiting import ProductVisit, on_product, show

_SHOWN_COMMENTS = 500
_LAST_START = 1_000


@require_GET
@on_product
def project(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    """A project's issues, newest first, all or those in one status."""
    found = get_project(visit.actor, ref)
    statuses = find_statuses(found)
    chosen = next((each for each in statuses if each.pk == as_id(request.GET.get("status", ""))), None)
    rows = Issue.objects.filter(project=found).select_related("project", "status", "assignee")
    rows = rows.filter(status=chosen) if chosen is not None else rows
    page = slice_of(rows, order=("-number",), after=after_of(request), limit=ROWS)
    context = {
        **_place(visit, found),
        "tab": "issues",
        "issues": page.items,
        "next": page.next,
        "statuses": statuses,
        "chosen": chosen,
    }
    return show(request, visit, "project.html", context)


@require_http_methods(["GET", "POST"])
@on_product
def make_issue(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    found = get_project(visit.actor, ref)
    require(found, visit.actor, "CREATE_ISSUES", "You may not make issues in this project.")
    form = IssueForm(request.POST or None, assignable=find_assignable(found))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = _try(
            form,
            lambda: commands.create_issue(
                found.key,
                summary=given["summary"],
                description=given["description"],
                assignee=given["assignee"],
                by=visit.actor,
                now=domain_now(),
            ),
        )
        if made is not None:
            return redirect(visit.issue_address(made.key))
    context = {**_place(visit, found), "form": form}
    return show(request, visit, "issue_form.html", context, status=_status(request))


@require_GET
@on_product
def issue(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    return _show_issue(request, visit, get_issue(visit.actor, ref))


@require_GET
@on_product
def issue_with_slash(_request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    return redirect(visit.issue_address(get_issue(visit.actor, ref).key))


@require_http_methods(["GET", "POST"])
@on_product
def edit_issue(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    found = get_issue(visit.actor, ref)
    require(found.project, visit.actor, "EDIT_ISSUES", "You may not edit issues in this project.")
    present = {
        "summary": found.summary,
        "description": found.description,
        "assignee": str(found.assignee_id or ""),
        "version": found.version,
    }
    people = find_assignable(found.project)
    if (
        found.assignee is not None and found.assignee not in people
    ):  # who could once, keeps it until somebody changes it
        people.append(found.assignee)
    form = IssueForm(request.POST or None, initial=present, assignable=people)
    if request.method == "POST" and form.is_valid():
        edit = Edit(**{name: form.cleaned_data[name] for name in present})
        if _try(form, lambda: commands.edit_issue(found.key, edit, by=visit.actor, now=domain_now())) is not None:
            return redirect(visit.issue_address(found.key))
    context = {**_place(visit, found.project), "issue": found, "form": form}
    return show(request, visit, "issue_form.html", context, status=_status(request))


@require_POST
@on_product
def move_issue(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    """Set the status."""
    found = get_issue(visit.actor, ref)
    edit = Edit(status=as_id(request.POST.get("status", "")), version=as_id(request.POST.get("version", "")))
    if edit.status is not None:
        attempt(
            request,
            lambda: commands.edit_issue(found.key, edit, by=visit.actor, now=domain_now()),
            lambda moved: f"{moved.key} is now: {moved.status.name}.",
        )
    return redirect(visit.issue_address(found.key))


@require_POST
@on_product
def delete_issue(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    found = get_issue(visit.actor, ref)
    commands.delete_issue(found.key, by=visit.actor, now=domain_now())
    messages.success(request, f"{found.key} is deleted.")
    return redirect(visit.address("projects", found.project.key))


@require_POST
@on_product
def add_comment(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    found, form = get_issue(visit.actor, ref), CommentForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["body"]
        made = _try(form, lambda: commands.add_comment(found.key, body=text, by=visit.actor, now=domain_now()))
        if made is not None:
            return redirect(f"{visit.issue_address(found.key)}#comment-{made.pk}")
    return _show_issue(request, visit, found, form)


@require_http_methods(["GET", "POST"])
@on_product
def edit_comment(request: HttpRequest, visit: ProductVisit, ref: str, comment: int) -> HttpResponse:
    found = get_issue(visit.actor, ref)
    written = get_comment(found, str(comment))
    if not may_touch(written, found.project, visit.actor, "EDIT"):
        raise ForbiddenError("You may not edit this comment.")
    form = CommentForm(request.POST or None, initial={"body": written.body})
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["body"]
        edited = _try(
            form,
            lambda: commands.edit_comment(found.key, str(comment), body=text, by=visit.actor, now=domain_now()),
        )
        if edited is not None:
            return redirect(f"{visit.issue_address(found.key)}#comment-{comment}")
    context = {**_place(visit, found.project), "issue": found, "comment": written, "form": form}
    return show(request, visit, "comment_form.html", context, status=_status(request))


@require_POST
@on_product
def delete_comment(request: HttpRequest, visit: ProductVisit, ref: str, comment: int) -> HttpResponse:
    found = get_issue(visit.actor, ref)
    commands.delete_comment(found.key, str(comment), by=visit.actor, now=domain_now())
    messages.success(request, "The comment is deleted.")
    return redirect(visit.issue_address(found.key))


@require_GET
@on_product
def search(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    """Issues of all projects by JQL, a page at a time."""
    form = SearchForm(request.GET if "jql" in request.GET else None)
    text = form.cleaned_data["jql"] if form.is_bound and form.is_valid() else ""
    start = min(as_id(request.GET.get("start", "")) or 0, _LAST_START)
    found: list[Issue] = []
    try:
        found = list(find_issues(visit.actor, parse_jql(text))[start : start + ROWS + 1])
    except InvalidInputError as error:
        blame(form, error)
    context = {
        "here": "search",
        "form": form,
        "asked": text,
        "issues": found[:ROWS],
        "more": start + ROWS if len(found) > ROWS and start < _LAST_START else None,
    }
    return show(request, visit, "search.html", context, status=422 if form.errors else 200)


def _show_issue(
    request: HttpRequest, visit: ProductVisit, found: Issue, form: CommentForm | None = None
) -> HttpResponse:
    written = find_comments(found)
    context = {
        **_place(visit, found.project),
        "issue": found,
        "statuses": find_statuses(found.project),
        "comments": [_touchable(each, found.project, visit) for each in written[:_SHOWN_COMMENTS]],
        "unshown": max(0, written.count() - _SHOWN_COMMENTS),
        "comment_form": form or CommentForm(),
    }
    return show(request, visit, "issue.html", context, status=422 if form else 200)


def _touchable(comment: Comment, project: Project, visit: ProductVisit) -> tuple[Comment, bool, bool]:
    """A comment, and whether the visitor may edit and delete it."""
    return comment, *(may_touch(comment, project, visit.actor, verb) for verb in ("EDIT", "DELETE"))


def _place(visit: ProductVisit, found: Project) -> dict[str, Any]:
    """What every page within a project knows."""
    return {"project": found, "may": dict.fromkeys(project_permissions(found, visit.actor), True)}


def _try(form: Any, command: Callable[[], Any]) -> Any:
    """What the command returns, None where it refused; the form says why then."""
    try:
        return command()
    except REFUSALS as error:
        blame(form, error)
        return None


def _status(request: HttpRequest) -> int:
    """A form that is shown again was not taken."""
    return 200 if request.method == "GET" else 422


site_urls = [
    *projectpages.site_urls,
    path("projects/<str:ref>/", project, name="project"),
    path("projects/<str:ref>/new/", make_issue, name="make_issue"),
    path("browse/<str:ref>", issue, name="issue"),
    path("browse/<str:ref>/", issue_with_slash),
    path("browse/<str:ref>/edit/", edit_issue, name="edit_issue"),
    path("browse/<str:ref>/status/", move_issue, name="move_issue"),
    path("browse/<str:ref>/delete/", delete_issue, name="delete_issue"),
    path("browse/<str:ref>/comments/", add_comment, name="add_comment"),
    path("browse/<str:ref>/comments/<int:comment>/", edit_comment, name="edit_comment"),
    path("browse/<str:ref>/comments/<int:comment>/delete/", delete_comment, name="delete_comment"),
    path("issues/", search, name="search_issues"),
]
