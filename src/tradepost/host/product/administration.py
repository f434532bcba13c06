"""What administrators do: projects, what groups may do in them, groups. Each is one audit row.

Commands like those in `commands`, apart because a subject has a file.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, LimitError
from tradepost.foundation.audit import record
from tradepost.foundation.models import User
from tradepost.host.sites.models import Site

from . import shapes
from .actors import ADMINS_GROUP, BUILT_IN, Actor
from .changes import announce
from .limits import LONGEST_DESCRIPTION, MOST_GROUPS, MOST_PROJECTS
from .models import EntityProperty, Group, GroupMember, Issue, Project, ProjectPermission, Status
from .permissions import ADMINISTER_PROJECT, PROJECT_DEFAULTS
from .queries import find_groups, find_person, get_group, get_project, require
from .texts import read_name, read_project_key, read_text

STATUSES = (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done"))
"""Name and category of the statuses of a new project, in order."""


@transaction.atomic
def create_project(
    site: Site,
    *,
    key: str,
    name: str,
    description: str = "",
    is_public: bool = False,
    by: Actor,
    now: datetime,
) -> Project:
    """Make a project with the usual statuses and permissions. Raises ConflictError where the key is taken."""
    _require_admin(by)
    # The site's row is locked, so that two at once do not both make the last project there is room for.
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if Project.objects.filter(site=site).count() >= MOST_PROJECTS:
        raise LimitError(f"A site has at most {MOST_PROJECTS} projects.")
    project = Project(
        site=site, key=read_project_key(key), name=read_name(name), lead=by.user, is_public=is_public, created_at=now,
        description=read_text(description, field="description", most=LONGEST_DESCRIPTION),
    )  # fmt: skip
    try:
        with transaction.atomic():
            project.save(force_insert=True)
    except IntegrityError as error:
        raise ConflictError(f"There is a project {project.key} already.") from error
    _fill(project)
    _record("project.created", project, by, now, name=project.name, is_public=is_public)
    _tell("project_created", project, by, now)
    return project


@transaction.atomic
def change_project(
    ref: str,
    *,
    name: str,
    description: str,
    is_public: bool,
    by: Actor,
    now: datetime,
) -> Project:
    project = _administered(ref, by)
    if is_public != project.is_public:
        _require_admin(by, "Only an administrator of the site may open a project to everybody, or close it.")
    project.name, project.is_public = read_name(name), is_public
    project.description = read_text(description, field="description", most=LONGEST_DESCRIPTION)
    project.save(update_fields=["name", "description", "is_public"])
    _record("project.changed", project, by, now, name=project.name, is_public=is_public)
    _tell("project_updated", project, by, now)
    return project


@transaction.atomic
def delete_project(ref: str, *, by: Actor, now: datetime) -> None:
    """Delete a project with everything in it."""
    _require_admin(by)
    project = _administered(ref, by)
    _tell("project_deleted", project, by, now)
    _record("project.deleted", project, by, now, name=project.name, issues=project.issues.count())
    _forget(project.site, "issue", [str(pk) for pk in project.issues.values_list("pk", flat=True)])
    _forget(project.site, "project", [str(project.pk)])
    Issue.objects.filter(project=project).delete()  # before their statuses, which they protect
    project.delete()


@transaction.atomic
def set_permission(ref: str, *, permission: str, group: str, is_granted: bool, by: Actor, now: datetime) -> None:
    """Let a group do something in a project, or no longer. A site's administrators keep seeing and administering."""
    project = _administered(ref, by)
    if permission not in PROJECT_DEFAULTS:
        raise InvalidInputError("There is no such permission in this product.", "/permission")
    name = next((each for each in group_names(project.site) if each.lower() == group.strip().lower()), None)
    if name is None:
        raise InvalidInputError("There is no such group on this site.", "/group")
    grant = {"project": project, "permission": permission, "group_name": name}
    if is_granted:
        _, is_new = ProjectPermission.objects.get_or_create(**grant)
    else:
        is_new = bool(ProjectPermission.objects.filter(**grant).delete()[0])
    if is_new:
        _record(
            "project.permission_granted" if is_granted else "project.permission_revoked",
            project, by, now, permission=permission, group=name,
        )  # fmt: skip


