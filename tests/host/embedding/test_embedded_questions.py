"""What the scripts of pages may ask in the name of an app: tickets, tokens, requests to the site's REST."""

import json
import re

import pytest
from tests.host.conftest import person
from tests.host.embedding.stagehands import NOW, Theatre, claims, told

from tradepost.host.embedding.scenes import Scene
from tradepost.host.embedding.tickets import make_ticket
from tradepost.host.sites.commands import create_site

APP = "https://app.example/base"
DIALOG = {"key": "dialog", "url": "/dialog?of={issue.key}", "options": {"width": "300px"}}
PANEL = {"key": "panel", "name": {"value": "P"}, "url": "/p", "location": "atl.jira.view.issue.right.context"}


@pytest.fixture
def desk(theatre: Theatre) -> "Desk":
    return Desk(theatre)


class Desk:
    """A viewer's page of an issue with one app on it, and its questions."""

    def __init__(self, theatre: Theatre, *, scopes=("READ", "WRITE", "DELETE")) -> None:
        self.theatre = theatre
        self.installation = theatre.install("demo", APP, scopes=scopes, dialogs=[DIALOG], webPanels=[PANEL])
        self.client = theatre.client(theatre.user)
        page = self.client.get("/alpha/browse/DEMO-1").content.decode()
        [island] = re.findall(r'<script id="app-bridge" type="application/json">(.*?)</script>', page)
        [panel] = re.findall(r'<script id="app-place-\d+" type="application/json">(.*?)</script>', page)
        self.csrf, self.ticket = json.loads(island)["csrf"], json.loads(panel)["ticket"]

    def ask(self, what: str, *, client=None, ticket=None, csrf=None, site="alpha", **more):
        return (client or self.client).post(
            f"/{site}/tradepost/bridge/{what}", {"ticket": ticket or self.ticket, **more},
            content_type="application/json", headers={"x-csrftoken": self.csrf if csrf is None else csrf},
        )  # fmt: skip

    def request(self, url: str, method: str = "GET", **more):
        return told(self.ask("request", url=url, method=method, **more))


def test_a_context_token_says_what_the_page_is_about_and_is_bound_to_no_request(desk: Desk) -> None:
    token = claims(told(desk.ask("token"))["token"])

    assert token["qsh"] == "context-qsh"
    assert token["context"]["jira"]["issue"]["key"] == "DEMO-1"
    assert token["sub"] == str(desk.theatre.user.user.pk)


def test_a_question_without_the_forms_token_or_a_good_ticket_is_refused(desk: Desk) -> None:
    stranger = desk.theatre.client(desk.theatre.admin)

    assert desk.ask("token", csrf="wrong" * 8).status_code == 403
    assert desk.ask("token", ticket=desk.ticket + "x").status_code == 403
    assert desk.ask("token", ticket="").status_code == 200  # the desk's own
    assert desk.client.post("/alpha/tradepost/bridge/token", {}).status_code == 403
    stranger.get("/alpha/browse/DEMO-1")
    csrf = stranger.cookies[next(name for name in stranger.cookies if "csrf" in name)].value
    assert desk.ask("token", client=stranger, csrf=csrf).status_code == 403, "another viewer's ticket"


def test_a_ticket_is_not_good_on_another_site_or_for_an_app_that_is_off(desk: Desk) -> None:
    operator = person("operator@host.example", operator=True)
    beta = create_site(name="Beta", context_path="/beta", by=operator, now=NOW)

    assert desk.ask("token", site="beta").status_code == 403
    type(desk.installation).objects.update(state="disabled")
    assert desk.ask("token").status_code == 403
    assert make_ticket(desk.installation, Scene(beta)) != desk.ticket


def test_a_ticket_grows_old_after_an_hour_unless_the_page_asks_for_a_new_one(desk: Desk, monkeypatch) -> None:
    renewed = told(desk.ask("ticket"))["ticket"]
    from django.core import signing

    late = signing.time.time() + 3700

    class Later:
        time = staticmethod(lambda: late)

    monkeypatch.setattr(signing, "time", Later)
    assert desk.ask("token").status_code == 403
    assert desk.ask("token", ticket=renewed).status_code == 403


def test_a_page_asks_the_sites_rest_as_its_viewer(desk: Desk) -> None:
    for url in ("/rest/api/2/myself", "/rest/api/3/myself", "rest/api/2/myself", "/alpha/rest/api/2/myself",
                f"{desk.theatre.site.base_url}/rest/api/2/myself"):  # fmt: skip
        answer = desk.request(url)
        assert answer["status"] == 200, (url, answer)
        assert json.loads(answer["body"])["accountId"] == str(desk.theatre.user.user.pk)


