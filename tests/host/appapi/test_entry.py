"""An app asks a site which version it runs."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.conftest import World

from tradepost.core.signing import query_hash
from tradepost.foundation.clock import machine_now
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.commands import disable
from tradepost.host.sites.commands import create_site
from tradepost.host.sites.models import Site

pytestmark = pytest.mark.urls("tests.host.urls")
PATH = "/rest/atlassian-connect/1/addons/demo"
Token = Callable[..., str]


@pytest.fixture
def site(world: World) -> Site:
    made = world.site("alpha")
    world.install(made)
    return made


@pytest.fixture
def token(world: World, site: Site) -> Token:
    def make(path: str = PATH, *, secret: str = "", algorithm: str = "HS256", **claims: Any) -> str:
        now = int(machine_now().timestamp())
        said = {"iss": "demo", "iat": now, "exp": now + 180, "qsh": query_hash("GET", path, "")} | claims
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, secret or unseal(world.on(site).sealed_secret), algorithm=algorithm)

    return make


def get(token: str, path: str = f"/alpha{PATH}", **headers: str) -> HttpResponse:
    return Client().get(path, headers={"Authorization": f"JWT {token}", **headers})


def test_an_app_learns_which_version_the_site_runs(world: World, site: Site, token: Token) -> None:
    answer = get(token()).json()
    assert (answer["key"], answer["version"], answer["state"]) == ("demo", "1.0.0", "ENABLED")
    assert answer["host"]["product"] == "JIRA"
    assert answer["links"]["self"][0]["href"] == f"{site.base_url}{PATH}"
    world.publish("1.0.1")
    world.follow()
    assert get(token()).json()["version"] == "1.0.1"


def test_the_hash_may_hold_the_context_path_and_the_token_may_stand_in_the_query(token: Token) -> None:
    assert get(token(f"/alpha{PATH}")).status_code == 200
    assert Client().get(f"/alpha{PATH}?jwt={token()}").status_code == 200


def test_a_site_with_a_host_name_is_found_by_it(world: World, token: Token, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    named = create_site(name="Named", host_name="named.example", by=world.operator, now=world.now)
    assert named.base_url == "https://named.example"
    assert get(token(), PATH, Host="named.example").status_code == 401
    assert get(token(), PATH, Host="nobody.example").status_code == 404


def test_a_disabled_app_gets_key_version_and_state(world: World, site: Site, token: Token) -> None:
    disable(site.pk, "demo", by=world.admins[site.pk], now=world.now)
    assert get(token()).json() == {"key": "demo", "version": "1.0.0", "state": "DISABLED"}


@pytest.mark.parametrize(
    "claims",
    [
        {"qsh": None},
        {"qsh": "context-qsh"},
        {"qsh": "0" * 64},
        {"qsh": 7},
        {"qsh": "\ud800"},
        {"iat": None},
        {"exp": None},
        {"exp": 1},
        {"iat": 99_999_999_999},
        {"exp": 10**400},
        {"exp": "tomorrow"},
        {"iss": "other"},
        {"iss": "de\0mo"},
        {"iss": None},
        {"aud": ["somebody else"]},
        {"aud": "somebody else"},
        {"secret": "x" * 43},
    ],
    ids=str,
)
def test_a_token_that_is_not_good_is_refused(token: Token, claims: dict[str, Any]) -> None:
    answer = get(token(**claims))
    assert answer.status_code == 401
    assert answer.json()["status-code"] == 401


def test_another_algorithm_is_refused(world: World, site: Site, token: Token) -> None:
    secret = unseal(world.on(site).sealed_secret)
    assert get(jwt.encode({"iss": "demo"}, secret, algorithm="HS384")).status_code == 401
    assert get(jwt.encode({"iss": "demo"}, None, algorithm="none")).status_code == 401
    assert get("").status_code == 401
    assert get("a.b.c").status_code == 401


def test_the_audience_may_name_our_client_key(world: World, site: Site, token: Token) -> None:
    assert get(token(aud=[world.on(site).client_key])).status_code == 200


def test_another_apps_entry_does_not_exist(token: Token) -> None:
    other = PATH.replace("demo", "other")
    assert get(token(other), f"/alpha{other}").status_code == 404


def test_the_secret_of_one_site_is_worth_nothing_at_another(world: World, token: Token) -> None:
    world.install(world.site("beta"))
    assert get(token(), f"/beta{PATH}").status_code == 401
