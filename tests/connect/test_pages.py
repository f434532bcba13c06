"""Three apps on one site: what people see of each of their modules in Chromium, and what the apps received for it."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect
from tests.connect.ace import send, wait_for
from tests.connect.frames import frame_of
from tests.connect.watching import list_and_publish

from tradepost.server.seed import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def notes(make, alpha):
    """Issue notes, installed by its own development loop."""
    app = make.in_development("issue-notes", "127.0.0.2", site="alpha", by=alpha.eyes.email)
    app.start()
    alpha.wait_until_runs(app, "1.0.0")
    return app


@pytest.fixture(scope="module")
def board(make, alpha, cast):
    """Team board, listed at the marketplace, reviewed, and installed from there."""
    app = make.in_production("team-board", "127.0.0.3", site="alpha")
    app.start()
    list_and_publish(cast, app)
    alpha.install_from_marketplace(app.key)
    alpha.wait_until_runs(app, "1.0.0")
    return app


@pytest.fixture(scope="module")
def listener(make, alpha):
    """Listener, in development with a store that lasts."""
    app = make.in_development("listener", "127.0.0.4", site="alpha", by=alpha.eyes.email)
    app.start()
    alpha.wait_until_runs(app, "1.0.0")
    return app


@pytest.fixture
def ben(at, house, alpha, beta):
    """Somebody who only uses alpha: the administrator of another site."""
    member = {"email": beta.eyes.email, "role": "user"}
    alpha.eyes.rest.put(f"/api/1/sites/{alpha.eyes.site}/members", member)
    person = at(house.host_url)
    person.sign_in(beta.eyes.email, PASSWORD)
    return person


def open_link(person, name: str) -> None:
    person.page.get_by_role("link", name=name, exact=True).first.click()


def test_a_panel_on_an_issue_is_signed_and_its_script_talks_to_its_app_and_the_site(ann, notes, alpha):
    ann.open("/alpha/browse/DEMO-1")
    frame = frame_of(ann, notes, "notes-panel")

    expect(frame.locator("#about")).to_have_text("About: Say hello to the first visitors")
    expect(frame.locator("small")).to_have_text("DEMO-1 in DEMO, version 1.0.0")
    asked = notes.received("/notes")[-1]
    names = [name for name, _ in parse_qsl(urlsplit(asked["target"]).query, keep_blank_values=True)]
    assert names == [
        "issue", "project", "id", "xdm_e", "xdm_c", "cp", "xdm_deprecated_addon_key_do_not_use", "lic", "cv", "jwt",
    ]  # fmt: skip
    heard = frame.evaluate("window.heard")
    viewer = asked["claims"]["sub"]
    assert (asked["status"], asked["algorithm"]) == (200, "HS256")
    assert "aud" not in asked["claims"]
    assert asked["claims"]["iss"] == notes.tenant["clientKey"]
    assert asked["claims"]["exp"] - asked["claims"]["iat"] == 900
    assert heard["session"] == 200
    assert heard["context"]["jira"]["issue"]["key"] == "DEMO-1"
    assert heard["context"]["jira"]["project"]["key"] == "DEMO"
    assert heard["given"]["jira"]["issue"]["key"] == "DEMO-1"
    by_script = notes.received("/api/notes", method="GET")[-1]
    assert (by_script["claims"]["qsh"], by_script["claims"]["sub"]) == ("context-qsh", viewer)
    assert "jira" not in asked["claims"]["context"]


def test_a_note_is_kept_on_the_issue_and_conditions_follow_it(ann, notes, alpha):
    ann.open("/alpha/browse/DEMO-2")
    panel = f'[data-app="{notes.key}"][data-module="summary-panel"]'
    expect(ann.page.locator(panel)).to_have_count(0)
    frame = frame_of(ann, notes, "notes-panel")
    for text in ("Ask for a quote", "<i>Two</i> of them fold"):
        frame.get_by_label("New note").fill(text)
        frame.get_by_role("button", name="Add").click()
        expect(ann.page.locator("#app-flags")).to_contain_text(text)
        expect(frame.locator("#notes")).to_contain_text(text)
    assert all(n["property"] in {200, 201} and n["total"] in {200, 201} for n in notes.notes("saved"))
    ann.photograph("notes-flags")

    ann.open("/alpha/browse/DEMO-2")
    expect(frame_of(ann, notes, "summary-panel").locator("#count")).to_have_text("2 notes")
    ann.page.locator('details[data-module="notes-context"] summary').click()
    expect(frame_of(ann, notes, "notes-context").locator("#count")).to_have_text("2 notes")
    frame_of(ann, notes, "notes-panel")
    ann.photograph("notes-issue")


def test_an_event_of_an_app_reaches_its_own_frames(ann, notes):
    ann.open("/alpha/browse/DEMO-2")
    ann.page.locator('details[data-module="notes-context"] summary').click()
    listening, frame = frame_of(ann, notes, "notes-context"), frame_of(ann, notes, "notes-panel")
    frame.get_by_label("New note").fill("A third one")
    frame.get_by_role("button", name="Add").click()

    expect(listening.locator("#heard")).to_contain_text("A third one")


def test_one_app_learns_nothing_about_another_on_the_same_page(ann, notes, board):
    ann.open("/alpha/browse/DEMO-3")
    stranger, frame = frame_of(ann, board, "board-panel"), frame_of(ann, notes, "notes-panel")
    ann.photograph("two-apps")
    frame.get_by_label("New note").fill("Only between us")
    frame.get_by_role("button", name="Add").click()

    expect(stranger.locator("#public")).to_contain_text("Something was noted")
    heard = stranger.evaluate("JSON.stringify([window.heard.public, window.heard.events, window.name, location.href])")
    assert '"noted"' in heard
    secrets = (notes.tenant["sharedSecret"], notes.tenant["clientKey"], notes.origin, "Only between us", "notes-panel")
    assert [each for each in secrets if each in heard] == []
    reach = "(other) => { try { return other.document.title } catch (error) { return error.name } }"
    others = f"[...Array(parent.length).keys()].map((n) => parent[n]).filter((each) => each !== window).map({reach})"
    assert set(stranger.evaluate(others)) == {"SecurityError"}


def test_pages_dialogs_flags_and_the_way_to_an_issue(ann, board, alpha):
    ann.open("/alpha/")
    open_link(ann, "Board")
    frame = frame_of(ann, board, "board")
    asked = board.received("/board")[-1]
    expect(frame.locator("#who")).to_have_text(f"Shown to {asked['claims']['sub']}")
    ann.photograph("board-page")
    frame.get_by_role("button", name="New card").click()
    card = frame_of(ann, board, "card-dialog")
    expect(card.locator("#data")).to_have_text("Column: to do")
    card.get_by_label("Text of the card").fill("Buy a plant")
    ann.photograph("board-dialog")
    ann.page.get_by_role("button", name="Put it there").click()
    expect(frame.locator("#cards")).to_have_text("to do: Buy a plant")
    expect(ann.page.locator("dialog[open]")).to_have_count(0)  # a page behind an open dialog takes no clicks
    frame.get_by_role("button", name="Say it").click()
    expect(ann.page.locator("#app-flags")).to_contain_text("<b>Nothing</b> is late.")
    ann.photograph("board-flag")
    frame.get_by_role("button", name="To the first issue").click()
    ann.page.wait_for_url("**/alpha/browse/DEMO-1")
    dialog = dict(parse_qsl(urlsplit(board.received("/card")[-1]["target"]).query))
    assert dialog["dialog"] == "1"


def test_pages_of_projects_say_which_project(ann, board):
    ann.open("/alpha/projects/DEMO/")
    open_link(ann, "Project board")
    frame_of(ann, board, "project-board")
    ann.photograph("board-project")
    asked = next(e for e in reversed(board.log()) if str(e.get("path", "")).startswith("/team/projects/"))
    query = dict(parse_qsl(urlsplit(asked["target"]).query))
    assert (asked["status"], query["key"], query["may"]) == (200, "DEMO", "true")
    assert asked["path"].removeprefix("/team/projects/").isdecimal()
    ann.open("/alpha/projects/DEMO/")
    open_link(ann, "Board of the project")
    frame_of(ann, board, "project-settings")
    assert board.received("/project-settings")[-1]["status"] == 200


def test_pages_for_administrators_and_what_they_switch(ann, board):
    ann.open("/alpha/administration/")
    open_link(ann, "Boards")
    frame_of(ann, board, "board-admin")
    assert board.received("/admin")[-1]["status"] == 200
    ann.open(f"/alpha/apps/{board.key}/")
    ann.photograph("board-app")
    ann.press("Welcome to the board")
    frame_of(ann, board, "board-welcome")
    ann.open(f"/alpha/apps/{board.key}/configure/")
    expect(ann.page.get_by_role("link", name="Archive", exact=True)).to_have_count(0)
    frame = frame_of(ann, board, "board-settings")
    frame.get_by_label("Show the archive").check()
    frame.get_by_role("button", name="Save").click()
    expect(ann.page.locator("#app-flags")).to_contain_text("Saved")
    ann.photograph("board-settings")
    ann.open("/alpha/")
    open_link(ann, "Archive")
    frame_of(ann, board, "archive")


def test_links_in_a_group_lead_to_the_app_itself_and_to_the_site(ann, board):
    ann.open("/alpha/")
    ann.page.locator("summary", has_text="Board tools").click()
    ann.photograph("board-tools")
    open_link(ann, "My issues")
    ann.page.wait_for_url("**/alpha/issues/**")
    ann.open("/alpha/")
    ann.page.locator("summary", has_text="Board tools").click()
    open_link(ann, "Printable sheet")
    ann.page.wait_for_url(f"{board.base_url}/sheet?**")
    ann.sees("Sheet")


def test_a_link_on_an_issue_opens_the_apps_dialog(ann, board):
    ann.open("/alpha/browse/DEMO-4")
    ann.page.get_by_role("button", name="Put on the board").click()
    frame_of(ann, board, "card-dialog")
    ann.photograph("board-on-issue")
    assert dict(parse_qsl(urlsplit(board.received("/card")[-1]["target"]).query))["issue"] == "DEMO-4"


def test_who_only_uses_the_site_sees_other_pages(ben, board):
    ben.open("/alpha/")
    expect(ben.page.get_by_role("link", name="For guests", exact=True)).to_have_count(1)
    open_link(ben, "Board")
    frame_of(ben, board, "board")
    ben.open(f"/alpha/plugins/servlet/ac/{board.key}/board-admin", status=404)


def test_modules_without_a_place_are_a_note_for_administrators(ann, notes):
    ann.open(f"/alpha/apps/{notes.key}/")
    ann.page.locator("summary", has_text="Not everything").click()
    ann.sees("jiraDashboardItems")
    ann.photograph("notes-app")
    ann.open(f"/alpha/apps/{notes.key}/modules/?issue=DEMO-1")
    ann.sees("entity_property_equal_to")
    ann.photograph("notes-modules")


def test_an_app_hears_of_a_new_issue_and_thanks_in_the_name_of_who_made_it(ann, listener, proxy):
    ann.open("/alpha/projects/DEMO/new/")
    ann.page.get_by_label("Summary").fill("A door that squeaks")
    ann.press("Make the issue")
    ann.page.wait_for_url("**/alpha/browse/DEMO-*")
    key = ann.page.url.rpartition("/")[2]

    listener.wait_for_note("commented", issue=key, status=201)
    hook = listener.wait_for("/hooks/issue-created")
    assert (hook["status"], hook["algorithm"], hook["claims"]["iss"]) == (204, "HS256", listener.tenant["clientKey"])
    assert hook["body"]["webhookEvent"] == "jira:issue_created"
    assert isinstance(hook["body"]["timestamp"], int)
    reporter = hook["body"]["issue"]["fields"]["reporter"]["accountId"]
    told = listener.wait_for_note("heard", event="comment_created", issue=key)
    assert told["author"] == reporter
    assert proxy.asked[-1] == 200
    ann.open(f"/alpha/browse/{key}")
    comment = ann.page.locator("article.comment", has_text='Thank you for "A door that squeaks".')
    expect(comment.locator("strong")).to_have_text("Ann Administrator")
    ann.photograph("listener-issue")


def test_an_app_that_is_off_shows_nothing_and_is_back_when_it_is_on(ann, board, alpha):
    ann.open(f"/alpha/apps/{board.key}/")
    ann.press("Switch off")
    ann.sees("The app is off")
    expect(ann.page.get_by_role("link", name="Board", exact=True)).to_have_count(0)
    ann.open("/alpha/browse/DEMO-1")
    expect(ann.page.locator(f'[data-app="{board.key}"]')).to_have_count(0)
    ann.open(f"/alpha/plugins/servlet/ac/{board.key}/board", status=404)
    assert board.wait_for("/disabled")["status"] == 204
    enabled = len(board.received("/enabled"))
    ann.open(f"/alpha/apps/{board.key}/")
    ann.press("Switch on")
    ann.sees("The app is on again.")
    assert board.wait_for("/enabled", count=enabled + 1)["algorithm"] == "HS256"
    open_link(ann, "Board")
    frame_of(ann, board, "board")


def test_an_app_is_removed_by_a_button(ann, board, alpha):
    ann.open(f"/alpha/apps/{board.key}/")
    ann.page.once("dialog", lambda dialog: dialog.accept())
    ann.press("Uninstall")
    alpha.wait_until_gone(board.key)

    assert board.wait_for("/uninstalled")["algorithm"] == "RS256"
    refused = wait_for(lambda: board.call("get", "/rest/api/3/serverInfo"), "no answer")
    assert refused["status"] == 401
    ann.open("/alpha/browse/DEMO-1")
    expect(ann.page.locator(f'[data-app="{board.key}"]')).to_have_count(0)
    ann.photograph("board-removed")


def test_a_signed_page_may_be_loaded_again_within_its_life_but_not_changed(notes):
    target = notes.received("/notes")[-1]["target"]

    assert send(notes.origin + target)[0] == 200
    assert send(notes.origin + target.replace("issue=DEMO", "issue=OTHER"))[0] == 401
