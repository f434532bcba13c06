"""What UPM's interface refuses: strangers, forged requests, and descriptors that cannot be taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from tests.host.conftest import APP_KEY, person
from tests.host.upm.conftest import PASSWORD, Desk, Upm, token_of
from tests.host.upm.devapps import developing

from tradepost.core.errors import ConflictError, InvalidInputError, LimitError
from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import Installation
from tradepost.host.sites.commands import set_member
from tradepost.host.upm import requests
from tradepost.host.upm.models import InstallRequest
from tradepost.host.upm.requests import ask_to_install, carry_out_requests, install_by_address
from tradepost.host.upm.switch import set_private_listings
from tradepost.host.upm.tokens import LIFE, make_upm_token

PATHS = ["", "settings", "dev-app-key", "pending/0198c0de-0000-7000-8000-000000000000"]


def status_of(answer) -> dict:
    return answer.json()["status"]


@pytest.mark.parametrize("path", PATHS)
def test_strangers_are_asked_who_they_are(desk: Desk, path: str) -> None:
    for headers in ({}, {"Authorization": "Basic nonsense"}, {"Authorization": "Bearer tp_unknown"}):
        answer = Client().get(f"/alpha/rest/plugins/1.0/{path}", headers={"host": "host.test"} | headers)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", PATHS)
def test_a_session_of_a_browser_is_no_sign_in(desk: Desk, path: str) -> None:
    browser = Client(headers={"host": "host.test"})
    browser.force_login(desk.admin.user)
    assert browser.get(f"/alpha/rest/plugins/1.0/{path}").status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_members_who_are_no_administrators_may_not_and_others_see_no_site(desk: Desk, path: str) -> None:
    user, other = person("user@alpha.example"), person("admin@beta.example")
    desk.world.site("beta")
    set_member(desk.site.pk, email=user.actor, role="user", by=desk.admin, now=desk.now)
    assert Upm(desk, user.actor, token_of(user)).get(path).status_code == 403
    assert Upm(desk, other.actor, token_of(other)).get(path).status_code == 404
    nowhere = Upm(desk, desk.admin.actor, token_of(desk.admin), path="/nowhere/rest/plugins/1.0/")
    assert nowhere.get(path).status_code == 404


def test_a_token_needs_the_scopes_and_its_owners_name(desk: Desk) -> None:
    reading = Upm(desk, desk.admin.actor, token_of(desk.admin, "sites:read"))
    assert reading.get().status_code == 200
    assert (reading.post().status_code, reading.delete().status_code) == (403, 403)
    assert Upm(desk, "somebody@else.example", token_of(desk.admin)).get().status_code == 401


def test_guessing_passwords_is_limited_as_on_the_sign_in_page(desk: Desk) -> None:
    cache.clear()
    wrong = Upm(desk, desk.admin.actor, "wrong")
    statuses = [wrong.get("settings").status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert Upm(desk, desk.admin.actor, PASSWORD).get("settings").status_code == 429
    cache.clear()
    assert Upm(desk, desk.admin.actor, PASSWORD).get("settings").status_code == 200


def test_installing_needs_the_callers_own_live_token_for_the_site(desk: Desk, upm: Upm) -> None:
    other = person("second@alpha.example")
    set_member(desk.site.pk, email=other.actor, role="admin", by=desk.admin, now=desk.now)
    beta, now = desk.world.site("beta"), machine_now()
    wrong = [
        "",
        "nonsense",
        upm.token()[:-1],
        make_upm_token(other, desk.site, now=now),
        make_upm_token(desk.admin, beta, now=now),
        make_upm_token(desk.admin, desk.site, now=now - LIFE),
    ]
    assert [upm.post(token=token).status_code for token in wrong] == [403] * len(wrong)
    assert not InstallRequest.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_only_the_two_kinds_of_body_are_taken(upm: Upm, kind: str) -> None:
    assert upm.post(kind=kind).status_code == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"pluginUri": 7}, 400),
        ([], 400),
        ({"pluginUri": "ftp://127.0.0.1/x"}, 400),
        ({"pluginUri": "file:///etc/passwd"}, 400),
        ({"pluginUri": "http://user:secret@127.0.0.1/x"}, 400),
        ({"pluginUri": "http://[::1/x"}, 400),
        ({"pluginUri": f"http://127.0.0.1/{'x' * 3000}"}, 400),
        ({"pluginUri": f"{configuration.host_url}/alpha/x.json"}, 400),
        ({"pluginUri": "http://127.0.0.1/x", "pluginName": "x" * 20_000}, 413),
    ],
)
def test_bodies_without_an_address_that_can_be_asked_are_refused(upm: Upm, body: object, status: int) -> None:
    assert upm.post(body=body).status_code == status
    assert not InstallRequest.objects.exists()


def test_other_methods_are_unknown_and_bad_tasks_are_not_there(upm: Upm) -> None:
    assert upm.client.put(upm.root, headers=upm.headers).status_code == 405
    assert upm.get("pending/nonsense").status_code == 404
    assert upm.get("dev-app-key").status_code == 404
    assert upm.delete("not-there").status_code == 404


def test_a_wish_is_seen_on_its_own_site_only(desk: Desk, upm: Upm) -> None:
    wish = upm.post().json()["links"]["self"].rpartition("/")[2]
    beta = desk.world.site("beta")
    set_member(beta.pk, email=desk.admin.actor, role="admin", by=desk.world.operator, now=desk.now)
    elsewhere = Upm(desk, desk.admin.actor, token_of(desk.admin), path="/beta/rest/plugins/1.0/")
    assert elsewhere.get(f"pending/{wish}").status_code == 404


def test_a_site_that_does_not_take_apps_by_address_says_so(desk: Desk, upm: Upm) -> None:
    set_private_listings(desk.site.pk, allowed=False, by=desk.admin, now=desk.now)
    assert upm.get("settings").json()["settings"][0]["value"] is False
    status = status_of(upm.register())
    assert (status["done"], status["subCode"]) == (True, "upm.pluginInstall.error.descriptor.not.from.marketplace")
    assert desk.app.asked == []
    with pytest.raises(ConflictError):
        install_by_address(desk.site.pk, desk.app.address, by=desk.admin, now=desk.now)


def test_an_app_that_is_there_stays_when_the_switch_is_turned_off(desk: Desk) -> None:
    desk.install()
    set_private_listings(desk.site.pk, allowed=False, by=desk.admin, now=desk.now)
    desk.app.change(name="Better")
    desk.work(after=timedelta(hours=5))
    assert desk.runs() == "1.0.1"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, {}, b""), "500"),
        ((200, {}, b"not json"), "JSON"),
        ((200, {}, b"{}"), "key"),
        ((302, {"Location": "http://127.0.0.2:1/elsewhere"}, b""), "127.0.0.2"),
        ((200, {}, b"[" * 100_000), ""),
        ((200, {}, b" " * 1_100_000), ""),
    ],
)
def test_an_address_without_a_descriptor_is_a_failure_with_the_reason(
    desk: Desk, upm: Upm, answer: tuple[int, dict[str, str], bytes], words: str
) -> None:
    desk.app.answers = answer
    status = status_of(upm.register())
    assert status["done"] is True
    assert words in status["errorMessage"]
    assert not Installation.objects.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.json", "http://169.254.169.254/latest/meta-data"])
def test_addresses_that_do_not_answer_or_must_not_be_asked_are_failures(upm: Upm, url: str) -> None:
    assert status_of(upm.register(url))["done"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"baseUrl": configuration.host_url},
        {"baseUrl": "javascript:alert(1)"},
        {"lifecycle": {}},
        {"authentication": {"type": "oauth"}},
        {"key": "not a key"},
    ],
)
def test_descriptors_that_cannot_be_listed_cannot_be_installed(desk: Desk, upm: Upm, change: dict[str, object]) -> None:
    desk.app.change(**change)
    assert status_of(upm.register())["subCode"] == "upm.pluginInstall.error.invalid.descriptor"
    assert not Installation.objects.exists()


def test_a_lowered_api_version_is_refused_when_an_app_registers_again(desk: Desk, upm: Upm) -> None:
    desk.app.change(apiVersion=2)
    upm.register()
    desk.app.change(apiVersion=1)
    assert "apiVersion" in status_of(upm.register())["errorMessage"]
    assert desk.runs() == "2.0.0"


def test_an_app_from_the_marketplace_is_not_taken_over_by_its_address(desk: Desk, upm: Upm) -> None:
    with marketed(desk, APP_KEY) as address:
        status = status_of(upm.register(address))
        assert "from the marketplace" in status["errorMessage"]
        assert Installation.objects.get().source == "marketplace"


def test_one_site_does_not_ask_addresses_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_WISHES", 2)
    for _ in range(2):
        ask_to_install(desk.site.pk, desk.app.address, by=desk.admin, now=desk.now)
    with pytest.raises(LimitError):
        ask_to_install(desk.site.pk, desk.app.address, by=desk.admin, now=desk.now)


def test_who_is_no_administrator_any_more_gets_nothing(desk: Desk, upm: Upm) -> None:
    second = person("second@alpha.example")
    set_member(desk.site.pk, email=second.actor, role="admin", by=desk.admin, now=desk.now)
    upm.post()
    set_member(desk.site.pk, email=desk.admin.actor, role=None, by=desk.world.operator, now=desk.now)
    desk.work()
    assert (InstallRequest.objects.get().state, Installation.objects.count()) == ("failed", 0)


def test_a_worker_that_died_is_followed_by_another(desk: Desk, upm: Upm) -> None:
    upm.post()
    lease = requests.new_id()
    [taken] = requests._claim(lease)
    assert carry_out_requests(desk.now) == 0
    InstallRequest.objects.update(lease_until=machine_now() - timedelta(seconds=1))
    desk.work()
    assert desk.runs() == "1.0.0"
    requests._note_failed(taken, InvalidInputError("late"), lease=lease)
    assert InstallRequest.objects.get().state == "placed"


@contextmanager
def marketed(desk: Desk, key: str) -> Iterator[str]:
    """An app that the site has from the marketplace; gives out the address of its descriptor."""
    with developing(key) as listed:
        desk.world.marketplace.publish(listed.document, "1.0.0", at=desk.now)
        desk.world.install(desk.site)
        yield listed.address
