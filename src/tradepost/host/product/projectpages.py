"""Pages: the list of projects, their settings and permissions, people, groups, and what administrators find where."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import slice_of
from tradepost.host.sites.frame import REFUSALS, ROWS, after_of, attempt, blame

from . import administration
from .actors import BUILT_IN, actor_of
from .forms import GrantForm, GroupForm, GroupMemberForm, NewProjectForm, ProjectForm
from .models import GroupMember, Project
from .permissions import ADMINISTER_PROJECT, PLAIN_WORDS, grants_of, project_permissions
from .queries import find_groups, find_people, find_person, find_projects, get_group, get_project, require
from .visiting import ProductVisit, on_product, show

_SHOWN_PEOPLE = 500


@require_GET
@on_product
def projects(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    page = slice_of(find_projects(visit.actor), order=("name", "id"), after=after_of(request), limit=ROWS)
    return show(request, visit, "projects.html", {"projects": page.items, "next": page.next})


@require_http_methods(["GET", "POST"])
@on_product
def make_project(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    _require_admin(visit)
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = administration.create_project(visit.site, **form.cleaned_data, by=visit.actor, now=domain_now())
        except REFUSALS as error:
            blame(form, error)
        else:
            messages.success(request, f"The project {made.name} is there.")
            return redirect(visit.address("projects", made.key))
    return show(request, visit, "project_form.html", {"form": form}, status=200 if request.method == "GET" else 422)


@require_http_methods(["GET", "POST"])
@on_product
def project_settings(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    """What a project is called, whether anybody may read it, and which group may do what."""
    found = _administered(visit, ref)
    present = {"name": found.name, "description": found.description, "is_public": found.is_public}
    form = ProjectForm(request.POST or None, initial=present)
    if request.method == "POST" and form.is_valid():
        try:
            administration.change_project(found.key, **form.cleaned_data, by=visit.actor, now=domain_now())
        except (*REFUSALS, ForbiddenError) as error:
            blame(form, error)
        else:
            messages.success(request, "The project is changed.")
            return redirect(visit.address("projects", found.key, "settings"))
    groups = administration.group_names(visit.site)
    context = {
        **_place(visit, found),
        "tab": "settings",
        "form": form,
        "permissions": _permissions(found),
        "grant_form": GrantForm(groups=groups, permissions=dict(PLAIN_WORDS)),
    }
    return show(request, visit, "project_settings.html", context, status=422 if form.errors else 200)


@require_POST
@on_product
def set_permission(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    """Grant, or with `revoke` take away."""
    found, is_granted = _administered(visit, ref), "revoke" not in request.POST
    permission, group = request.POST.get("permission", "")[:40], request.POST.get("group", "")[:80]
    attempt(
        request,
        lambda: administration.set_permission(
            found.key, permission=permission, group=group, is_granted=is_granted, by=visit.actor, now=domain_now()
        ),
        f"The group {group} {'may do' if is_granted else 'may not do'} that now.",
    )
    return redirect(visit.address("projects", found.key, "settings") + "#permissions")


@require_POST
@on_product
def delete_project(request: HttpRequest, visit: ProductVisit, ref: str) -> HttpResponse:
    found = _administered(visit, ref)
    administration.delete_project(found.key, by=visit.actor, now=domain_now())
    messages.success(request, f"The project {found.name} and its issues are deleted.")
    return redirect(visit.address("projects"))


@require_GET
@on_product
def people(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    """Who uses the site, and in which groups they are."""
    return _people(request, visit)


@require_GET
@on_product
def person(request: HttpRequest, visit: ProductVisit, account: str) -> HttpResponse:
    """One person's page, which apps add to."""
    _require_member(visit)
    found = find_person(visit.site, account)
    if found is None:
        raise NotFoundError("person", account)
    groups = actor_of(visit.site, found).groups
    context = {"here": "people", "profile_user": found, "groups": sorted(groups)}
    return show(request, visit, "person.html", context)


