"""What an app keeps on a site."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from tests.host.appapi.conftest import ENTRY, AppSide, install
from tests.host.conftest import World

from tradepost.core.errors import ConflictError
from tradepost.host.appapi.commands import MOST_PROPERTIES, set_property
from tradepost.host.appapi.models import AppProperty
from tradepost.host.installing.models import Installation

pytestmark = pytest.mark.urls("tests.host.appapi.urls")
ALL = f"{ENTRY}/properties"
ONE = f"{ALL}/settings"


def test_a_property_is_created_changed_read_and_removed(app: AppSide) -> None:
    assert app.call("GET", ONE).status_code == 404
    created = app.call("PUT", ONE, '{"a": [1, true, null]}')
    assert (created.status_code, created.json()["status-code"]) == (201, 201)
    assert app.call("PUT", ONE, '{"a": "\u00e9"}').status_code == 200
    there = f"{app.site.base_url}{ONE}"
    assert app.call("GET", ONE).json() == {"key": "settings", "value": '{"a":"\u00e9"}', "self": there}
    assert app.call("GET", f"{ONE}?jsonValue=true").json()["value"] == {"a": "\u00e9"}
    assert app.call("GET", ALL).json() == {"keys": [{"key": "settings", "self": there}]}
    removed = app.call("DELETE", ONE)
    assert (removed.status_code, removed.content) == (204, b"")
    assert app.call("DELETE", ONE).status_code == 404
    assert app.call("GET", ALL).json() == {"keys": []}


@pytest.mark.parametrize("value", ["7", '"text"', "null", "true", "[]", "{}", " 1.5 "])
def test_any_json_value_can_be_kept(app: AppSide, value: str) -> None:
    assert app.call("PUT", ONE, value).status_code == 201
    assert app.call("GET", f"{ONE}?jsonValue=true").json()["value"] == json.loads(value)


@pytest.mark.parametrize("body", ["", "{", "nope", "NaN", "1e999", '{"a":1,"a":2}', b"\xff", '"\\u0000"', '"\\ud800"'])
def test_what_is_no_json_is_refused(app: AppSide, body: str) -> None:
    answer = app.call("PUT", ONE, body)
    assert (answer.status_code, answer.json()["status-code"]) == (400, 400)
    assert answer.json()["message"]
    assert not AppProperty.objects.exists()


def test_deep_json_is_refused(app: AppSide) -> None:
    assert app.call("PUT", ONE, "[" * 15_000 + "]" * 15_000).status_code == 400


@pytest.mark.parametrize(("length", "status"), [(127, 201), (128, 400)])
def test_a_key_has_at_most_127_characters(app: AppSide, length: int, status: int) -> None:
    assert app.call("PUT", f"{ALL}/{'k' * length}", "1").status_code == status


def test_a_key_that_is_too_long_is_refused_whatever_is_asked(app: AppSide) -> None:
    for method in ("GET", "DELETE"):
        assert app.call(method, f"{ALL}/{'k' * 128}").status_code == 400


@pytest.mark.parametrize("key", ["a b", "a:b", "\u00e9", "it's", "a+b", "properties", "a.b~c"])
def test_a_key_may_have_any_characters(app: AppSide, key: str) -> None:
    from urllib.parse import quote

    target = f"{ALL}/{quote(key, safe='')}"
    assert app.call("PUT", target, "1").status_code == 201
    shown = app.call("GET", target).json()
    assert (shown["key"], shown["self"]) == (key, f"{app.site.base_url}{target}")


def test_a_key_has_no_control_characters(app: AppSide) -> None:
    assert app.call("PUT", f"{ALL}/a%0Ab", "1").status_code == 400


@pytest.mark.parametrize(("size", "status"), [(32_768, 201), (32_769, 403)])
def test_a_value_has_at_most_32_kb(app: AppSide, size: int, status: int) -> None:
    answer = app.call("PUT", ONE, json.dumps("x" * (size - 2)))
    assert (answer.status_code, answer.json()["status-code"]) == (status, status)


def test_an_app_has_at_most_100_properties_and_may_still_change_them(app: AppSide) -> None:
    installation = app.installation
    AppProperty.objects.bulk_create(
        AppProperty(installation=installation, key=f"k{n}", value="1") for n in range(MOST_PROPERTIES)
    )
    answer = app.call("PUT", ONE, "1")
    assert (answer.status_code, answer.json()["status-code"]) == (409, 409)
    assert app.call("PUT", f"{ALL}/k5", "2").status_code == 200
    assert app.call("DELETE", f"{ALL}/k5").status_code == 204
    assert app.call("PUT", ONE, "1").status_code == 201


def test_other_apps_properties_do_not_exist(app: AppSide) -> None:
    other = ALL.replace("demo", "other")
    for method, target in (("GET", other), ("GET", f"{other}/a"), ("PUT", f"{other}/a"), ("DELETE", f"{other}/a")):
        body = "1" if method == "PUT" else None
        assert app.call(method, target, body).status_code == 404, target
    assert not AppProperty.objects.exists()


def test_the_same_app_on_another_site_has_its_own(app: AppSide) -> None:
    app.call("PUT", ONE, '"alpha"')
    beta = install(app.world, "beta")
    assert beta.call("GET", ONE).status_code == 404
    beta.call("PUT", ONE, '"beta"')
    assert app.call("GET", ONE).json()["value"] == '"alpha"'


def test_without_a_token_nothing_is_told(app: AppSide) -> None:
    app.call("PUT", ONE, "1")
    for method in ("GET", "PUT", "DELETE"):
        answer = Client().generic(method, f"/alpha{ONE}")
        assert (answer.status_code, answer.json()["status-code"]) == (401, 401)


def test_properties_survive_an_upgrade(app: AppSide) -> None:
    app.call("PUT", ONE, "1")
    app.world.publish("1.0.1", name="Renamed")
    app.world.follow(after=timedelta(days=1))
    assert app.world.runs(app.site) == "1.0.1"
    assert app.call("GET", ONE).json()["value"] == "1"


def test_properties_of_an_app_that_is_gone_cannot_be_read_and_are_there_again_when_it_is(app: AppSide) -> None:
    app.call("PUT", ONE, "1")
    rows = Installation.objects.filter(pk=app.installation.pk)
    rows.update(state="uninstalled")
    assert app.call("GET", ONE).status_code == 401
    rows.update(state="enabled")
    assert app.call("GET", ONE).json()["value"] == "1"


def test_head_options_and_other_methods(app: AppSide) -> None:
    app.call("PUT", ONE, "1")
    assert app.call("HEAD", ONE).status_code == 200
    options = Client().options(f"/alpha{ONE}")
    assert (options.status_code, options["Allow"]) == (204, "GET, HEAD, PUT, DELETE")
    answer = app.call("POST", ONE, "1")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, PUT, DELETE")
    assert answer.json() == {"status-code": 405, "message": "POST is not known here."}


def test_latest_is_another_name_of_version_1(app: AppSide) -> None:
    latest = ONE.replace("/1/", "/latest/")
    assert app.call("PUT", latest, "1").status_code == 201
    assert app.call("GET", latest).json()["self"] == f"{app.site.base_url}{ONE}"
    assert app.call("GET", ENTRY.replace("/1/", "/latest/")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_do_not_pass_the_limit_together(world: World) -> None:
    installation = install(world).installation
    AppProperty.objects.bulk_create(
        AppProperty(installation=installation, key=f"k{n}", value="1") for n in range(MOST_PROPERTIES - 1)
    )
    outcomes = _at_once([lambda n=n: set_property(installation, f"new{n}", "1") for n in range(4)])
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "created"]
    assert AppProperty.objects.filter(installation=installation).count() == MOST_PROPERTIES


@pytest.mark.django_db(transaction=True)
def test_one_property_written_at_the_same_time_is_created_once(world: World) -> None:
    installation = install(world).installation
    outcomes = _at_once([lambda n=n: set_property(installation, "same", str(n)) for n in range(4)])
    assert sorted(outcomes) == ["changed", "changed", "changed", "created"]


def _at_once(calls: list[Callable[[], bool]]) -> list[str]:
    outcomes: list[str] = []
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], bool]) -> None:
        together.wait(10)
        try:
            outcomes.append("created" if call() else "changed")
        except ConflictError:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes
