"""What people see and do on the product's pages, and what strangers do not."""

import pytest
from tests.host.browsers import said, text_of
from tests.host.product.conftest import MINUTE, NOW, Place

from tradepost.host.product import administration, commands
from tradepost.host.product.models import Comment, Group, Issue, Project, ProjectPermission

pytestmark = pytest.mark.urls("tradepost.server.urls.host")

OF_MEMBERS = [
    "projects/",
    "projects/DEMO/",
    "projects/DEMO/new/",
    "browse/DEMO-3",
    "browse/DEMO-3/edit/",
    "issues/",
    "people/",
]
OF_ADMINS = ["projects/new/", "projects/DEMO/settings/", "administration/"]
HOSTILE = "<script>alert(1)</script>{{ 7 }}"


def public(place: Place) -> None:
    administration.change_project(
        "DEMO", name="Open", description="", is_public=True, by=place.actor("ann"), now=NOW + MINUTE
    )


@pytest.mark.parametrize(
    ("who", "members", "admins"),
    [("ann", 200, 200), ("uma", 200, 403), ("eve", 404, 404), ("nobody", 302, 302)],
)
def test_pages_are_for_people_of_the_site(place: Place, who: str, members: int, admins: int) -> None:
    browser = place.browser(who)
    assert [browser.get(f"/here/{path}").status_code for path in OF_MEMBERS] == [members] * len(OF_MEMBERS)
    assert [browser.get(f"/here/{path}").status_code for path in OF_ADMINS] == [admins] * len(OF_ADMINS)


@pytest.mark.parametrize("who", ["eve", "nobody"])
def test_strangers_read_a_public_project_and_nothing_else(place: Place, who: str) -> None:
    public(place)
    administration.create_project(place.site, key="SECRET", name="Secret plans", by=place.actor("ann"), now=NOW)
    browser = place.browser(who)

    for path in ("projects/", "projects/DEMO/", "browse/DEMO-3", "issues/"):
        shown = browser.get(f"/here/{path}")
        assert shown.status_code == 200
        assert "Secret" not in text_of(shown)
        assert "ann@" not in shown.content.decode()
        assert "/here/people/" not in shown.content.decode()
        assert "New issue" not in text_of(shown)
    for path in ("projects/SECRET/", "people/", f"people/{place.user('uma').pk}/", "projects/DEMO/new/"):
        assert browser.get(f"/here/{path}").status_code in {302, 403, 404}


def test_an_operator_without_a_role_sees_no_projects(place: Place) -> None:
    browser = place.browser("olga")
    assert "You have no role on this site" in text_of(browser.get("/here/projects/"))
    assert browser.get("/here/browse/DEMO-1").status_code == 404


def test_an_issue_is_made_moved_edited_discussed_and_deleted(place: Place) -> None:
    uma, ann = place.browser("uma"), place.browser("ann")
    made = uma.submit("/here/projects/DEMO/new/", "/here/projects/DEMO/new/", summary="Paint", description="Blue.")
    assert made["Location"] == "/here/browse/DEMO-6"
    issue = Issue.objects.get(project=place.project, number=6)
    done = place.project.statuses.get(name="Done")
    assert "is now: Done" in said(uma.submit("/here/browse/DEMO-6", "/here/browse/DEMO-6/status/", status=str(done.pk)))
    assert uma.submit("/here/browse/DEMO-6", "/here/browse/DEMO-6/comments/", body="Which blue?").status_code == 302
    comment = Comment.objects.get(issue=issue)
    page = f"/here/browse/DEMO-6/comments/{comment.pk}/"
    assert uma.submit(page, page, body="Which blue, please?").status_code == 302
    edited = ann.submit("/here/browse/DEMO-6/edit/", "/here/browse/DEMO-6/edit/", summary="Paint it", version="2")
    assert edited["Location"] == "/here/browse/DEMO-6"

    text = text_of(uma.get("/here/browse/DEMO-6"))
    assert "Paint it" in text
    assert "Which blue, please?" in text
    assert ann.submit("/here/browse/DEMO-6", f"{page}delete/").status_code == 302
    assert "DEMO-6 is deleted" in said(ann.submit("/here/browse/DEMO-6", "/here/browse/DEMO-6/delete/"))


