"""What apps keep with issues, projects and people: JSON under a key. Any app of the site may read and write it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.core.document import DocumentLimits, find_value_problems, parse_strictly
from tradepost.core.errors import ForbiddenError, InvalidInputError, NotFoundError, ProblemsError
from tradepost.foundation.models import User
from tradepost.host.sites.models import Site

from . import shapes
from .actors import Actor, account_id
from .changes import announce
from .limits import LARGEST_PROPERTY, MOST_PROPERTIES
from .models import EntityProperty, Issue, Project
from .permissions import ADMINISTER_PROJECT
from .queries import find_person, get_issue, get_project, require
from .texts import read_property_key

_LIMITS = DocumentLimits(max_bytes=LARGEST_PROPERTY)


@dataclass(frozen=True, slots=True)
class Keeper:
    """The thing that keeps properties, which the actor was seen to know of: its kind and id, and where it leads."""

    site: Site
    kind: str
    entity: str
    context: Mapping[str, str]


def keeper_of(kind: str, ref: str, *, by: Actor, is_write: bool = False) -> Keeper:
    """Find an issue, a project or a user by what a path names. Raises NotFoundError and ForbiddenError."""
    if kind == "issue":
        issue = get_issue(by, ref)
        if is_write:
            require(issue.project, by, "EDIT_ISSUES", "You may not edit issues in this project.")
        return _of_issue(issue)
    if kind == "project":
        project = get_project(by, ref)
        if is_write:
            require(project, by, ADMINISTER_PROJECT, "Only an administrator of the project may do this.")
        return _of_project(project)
    return _of_user(ref, by)


def find_keys(keeper: Keeper) -> list[str]:
    """The keys that are kept, in order."""
    return list(_rows(keeper).order_by("key").values_list("key", flat=True))


def get_property(keeper: Keeper, key: str) -> EntityProperty:
    """Raises NotFoundError for a key nothing is kept under."""
    found = _rows(keeper).filter(key=key).first() if "\0" not in key else None
    if found is None:
        raise NotFoundError("property", key)
    return found


def find_value(site: Site, kind: str, entity: str, key: str, *, missing: Any = None) -> Any:
    """The value kept with a thing, `missing` where there is none. For conditions, which ask as the product."""
    if "\0" in key:
        return missing
    rows = EntityProperty.objects.filter(site=site, kind=kind, entity=entity, key=key)
    found = list(rows.values_list("value", flat=True)[:1])
    return found[0] if found else missing


def find_values(site: Site, kind: str, entity: str, keys: Collection[str]) -> dict[str, Any]:
    """The values kept with a thing under some keys."""
    wanted = [key for key in keys if "\0" not in key]
    rows = EntityProperty.objects.filter(site=site, kind=kind, entity=entity, key__in=wanted)
    return dict(rows.values_list("key", "value"))


@transaction.atomic
def set_property(keeper: Keeper, key: str, raw: bytes, *, by: Actor, now: datetime) -> bool:
    """Keep a JSON text under a key; True where there was nothing before. Raises InvalidInputError."""
    name, value = read_property_key(key), _read(raw)
    Site.objects.select_for_update(no_key=True).get(pk=keeper.site.pk)
    is_new = not _rows(keeper).filter(key=name).exists()
    if is_new and _rows(keeper).count() >= MOST_PROPERTIES:
        raise InvalidInputError(f"There are at most {MOST_PROPERTIES} properties of one thing.", "/propertyKey")
    EntityProperty.objects.update_or_create(
        site=keeper.site, kind=keeper.kind, entity=keeper.entity, key=name,
        defaults={"value": value, "updated_at": now},
    )  # fmt: skip
    _tell(f"{keeper.kind}_property_set", keeper, {"key": name, "value": value}, by, now)
    return is_new


@transaction.atomic
def delete_property(keeper: Keeper, key: str, *, by: Actor, now: datetime) -> None:
    get_property(keeper, key).delete()
    _tell(f"{keeper.kind}_property_deleted", keeper, {"key": key}, by, now)


def _rows(keeper: Keeper) -> Any:
    return EntityProperty.objects.filter(site=keeper.site, kind=keeper.kind, entity=keeper.entity)


def _read(raw: bytes) -> Any:
    if len(raw) > LARGEST_PROPERTY:
        raise InvalidInputError(f"The value of a property has at most {LARGEST_PROPERTY} bytes.", "/value")
    try:
        value = parse_strictly(raw.decode())
    except UnicodeDecodeError:
        raise InvalidInputError("The value of a property is JSON in UTF-8.", "/value") from None
    problems = find_value_problems(value, limits=_LIMITS)
    if problems:
        raise ProblemsError(tuple(problems))
    return value


def _of_issue(issue: Issue) -> Keeper:
    return Keeper(issue.site, "issue", str(issue.pk), shapes.issue_context(issue))


def _of_project(project: Project) -> Keeper:
    return Keeper(project.site, "project", str(project.pk), shapes.project_context(project))


def _of_user(ref: str, by: Actor) -> Keeper:
    """People keep what is theirs to themselves and their site's administrators; an app sees everybody's."""
    user: User | None = find_person(by.site, ref)
    if user is None:
        raise NotFoundError("user", ref)
    if not by.is_app and not by.is_admin and (by.user is None or by.user.pk != user.pk):
        raise ForbiddenError("These are properties of somebody else.")
    return Keeper(by.site, "user", account_id(user), {"profileUser.accountId": account_id(user)})


def _tell(event: str, keeper: Keeper, kept: dict[str, Any], by: Actor, now: datetime) -> None:
    payload = {keeper.kind: {"id": keeper.entity}, "property": kept}
    announce(event, keeper.site, (keeper.kind, keeper.entity), payload, actor=by, now=now, context=keeper.context)
