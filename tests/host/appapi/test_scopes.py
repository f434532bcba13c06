"""What an app may do with which scope."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from tests.host.appapi import urls
from tests.host.appapi.conftest import AppSide, install, join
from tests.host.conftest import World

from tradepost.host.appapi.callers import app_caller_of, bridge_caller, set_app_caller
from tradepost.host.appapi.scopes import needed_scope

pytestmark = pytest.mark.urls("tests.host.appapi.urls")

NEEDED = [
    ("GET", "/rest/atlassian-connect/1/addons/demo", "READ"),
    ("GET", "/rest/atlassian-connect/latest/addons/demo/properties", "READ"),
    ("PUT", "/rest/atlassian-connect/1/addons/demo/properties/a", "READ"),
    ("DELETE", "/rest/atlassian-connect/1/addons/demo/properties/a", "READ"),
    ("GET", "/rest/api/3/issue/A-1", "READ"),
    ("HEAD", "/rest/api/2/issue/A-1", "READ"),
    ("POST", "/rest/api/latest/issue", "WRITE"),
    ("PUT", "/rest/api/3/issue/A-1/properties/x", "WRITE"),
    ("DELETE", "/rest/api/3/issue/A-1", "DELETE"),
    ("POST", "/rest/api/3/search", "READ"),
    ("POST", "/rest/api/3/permissions/check", "READ"),
    ("GET", "/rest/api/3/project/A", "READ"),
    ("POST", "/rest/api/3/project", "PROJECT_ADMIN"),
    ("PUT", "/rest/api/3/project/A", "PROJECT_ADMIN"),
    ("DELETE", "/rest/api/3/project/A", "PROJECT_ADMIN"),
    ("PUT", "/rest/api/3/project/A/properties/x", "WRITE"),
    ("DELETE", "/rest/api/3/project/A/properties/x", "DELETE"),
    ("PUT", "/rest/api/3/user/properties/x", "WRITE"),
    ("GET", "/rest/api/3/group/member", "READ"),
    ("POST", "/rest/api/3/group", "ADMIN"),
    ("POST", "/rest/api/3/user", "ADMIN"),
    ("DELETE", "/rest/api/3/user", "ADMIN"),
    ("POST", "/rest/api/3/group\n", "ADMIN"),
    ("POST", "/rest/api/3/group/a\nb", "ADMIN"),
    ("GET", "/rest/elsewhere", "ADMIN"),
    ("GET", "/rest/api/4/issue", "ADMIN"),
    ("BREW", "/rest/api/3/issue", "ADMIN"),
]


@pytest.mark.parametrize(("method", "path", "scope"), NEEDED)
def test_what_a_request_needs(method: str, path: str, scope: str) -> None:
    assert needed_scope(method, path) == scope


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        ("READ", {"GET issue"}),
        ("WRITE", {"GET issue", "POST issue"}),
        ("DELETE", {"GET issue", "POST issue", "DELETE issue"}),
        ("PROJECT_ADMIN", {"GET issue", "POST issue", "DELETE issue", "POST project"}),
        ("ADMIN", {"GET issue", "POST issue", "DELETE issue", "POST project", "POST group"}),
        ("ACT_AS_USER", set()),
    ],
)
def test_a_scope_allows_what_it_implies_and_no_more(world: World, granted: str, allowed: set[str]) -> None:
    app = install(world, scopes=(granted,), number="1.1.0")
    asked = ["GET issue", "POST issue", "DELETE issue", "POST project", "POST group"]
    statuses = {each: app.call(*_target(each)).status_code for each in asked}
    assert statuses == {each: 200 if each in allowed else 403 for each in asked}


def test_an_app_without_scopes_may_not_even_read(world: World) -> None:
    app = install(world, scopes=(), number="1.1.0")
    assert app.call("GET", "/rest/api/3/issue").status_code == 403


def test_the_answer_names_the_scope_that_is_missing(app: AppSide) -> None:
    [text] = app.call("POST", "/rest/api/3/issue", "{}").json()["errorMessages"]
    assert "scope WRITE" in text


def test_scopes_are_those_of_the_version_that_runs(app: AppSide) -> None:
    app.world.publish("1.1.0", scopes=["WRITE"])
    app.world.follow()
    assert app.call("POST", "/rest/api/3/issue", "{}").status_code == 403


def test_a_page_of_an_app_asks_as_the_viewer_and_never_reaches_administration(world: World) -> None:
    app = install(world, scopes=("ADMIN",), number="1.1.0")
    viewer = join(world, app.site, "viewer@alpha.example")

    def ask(method: str, path: str) -> int:
        request = RequestFactory().generic(method, f"/alpha/rest/api/3/{path}")
        request.user = AnonymousUser()
        set_app_caller(request, bridge_caller(app.installation, viewer))
        assert app_caller_of(request, app.site).user == viewer
        return urls._probe(request, rest=path).status_code

    assert ask("GET", "issue") == 200
    assert ask("POST", "issue") == 200
    assert ask("POST", "group") == 403
    assert ask("POST", "%67roup") == 403


def test_nothing_from_outside_can_say_who_calls(app: AppSide) -> None:
    from django.test import Client

    headers = {"tradepost-app-caller": "demo", "X-Tradepost-App-Caller": "demo"}
    assert Client().get("/alpha/rest/api/3/issue", headers=headers).status_code == 401


def _target(each: str) -> tuple[str, str]:
    method, path = each.split()
    return method, f"/rest/api/3/{path}"
