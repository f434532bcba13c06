"""The bridge in Chromium, with apps on origins of their own: what apps can ask, and what they cannot."""

import json

import pytest
from playwright.sync_api import Page, expect
from tests.host.embedding.stagehands import Theatre, app_frame, call, claims, shoot

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PANEL = {
    "key": "panel",
    "name": {"value": "A panel"},
    "url": "/panel?issue={issue.key}",
    "location": "atl.jira.view.issue.right.context",
}
PAGE = {"key": "page", "name": {"value": "A page"}, "url": "/page?given={ac.given}"}
TOP = "/plugins/servlet/ac/first/page"
ASK = (
    "AP.request({{url: '{url}', type: '{method}', data: {data}, "
    "success: (body, how, xhr) => done(['success', xhr.status, xhr.getResponseHeader('Content-Type')]), "
    "error: (xhr, how, said) => done(['error', xhr.status, said])}})"
)


def ask(url: str, method: str = "GET", data: str = "undefined") -> str:
    return ASK.format(url=url, method=method, data=data)


def test_a_panel_stands_on_an_issue_with_a_signed_address_and_reads_its_context(house: Theatre) -> None:
    installation = house.install("first", house.first.base_url, webPanels=[PANEL])

    page = house.page("/browse/DEMO-1", house.user)
    frame = app_frame(page, house.first, "/panel")
    context = call(frame, "AP.context.getContext(done)")
    token = call(frame, "AP.context.getToken(done)")
    promised = frame.evaluate("() => AP.context.getToken()")
    shoot(page, "panel-on-an-issue")

    sent = dict(house.first.parameters("/panel"))
    assert claims(sent["jwt"])["iss"] == installation.client_key
    assert claims(sent["jwt"])["sub"] == str(house.user.user.pk)
    told = {
        "issue": {"id": str(house.issue.pk), "key": "DEMO-1", "issuetype": {"id": "10001"}},
        "project": {"id": str(house.project.pk), "key": "DEMO"},
    }
    assert context == {"jira": told, "license": {"active": False}}
    for each in (token, promised):
        assert claims(each)["qsh"] == "context-qsh"
        assert claims(each)["context"] == {"jira": told}
    element = page.locator("iframe")
    assert element.get_attribute("referrerpolicy") == "no-referrer"
    assert "allow-top-navigation" not in (element.get_attribute("sandbox") or "")
    assert house.errors == []


def test_a_page_of_an_app_asks_the_site_as_its_viewer_within_its_scopes(house: Theatre) -> None:
    house.install("first", house.first.base_url, scopes=("READ",), webPanels=[PANEL])
    page = house.page("/browse/DEMO-1", house.user)
    frame = app_frame(page, house.first, "/panel")

    me = json.loads(frame.evaluate("() => AP.request('/rest/api/3/myself').then((told) => told.body)"))
    required = frame.evaluate(
        "() => new Promise((done) => AP.require('request', (request) => request({url: '/rest/api/2/issue/DEMO-1', "
        "success: (body) => done(JSON.parse(body).key)})))"
    )
    user = call(frame, "AP.user.getCurrentUser(done)")
    forbidden = call(frame, ask("/rest/api/2/issue/DEMO-1/comment", "POST", "JSON.stringify({body: 'no'})"))
    rejected = frame.evaluate("() => AP.request('/rest/plugins/1.0/').catch((told) => told.xhr.status)")

    assert me["accountId"] == user["atlassianAccountId"] == str(house.user.user.pk)
    assert required == "DEMO-1"
    assert call(frame, ask("/rest/api/2/issue/DEMO-1")) == ["success", 200, "application/json"]
    assert forbidden[:2] == ["error", 403]
    assert "WRITE" in forbidden[2]
    assert rejected == 403
    assert call(frame, "AP.user.getTimeZone(done)") == "UTC"
    assert call(frame, "AP.user.getLocale(done)") == "en_GB"


