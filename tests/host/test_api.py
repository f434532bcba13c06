"""REST of the host service: the whole way by programs, and what others may not see."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.host.conftest import World, person
from tests.host.hostworld import MARKETPLACE

from tradepost.foundation.callers import SCOPES, Caller
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.models import ApiToken
from tradepost.foundation.secrets import hash_token
from tradepost.host.sites.models import Site

pytestmark = pytest.mark.urls("tests.host.urls")

Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Ask:
    """Send a request with a token of somebody; return status and answer."""

    def send(caller: Caller, method: str, path: str, body: Any = None, *, scopes: list[str] | None = None) -> Any:
        text = f"tp_{uuid4().hex}"
        now = machine_now()
        ApiToken.objects.create(
            user=caller.user, name="t", prefix=text[:8], digest=hash_token(text), scopes=scopes or list(SCOPES),
            created_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        answer = Client().generic(
            method,
            f"/api/1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return send


@pytest.fixture
def site(world: World) -> Site:
    world.now = domain_now()
    return world.site("alpha")


def test_a_site_is_made_by_an_operator_and_seen_by_its_members_alone(world: World, ask: Ask) -> None:
    body = {"name": "Beta", "context_path": "/beta", "zone": "Europe/Berlin"}
    status, made = ask(world.operator, "POST", "/sites", body)
    assert status == 201
    assert made["base_url"].endswith("/beta")
    assert made["window_start"] == "01:00:00"
    stranger = person("stranger@else.example")
    assert ask(stranger, "POST", "/sites", body)[0] == 403
    assert ask(stranger, "GET", "/sites")[1]["items"] == []
    assert ask(stranger, "GET", f"/sites/{made['id']}")[0] == 404
    assert ask(world.operator, "POST", "/sites", body)[0] == 409


@pytest.mark.parametrize(
    "body",
    [
        {"name": "B", "context_path": "/api"},
        {"name": "B", "context_path": "beta"},
        {"name": "B", "context_path": "/beta", "host_name": "beta.example"},
        {"name": "B"},
        {"name": "B", "host_name": "Beta"},
        {"name": " ", "context_path": "/beta"},
        {"name": "B", "context_path": "/beta", "zone": "Mars/Base"},
        {"name": "B", "context_path": "/beta", "zone": "../../etc/passwd"},
        {"name": "B", "context_path": "/beta", "zone": ""},
        {"name": "B", "context_path": "/beta", "window": "01:00-09:00"},
        {"name": "B", "context_path": "/beta", "window": "25:00-26:00"},
    ],
)
def test_a_site_that_cannot_be_is_refused(world: World, ask: Ask, body: dict[str, str]) -> None:
    assert ask(world.operator, "POST", "/sites", body)[0] == 422


def test_an_app_is_found_installed_explained_and_switched_off(world: World, ask: Ask, site: Site) -> None:
    admin, here = world.admins[site.pk], f"/sites/{site.pk}"
    assert [each["key"] for each in ask(admin, "GET", f"{here}/catalogue")[1]["items"]] == ["demo"]
    _, details = ask(admin, "GET", f"{here}/catalogue/demo")
    assert details["ask"]["sentences"] == ["The app wants to read what is in the site (READ)."]
    wrong = {"app": "demo", "fingerprint": "0" * 64}
    assert ask(admin, "POST", f"{here}/apps", wrong)[0] == 409
    body = {"app": "demo", "fingerprint": details["ask"]["fingerprint"]}
    assert ask(admin, "POST", f"{here}/apps", body) == (202, {"app": "demo", "state": "installing"})
    assert ask(admin, "POST", f"{here}/apps", body)[0] == 409
    world.now = domain_now()
    world.work()
    _, app = ask(admin, "GET", f"{here}/apps/demo")
    assert (app["state"], app["running"], app["because"]) == ("enabled", "1.0.0", "")
    [call] = app["calls"]
    assert call["status"] == 204
    assert "(masked)" in call["request_body"]
    assert ask(admin, "GET", f"{here}/apps/demo/upgrades")[1]["items"][0]["state"] == "applied"
    assert len(ask(admin, "GET", f"{here}/apps/demo/calls")[1]["items"]) == 1
    assert ask(admin, "DELETE", f"{here}/apps/demo/activation")[1]["state"] == "disabled"
    assert ask(admin, "PUT", f"{here}/apps/demo/activation")[1]["state"] == "enabled"
    assert ask(admin, "POST", f"{here}/apps", {"app": "nosuch"})[0] == 404


def test_a_request_is_decided_over_rest(world: World, ask: Ask, site: Site) -> None:
    world.install(site)
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    admin = world.admins[site.pk]
    [waiting] = ask(admin, "GET", f"/sites/{site.pk}/approvals?state=waiting")[1]["items"]
    assert waiting["rights"] == ["WRITE"]
    body = {"decision": "approve", "fingerprint": waiting["fingerprint"]}
    address = f"/approvals/{waiting['id']}/decision"
    assert ask(admin, "PUT", address, body | {"decision": "perhaps"})[0] == 422
    assert ask(admin, "PUT", address, body | {"fingerprint": "f" * 64})[0] == 409
    assert ask(admin, "PUT", address, body, scopes=["sites:read"])[0] == 403
    status, decided = ask(admin, "PUT", address, body)
    assert (status, decided["state"], decided["decided_by"]) == (200, "approved", admin.actor)


def test_another_sites_things_do_not_exist(world: World, ask: Ask, site: Site) -> None:
    world.install(site)
    world.publish("1.1.0", scopes=["WRITE"])
    world.follow()
    approval = world.waiting(site)
    assert approval is not None
    other = world.admins[world.site("beta").pk]
    here = f"/sites/{site.pk}"
    for method, path, body in [
        ("GET", here, None),
        ("GET", f"{here}/apps", None),
        ("GET", f"{here}/apps/demo", None),
        ("GET", f"{here}/apps/demo/upgrades", None),
        ("GET", f"{here}/apps/demo/calls", None),
        ("GET", f"{here}/approvals", None),
        ("GET", f"{here}/members", None),
        ("GET", f"{here}/catalogue", None),
        ("GET", f"/approvals/{approval.pk}", None),
        ("PUT", f"/approvals/{approval.pk}/decision", {"decision": "approve", "fingerprint": approval.fingerprint}),
        ("PUT", f"{here}/window", {"window": "02:00-03:00"}),
        ("PUT", f"{here}/check", None),
        ("PUT", f"{here}/members", {"email": other.actor, "role": "admin"}),
        ("POST", f"{here}/apps", {"app": "demo"}),
        ("DELETE", f"{here}/apps/demo/activation", None),
    ]:
        assert ask(other, method, path, body)[0] == 404, (method, path)


def test_a_user_of_a_site_sees_and_does_not_decide(world: World, ask: Ask, site: Site) -> None:
    world.install(site)
    user = person("user@alpha.example")
    here = f"/sites/{site.pk}"
    ask(world.admins[site.pk], "PUT", f"{here}/members", {"email": user.actor, "role": "user"})
    assert ask(user, "GET", f"{here}/apps/demo")[0] == 200
    assert ask(user, "DELETE", f"{here}/apps/demo/activation")[0] == 403
    assert ask(user, "PUT", f"{here}/window", {"window": "02:00-03:00"})[0] == 403
    assert ask(user, "GET", f"{here}/members")[0] == 403


def test_a_site_keeps_its_last_administrator(world: World, ask: Ask, site: Site) -> None:
    admin = world.admins[site.pk]
    assert ask(admin, "DELETE", f"/sites/{site.pk}/members/{admin.actor}")[0] == 409
    assert ask(admin, "PUT", f"/sites/{site.pk}/members", {"email": "nobody@x.example", "role": "user"})[0] == 404


def test_the_link_is_made_with_a_code_that_works_once(world: World, ask: Ask) -> None:
    world.marketplace.codes.add("tpe_second-code")
    body = {"url": MARKETPLACE, "code": "tpe_second-code"}
    status, link = ask(world.operator, "PUT", "/marketplace-link", body)
    assert (status, link["url"]) == (200, MARKETPLACE)
    assert ask(world.operator, "PUT", "/marketplace-link", body)[0] == 422
    assert ask(world.operator, "GET", "/marketplace-link")[1]["problem"] == ""
    assert ask(person("x@y.example"), "GET", "/marketplace-link")[0] == 403


def test_the_catalogue_says_when_the_marketplace_is_down(world: World, ask: Ask, site: Site) -> None:
    world.marketplace.trouble = "down"
    status, problem = ask(world.admins[site.pk], "GET", f"/sites/{site.pk}/catalogue/demo")
    assert status == 409
    assert "cannot be reached" in problem["detail"]


def test_public_keys_are_served_and_old_ones_stay(world: World, ask: Ask, site: Site) -> None:
    world.install(site)
    _, new = ask(world.operator, "POST", "/keys")
    answer = Client().get(f"/keys/{new['kid']}")
    assert answer.content.startswith(b"-----BEGIN PUBLIC KEY-----")
    unknown = Client().get("/keys/nosuch")
    assert (unknown.status_code, unknown.content) == (404, b"")
    world.publish("1.0.1")
    world.follow()
    assert world.app.refusals == []
    assert world.runs(site) == "1.0.1"
