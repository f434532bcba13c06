"""Questions about projects, issues, comments, people and groups. What the actor may not see does not exist."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.models import User
from tradepost.host.sites.models import Member, Site
from tradepost.host.sites.queries import ADMIN

from .actors import ADMINS_GROUP, USERS_GROUP, Actor
from .jql import CURRENT_USER, EMPTY, Search, Term
from .models import Comment, Group, GroupMember, Issue, Project, ProjectPermission, Status
from .permissions import BROWSE, has_permission
from .texts import split_issue_key

_ORDERS = {
    "key": ("project__key", "number"),
    "created": ("created_at",),
    "updated": ("updated_at",),
    "status": ("status__position",),
    "summary": ("summary",),
}


def find_projects(actor: Actor) -> QuerySet[Project]:
    """The projects the actor may see, by name."""
    projects = Project.objects.filter(site=actor.site).select_related("site", "lead").order_by("name", "id")
    if actor.is_app or actor.is_admin:
        return projects
    public = Q(is_public=True)
    if not actor.groups:
        return projects.filter(public)
    return projects.filter(public | Q(pk__in=_browsable(actor)))


def get_project(actor: Actor, ref: str) -> Project:
    """Find a project by key or id. Raises NotFoundError where it is not there or not to be seen."""
    by_id = as_id(ref)
    wanted = Q(pk=by_id) if by_id is not None else Q(key=ref.upper())
    rows = Project.objects.filter(wanted, site=actor.site).select_related("site", "lead")
    found = rows.first() if len(ref) <= 20 and ref.isascii() and "\0" not in ref else None
    if found is None or not has_permission(found, actor, BROWSE):
        raise NotFoundError("project", ref)
    return found


def require(project: Project, actor: Actor, permission: str, text: str = "You may not do this in the project.") -> None:
    """Raise ForbiddenError unless the actor, who may see the project, has a permission in it."""
    if not has_permission(project, actor, permission):
        raise ForbiddenError(text)


def get_issue(actor: Actor, ref: str) -> Issue:
    """Find an issue by key or id. Raises NotFoundError where it is not there or not to be seen."""
    by_id, by_key = as_id(ref), split_issue_key(ref)
    rows = with_parts(Issue.objects.filter(site=actor.site))
    found = None
    if by_id is not None:
        found = rows.filter(pk=by_id).first()
    elif by_key is not None:
        found = rows.filter(project__key=by_key[0], number=by_key[1]).first()
    if found is None or not has_permission(found.project, actor, BROWSE):
        raise NotFoundError("issue", ref)
    return found


def find_issues(actor: Actor, search: Search = Search()) -> QuerySet[Issue]:  # noqa: B008  it is frozen
    """The issues the actor may see that fit a search, in its order, newest first where it has none."""
    rows = Issue.objects.filter(site=actor.site, project__in=find_projects(actor).order_by())
    for term in search.terms:
        fits = _fits(term, actor)
        rows = rows.exclude(fits) if term.is_negated else rows.filter(fits)
    order = [("-" if falls else "") + name for field, falls in search.order for name in _ORDERS[field]]
    return with_parts(rows).order_by(*order, "-id")


def with_parts(rows: QuerySet[Issue]) -> QuerySet[Issue]:
    return rows.select_related("site", "project__site", "status", "assignee", "reporter")


def find_statuses(project: Project) -> list[Status]:
    """Where issues of the project can stand, in order."""
    return list(Status.objects.filter(project=project).order_by("position"))


def find_comments(issue: Issue) -> QuerySet[Comment]:
    """What was said about an issue, oldest first. Who may see the issue may see it."""
    return Comment.objects.filter(issue=issue).select_related("author").order_by("created_at", "id")


def get_comment(issue: Issue, ref: str) -> Comment:
    """Raises NotFoundError where the issue has no such comment."""
    by_id = as_id(ref)
    found = find_comments(issue).filter(pk=by_id).first() if by_id is not None else None
    if found is None:
        raise NotFoundError("comment", ref)
    return found


def is_own(comment: Comment, actor: Actor) -> bool:
    """Whether the actor wrote it."""
    if actor.is_app:
        return comment.author_app == actor.app_key
    return actor.user is not None and comment.author_id == actor.user.pk and not comment.author_app


def find_people(site: Site) -> QuerySet[User]:
    """Everybody with a role on a site and an open account, by name."""
    rows = User.objects.filter(site_memberships__site=site, is_active=True)
    return rows.order_by("name", "email")


def find_person(site: Site, ref: str) -> User | None:
    """The person with an account id, if they have a role on the site."""
    try:
        wanted = UUID(ref) if len(ref) == 36 else None
    except ValueError:
        return None
    return find_people(site).filter(pk=wanted).first() if wanted is not None else None


def find_assignable(project: Project) -> list[User]:
    """The people who can be assigned issues of a project."""
    names = _groups_with(project, "ASSIGNABLE_USER")
    wanted = Q(pk__in=_people_in(project.site, names))
    return list(find_people(project.site).filter(wanted))


def find_groups(site: Site) -> QuerySet[Group]:
    """The groups that a site's administrators made, by name."""
    return Group.objects.filter(site=site).order_by("name")