def test_frames_get_the_height_they_ask_for_and_no_dialog_of_ours_is_in_their_way(house: Theatre) -> None:
    tall = {**PANEL, "url": "/panel?height=700&options=autoresize:true"}
    house.install("first", house.first.base_url, webPanels=[tall], generalPages=[PAGE])
    page = house.page("/browse/DEMO-1", house.user)
    frame = app_frame(page, house.first, "/panel")

    height = "() => document.querySelector('iframe').getBoundingClientRect().height"
    page.wait_for_function(f"() => ({height})() >= 700")
    frame.evaluate("() => AP.resize('100%', '333px')")
    page.wait_for_function(f"() => ({height})() === 333")
    frame.evaluate("() => AP.resize('10px', '99999999px')")
    page.wait_for_function(f"() => ({height})() === 20000")

    whole = house.page(TOP, house.user)
    full = app_frame(whole, house.first, "/page")
    full.evaluate("() => AP.sizeToParent()")
    whole.wait_for_function(f"() => ({height})() > 500")
    shoot(whole, "general-page")


def test_flags_say_what_an_app_says_as_text_and_who_said_it(house: Theatre) -> None:
    house.install("first", house.first.base_url, webPanels=[PANEL])
    page = house.page("/browse/DEMO-1", house.user)
    frame = app_frame(page, house.first, "/panel")

    flagged = "{title: '<b>Done</b>', body: 'All is well.', type: 'success', actions: {more: 'More'}}"
    frame.evaluate(f"() => {{ AP.flag.create({flagged}); }}")
    flag = page.locator(".app-flag.success")
    expect(flag).to_contain_text("<b>Done</b>")
    expect(flag).to_contain_text("The first app")
    shoot(page, "flag")
    flag.get_by_role("button", name="More").click()
    frame.wait_for_function("() => window.ownEvents.some(([name]) => name === 'flag.action')")
    flag.get_by_role("button", name="Close").click()
    expect(flag).to_have_count(0)
    frame.wait_for_function("() => window.ownEvents.some(([name]) => name === 'flag.close')")
    assert house.errors == []


def test_a_dialog_opens_with_a_signed_address_hears_its_buttons_and_hands_back_an_answer(house: Theatre) -> None:
    dialog = {"key": "dialog", "url": "/dialog?of={issue.key}", "options": {"size": "medium"}}
    item = {
        "key": "opener", "name": {"value": "Open it"}, "url": "/dialog?item=1", "location": "jira.issue.tools",
        "target": {"type": "dialog"},
    }  # fmt: skip
    house.install("first", house.first.base_url, webPanels=[PANEL], dialogs=[dialog], webItems=[item])
    page = house.page("/browse/DEMO-1", house.user)
    panel = app_frame(page, house.first, "/panel")

    panel.evaluate(
        "() => { AP.dialog.create({key: 'dialog', header: 'The dialog', submitText: 'Go', customData: {n: 7}, "
        "buttons: [{text: 'Third', identifier: 'third'}]}); }"
    )
    inside = app_frame(page, house.first, "/dialog")
    shown = page.locator("dialog.app-dialog")
    expect(shown.get_by_role("heading", name="The dialog")).to_be_visible()
    expect(shown.get_by_role("button", name="Go")).to_be_enabled()
    shoot(page, "dialog")
    assert call(inside, "AP.dialog.getCustomData(done)") == {"n": 7}
    inside.evaluate("() => { AP.dialog.getButton('third').disable(); }")
    expect(shown.get_by_role("button", name="Third")).to_be_disabled()
    inside.evaluate(
        "() => { AP.dialog.getButton('submit').bind(() => { AP.dialog.close({answer: 42}); return false; }); }"
    )
    shown.get_by_role("button", name="Go").click()
    panel.wait_for_function(
        "() => window.ownEvents.some(([name, told]) => name === 'dialog.close' && told.answer === 42)"
    )
    expect(shown).to_have_count(0)
    sent = dict(house.first.parameters("/dialog"))
    assert (sent["dialog"], sent["of"]) == ("1", "DEMO-1")
    assert "jwt" in sent

    panel.evaluate("() => { AP.dialog.create({key: 'dialog'}); }")
    app_frame(page, house.first, "/dialog").evaluate(
        "() => window.dispatchEvent(Object.assign(new Event('keydown'), {keyCode: 27}))"
    )
    expect(shown).to_have_count(0)

    page.get_by_role("button", name="Open it").click()
    app_frame(page, house.first, "/dialog?item=1")
    shown.get_by_role("button", name="Cancel").click()
    expect(shown).to_have_count(0)
    assert house.errors == []


