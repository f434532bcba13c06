"""An app acts as a user, by the JWT bearer grant."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.host.appapi.conftest import AppSide, ago, install, join
from tests.host.conftest import World

from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import AuditEntry, User
from tradepost.host.appapi.models import ActingToken
from tradepost.host.installing.commands import disable
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Member

pytestmark = pytest.mark.urls("tests.host.appapi.urls")
ISSUE = "/rest/api/3/issue"


@pytest.fixture
def user(acting_app: AppSide) -> User:
    return join(acting_app.world, acting_app.site, "user@alpha.example")


@pytest.fixture
def token(acting_app: AppSide, user: User) -> str:
    return str(acting_app.ask_token(acting_app.assertion(user)).json()["access_token"])


def test_an_app_gets_a_token_and_acts_as_the_user_within_its_scopes(acting_app: AppSide, user: User) -> None:
    answer = acting_app.ask_token(acting_app.assertion(user))
    assert answer.status_code == 200
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    assert set(body) == {"access_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (900, "Bearer")
    said = acting_app.bearer(body["access_token"], "POST", ISSUE).json()
    assert said == {"app": "demo", "user": user.email, "kind": "user", "scopes": ["READ", "WRITE"]}
    assert acting_app.bearer(body["access_token"], "DELETE", ISSUE).status_code == 403


def test_the_token_is_kept_as_a_hash_and_told_of_once(acting_app: AppSide, user: User, token: str) -> None:
    row = ActingToken.objects.get()
    assert token not in (row.digest, str(row.pk))
    assert len(row.digest) == 64
    for _ in range(3):
        acting_app.bearer(token, "GET", ISSUE)
    entry = AuditEntry.objects.get(action="app.acts_as_user")
    assert (entry.actor, entry.subject_id, entry.scope_id) == ("app demo", str(user.pk), acting_app.site.pk)
    assert entry.detail == {"app": "demo", "user": user.email, "scopes": ["READ", "WRITE"]}


@pytest.mark.parametrize("base", ["{site}", "{site}/", "{site}/oauth2/token", "{host}", "{host}/oauth2/token"])
def test_the_server_knows_itself_by_several_names(acting_app: AppSide, user: User, base: str) -> None:
    audience = base.format(site=acting_app.site.base_url, host=configuration.host_url)
    assert acting_app.ask_token(acting_app.assertion(user, aud=[audience])).status_code == 200


def test_one_address_serves_all_sites(acting_app: AppSide, user: User) -> None:
    answer = acting_app.ask_token(acting_app.assertion(user), path="/oauth2/token")
    assert acting_app.bearer(answer.json()["access_token"], "GET", ISSUE).json()["user"] == user.email


def test_an_assertion_may_be_used_again_within_its_life(acting_app: AppSide, user: User) -> None:
    assertion = acting_app.assertion(user)
    first, second = (acting_app.ask_token(assertion).json()["access_token"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "x" * 64},
        {"iss": None},
        {"iss": "urn:atlassian:connect:clientid:somebody"},
        {"iss": "demo"},
        {"sub": None},
        {"sub": "urn:atlassian:connect:useraccountid:nobody"},
        {"sub": "urn:atlassian:connect:useraccountid:00000000-0000-0000-0000-000000000000"},
        {"sub": "urn:atlassian:connect:userkey:admin"},
        {"tnt": None},
        {"tnt": "https://other.example"},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": ["demo"]},
        {"iat": None},
        {"exp": None},
        {"iat": ago(timedelta(minutes=6)), "exp": ago(timedelta(minutes=5))},
        {"exp": ago(-timedelta(days=1))},
    ],
    ids="-".join,
)
def test_an_assertion_that_is_not_good_is_refused(acting_app: AppSide, user: User, changes: dict[str, Any]) -> None:
    answer = acting_app.ask_token(acting_app.assertion(user, **changes))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert not ActingToken.objects.exists()


def test_an_unknown_client_and_a_wrong_signature_get_the_same_answer(acting_app: AppSide, user: User) -> None:
    unknown = acting_app.ask_token(acting_app.assertion(user, iss="urn:atlassian:connect:clientid:nobody"))
    forged = acting_app.ask_token(acting_app.assertion(user, secret="x" * 64))
    assert (unknown.status_code, unknown.content) == (forged.status_code, forged.content)


def test_an_assertion_of_another_site_is_refused(acting_app: AppSide, user: User) -> None:
    beta = install(acting_app.world, "beta")
    assert beta.ask_token(acting_app.assertion(user)).json()["error"] == "invalid_grant"
    there = join(acting_app.world, beta.site, "there@beta.example")
    assert acting_app.ask_token(acting_app.assertion(there)).json()["error"] == "invalid_grant"


def test_a_request_token_is_no_assertion_and_no_bearer(acting_app: AppSide, user: User) -> None:
    request_token = acting_app.token("POST", "/oauth2/token")
    assert acting_app.ask_token(request_token).json()["error"] == "invalid_grant"
    assert acting_app.bearer(acting_app.token("GET", ISSUE), "GET", ISSUE).status_code == 401
    assert acting_app.call("GET", ISSUE, token=acting_app.assertion(user)).status_code == 401


def test_the_app_needs_the_scope_to_act_as_users(app: AppSide) -> None:
    user = join(app.world, app.site, "user@alpha.example")
    answer = app.ask_token(app.assertion(user))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert "ACT_AS_USER" in answer.json()["error_description"]


def test_an_app_that_is_switched_off_gets_no_token_and_uses_none(acting_app: AppSide, user: User, token: str) -> None:
    world, site = acting_app.world, acting_app.site
    disable(site.pk, "demo", by=world.admins[site.pk], now=world.now)
    assert acting_app.ask_token(acting_app.assertion(user)).json()["error"] == "unauthorized_client"
    assert acting_app.bearer(token, "GET", ISSUE).status_code == 403


def test_a_user_who_is_not_active_gets_nobody_a_token(acting_app: AppSide, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert acting_app.ask_token(acting_app.assertion(user)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("what", ["ended", "left", "not active", "installed anew", "gone", "less granted"])
def test_a_token_serves_only_while_what_it_stands_on_holds(
    acting_app: AppSide, user: User, token: str, what: str
) -> None:
    assert acting_app.bearer(token, "GET", ISSUE).status_code == 200
    installation = Installation.objects.filter(pk=acting_app.installation.pk)
    if what == "ended":
        ActingToken.objects.update(expires_at=machine_now())
    elif what == "left":
        Member.objects.filter(user=user).delete()
    elif what == "not active":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif what == "installed anew":
        installation.update(installed_at=machine_now())
    elif what == "gone":
        installation.update(state="uninstalled")
    else:
        acting_app.world.publish("1.2.0", scopes=["WRITE"])
        acting_app.world.follow()
    assert acting_app.bearer(token, "GET", ISSUE).status_code == 401


def test_a_token_of_one_site_is_worth_nothing_at_another(acting_app: AppSide, user: User, token: str) -> None:
    beta = install(acting_app.world, "beta")
    assert beta.bearer(token, "GET", ISSUE).status_code == 401


def test_no_token_but_one_of_ours_is_a_bearer(acting_app: AppSide) -> None:
    for text in ("tp_x", "tpu_x", "x", "\xe9", "tpu_" + "x" * 9000):
        assert acting_app.bearer(text, "GET", ISSUE).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("READ", "READ"),
        ("read WRITE", "READ WRITE"),
        ("WRITE", "READ WRITE"),
        ("READ DELETE ADMIN", "READ"),
        ("ACT_AS_USER READ", "READ"),
    ],
)
def test_scopes_are_those_asked_for_and_granted(acting_app: AppSide, user: User, wanted: str, given: str) -> None:
    answer = acting_app.ask_token(acting_app.assertion(user), scope=wanted.replace(" ", "+")).json()
    said = acting_app.bearer(answer["access_token"], "GET", ISSUE).json()
    assert said["scopes"] == given.split()
    assert answer["scope"] == given


def test_scopes_of_which_none_was_granted_are_refused(acting_app: AppSide, user: User) -> None:
    for wanted in ("DELETE", "ACT_AS_USER", "whatever"):
        assert acting_app.ask_token(acting_app.assertion(user), scope=wanted).json()["error"] == "invalid_scope"


def test_what_is_no_request_for_a_token(acting_app: AppSide, user: User) -> None:
    good = acting_app.assertion(user)
    assert acting_app.ask_token(good, grant_type=None).json()["error"] == "invalid_request"
    assert acting_app.ask_token(good, grant_type="client_credentials").json()["error"] == "unsupported_grant_type"
    assert acting_app.ask_token("").json()["error"] == "invalid_request"
    assert acting_app.ask_token(f"{good}&assertion=x").json()["error"] == "invalid_request"
    assert acting_app.ask_token("x" * 9000).json()["error"] == "invalid_grant"
    as_json = Client().post("/alpha/oauth2/token", {"assertion": good}, content_type="application/json")
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    assert Client().get("/alpha/oauth2/token").status_code == 405
    assert acting_app.ask_token(good, path="/nowhere/oauth2/token").status_code == 404


def test_ended_tokens_are_thrown_away(acting_app: AppSide, user: User, token: str) -> None:
    ActingToken.objects.update(expires_at=machine_now())
    acting_app.ask_token(acting_app.assertion(user))
    assert ActingToken.objects.count() == 1


def test_an_app_has_only_so_many_tokens(acting_app: AppSide, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.host.appapi.commands.MOST_ACTING", 2)
    answers = [acting_app.ask_token(acting_app.assertion(user)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_a_world_without_the_site_knows_no_token(world: World) -> None:
    assert Client().get("/nowhere/rest/api/3/x", headers={"Authorization": "Bearer tpu_x"}).status_code == 404
