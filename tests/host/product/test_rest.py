"""Apps work with the product over HTTP: what they see, in whose name, and within which scopes."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.conftest import World
from tests.host.product.conftest import Place, make_place

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.core.signing import query_hash
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.models import User
from tradepost.foundation.secrets import unseal
from tradepost.host.appapi.callers import AppCaller, CallerKind
from tradepost.host.installing.models import Installation
from tradepost.host.product import administration, restissues
from tradepost.host.product.models import Issue
from tradepost.host.sites.models import Site

pytestmark = pytest.mark.urls("tradepost.server.urls.host")
SCOPES = ["READ", "WRITE", "DELETE"]
PROBLEM = {"errorMessages", "errors"}


@dataclass
class Calling:
    """An app that signs every request like a careful one."""

    installation: Installation
    root: str = "/here/rest/api/3"

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> HttpResponse:
        url = f"{self.root}/{path}"
        parts, now = urlsplit(url), int(machine_now().timestamp())
        site = self.installation.site.context_path
        claims = {
            "iss": self.installation.app_key,
            "iat": now,
            "exp": now + 180,
            "qsh": query_hash(method, parts.path.removeprefix(site), parts.query),
        }
        token = jwt.encode(claims, unseal(self.installation.sealed_secret), algorithm="HS256")
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        return Client().generic(
            method, url, sent, content_type="application/json", headers={"Authorization": f"JWT {token}"}
        )


@pytest.fixture
def place(world: World) -> Place:
    """The site `here`, on which the app of the world runs."""
    world.now = domain_now()
    made = make_place("here", operator=world.operator)
    world.admins[made.site.pk] = made.caller("ann")
    world.publish("1.1.0", scopes=SCOPES)
    world.install(made.site)
    return made


@pytest.fixture
def call(world: World, place: Place) -> Calling:
    return Calling(world.on(place.site))


def narrow(world: World, site: Site, scopes: list[str]) -> None:
    version = world.on(site).running
    assert version is not None
    version.scopes = scopes
    version.save(update_fields=["scopes"])


def as_user(call: Calling, user: User | None, kind: CallerKind = CallerKind.USER) -> AppCaller:
    """The app in somebody's name."""
    assert call.installation.running is not None
    return AppCaller(call.installation, call.installation.running, user, kind, frozenset(SCOPES))


def test_an_app_makes_an_issue_and_finds_it(call: Calling) -> None:
    fields = {"project": {"key": "DEMO"}, "summary": "From afar", "issuetype": {"name": "Task"}, "description": "Hi"}
    made = call("POST", "issue", {"fields": fields})
    assert made.status_code == 201
    assert set(made.json()) == {"id", "key", "self"}
    assert made.json()["key"] == "DEMO-6"

    shown = call("GET", "issue/DEMO-6").json()
    assert shown["id"] == made.json()["id"] == call("GET", f"issue/{made.json()['id']}").json()["id"]
    assert shown["self"].endswith(f"/here/rest/api/3/issue/{shown['id']}")
    assert shown["fields"]["summary"] == "From afar"
    assert shown["fields"]["description"]["content"][0]["content"] == [{"type": "text", "text": "Hi"}]
    assert shown["fields"]["status"]["statusCategory"]["key"] == "new"
    assert shown["fields"]["reporter"]["accountId"] == "app:demo"
    assert shown["fields"]["assignee"] is None
    assert shown["fields"]["project"]["key"] == "DEMO"


def test_texts_are_plain_in_version_2_and_documents_in_version_3(call: Calling) -> None:
    document = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hey"}]}],
    }
    assert call("POST", "issue/DEMO-1/comment", {"body": document}).json()["body"] == document
    call.root = "/here/rest/api/2"
    assert call("GET", "issue/DEMO-1/comment").json()["comments"][0]["body"] == "Hey"
    assert call("POST", "issue/DEMO-1/comment", {"body": "Plain"}).json()["body"] == "Plain"
    call.root = "/here/rest/api/latest"
    assert (
        call("GET", "issue/DEMO-1?fields=summary")
        .json()["self"]
        .startswith(f"{call.installation.site.base_url}/rest/api/2/")
    )