def test_an_event_for_everybody_carries_nothing_of_the_senders_frame(house: Theatre) -> None:
    house.install("first", house.first.base_url, webPanels=[PANEL])
    house.install("second", house.second.base_url, webPanels=[PANEL])
    page = house.page("/browse/DEMO-1", house.user)
    first, second = app_frame(page, house.first, "/panel"), app_frame(page, house.second, "/panel")

    first.evaluate(
        "() => { AP.events.emit('own', {secret: 'mine alone'}); AP.events.emitPublic('shared', 1, {a: 2}); }"
    )
    second.wait_for_function("() => window.publicEvents.length > 0")
    heard = second.evaluate("() => window.heard")
    own_of_second = second.evaluate("() => window.ownEvents")

    [event] = [each for each in heard if each.get("etyp") == "shared"]
    assert event["evnt"] == {"sender": {"addonKey": "first", "key": "panel", "options": {}}, "event": [1, {"a": 2}]}
    assert own_of_second == []
    assert "mine alone" not in json.dumps(heard)
    first.wait_for_function("() => window.ownEvents.some(([name]) => name === 'own')")
    everything = json.dumps(heard) + second.evaluate("() => window.name")
    for hidden in (house.first.origin, "channel-first", "first__panel", "jwt="):
        assert hidden not in everything.replace("channel-second", ""), hidden


def test_one_app_cannot_act_as_another_over_messages(house: Theatre) -> None:
    house.install("first", house.first.base_url, scopes=("READ", "WRITE"), webPanels=[PANEL])
    house.install("second", house.second.base_url, scopes=(), webPanels=[PANEL])
    page = house.page("/browse/DEMO-1", house.user)
    first, second = app_frame(page, house.first, "/panel"), app_frame(page, house.second, "/panel")
    name = first.evaluate("() => JSON.parse(window.name).extension_id")

    second.evaluate(
        "(eid) => window.parent.postMessage("
        "{eid, type: 'req', mid: 'forged', mod: 'context', fn: 'getToken', args: []}, '*')",
        name,
    )

    assert call(second, ask("/rest/api/2/issue/DEMO-1"))[:2] == ["error", 403]
    assert not any(each.get("mid") == "forged" for each in second.evaluate("() => window.heard"))
    assert not any(each.get("mid") == "forged" for each in first.evaluate("() => window.heard"))


def test_a_frame_that_moves_to_another_origin_is_not_shown_and_has_no_bridge(house: Theatre) -> None:
    house.first.elsewhere = house.second.origin
    house.install("first", house.first.base_url, webPanels=[{**PANEL, "url": "/moves"}])

    page = house.page("/browse/DEMO-1", house.user)
    page.wait_for_function("() => document.querySelector('.app-waits') === null")

    assert house.second.asked == [], "the page's policy names the first app's origin alone"


def _hash(page: Page) -> str:
    return str(page.evaluate("() => location.hash"))