@transaction.atomic
def create_group(site: Site, *, name: str, by: Actor, now: datetime) -> Group:
    _require_admin(by)
    wanted = read_name(name)
    if wanted.lower() in BUILT_IN:
        raise ConflictError(f"The group {wanted} is there by itself.")
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if find_groups(site).count() >= MOST_GROUPS:
        raise LimitError(f"A site has at most {MOST_GROUPS} groups.")
    try:
        with transaction.atomic():
            group = Group.objects.create(site=site, name=wanted)
    except IntegrityError as error:
        raise ConflictError(f"There is a group {wanted} already.") from error
    _record_group("group.created", group, by, now)
    return group


@transaction.atomic
def delete_group(site: Site, group_id: int, *, by: Actor, now: datetime) -> None:
    """Delete a group, and with it what it was granted in projects."""
    _require_admin(by)
    group = get_group(site, group_id)
    _record_group("group.deleted", group, by, now)
    ProjectPermission.objects.filter(project__site=site, group_name__iexact=group.name).delete()
    group.delete()


@transaction.atomic
def set_group_member(site: Site, group_id: int, *, account: str, is_in: bool, by: Actor, now: datetime) -> None:
    """Put a person of the site into a group, or take them out."""
    _require_admin(by)
    group = get_group(site, group_id)
    user = find_person(site, account) if is_in else _member(group, account)
    if user is None:
        raise InvalidInputError("There is no such person on this site.", "/account")
    if is_in:
        _, is_new = GroupMember.objects.get_or_create(group=group, user=user)
    else:
        is_new = bool(GroupMember.objects.filter(group=group, user=user).delete()[0])
    if is_new:
        _record_group("group.member_added" if is_in else "group.member_removed", group, by, now, email=user.email)


def group_names(site: Site) -> list[str]:
    """The names of all groups of a site, those first that are there by themselves."""
    return [*BUILT_IN, *find_groups(site).values_list("name", flat=True)]


def _fill(project: Project) -> None:
    Status.objects.bulk_create(
        Status(project=project, name=name, category=category, position=position)
        for position, (name, category) in enumerate(STATUSES)
    )
    ProjectPermission.objects.bulk_create(
        ProjectPermission(project=project, permission=permission, group_name=group)
        for permission, groups in PROJECT_DEFAULTS.items()
        for group in groups
    )


def _administered(ref: str, by: Actor) -> Project:
    project = get_project(by, ref)
    require(project, by, ADMINISTER_PROJECT, "Only an administrator of the project may do this.")
    return project


def _require_admin(by: Actor, text: str = "Only an administrator of the site may do this.") -> None:
    if ADMINS_GROUP not in by.groups:
        raise ForbiddenError(text)


def _member(group: Group, account: str) -> User | None:
    """A person in the group, also one who has lost their role on the site since."""
    try:
        wanted = UUID(account)
    except ValueError:
        return None
    return User.objects.filter(pk=wanted, pk__in=group.members.values("user_id")).first()


def _forget(site: Site, kind: str, entities: Collection[str]) -> None:
    EntityProperty.objects.filter(site=site, kind=kind, entity__in=entities).delete()


def _record(action: str, project: Project, by: Actor, now: datetime, **detail: Any) -> None:
    record(
        action, service="host", actor=by.name, subject=("project", project.pk), now=now, scope_id=project.site_id,
        key=project.key, **detail,
    )  # fmt: skip


def _record_group(action: str, group: Group, by: Actor, now: datetime, **detail: Any) -> None:
    record(
        action, service="host", actor=by.name, subject=("group", group.pk), now=now, scope_id=group.site_id,
        group=group.name, **detail,
    )  # fmt: skip


def _tell(event: str, project: Project, by: Actor, now: datetime) -> None:
    payload = {"project": shapes.whole_project_shape(project)}
    context = shapes.project_context(project)
    announce(event, project.site, ("project", project.pk), payload, actor=by, now=now, context=context)
