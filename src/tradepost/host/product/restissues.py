"""REST: issues, what is said about them, where they can move, and the search. Shapes are those apps know."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path

from tradepost.core.errors import InvalidInputError
from tradepost.foundation.clock import domain_now
from tradepost.host.appapi.callers import AppCaller
from tradepost.host.appapi.endpoints import app_resource, product_error

from . import commands, shapes
from .adf import to_text
from .commands import Edit
from .jql import parse_jql
from .models import Issue
from .properties import find_values
from .queries import as_id, find_comments, find_issues, find_statuses, get_comment, get_issue
from .restreading import REF, ROOT, acting_in, body_of, list_in, object_in, page_of, text_in, version_of

_SETTABLE = frozenset({"summary", "description", "assignee", "reporter"})
_TAKEN_AS_READ = frozenset({"project", "issuetype"})
_MOST_NAMED = 50


def create_issue(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    fields = object_in(body_of(request), "fields")
    _refuse_unknown(fields)
    wanted = object_in(fields, "project")
    project = text_in(wanted, "key", pointer="/project") or text_in(wanted, "id", pointer="/project")
    if not project:
        raise InvalidInputError("Say in which project: an object with key or id.", "/project")
    issue = commands.create_issue(
        project,
        summary=text_in(fields, "summary") or "",
        description=to_text(fields.get("description"), field="description"),
        assignee=_person(fields, "assignee") or "",
        by=acting_in(caller),
        now=domain_now(),
    )
    address = shapes.address(caller.site, f"issue/{issue.pk}", version_of(api))
    return JsonResponse({"id": str(issue.pk), "key": issue.key, "self": address}, status=201)


def show_issue(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:
    version, issue = version_of(api), get_issue(acting_in(caller), ref)
    shape = shapes.issue_shape(issue, version)
    shape["fields"]["comment"] = _comments(issue, version, request.GET.dict())
    named = _names(request.GET.get("properties", ""))
    return JsonResponse(_narrowed(shape, _names(request.GET.get("fields", ""))) | _kept(issue, named))


def edit_issue(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:  # noqa: ARG001
    fields = object_in(body_of(request), "fields")
    _refuse_unknown(fields)
    has_text = "description" in fields
    edit = Edit(
        summary=text_in(fields, "summary"),
        description=to_text(fields["description"], field="description") if has_text else None,
        assignee=_person(fields, "assignee"),
        reporter=_person(fields, "reporter"),
    )
    commands.edit_issue(ref, edit, by=acting_in(caller), now=domain_now())
    return HttpResponse(status=204)


def delete_issue(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:  # noqa: ARG001
    commands.delete_issue(ref, by=acting_in(caller), now=domain_now())
    return HttpResponse(status=204)


def show_transitions(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:  # noqa: ARG001
    """Where the issue can move: to every other status of its project."""
    issue = get_issue(acting_in(caller), ref)
    found = [status for status in find_statuses(issue.project) if status.pk != issue.status_id]
    version = version_of(api)
    rows = [
        {"id": str(each.pk), "name": each.name, "to": shapes.status_shape(caller.site, each, version)} for each in found
    ]
    return JsonResponse({"expand": "transitions", "transitions": rows})


def move_issue(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:  # noqa: ARG001
    wanted = as_id(str(object_in(body_of(request), "transition").get("id", "")))
    if wanted is None:
        raise InvalidInputError("Say which transition: an object with its id.", "/transition")
    commands.edit_issue(ref, Edit(status=wanted), by=acting_in(caller), now=domain_now())
    return HttpResponse(status=204)


def show_comments(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:
    issue = get_issue(acting_in(caller), ref)
    return JsonResponse(_comments(issue, version_of(api), request.GET.dict()))


def add_comment(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:
    body = to_text(body_of(request).get("body"), field="body")
    comment = commands.add_comment(ref, body=body, by=acting_in(caller), now=domain_now())
    return JsonResponse(shapes.comment_shape(comment, comment.issue, version_of(api)), status=201)


def show_comment(request: HttpRequest, caller: AppCaller, api: str, ref: str, comment: str) -> HttpResponse:  # noqa: ARG001
    issue = get_issue(acting_in(caller), ref)
    return JsonResponse(shapes.comment_shape(get_comment(issue, comment), issue, version_of(api)))


def edit_comment(request: HttpRequest, caller: AppCaller, api: str, ref: str, comment: str) -> HttpResponse:
    body = to_text(body_of(request).get("body"), field="body")
    edited = commands.edit_comment(ref, comment, body=body, by=acting_in(caller), now=domain_now())
    return JsonResponse(shapes.comment_shape(edited, edited.issue, version_of(api)))


def delete_comment(request: HttpRequest, caller: AppCaller, api: str, ref: str, comment: str) -> HttpResponse:  # noqa: ARG001
    commands.delete_comment(ref, comment, by=acting_in(caller), now=domain_now())
    return HttpResponse(status=204)


def search(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    """Issues by JQL, a page at a time, asked by GET or POST."""
    given = _asked(request)
    rows, page = find_issues(acting_in(caller), parse_jql(text_in(given, "jql") or "")), page_of(given)
    found = [_found(issue, given, version_of(api)) for issue in page.of(rows)]
    return JsonResponse({"expand": "names,schema", **page.shape(rows.count()), "issues": found})


def search_by_token(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    """The same with a token for the next page instead of a count."""
    given = _asked(request)
    page = page_of({**given, "startAt": given.get("nextPageToken") or 0})
    rows = find_issues(acting_in(caller), parse_jql(text_in(given, "jql") or ""))
    found = list(rows[page.start : page.start + page.most + 1])
    is_last = len(found) <= page.most
    answer = {"issues": [_found(issue, given, version_of(api)) for issue in found[: page.most]], "isLast": is_last}
    return JsonResponse(answer if is_last else answer | {"nextPageToken": str(page.start + page.most)})


def _asked(request: HttpRequest) -> dict[str, Any]:
    return body_of(request) if request.method == "POST" else request.GET.dict()


def _found(issue: Issue, given: dict[str, Any], api: str) -> dict[str, Any]:
    fields, named = given.get("fields"), given.get("properties")
    fields = _names(fields) if isinstance(fields, str) else [str(name) for name in list_in(given, "fields", most=50)]
    named = _names(named) if isinstance(named, str) else [str(name) for name in list_in(given, "properties", most=5)]
    return _narrowed(shapes.issue_shape(issue, api), fields) | _kept(issue, named)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()][:_MOST_NAMED]


def _narrowed(shape: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Leave the fields that were asked for; none asked for and `*all` are all."""
    if not names or {"*all", "*navigable"} & set(names):
        return shape
    unwanted = {name[1:] for name in names if name.startswith("-")}
    wanted = {name for name in names if not name.startswith("-")} or set(shape["fields"])
    return shape | {"fields": {k: v for k, v in shape["fields"].items() if k in wanted and k not in unwanted}}


def _kept(issue: Issue, names: list[str]) -> dict[str, Any]:
    if not names:
        return {}
    return {"properties": find_values(issue.site, "issue", str(issue.pk), names)}


def _comments(issue: Issue, api: str, given: dict[str, Any]) -> dict[str, Any]:
    rows, page = find_comments(issue), page_of(given)
    found = [shapes.comment_shape(comment, issue, api) for comment in page.of(rows)]
    return {**page.shape(rows.count()), "comments": found}


def _person(fields: dict[str, Any], name: str) -> str | None:
    """The account id within a field; "" where it was set to null, None where it is absent."""
    if name not in fields:
        return None
    if fields[name] is None:
        return ""
    person = object_in(fields, name)
    return text_in(person, "accountId", pointer=f"/{name}") or text_in(person, "id", pointer=f"/{name}") or ""


def _refuse_unknown(fields: dict[str, Any]) -> None:
    unknown = sorted(set(fields) - _SETTABLE - _TAKEN_AS_READ)
    if unknown:
        raise InvalidInputError(f"The field {unknown[0][:80]!r} cannot be set here.", f"/{unknown[0][:80]}")


_ISSUE = rf"{ROOT}issue/{REF}"
_COMMENT = rf"{_ISSUE}/comment/(?P<comment>[^/]+)"

urls = [
    re_path(rf"{ROOT}issue/?$", app_resource(error=product_error, POST=create_issue)),
    re_path(rf"{_ISSUE}$", app_resource(error=product_error, GET=show_issue, PUT=edit_issue, DELETE=delete_issue)),
    re_path(rf"{_ISSUE}/transitions$", app_resource(error=product_error, GET=show_transitions, POST=move_issue)),
    re_path(rf"{_ISSUE}/comment$", app_resource(error=product_error, GET=show_comments, POST=add_comment)),
    re_path(
        rf"{_COMMENT}$", app_resource(error=product_error, GET=show_comment, PUT=edit_comment, DELETE=delete_comment)
    ),
    re_path(rf"{ROOT}search$", app_resource(error=product_error, GET=search, POST=search)),
    re_path(rf"{ROOT}search/jql$", app_resource(error=product_error, GET=search_by_token, POST=search_by_token)),
]