def test_an_app_edits_moves_and_deletes(call: Calling, place: Place) -> None:
    uma = str(place.user("uma").pk)
    assert (
        call("PUT", "issue/DEMO-1", {"fields": {"summary": "New", "assignee": {"accountId": uma}}}).status_code == 204
    )
    moves = call("GET", "issue/DEMO-1/transitions").json()["transitions"]
    assert [each["name"] for each in moves] == ["To Do", "In Progress"]
    assert call("POST", "issue/DEMO-1/transitions", {"transition": {"id": moves[1]["id"]}}).status_code == 204
    fields = call("GET", "issue/DEMO-1?fields=summary,assignee,status").json()["fields"]
    assert set(fields) == {"summary", "assignee", "status"}
    assert (fields["summary"], fields["assignee"]["accountId"], fields["status"]["name"]) == ("New", uma, "In Progress")
    assert call("PUT", "issue/DEMO-1", {"fields": {"assignee": None}}).status_code == 204
    assert Issue.objects.get(project=place.project, number=1).assignee is None

    assert call("DELETE", "issue/DEMO-1").status_code == 204
    assert call("GET", "issue/DEMO-1").status_code == 404


def test_an_app_comments_by_its_name_and_edits_only_its_own(call: Calling) -> None:
    made = call("POST", "issue/DEMO-2/comment", {"body": "Beep"})
    assert made.status_code == 201
    assert made.json()["author"]["accountType"] == "app"
    own = made.json()["id"]
    first = call("GET", "issue/DEMO-2/comment").json()["comments"][0]["id"]
    assert call("PUT", f"issue/DEMO-2/comment/{own}", {"body": "Boop"}).status_code == 200
    assert call("PUT", f"issue/DEMO-2/comment/{first}", {"body": "Mine"}).status_code == 403
    assert call("GET", f"issue/DEMO-1/comment/{own}").status_code == 404
    assert call("DELETE", f"issue/DEMO-2/comment/{own}").status_code == 204


@pytest.mark.parametrize(
    ("scopes", "method", "path", "expected"),
    [
        ([], "GET", "issue/DEMO-1", 403),
        (["READ"], "GET", "issue/DEMO-1", 200),
        (["READ"], "POST", "issue/DEMO-1/comment", 403),
        (["READ"], "PUT", "issue/DEMO-1/properties/x", 403),
        (["WRITE"], "POST", "issue/DEMO-1/comment", 201),
        (["WRITE"], "DELETE", "issue/DEMO-1", 403),
        (["DELETE"], "DELETE", "issue/DEMO-1", 204),
        (["READ"], "POST", "search", 200),
        (["READ"], "POST", "permissions/check", 200),
    ],
)
def test_scopes_bound_an_app(
    world: World, place: Place, call: Calling, scopes: list[str], method: str, path: str, expected: int
) -> None:
    narrow(world, place.site, scopes)
    answer = call(method, path, {"body": "Hello"} if method in {"POST", "PUT"} else None)
    assert answer.status_code == expected
    assert expected < 400 or set(answer.json()) == PROBLEM


def test_without_a_token_there_is_nothing(place: Place) -> None:
    for browser in (Client(), place.browser("ann")):
        answer = browser.get("/here/rest/api/3/issue/DEMO-1")
        assert (answer.status_code, set(answer.json())) == (401, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "issue/DEMO-99", None, 404),
        ("GET", "issue/nonsense", None, 404),
        ("GET", "issue/99999999999999999999", None, 404),
        ("GET", "issue/DEMO-1/comment/x", None, 404),
        ("GET", "project/NONE", None, 404),
        ("GET", "user?accountId=x", None, 404),
        ("GET", "nothing", None, 404),
        ("PATCH", "issue/DEMO-1", {}, 405),
        ("POST", "issue", [], 400),
        ("POST", "issue", {"fields": []}, 400),
        ("POST", "issue", {"fields": {"summary": "x"}}, 400),
        ("POST", "issue", {"fields": {"project": {"key": "NONE"}, "summary": "x"}}, 404),
        ("POST", "issue", {"fields": {"project": {"key": "DEMO"}, "summary": 7}}, 400),
        ("POST", "issue", {"fields": {"project": {"key": "DEMO"}, "summary": "x", "duedate": "x"}}, 400),
        ("PUT", "issue/DEMO-1", {"fields": {"summary": "x" * 256}}, 400),
        ("PUT", "issue/DEMO-1", {"fields": {"assignee": {"accountId": "x"}}}, 400),
        ("POST", "issue/DEMO-1/comment", {"body": ""}, 400),
        ("POST", "issue/DEMO-1/comment", {"body": {"type": "x"}}, 400),
        ("POST", "issue/DEMO-1/transitions", {"transition": {"id": "0"}}, 400),
        ("GET", "search?jql=sprint%20%3D%201", None, 400),
        ("GET", "search?startAt=-1", None, 400),
        ("POST", "permissions/check", {"globalPermissions": "ADMINISTER"}, 400),
        ("POST", "permissions/check", {"projectPermissions": [{"permissions": [7]}]}, 400),
    ],
)
def test_what_cannot_be_is_answered_as_apps_read_errors(
    call: Calling, method: str, path: str, body: Any, expected: int
) -> None:
    answer = call(method, path, body)
    assert answer.status_code == expected, answer.content
    if path != "nothing":
        assert set(answer.json()) == PROBLEM
        assert answer.json()["errorMessages"]


