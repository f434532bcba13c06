"""The request sequences of the frameworks' development loops, against a site."""

import pytest
from tests.host.upm.conftest import PASSWORD, Desk, Upm, token_of

from tradepost.host.installing.models import Installation

INSTALLED = {"Accept": "application/vnd.atl.plugins.installed+json"}


def test_ace_registers_itself_and_takes_itself_off_again(desk: Desk) -> None:
    upm = Upm(desk, desk.admin.actor, PASSWORD)
    settings = upm.get("settings").json()["settings"]
    assert {"key": "connectDeveloperListingsEnabled", "value": True} in settings
    start = upm.get()
    assert start.json()["plugins"] == []
    wish = upm.post(token=start["upm-token"])
    assert wish.status_code == 202
    assert wish.json()["pingAfter"] > 0
    pending = wish.json()["links"]["self"]
    assert wish["Location"] == pending
    assert upm.get(pending).json()["status"]["done"] is False
    desk.work()
    done = upm.get(pending)
    assert (done.status_code, done["Location"]) == (303, "/alpha/rest/plugins/1.0/dev-app-key")
    entry = upm.get(done["Location"])
    assert entry["Content-Type"] == "application/vnd.atl.plugins.plugin+json;charset=UTF-8"
    said = entry.json()
    assert (said["key"], said["version"], said["enabled"]) == ("dev-app", "1.0.0", True)
    assert [each["key"] for each in upm.get().json()["plugins"]] == ["dev-app"]
    assert upm.delete().status_code == 204
    assert upm.get("dev-app-key").status_code == 404
    assert Installation.objects.get().source == "address"


def test_django_reads_the_status_of_a_pending_task_and_compares_the_kind_of_the_answer(upm: Upm, desk: Desk) -> None:
    """It asks for the token by HEAD, and reads `status` without asking whether it is there."""
    head = upm.client.head(upm.root, headers=upm.headers | INSTALLED)
    answer = upm.post(token=head["upm-token"], kind="application/vnd.atl.plugins.install.uri+json")
    pending = upm.get(answer["Location"])
    assert pending["Content-Type"] == "application/vnd.atl.plugins.install.installing+json;charset=UTF-8"
    status = pending.json()["status"]
    assert (status["done"], status["contentType"]) == (False, "application/vnd.atl.plugins.install.installing+json")
    desk.work()
    followed = upm.get(upm.get(answer["Location"])["Location"])
    assert followed["Content-Type"] == "application/vnd.atl.plugins.plugin+json;charset=UTF-8"


def test_an_app_that_restarts_and_has_forgotten_everything_is_told_again_with_the_same_secret(
    upm: Upm, desk: Desk
) -> None:
    assert upm.register().status_code == 303
    [secret] = desk.app.secrets
    desk.app.told.clear()
    assert upm.register().status_code == 303
    assert desk.app.secrets == [secret]
    assert desk.runs() == "1.0.0"


def test_an_app_that_restarts_with_another_descriptor_is_upgraded_at_once(upm: Upm, desk: Desk) -> None:
    upm.register()
    desk.app.change(name="Better")
    assert upm.register().status_code == 303
    assert desk.runs() == "1.0.1"
    desk.app.change(scopes=["READ", "WRITE"])
    assert upm.register().status_code == 303
    assert (desk.runs(), desk.mails()) == ("1.1.0", [])
    desk.app.change(apiVersion=2)
    assert upm.register().status_code == 303
    assert (desk.runs(), desk.mails()) == ("2.0.0", [])


def test_an_app_that_refuses_installed_is_a_failure_with_the_reason(upm: Upm, desk: Desk) -> None:
    desk.app.status = 500
    failed = upm.register()
    status = failed.json()["status"]
    assert (failed.status_code, status["done"]) == (200, True)
    assert "500" in status["errorMessage"]
    assert status["contentType"] == "application/vnd.atl.plugins.task.install.err+json"
    assert status["subCode"]
    desk.app.status = 204
    assert upm.register().status_code == 303
    assert desk.app.secrets[0] == desk.app.secrets[-1]


def test_an_app_that_runs_and_does_not_listen_is_a_failure_and_runs_on(upm: Upm, desk: Desk) -> None:
    upm.register()
    desk.app.status = 503
    assert "503" in upm.register().json()["status"]["errorMessage"]
    desk.app.change(name="Better")
    assert "503" in upm.register().json()["status"]["errorMessage"]
    assert desk.runs() == "1.0.0"
    desk.app.status = 204
    assert upm.register().status_code == 303
    assert desk.runs() == "1.0.1"


def test_an_app_that_moves_is_read_at_its_new_address(upm: Upm, desk: Desk) -> None:
    upm.register()
    moved = f"{desk.app.url}/another/descriptor.json"
    assert upm.register(moved).status_code == 303
    assert desk.address().url == moved


def test_an_app_that_comes_back_goes_on_counting(upm: Upm, desk: Desk) -> None:
    upm.register()
    upm.delete()
    desk.work()
    assert upm.register().status_code == 303
    assert desk.runs() == "1.0.0"
    upm.delete()
    desk.work()
    desk.app.change(name="Better")
    assert upm.register().status_code == 303
    assert desk.runs() == "1.0.1"


@pytest.mark.parametrize("how", ["bearer", "password"])
def test_a_token_serves_as_password_and_as_bearer(desk: Desk, how: str) -> None:
    upm, token = Upm(desk, desk.admin.actor, "wrong"), token_of(desk.admin)
    if how == "bearer":
        upm.headers = {"Authorization": f"Bearer {token}"}
    else:
        upm = Upm(desk, desk.admin.actor.upper(), token)
    assert upm.register().status_code == 303
