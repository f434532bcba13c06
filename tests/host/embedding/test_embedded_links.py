"""Menus and links of apps, conditions and their explanation, and the scripts apps load."""

from urllib.parse import urlsplit

import pytest
from tests.host.embedding.stagehands import Theatre

APP = "https://app.example/base"
PAGE = {"key": "page", "name": {"value": "Page of the app"}, "url": "/page"}


def item(url: str, **more: object) -> dict[str, object]:
    return {"key": "item", "name": {"value": "An item"}, "url": url, "location": "jira.issue.tools", **more}


def issue_page(theatre: Theatre, caller=None) -> str:
    return theatre.client(caller or theatre.user).get("/alpha/browse/DEMO-1").content.decode()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil.example/x"])
@pytest.mark.parametrize("context", ["addon", "product", "page"])
def test_a_link_that_is_no_address_of_a_page_is_not_shown(theatre: Theatre, url: str, context: str) -> None:
    theatre.install("demo", APP, webItems=[item(url, context=context)])

    assert "An item" not in issue_page(theatre)


@pytest.mark.parametrize(
    ("url", "context", "href"),
    [
        ("/projects/{project.key}/", "product", "/alpha/projects/DEMO/"),
        ("/issues/?q={issue.key}", "page", "/alpha/issues/?q=DEMO-1"),
        ("https://docs.example/{issue.key}", "addon", "https://docs.example/DEMO-1"),
        ("/thing", "addon", "/alpha/plugins/servlet/ac-redirect/demo/item?issue.key=DEMO-1"),
    ],
)
def test_links_lead_to_the_site_elsewhere_or_to_the_app(theatre: Theatre, url: str, context: str, href: str) -> None:
    theatre.install("demo", APP, webItems=[item(url, context=context)])

    assert f'href="{href}"' in issue_page(theatre)


def test_a_link_to_the_app_is_signed_at_that_moment_and_leads_to_the_apps_origin_only(theatre: Theatre) -> None:
    theatre.install("demo", APP, webItems=[item("/thing?key={issue.key}"), item("https://docs.example/", key="docs")])
    client = theatre.client(theatre.user)

    answer = client.get("/alpha/plugins/servlet/ac-redirect/demo/item?issue.key=DEMO-1")

    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).netloc == "app.example"
    assert "key=DEMO-1" in answer["Location"]
    assert "jwt=" in answer["Location"]
    assert client.get("/alpha/plugins/servlet/ac-redirect/demo/docs").status_code == 404


def test_groups_of_links_stand_in_menus_with_what_is_in_them(theatre: Theatre) -> None:
    theatre.install(
        "demo", APP,
        webSections=[{"key": "group", "name": {"value": "The group"}, "location": "jira.issue.tools"}],
        webItems=[item("https://docs.example/", location="jira.issue.tools/group"),
                  item("https://more.example/", key="more", name={"value": "More"}, location="group"),
                  item("https://top.example/", key="top", name={"value": "Alone"})],
    )  # fmt: skip

    page = issue_page(theatre)

    group = page[page.index("The group") :]
    assert 0 < group.index("https://docs.example/") < group.index("https://top.example/")
    assert group.index("https://more.example/") < group.index("https://top.example/")
    assert page.count("https://docs.example/") == 1


def test_groups_in_circles_end(theatre: Theatre) -> None:
    theatre.install(
        "demo", APP,
        webSections=[{"key": "a", "name": {"value": "A"}, "location": "b"},
                     {"key": "b", "name": {"value": "B"}, "location": "a"},
                     {"key": "c", "name": {"value": "C"}, "location": "jira.issue.tools"}],
        webItems=[item("https://docs.example/", location="c"), item("/x", key="c", location="c")],
    )  # fmt: skip

    assert theatre.client(theatre.user).get("/alpha/browse/DEMO-1").status_code == 200


def test_conditions_hide_a_page_from_its_menu_and_its_address(theatre: Theatre) -> None:
    theatre.install("demo", APP, generalPages=[{**PAGE, "conditions": [{"condition": "user_is_admin"}]}])

    for caller, status in ((theatre.admin, 200), (theatre.user, 404)):
        client = theatre.client(caller)
        shown = "Page of the app" in client.get("/alpha/projects/").content.decode()
        assert shown is (status == 200)
        assert client.get("/alpha/plugins/servlet/ac/demo/page").status_code == status