def test_bodies_that_are_no_json_are_refused(call: Calling) -> None:
    for raw in (b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b'{"fields": NaN}'):
        assert call("POST", "issue", raw=raw).status_code == 400


def test_things_of_another_site_do_not_exist_for_an_app(call: Calling, place: Place) -> None:
    other = make_place("there", operator=place.operator)
    theirs = Issue.objects.get(project=other.project, number=1)
    assert call("GET", f"issue/{theirs.pk}").status_code == 404
    assert call("GET", f"project/{other.project.pk}").status_code == 404
    assert call("PUT", f"issue/{theirs.pk}/properties/x", 1).status_code == 404
    assert call("GET", "search").json()["total"] == 5
    call.root = "/there/rest/api/3"
    assert call("GET", "issue/DEMO-1").status_code == 401


def test_searches_come_in_pages(call: Calling) -> None:
    first = call("GET", "search?jql=project%20%3D%20DEMO%20ORDER%20BY%20key&maxResults=2").json()
    assert (first["startAt"], first["maxResults"], first["total"]) == (0, 2, 5)
    assert [issue["key"] for issue in first["issues"]] == ["DEMO-1", "DEMO-2"]
    last = call(
        "POST", "search", {"jql": "ORDER BY key", "startAt": 4, "maxResults": 9999, "fields": ["summary"]}
    ).json()
    assert [issue["key"] for issue in last["issues"]] == ["DEMO-5"]
    assert list(last["issues"][0]["fields"]) == ["summary"]
    assert last["maxResults"] == 100

    keys, token = [], "0"
    while token:
        page = call("POST", "search/jql", {"jql": "ORDER BY key", "maxResults": 2, "nextPageToken": token}).json()
        keys += [issue["key"] for issue in page["issues"]]
        token = page.get("nextPageToken")
    assert keys == [f"DEMO-{n}" for n in range(1, 6)]


@pytest.mark.parametrize("thing", ["issue/DEMO-1/properties", "project/DEMO/properties", "user/properties"])
def test_properties_are_kept_changed_listed_and_deleted(call: Calling, place: Place, thing: str) -> None:
    of = f"?accountId={place.user('uma').pk}" if thing.startswith("user") else ""
    assert call("GET", f"{thing}{of}").json() == {"keys": []}
    assert call("PUT", f"{thing}/my.key{of}", {"a": [1, None]}).status_code == 201
    assert call("PUT", f"{thing}/my.key{of}", {"a": [2]}).status_code == 200
    assert call("GET", f"{thing}/my.key{of}").json() == {"key": "my.key", "value": {"a": [2]}}
    [row] = call("GET", f"{thing}{of}").json()["keys"]
    assert row["key"] == "my.key"
    assert row["self"].startswith(call.installation.site.base_url)
    assert call("DELETE", f"{thing}/my.key{of}").status_code == 204
    assert call("GET", f"{thing}/my.key{of}").status_code == 404
    assert call("DELETE", f"{thing}/my.key{of}").status_code == 404


def test_properties_have_limits(call: Calling) -> None:
    big = json.dumps("x" * 32_766).encode()
    assert call("PUT", "issue/DEMO-1/properties/big", raw=big).status_code == 201
    assert call("PUT", "issue/DEMO-1/properties/big", raw=big + b" ").status_code == 400
    assert call("PUT", f"issue/DEMO-1/properties/{'k' * 128}", 1).status_code == 400
    for raw in (b"", b"{", b"\xff", b'"\\u0000"', b'"\\ud800"', b"[" * 5000):
        assert call("PUT", "issue/DEMO-1/properties/odd", raw=raw).status_code == 400
    for number in range(99):
        assert call("PUT", f"issue/DEMO-1/properties/{number}", number).status_code == 201
    assert call("PUT", "issue/DEMO-1/properties/one-more", 1).status_code == 400


def test_people_are_named_and_their_addresses_only_told_to_whom_they_are_granted(
    world: World, place: Place, call: Calling
) -> None:
    uma = place.user("uma")
    shown = call("GET", f"user?accountId={uma.pk}").json()
    assert (shown["accountId"], shown["active"], "emailAddress" in shown) == (str(uma.pk), True, False)
    assert "@" not in call("GET", "users/search").content.decode()
    assert len(call("GET", "users/search").json()) == 3
    assert call("GET", "user/search?query=people.example").json() == []
    assert call("GET", f"user?accountId={place.user('eve').pk}").status_code == 404

    narrow(world, place.site, ["READ", "ACCESS_EMAIL_ADDRESSES"])
    assert call("GET", f"user?accountId={uma.pk}").json()["emailAddress"] == uma.email


def test_an_app_learns_where_it_is_and_who_it_is(call: Calling, place: Place) -> None:
    assert call("GET", "serverInfo").json()["baseUrl"] == place.site.base_url
    assert call("GET", "myself").json()["accountId"] == "app:demo"
    assert [each["key"] for each in call("GET", "project").json()] == ["DEMO"]
    assert call("GET", "project/search").json()["total"] == 1
    assert call("GET", "project/demo").json()["issueTypes"][0]["name"] == "Task"


def test_permissions_of_a_user_are_told_in_the_order_and_writing_of_the_question(call: Calling, place: Place) -> None:
    issue = Issue.objects.get(project=place.project, number=1)
    asked = {
        "accountId": str(place.user("uma").pk),
        "globalPermissions": ["ADMINISTER", "USER_PICKER"],
        "projectPermissions": [
            {
                "permissions": ["DELETE_ISSUES", "EDIT_ISSUES"],
                "issues": [issue.pk, 1],
                "projects": [str(place.project.pk)],
            }
        ],
    }
    assert call("POST", "permissions/check", asked).json() == {
        "globalPermissions": ["USER_PICKER"],
        "projectPermissions": [
            {"permission": "DELETE_ISSUES", "issues": [], "projects": []},
            {"permission": "EDIT_ISSUES", "issues": [issue.pk], "projects": [str(place.project.pk)]},
        ],
    }
    asked["accountId"] = str(place.user("ann").pk)
    assert call("POST", "permissions/check", asked).json()["globalPermissions"] == ["ADMINISTER", "USER_PICKER"]
    asked["accountId"] = str(place.user("eve").pk)
    assert call("POST", "permissions/check", asked).json()["globalPermissions"] == []


def test_what_everybody_may_do_can_be_asked_unsigned_and_nothing_about_somebody(place: Place) -> None:
    asked = {"projectPermissions": [{"permissions": ["BROWSE_PROJECTS"], "projects": [place.project.pk]}]}

    def check(body: dict[str, Any]) -> HttpResponse:
        return Client().post("/here/rest/api/3/permissions/check", body, content_type="application/json")

    assert check(asked).json()["projectPermissions"][0]["projects"] == []
    administration.change_project(
        "DEMO", name="Open", description="", is_public=True, by=place.actor("ann"), now=domain_now()
    )
    assert check(asked).json()["projectPermissions"][0]["projects"] == [place.project.pk]
    assert check(asked | {"accountId": str(place.user("ann").pk)}).status_code == 403


def test_in_a_users_name_an_app_does_what_they_may_and_no_more(call: Calling, place: Place, rf: Any) -> None:
    request = rf.get("/")
    for name, kind in (("uma", CallerKind.USER), ("uma", CallerKind.BRIDGE)):
        caller = as_user(call, place.user(name), kind)
        assert restissues.show_issue(request, caller, api="3", ref="DEMO-1").status_code == 200
        with pytest.raises(ForbiddenError):
            restissues.delete_issue(request, caller, api="3", ref="DEMO-1")
    for user in (place.user("eve"), None):
        with pytest.raises(NotFoundError):
            restissues.show_issue(request, as_user(call, user, CallerKind.BRIDGE), api="3", ref="DEMO-1")