def test_who_edits_what_somebody_has_changed_meanwhile_keeps_their_text_and_is_told(place: Place) -> None:
    browser, path = place.browser("uma"), "/here/browse/DEMO-1/edit/"
    seen = str(Issue.objects.get(project=place.project, number=1).version)
    commands.edit_issue("DEMO-1", commands.Edit(summary="Quicker"), by=place.actor("ulf"), now=NOW + MINUTE)
    answer = browser.submit(path, path, summary="My long text", version=seen)

    assert answer.status_code == 422
    assert "Somebody changed this issue" in text_of(answer)
    assert "My long text" in answer.content.decode()


def test_texts_of_people_and_apps_are_shown_as_they_are(place: Place) -> None:
    uma = place.user("uma")
    uma.name = HOSTILE
    uma.save()
    commands.create_issue(
        "DEMO", summary=HOSTILE, description=HOSTILE, assignee=str(uma.pk), by=place.actor("uma"), now=NOW
    )
    commands.add_comment("DEMO-6", body=HOSTILE, by=place.actor("app"), now=NOW)
    browser = place.browser("ann")

    for path in ("browse/DEMO-6", "projects/DEMO/", "browse/DEMO-6/edit/", "people/", "issues/?jql=key%3DDEMO-6"):
        page = browser.get(f"/here/{path}").content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 }}" in page
    assert "Acme helper (app)" in text_of(browser.get("/here/browse/DEMO-6"))


def test_forms_say_what_is_wrong_beside_the_field(place: Place) -> None:
    path = "/here/projects/new/"
    answer = place.browser("ann").submit(path, path, name="Again", key="demo")
    assert answer.status_code == 422
    assert "There is a project DEMO already." in text_of(answer)
    answer = place.browser("ann").submit(path, path, name="Again", key="1")
    assert "2 to 10 letters and digits" in text_of(answer)
    answer = place.browser("ann").get("/here/issues/?jql=sprint%3D1")
    assert (answer.status_code, "not known here" in text_of(answer)) == (422, True)


def test_an_administrator_keeps_groups_and_permissions(place: Place) -> None:
    ann, uma = place.browser("ann"), str(place.user("uma").pk)
    assert ann.submit("/here/people/", "/here/groups/", name="Painters").status_code == 302
    group = Group.objects.get()
    members = f"/here/groups/{group.pk}/members/"
    assert "changed" in said(ann.submit("/here/people/", members, account=uma))
    assert place.actor("uma").groups == {"users", "painters"}
    grants = "/here/projects/DEMO/permissions/"
    page = ann.get("/here/projects/DEMO/settings/")
    token = page.context["csrf_token"]
    grant = {"csrfmiddlewaretoken": str(token), "permission": "DELETE_ISSUES", "group": "Painters"}
    assert ann.post(grants, grant).status_code == 302
    assert ProjectPermission.objects.filter(project=place.project, group_name="Painters").exists()
    assert ann.post(grants, grant | {"revoke": "1"}).status_code == 302
    assert not ProjectPermission.objects.filter(group_name="Painters").exists()
    assert "deleted" in said(ann.submit("/here/people/", f"/here/groups/{group.pk}/delete/"))


def test_users_cannot_do_by_hand_what_their_pages_do_not_offer(place: Place) -> None:
    uma = place.browser("uma")
    token = str(uma.get("/here/projects/DEMO/new/").context["csrf_token"])
    for path in (
        "projects/new/",
        "projects/DEMO/settings/",
        "projects/DEMO/permissions/",
        "projects/DEMO/delete/",
        "browse/DEMO-1/delete/",
        "groups/",
    ):
        sent = {
            "csrfmiddlewaretoken": token,
            "name": "Mine",
            "key": "MINE",
            "permission": "DELETE_ISSUES",
            "group": "users",
        }
        assert uma.post(f"/here/{path}", sent).status_code == 403, path
    assert Project.objects.count() == 1
    assert uma.post("/here/browse/DEMO-1/comments/", {"body": "no token"}).status_code == 403


def test_pages_of_another_site_show_none_of_this_one(place: Place, elsewhere: Place) -> None:
    administration.create_project(elsewhere.site, key="THEIRS", name="Theirs", by=elsewhere.actor("ann"), now=NOW)
    ann = place.browser("ann")
    assert ann.get("/here/projects/THEIRS/").status_code == 404
    assert ann.get("/there/projects/THEIRS/").status_code == 200
    assert "Theirs" not in text_of(ann.get("/here/projects/"))
    theirs = Group.objects.create(site=elsewhere.site, name="Theirs")
    token = str(ann.get("/here/people/").context["csrf_token"])
    assert ann.post(f"/here/groups/{theirs.pk}/delete/", {"csrfmiddlewaretoken": token}).status_code == 404
