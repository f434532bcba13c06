"""Issues and comments: what may be done to them, by whom, and what is told of it."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from tests.host.conftest import person
from tests.host.product.conftest import MINUTE, NOW, Place, make_place

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tradepost.foundation.models import AuditEntry
from tradepost.host.product import administration, changes, commands
from tradepost.host.product.actors import actor_of
from tradepost.host.product.changes import Change
from tradepost.host.product.commands import Edit
from tradepost.host.product.models import Comment, Issue, Project
from tradepost.host.product.queries import find_statuses

LATER = NOW + MINUTE


@pytest.fixture
def told() -> Iterator[list[Change]]:
    """Every change that is announced during a test."""
    found: list[Change] = []
    changes.listen(found.append)
    yield found
    changes.stop_listening(found.append)


def test_a_new_site_has_a_project_with_five_issues_and_making_it_again_changes_nothing(place: Place) -> None:
    from tradepost.host.product.sample import make_sample_project

    assert [issue.key for issue in place.project.issues.order_by("number")] == [f"DEMO-{n}" for n in range(1, 6)]
    assert Comment.objects.filter(issue__project=place.project).count() == 3
    assert make_sample_project(place.site, place.actor("ann"), LATER) == place.project
    assert place.project.issues.count() == 5


def test_issues_are_numbered_in_a_row_and_the_number_of_a_deleted_one_is_not_used_again(place: Place) -> None:
    ann = place.actor("ann")
    sixth = commands.create_issue("DEMO", summary="Sixth", by=ann, now=LATER)
    commands.delete_issue(sixth.key, by=ann, now=LATER)
    seventh = commands.create_issue("demo", summary="Seventh", by=ann, now=LATER)

    assert (sixth.key, seventh.key) == ("DEMO-6", "DEMO-7")
    assert seventh.status.name == "To Do"
    assert seventh.reporter == ann.user


@pytest.mark.django_db(transaction=True)
def test_many_who_make_issues_at_once_get_numbers_without_a_gap() -> None:
    place = make_place("busy", operator=person("olga@operator.example", operator=True))
    made: list[str] = []

    def work(name: str) -> None:
        try:
            made.extend(
                commands.create_issue("DEMO", summary=name, by=place.actor("uma"), now=LATER).key for _ in range(5)
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == sorted(f"DEMO-{number}" for number in range(6, 26))
    assert Project.objects.get(pk=place.project.pk).last_number == 25


@pytest.mark.django_db(transaction=True)
def test_of_two_who_edit_the_same_state_of_an_issue_at_once_one_is_told_to_look_again() -> None:
    place = make_place("busy", operator=person("olga@operator.example", operator=True))
    seen = Issue.objects.get(project=place.project, number=1).version
    barrier, outcomes = threading.Barrier(2), []

    def work(summary: str) -> None:
        actor = place.actor("uma")
        barrier.wait()
        try:
            commands.edit_issue("DEMO-1", Edit(summary=summary, version=seen), by=actor, now=LATER)
            outcomes.append(summary)
        except ConflictError:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(text,)) for text in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winner = Issue.objects.get(project=place.project, number=1)
    assert sorted(outcomes) == sorted(["told", winner.summary])
    assert winner.version == seen + 1


def test_an_edit_of_an_older_state_changes_nothing_and_one_without_a_version_writes_over(place: Place) -> None:
    uma, ulf = place.actor("uma"), place.actor("ulf")
    seen = commands.edit_issue("DEMO-1", Edit(summary="First"), by=uma, now=LATER).version
    commands.edit_issue("DEMO-1", Edit(summary="Second", version=seen), by=ulf, now=LATER)

    with pytest.raises(ConflictError):
        commands.edit_issue("DEMO-1", Edit(summary="Third", version=seen), by=uma, now=LATER)
    assert Issue.objects.get(project=place.project, number=1).summary == "Second"
    assert commands.edit_issue("DEMO-1", Edit(summary="Fourth"), by=uma, now=LATER).summary == "Fourth"


def test_an_edit_that_changes_nothing_is_told_to_nobody(place: Place, told: list[Change]) -> None:
    before = Issue.objects.get(project=place.project, number=1)
    after = commands.edit_issue("DEMO-1", Edit(summary=before.summary), by=place.actor("uma"), now=LATER)

    assert (after.version, after.updated_at, told) == (before.version, before.updated_at, [])


def test_every_change_is_told_with_its_event_entity_and_what_variables_mean(place: Place, told: list[Change]) -> None:
    ann = place.actor("ann")
    issue = commands.create_issue("DEMO", summary="New", assignee=str(place.user("ulf").pk), by=ann, now=LATER)
    done = find_statuses(place.project)[2]
    commands.edit_issue(issue.key, Edit(status=done.pk, assignee=""), by=ann, now=LATER)
    comment = commands.add_comment(issue.key, body="Well", by=ann, now=LATER)
    commands.edit_comment(issue.key, str(comment.pk), body="Well done", by=ann, now=LATER)
    commands.delete_comment(issue.key, str(comment.pk), by=ann, now=LATER)
    commands.delete_issue(issue.key, by=ann, now=LATER)

    assert [change.event for change in told] == [
        "jira:issue_created",
        "jira:issue_updated",
        "comment_created",
        "comment_updated",
        "comment_deleted",
        "jira:issue_deleted",
    ]
    assert {change.entity for change in told} == {("issue", str(told[0].payload["issue"]["id"]))}
    assert all(change.context["issue.key"] == "DEMO-6" and change.site == place.site for change in told)
    assert told[0].payload["timestamp"] == int(LATER.timestamp() * 1000)
    assert told[0].payload["issue"]["fields"]["assignee"]["accountId"] == str(place.user("ulf").pk)
    items = {item["field"]: (item["fromString"], item["toString"]) for item in told[1].payload["changelog"]["items"]}
    assert items == {"assignee": ("ulf", None), "status": ("To Do", "Done")}
    assert "@" not in str(told[0].payload)


def test_a_change_that_is_refused_is_told_to_nobody(place: Place, told: list[Change]) -> None:
    with pytest.raises(InvalidInputError):
        commands.create_issue("DEMO", summary=" ", by=place.actor("uma"), now=LATER)
    with pytest.raises(ForbiddenError):
        commands.delete_issue("DEMO-1", by=place.actor("uma"), now=LATER)

    assert told == []
    assert Project.objects.get(pk=place.project.pk).last_number == 5


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("summary", ""),
        ("summary", "x" * 256),
        ("summary", "two\nlines"),
        ("summary", "nul\0"),
        ("description", "x" * 32_768),
        ("description", "\ud800"),
    ],
)
def test_texts_have_limits(place: Place, field: str, text: str) -> None:
    texts = {"summary": "Fine", "description": "Fine", field: text}
    with pytest.raises(InvalidInputError) as caught:
        commands.create_issue("DEMO", **texts, by=place.actor("uma"), now=LATER)

    assert caught.value.pointer == f"/{field}"


def test_only_people_of_the_site_who_may_be_assigned_are(place: Place) -> None:
    for stranger in (str(place.user("eve").pk), "nobody", "app:acme"):
        with pytest.raises(InvalidInputError):
            commands.edit_issue("DEMO-1", Edit(assignee=stranger), by=place.actor("uma"), now=LATER)


def test_what_apps_say_bears_their_name_and_they_touch_no_comments_of_others(place: Place) -> None:
    app = place.actor("app")
    own = commands.add_comment("DEMO-1", body="Beep", by=app, now=LATER)
    other = commands.add_comment("DEMO-1", body="Hello", by=place.actor("uma"), now=LATER)

    assert (own.author, own.author_app, own.author_app_name) == (None, "acme", "Acme helper")
    commands.edit_comment("DEMO-1", str(own.pk), body="Boop", by=app, now=LATER)
    with pytest.raises(ForbiddenError):
        commands.edit_comment("DEMO-1", str(other.pk), body="Mine", by=app, now=LATER)
    with pytest.raises(ForbiddenError):
        commands.delete_comment("DEMO-1", str(own.pk), by=place.actor("uma"), now=LATER)


def test_things_of_another_site_do_not_exist(place: Place, elsewhere: Place) -> None:
    theirs = Issue.objects.get(project=elsewhere.project, number=1)
    comment = Comment.objects.filter(issue__project=elsewhere.project).first()
    for actor in (place.actor("ann"), place.actor("app")):
        with pytest.raises(NotFoundError):
            commands.edit_issue(str(theirs.pk), Edit(summary="Mine"), by=actor, now=LATER)
        with pytest.raises(NotFoundError):
            commands.delete_comment("DEMO-2", str(comment.pk), by=actor, now=LATER)
        with pytest.raises(NotFoundError):
            commands.create_issue(str(elsewhere.project.pk), summary="Mine", by=actor, now=LATER)
    status = find_statuses(elsewhere.project)[0]
    with pytest.raises(InvalidInputError):
        commands.edit_issue("DEMO-1", Edit(status=status.pk), by=place.actor("ann"), now=LATER)


def test_administration_is_recorded_and_comments_are_not(place: Place) -> None:
    AuditEntry.objects.all().delete()
    ann = place.actor("ann")
    commands.add_comment("DEMO-1", body="Hello", by=ann, now=LATER)
    group = administration.create_group(place.site, name="Painters", by=ann, now=LATER)
    uma = str(place.user("uma").pk)
    administration.set_group_member(place.site, group.pk, account=uma, is_in=True, by=ann, now=LATER)
    administration.set_group_member(place.site, group.pk, account=uma, is_in=True, by=ann, now=LATER)
    grant = {"permission": "DELETE_ISSUES", "group": "painters"}
    administration.set_permission("DEMO", **grant, is_granted=True, by=ann, now=LATER)
    administration.set_permission("DEMO", **grant, is_granted=False, by=ann, now=LATER)
    administration.create_project(place.site, key="PAINT", name="Paint", by=ann, now=LATER)
    administration.delete_project("PAINT", by=ann, now=LATER)
    administration.delete_group(place.site, group.pk, by=ann, now=LATER)

    assert sorted(AuditEntry.objects.values_list("action", flat=True)) == [
        "group.created",
        "group.deleted",
        "group.member_added",
        "project.created",
        "project.deleted",
        "project.permission_granted",
        "project.permission_revoked",
    ]
    assert set(AuditEntry.objects.values_list("actor", "scope_id")) == {("ann@people.example", place.site.pk)}


def test_only_administrators_administer(place: Place) -> None:
    group = administration.create_group(place.site, name="Painters", by=place.actor("ann"), now=LATER)
    for name in ("uma", "app", "nobody"):
        by = place.actor(name)
        for attempt in (
            lambda by=by: administration.create_project(place.site, key="MINE", name="Mine", by=by, now=LATER),
            lambda by=by: administration.create_group(place.site, name="Mine", by=by, now=LATER),
            lambda by=by: administration.delete_group(place.site, group.pk, by=by, now=LATER),
            lambda by=by: administration.delete_project("DEMO", by=by, now=LATER),
        ):
            with pytest.raises((ForbiddenError, NotFoundError)):
                attempt()


def test_names_of_groups_and_keys_of_projects_are_taken_once(place: Place) -> None:
    ann = place.actor("ann")
    administration.create_group(place.site, name="Painters", by=ann, now=LATER)
    for name in ("painters", "users", "Site-Admins"):
        with pytest.raises(ConflictError):
            administration.create_group(place.site, name=name, by=ann, now=LATER)
    with pytest.raises(ConflictError):
        administration.create_project(place.site, key="demo", name="Again", by=ann, now=LATER)
    for key in ("D", "1ABC", "TOOLONGAKEY", "A-B", "ÄB"):
        with pytest.raises(InvalidInputError):
            administration.create_project(place.site, key=key, name="Odd", by=ann, now=LATER)


def test_who_loses_their_role_on_the_site_loses_their_groups(place: Place) -> None:
    ann = place.actor("ann")
    group = administration.create_group(place.site, name="Painters", by=ann, now=LATER)
    administration.set_group_member(
        place.site, group.pk, account=str(place.user("uma").pk), is_in=True, by=ann, now=LATER
    )
    assert place.actor("uma").groups == {"users", "painters"}

    place.site.members.filter(user=place.user("uma")).delete()
    assert actor_of(place.site, place.user("uma")).groups == frozenset()