def get_group(site: Site, ref: int) -> Group:
    """Raises NotFoundError for a group of another site, too."""
    found = Group.objects.filter(site=site, pk=ref).first() if ref < 2**63 else None
    if found is None:
        raise NotFoundError("group", ref)
    return found


def as_id(text: str) -> int | None:
    """Return the id that a text on the wire is, None for other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _browsable(actor: Actor) -> QuerySet[ProjectPermission]:
    """The ids of projects that a group of the actor may see. Names of groups are compared without case."""
    wanted = Q()
    for name in actor.groups:
        wanted |= Q(group_name__iexact=name)
    rows = ProjectPermission.objects.filter(wanted, project__site=actor.site, permission=BROWSE)
    return rows.values("project_id")


def _groups_with(project: Project, permission: str) -> set[str]:
    rows = ProjectPermission.objects.filter(project=project, permission=permission)
    return {name.lower() for name in rows.values_list("group_name", flat=True)}


def _people_in(site: Site, names: Iterable[str]) -> set[UUID]:
    wanted = set(names)
    members = Member.objects.filter(site=site)
    if USERS_GROUP in wanted:
        return set(members.values_list("user_id", flat=True))
    found: set[UUID] = set()
    if ADMINS_GROUP in wanted:
        found |= set(members.filter(role=ADMIN).values_list("user_id", flat=True))
    own = GroupMember.objects.filter(group__site=site).values_list("group__name", "user_id")
    return found | {user for name, user in own if name.lower() in wanted}


def _fits(term: Term, actor: Actor) -> Q:
    found = Q(pk__in=())
    for value in term.values:
        found |= _fits_value(term.field, value, actor)
    return found


def _fits_value(field: str, value: str, actor: Actor) -> Q:
    if field in {"assignee", "reporter"}:
        return _fits_person(field, value, actor)
    return _FITS[field](value)


def _fits_project(value: str) -> Q:
    by_id = as_id(value)
    return Q(project__pk=by_id) if by_id is not None else Q(project__key=value.upper()) | Q(project__name=value)


def _fits_key(value: str) -> Q:
    by_key, by_id = split_issue_key(value), as_id(value)
    if by_key is not None:
        return Q(project__key=by_key[0], number=by_key[1])
    return Q(pk=by_id) if by_id is not None else Q(pk__in=())


def _fits_status(value: str) -> Q:
    by_id = as_id(value)
    return Q(status__pk=by_id) if by_id is not None else Q(status__name__iexact=value)


def _fits_category(value: str) -> Q:
    named = {"to do": "new", "in progress": "indeterminate"}
    return Q(status__category=named.get(value.lower(), value.lower()))


_FITS: Mapping[str, Callable[[str], Q]] = {
    "project": _fits_project,
    "key": _fits_key,
    "status": _fits_status,
    "statuscategory": _fits_category,
    "summary": lambda value: Q(summary__icontains=value),
    "text": lambda value: Q(summary__icontains=value) | Q(description__icontains=value),
}


def _fits_person(field: str, value: str, actor: Actor) -> Q:
    if value == EMPTY:
        return Q(**{f"{field}__isnull": True})
    if value == CURRENT_USER:
        return Q(**{field: actor.user}) if actor.user is not None else Q(pk__in=())
    person = find_person(actor.site, value)
    return Q(**{field: person}) if person is not None else Q(pk__in=())