def test_a_module_with_an_unknown_condition_is_hidden_whatever_it_is_inverted_to(theatre: Theatre) -> None:
    theatre.install("demo", APP, generalPages=[{**PAGE, "conditions": [{"condition": "moon_is_full", "invert": True}]}])

    assert theatre.client(theatre.admin).get("/alpha/plugins/servlet/ac/demo/page").status_code == 404


def test_it_is_explained_to_administrators_why_each_module_shows_or_not(theatre: Theatre) -> None:
    conditions = [{"or": [{"condition": "user_is_admin"}, {"condition": "is_issue_assigned_to_current_user"}]}]
    theatre.install("demo", APP, generalPages=[{**PAGE, "conditions": conditions}], jiraSearchRequestViews=[{"a": 1}])
    path = "/alpha/apps/demo/modules/"

    own = theatre.client(theatre.admin).get(path).content.decode()
    other = theatre.client(theatre.admin).get(f"{path}?user=user@site.example&issue=DEMO-1").content.decode()

    assert "<td>yes</td>" in own
    assert "<td>no</td>" in other
    assert "user_is_admin" in other
    assert "is_issue_assigned_to_current_user" in other
    assert "jiraSearchRequestViews" in other
    assert theatre.client(theatre.user).get(path).status_code == 403
    assert theatre.client(theatre.admin).get(f"{path}?user=nobody@else.example").status_code == 404


def test_a_visitor_of_a_public_project_sees_apps_as_nobody_in_particular(theatre: Theatre) -> None:
    type(theatre.project).objects.update(is_public=True)
    panel = {"key": "panel", "name": {"value": "Panel"}, "url": "/p", "location": "atl.jira.view.issue.right.context"}
    hidden = {**panel, "key": "own", "name": {"value": "Hidden"}, "conditions": [{"condition": "user_is_logged_in"}]}
    theatre.install("demo", APP, webPanels=[panel, hidden])

    page = theatre.client(None).get("/alpha/browse/DEMO-1")

    assert "channel-demo__panel" in page.content.decode()
    assert "channel-demo__own" not in page.content.decode()
    assert '"accountId": null' in page.content.decode()
    assert page["Cache-Control"] == "no-store"


def test_the_script_apps_load_is_the_same_at_every_path_and_may_be_kept(theatre: Theatre) -> None:
    client = theatre.client(None)

    first = client.get("/atlassian-connect/all.js", headers={"accept-encoding": "gzip"})
    again = client.get("/alpha/atlassian-connect/all-debug.js", headers={"if-none-match": first["ETag"]})

    assert first["Content-Encoding"] == "gzip"
    assert first["Content-Type"].startswith("text/javascript")
    assert first["Cache-Control"] == "public, max-age=3600"
    assert again.status_code == 304
    assert b"AP.request" in client.get("/atlassian-connect/all.js").content
    assert client.get("/alpha/atlassian-connect/all.css")["Content-Type"].startswith("text/css")
    assert client.get("/alpha/atlassian-connect/secrets.js").status_code == 404


def test_the_page_of_an_app_leads_to_its_first_steps_and_settings_and_notes_what_has_no_place(theatre: Theatre) -> None:
    theatre.install(
        "demo", APP, jiraSearchRequestViews=[{"key": "x"}], webPanels=[{"key": "broken"}],
        postInstallPage={"key": "hello", "name": {"value": "Begin here"}, "url": "/hello"},
        configurePage={"key": "setup", "name": {"value": "Set it up"}, "url": "/setup"},
    )  # fmt: skip

    page = theatre.client(theatre.admin).get("/alpha/apps/demo/").content.decode()

    assert 'href="/alpha/plugins/servlet/ac/demo/hello"' in page
    assert 'href="/alpha/plugins/servlet/ac/demo/setup"' in page
    assert "no place for modules of the type jiraSearchRequestViews" in page
    assert "/modules/webPanels/0" in page
    assert "/alpha/apps/demo/modules/" in page
    assert "ac/demo/hello" not in theatre.client(theatre.user).get("/alpha/apps/demo/").content.decode()


@pytest.mark.parametrize("options", ["text", [1, 2], 7, None, {"size": {"deep": []}}])
def test_odd_options_of_dialogs_and_links_are_no_error_of_ours(theatre: Theatre, options: object) -> None:
    theatre.install(
        "demo", APP, dialogs=[{"key": "dialog", "url": "/d", "options": options}],
        webItems=[item("/i", target={"type": "dialogmodule", "options": {"key": "dialog"}})],
    )  # fmt: skip

    assert "An item" in issue_page(theatre)
    assert theatre.client(theatre.admin).get("/alpha/apps/demo/modules/").status_code == 200
