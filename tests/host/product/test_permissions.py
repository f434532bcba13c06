"""Who may do what, as tables."""

import pytest
from tests.host.product.conftest import MINUTE, NOW, Place

from tradepost.core.condition_names import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS
from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.host.product import administration
from tradepost.host.product.models import Project
from tradepost.host.product.permissions import (
    GLOBAL,
    NOT_GLOBAL,
    NOT_IN_PROJECTS,
    PLAIN_WORDS,
    PROJECT_DEFAULTS,
    global_permissions,
    project_permissions,
)
from tradepost.host.product.queries import find_assignable, find_issues, find_projects, get_issue, get_project

EVERYTHING = frozenset(PROJECT_DEFAULTS)
FOR_ADMINS = {"MODIFY_REPORTER", "DELETE_ISSUES", "EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS", "ADMINISTER_PROJECTS"}
FOR_USERS = EVERYTHING - FOR_ADMINS
SEEING = frozenset({"BROWSE_PROJECTS"})


def change(place: Place, permission: str, group: str, *, is_granted: bool) -> None:
    administration.set_permission(
        "DEMO", permission=permission, group=group, is_granted=is_granted, by=place.actor("ann"), now=NOW + MINUTE
    )


def open_to_everybody(place: Place) -> Project:
    return administration.change_project(
        "DEMO", name="Open", description="", is_public=True, by=place.actor("ann"), now=NOW + MINUTE
    )


def test_every_permission_that_apps_know_is_held_by_somebody_or_named_as_missing() -> None:
    assert set(PROJECT_DEFAULTS) | NOT_IN_PROJECTS == PROJECT_PERMISSIONS
    assert set(GLOBAL) | NOT_GLOBAL == GLOBAL_PERMISSIONS
    assert set(PLAIN_WORDS) == set(PROJECT_DEFAULTS)
    assert not set(PROJECT_DEFAULTS) & NOT_IN_PROJECTS


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("ann", EVERYTHING),
        ("uma", FOR_USERS),
        ("app", EVERYTHING - {"ASSIGNABLE_USER"}),
        ("eve", frozenset()),
        ("nobody", frozenset()),
    ],
)
def test_what_people_may_do_in_a_new_project(place: Place, who: str, expected: frozenset[str]) -> None:
    assert project_permissions(place.project, place.actor(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"), [("ann", EVERYTHING), ("uma", FOR_USERS), ("eve", SEEING), ("nobody", SEEING)]
)
def test_everybody_sees_a_public_project_and_does_no_more(place: Place, who: str, expected: frozenset[str]) -> None:
    assert project_permissions(open_to_everybody(place), place.actor(who)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [("ann", frozenset(GLOBAL)), ("uma", {"USER_PICKER"}), ("app", set()), ("eve", set()), ("nobody", set())],
)
def test_what_people_may_do_on_the_whole_site(place: Place, who: str, expected: set[str]) -> None:
    assert global_permissions(place.actor(who)) == expected


@pytest.mark.parametrize("who", ["ann", "uma", "app"])
def test_nobody_may_do_anything_in_a_project_of_another_site(place: Place, elsewhere: Place, who: str) -> None:
    assert project_permissions(elsewhere.project, place.actor(who)) == frozenset()


def test_who_may_not_see_a_project_may_do_nothing_else_in_it(place: Place) -> None:
    change(place, "BROWSE_PROJECTS", "users", is_granted=False)
    uma = place.actor("uma")

    assert project_permissions(get_project(place.actor("ann"), "DEMO"), uma) == frozenset()
    assert not find_projects(uma).exists()
    assert not find_issues(uma).exists()
    for ask in (get_project, get_issue):
        with pytest.raises(NotFoundError):
            ask(uma, "DEMO" if ask is get_project else "DEMO-1")


def test_administrators_of_the_site_cannot_be_locked_out(place: Place) -> None:
    for permission in ("BROWSE_PROJECTS", "ADMINISTER_PROJECTS"):
        for group in ("users", "site-admins"):
            change(place, permission, group, is_granted=False)

    held = project_permissions(get_project(place.actor("ann"), "DEMO"), place.actor("ann"))
    assert {"BROWSE_PROJECTS", "ADMINISTER_PROJECTS"} <= held


def test_a_group_gets_a_permission_and_loses_it(place: Place) -> None:
    ann, later = place.actor("ann"), NOW + MINUTE
    group = administration.create_group(place.site, name="Painters", by=ann, now=later)
    uma = str(place.user("uma").pk)
    administration.set_group_member(place.site, group.pk, account=uma, is_in=True, by=ann, now=later)
    change(place, "DELETE_ISSUES", "painters", is_granted=True)
    assert "DELETE_ISSUES" in project_permissions(get_project(ann, "DEMO"), place.actor("uma"))
    assert "DELETE_ISSUES" not in project_permissions(get_project(ann, "DEMO"), place.actor("ulf"))

    administration.delete_group(place.site, group.pk, by=ann, now=later)
    administration.create_group(place.site, name="Painters", by=ann, now=later)
    assert "DELETE_ISSUES" not in project_permissions(get_project(ann, "DEMO"), place.actor("uma"))


def test_only_known_permissions_and_groups_of_the_site_can_be_granted(place: Place, elsewhere: Place) -> None:
    administration.create_group(elsewhere.site, name="Theirs", by=elsewhere.actor("ann"), now=NOW + MINUTE)
    for permission, group in (("LINK_ISSUES", "users"), ("DELETE_ISSUES", "theirs"), ("DELETE_ISSUES", "")):
        with pytest.raises(InvalidInputError):
            change(place, permission, group, is_granted=True)


def test_people_can_be_assigned_issues_by_group(place: Place) -> None:
    assert {user.email.partition("@")[0] for user in find_assignable(place.project)} == {"ann", "uma", "ulf"}
    change(place, "ASSIGNABLE_USER", "users", is_granted=False)
    assert find_assignable(place.project) == []
    change(place, "ASSIGNABLE_USER", "site-admins", is_granted=True)
    assert find_assignable(place.project) == [place.user("ann")]


def test_somebody_whose_account_is_closed_is_a_stranger(place: Place) -> None:
    uma = place.user("uma")
    uma.is_active = False
    uma.save()

    assert place.actor("uma").groups == frozenset()