@require_POST
@on_product
def make_group(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            administration.create_group(visit.site, name=form.cleaned_data["name"], by=visit.actor, now=domain_now())
        except REFUSALS as error:
            blame(form, error)
        else:
            return redirect(visit.address("people") + "#groups")
    return _people(request, visit, group_form=form)


@require_POST
@on_product
def delete_group(request: HttpRequest, visit: ProductVisit, group: int) -> HttpResponse:
    administration.delete_group(visit.site, group, by=visit.actor, now=domain_now())
    messages.success(request, "The group is deleted, with what it was granted.")
    return redirect(visit.address("people") + "#groups")


@require_POST
@on_product
def set_group_member(request: HttpRequest, visit: ProductVisit, group: int) -> HttpResponse:
    """Put a person in, or with `remove` out."""
    account, is_in = request.POST.get("account", "")[:36], "remove" not in request.POST
    name = get_group(visit.site, group).name if visit.is_admin else ""
    attempt(
        request,
        lambda: administration.set_group_member(
            visit.site, group, account=account, is_in=is_in, by=visit.actor, now=domain_now()
        ),
        f"The group {name} is changed.",
    )
    return redirect(visit.address("people") + "#groups")


@require_GET
@on_product
def administer(request: HttpRequest, visit: ProductVisit) -> HttpResponse:
    """Where an administrator finds what; apps add their own entries."""
    _require_admin(visit)
    return show(request, visit, "administration.html", {"here": "administration"})


def _people(request: HttpRequest, visit: ProductVisit, group_form: GroupForm | None = None) -> HttpResponse:
    _require_member(visit)
    everybody = list(find_people(visit.site)[:_SHOWN_PEOPLE])
    inside: dict[int, list[Any]] = {}
    for row in GroupMember.objects.filter(group__site=visit.site).select_related("user").order_by("user__name"):
        inside.setdefault(row.group_id, []).append(row.user)
    context = {
        "here": "people",
        "people": everybody,
        "built_in": BUILT_IN,
        "groups": [(group, inside.get(group.pk, [])) for group in find_groups(visit.site)],
        "group_form": group_form or GroupForm(),
        "member_form": GroupMemberForm(people=everybody),
    }
    return show(request, visit, "people.html", context, status=422 if group_form else 200)


def _permissions(found: Project) -> list[tuple[str, str, list[str]]]:
    """Name, plain words and groups of every permission."""
    grants = grants_of(found)
    return [
        (name, words, sorted(group for permission, group in grants if permission == name))
        for name, words in PLAIN_WORDS.items()
    ]


def _place(visit: ProductVisit, found: Project) -> dict[str, Any]:
    return {"project": found, "may": dict.fromkeys(project_permissions(found, visit.actor), True)}


def _administered(visit: ProductVisit, ref: str) -> Project:
    found = get_project(visit.actor, ref)
    require(found, visit.actor, ADMINISTER_PROJECT, "Only an administrator of the project may do this.")
    return found


def _require_admin(visit: ProductVisit) -> None:
    if not visit.is_admin:
        raise ForbiddenError("Only an administrator of the site may do this.")


def _require_member(visit: ProductVisit) -> None:
    """Strangers who read a public project learn nothing about who else is here."""
    if not visit.actor.is_member and not visit.is_keeper:
        raise NotFoundError("page", "of people here")


site_urls = [
    path("projects/", projects, name="projects"),
    path("projects/new/", make_project, name="make_project"),
    path("projects/<str:ref>/settings/", project_settings, name="project_settings"),
    path("projects/<str:ref>/permissions/", set_permission, name="set_permission"),
    path("projects/<str:ref>/delete/", delete_project, name="delete_project"),
    path("people/", people, name="people"),
    path("people/<str:account>/", person, name="person"),
    path("groups/", make_group, name="make_group"),
    path("groups/<int:group>/members/", set_group_member, name="set_group_member"),
    path("groups/<int:group>/delete/", delete_group, name="delete_group"),
    path("administration/", administer, name="administration"),
]