def test_a_page_changes_things_within_the_apps_scopes(desk: Desk) -> None:
    body = json.dumps({"body": "From the page"})
    made = desk.request("/rest/api/2/issue/DEMO-1/comment", "POST", body=body,
                        headers={"Content-Type": "application/json"})  # fmt: skip

    assert made["status"] == 201
    assert json.loads(made["body"])["author"]["accountId"] == str(desk.theatre.user.user.pk)


def test_what_the_app_was_not_granted_is_forbidden(theatre: Theatre) -> None:
    reader = Desk(theatre, scopes=("READ",))

    assert reader.request("/rest/api/2/issue/DEMO-1")["status"] == 200
    assert reader.request("/rest/api/2/issue/DEMO-1/comment", "POST", body="{}")["status"] == 403


def test_what_the_viewer_may_not_see_does_not_exist(desk: Desk) -> None:
    assert desk.request("/rest/api/2/issue/DEMO-99")["status"] == 404
    assert desk.request("/rest/api/2/nothing/at/all")["status"] in {403, 404}


@pytest.mark.parametrize(
    "url",
    [
        "/", "/apps/", "/settings/", "/api/1/sites", "/rest/plugins/1.0/", "/rest/api/2/../../apps/",
        "/rest/api/2/%2e%2e/%2e%2e/apps/", "/rest/api/2/..%2f..%2fapps/", "/rest/api/2//issue",
        "//evil.example/rest/api/2/myself",
        "https://evil.example/rest/api/2/myself", "/rest/api/2/issue\\DEMO-1", "/rest/api/2/issue%5cDEMO-1",
        "/beta/rest/api/2/myself", "javascript:alert(1)", "/rest/api/2/my\nself", "/tradepost/bridge/token", "",
        "/rest/api/2/issue/DEMO-1#x", "/rest/api/2/./myself", "/rest/api/2/%00",
    ],
)  # fmt: skip
def test_nothing_but_rest_for_apps_can_be_reached(desk: Desk, url: str) -> None:
    assert desk.request(url)["status"] in {400, 403, 404}


@pytest.mark.parametrize(("method", "path"), [("POST", "group"), ("DELETE", "user"), ("PUT", "settings/columns")])
def test_administration_cannot_be_reached_whatever_the_app_was_granted(
    theatre: Theatre, method: str, path: str
) -> None:
    mighty = Desk(theatre, scopes=("ADMIN", "READ", "WRITE", "DELETE", "PROJECT_ADMIN"))

    answer = mighty.request(f"/rest/api/2/{path}", method, body="{}")

    assert answer["status"] == 403


def test_an_app_reaches_its_own_entry_and_no_other_apps(desk: Desk) -> None:
    desk.theatre.install("other", "https://other.example")

    assert desk.request("/rest/atlassian-connect/1/addons/demo")["status"] == 200
    assert desk.request("/rest/atlassian-connect/1/addons/other")["status"] in {401, 403, 404}


@pytest.mark.parametrize("more", [{"method": "TRACE"}, {"method": 7}, {"headers": {"a": 1}}, {"body": 5},
                                  {"url": 3}, {"url": "/rest/api/2/" + "x" * 5000}])  # fmt: skip
def test_nonsense_is_answered_and_not_an_error_of_ours(desk: Desk, more) -> None:
    answer = told(desk.ask("request", **{"url": "/rest/api/2/myself", **more}))

    assert answer["status"] in {400, 403}


def test_cookies_and_other_headers_of_ours_stay_with_us(desk: Desk) -> None:
    answer = desk.request(
        "/rest/api/2/myself", headers={"Cookie": "a=b", "Host": "evil.example", "X-Forwarded-For": "x"}
    )

    assert answer["status"] == 200
    assert set(answer["headers"]) <= {"content-type", "etag", "allow", "location"}


def test_a_dialog_gets_its_address_when_it_opens(desk: Desk) -> None:
    answer = told(desk.ask("frame", module="dialog", dialog=True, values={"a": 1}))

    assert answer["url"].startswith(f"{APP}/dialog?of=DEMO-1&")
    assert "&dialog=1&ui-params=%7B%22a%22%3A1%7D&jwt=" in answer["url"]
    assert answer["options"] == {"width": "300px"}
    assert desk.ask("frame", module="missing", dialog=True).status_code == 404
    assert desk.ask("frame", module="dialog", dialog=True, values={"a": "x" * 3000}).status_code == 422