def test_an_app_leads_its_viewer_within_the_site_and_keeps_its_state_in_the_fragment(house: Theatre) -> None:
    house.install("first", house.first.base_url, generalPages=[PAGE], webPanels=[PANEL])
    page = house.page(TOP, house.user)
    frame = app_frame(page, house.first, "/page")

    frame.evaluate("() => { AP.history.popState((told) => { window.popped = told; }); AP.history.pushState('one'); }")
    page.wait_for_function("() => location.hash === '#!one'")
    frame.evaluate("() => { AP.history.pushState('two words'); }")
    page.wait_for_function("() => location.hash === '#!two%20words'")
    assert call(frame, "AP.history.getState('hash', done)") == "two words"
    page.go_back()
    frame.wait_for_function("() => window.popped && window.popped.hash === 'one'")
    frame.evaluate("() => { AP.history.replaceState('three'); }")
    page.wait_for_function("() => location.hash === '#!three'")
    assert call(frame, "AP.getLocation(done)") == f"{house.url}/alpha{TOP}#!three"

    for evil in ("//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\\\evil.example", "/../beta/"):
        frame.evaluate(f"() => {{ AP.navigator.go('site', {{relativeUrl: '{evil}'}}); }}")
    expect(page.locator(".app-flag.warning")).to_have_count(5)
    assert page.url == f"{house.url}/alpha{TOP}#!three"

    frame.evaluate(
        "() => { AP.navigator.go('addonModule', {addonKey: 'first', moduleKey: 'page', context: {given: 'x y'}}); }"
    )
    page.wait_for_url("**/plugins/servlet/ac/first/page?ac.given=x+y")
    frame = app_frame(page, house.first, "/page")
    assert dict(house.first.parameters("/page"))["given"] == "x%20y"
    frame.evaluate("() => { AP.navigator.go('issue', {issueKey: 'DEMO-1'}); }")
    page.wait_for_url("**/alpha/browse/DEMO-1")
    panel = app_frame(page, house.first, "/panel")
    assert call(panel, "AP.navigator.getLocation(done)")["context"]["issueKey"] == "DEMO-1"
    panel.evaluate("() => { AP.history.pushState('not-mine'); }")
    assert call(panel, "AP.history.getState('hash', done)") == ""
    assert _hash(page) == ""


def test_what_an_app_keeps_in_the_browser_is_its_own_and_never_sent_to_the_site(house: Theatre) -> None:
    house.install("first", house.first.base_url, webPanels=[PANEL])
    house.install("second", house.second.base_url, webPanels=[PANEL])
    page = house.page("/browse/DEMO-1", house.user)
    first, second = app_frame(page, house.first, "/panel"), app_frame(page, house.second, "/panel")

    first.evaluate("() => { AP.cookie.save('name', 'value', 1); AP.cookie.save('gone', 'x', -1); }")

    assert call(first, "AP.cookie.read('name', done)") == "value"
    assert call(first, "AP.cookie.read('gone', (value) => done(value === undefined))") is True
    assert call(second, "AP.cookie.read('name', (value) => done(value === undefined))") is True
    assert "value" not in {each["value"] for each in page.context.cookies()}
    first.evaluate("() => { AP.cookie.erase('name'); }")
    assert call(first, "AP.cookie.read('name', (value) => done(value === undefined))") is True


def test_an_issue_context_opens_when_asked_and_an_unknown_call_says_so(house: Theatre) -> None:
    glance = {
        "key": "glance", "name": {"value": "Glance"}, "content": {"type": "label", "label": {"value": "Look here"}},
        "icon": {"url": "/icon.svg", "width": 16, "height": 16}, "target": {"type": "web_panel", "url": "/glance"},
    }  # fmt: skip
    house.install("first", house.first.base_url, jiraIssueContexts=[glance])
    page = house.page("/browse/DEMO-1", house.user)

    assert not any("/glance" in each for each in house.first.asked)
    page.get_by_text("Look here").click()
    frame = app_frame(page, house.first, "/glance")
    assert call(frame, "AP.jira.openCreateIssueDialog(done)") == []
    expect(page.locator(".app-flag.warning")).to_contain_text("This product has no dialog for new issues")
    assert any("icon.svg" in each for each in house.first.asked)
    shoot(page, "issue-context")
    frame.evaluate("() => { AP.jira.refreshIssuePage(); }")
    page.wait_for_function("() => !document.querySelector('details.app-panel').open")


def test_a_visitor_is_nobody_to_apps(house: Theatre) -> None:
    type(house.project).objects.update(is_public=True)
    house.install("first", house.first.base_url, webPanels=[PANEL])

    page = house.page("/browse/DEMO-1", None)
    frame = app_frame(page, house.first, "/panel")

    assert "sub" not in claims(dict(house.first.parameters("/panel"))["jwt"])
    assert call(frame, "AP.user.getCurrentUser(done)").get("atlassianAccountId") is None
    assert "sub" not in claims(call(frame, "AP.context.getToken(done)"))
    assert call(frame, ask("/rest/api/2/issue/DEMO-1"))[:2] == ["success", 200]
    assert call(frame, ask("/rest/api/2/myself"))[:2] == ["error", 403]
