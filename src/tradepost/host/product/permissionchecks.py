"""The question apps ask before they act for somebody: what may this user do there? Source: protocol.md 5.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.errors import InvalidInputError

from .actors import Actor
from .models import Issue, Project
from .permissions import global_permissions, project_permissions
from .queries import as_id
from .restreading import list_in, text_in

_MOST_PERMISSIONS, _MOST_THINGS, _MOST_QUESTIONS = 100, 1000, 100

Id = int | str


@dataclass(frozen=True, slots=True)
class ProjectQuestion:
    """May one do these at all of these things? Ids stay as they were written, since apps compare lists."""

    permissions: tuple[str, ...]
    issues: tuple[Id, ...]
    projects: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """All questions of one request; without an account id they are about who calls."""

    account_id: str | None
    global_names: tuple[str, ...]
    questions: tuple[ProjectQuestion, ...]

    def answer_for(self, actor: Actor) -> dict[str, Any]:
        """Return what of the asked is so, in the order of asking, an entry for each permission of each question."""
        held = global_permissions(actor)
        at_issues, at_projects = _permissions_at_issues(self, actor), _permissions_at_projects(self, actor)
        answers = [
            {
                "permission": name,
                "issues": [each for each in asked.issues if name in at_issues.get(str(each), ())],
                "projects": [each for each in asked.projects if name in at_projects.get(str(each), ())],
            }
            for asked in self.questions
            for name in asked.permissions
        ]
        return {
            "globalPermissions": [name for name in self.global_names if name in held],
            "projectPermissions": answers,
        }


def read_check(body: Mapping[str, Any]) -> Check:
    """Read the body of a request. Raises InvalidInputError."""
    rows = list_in(body, "projectPermissions", most=_MOST_QUESTIONS)
    if not all(isinstance(row, dict) for row in rows):
        raise InvalidInputError("A question about projects is an object.", "/projectPermissions")
    questions = tuple(
        ProjectQuestion(_names(row, "permissions"), _ids(row, "issues"), _ids(row, "projects")) for row in rows
    )
    if sum(len(each.issues) + len(each.projects) for each in questions) > _MOST_THINGS:
        raise InvalidInputError(f"A check names at most {_MOST_THINGS} issues and projects.", "/projectPermissions")
    return Check(text_in(body, "accountId"), _names(body, "globalPermissions"), questions)


def _names(row: Mapping[str, Any], field: str) -> tuple[str, ...]:
    found = list_in(row, field, most=_MOST_PERMISSIONS)
    if not all(isinstance(name, str) for name in found):
        raise InvalidInputError("The name of a permission is a text.", f"/{field}")
    return tuple(found)


def _ids(row: Mapping[str, Any], field: str) -> tuple[Id, ...]:
    found = list_in(row, field, most=_MOST_THINGS)
    if not all(isinstance(each, int | str) and not isinstance(each, bool) for each in found):
        raise InvalidInputError("An id is a number.", f"/{field}")
    return tuple(found)


def _permissions_at_issues(check: Check, actor: Actor) -> dict[str, frozenset[str]]:
    wanted = {number for asked in check.questions for number in map(_number, asked.issues) if number is not None}
    rows = Issue.objects.filter(site=actor.site, pk__in=wanted).values_list("pk", "project_id")
    projects = _held(actor, {project for _, project in rows})
    return {str(issue): projects[project] for issue, project in rows}


def _permissions_at_projects(check: Check, actor: Actor) -> dict[str, frozenset[str]]:
    wanted = {number for asked in check.questions for number in map(_number, asked.projects) if number is not None}
    return {str(project): held for project, held in _held(actor, wanted).items()}


def _held(actor: Actor, projects: set[int]) -> dict[int, frozenset[str]]:
    rows = Project.objects.filter(site=actor.site, pk__in=projects)
    return {project.pk: project_permissions(project, actor) for project in rows}


def _number(given: Id) -> int | None:
    return as_id(str(given))
