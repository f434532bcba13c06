"""The REST interface of licenses: the same for programs, within their scopes and sites."""

import pytest
from django.test import Client
from tests.host.manage.town import APP, DAY, START, Town, bearer

from tradepost.wire.licenses import CHANGED_MEANWHILE, CONFIRM


@pytest.fixture
def paying(town: Town) -> Town:
    town.put_editions()
    town.customer(billing="improved")
    town.install()
    town.give(state="active", period="monthly", anchor=START, period_ends_at=START.replace(month=4), edition="standard")
    return town


def test_the_licenses_of_a_site_are_listed_by_pages(settled: Town) -> None:
    found = settled.rest("GET", "licenses").json()
    [item] = found["items"]
    assert (item["app"], item["state"], item["active"], item["free"]) == (APP, "trial", True, False)
    assert item["trial_ends_at"].startswith("2026-04-01T12:00:00")
    assert found["next"] is None
    assert settled.rest("GET", "licenses?limit=0").status_code == 422


def test_a_program_walks_the_editions(paying: Town) -> None:
    preview = paying.rest("GET", f"apps/{APP}/editions/advanced").json()
    assert [each["name"] for each in preview["features_gained"]] == ["Reports"]
    assert preview["features_gained"][0]["modules"] == ["The report panel"]
    assert [each["name"] for each in preview["modules_lost"]] == ["The basics panel"]
    up = paying.rest("PUT", f"apps/{APP}/edition", edition="advanced", revision=preview["revision"]).json()
    assert (up["edition"], up["capability_set"]) == ("advanced", "capabilityAdvanced")
    down = paying.rest("PUT", f"apps/{APP}/edition", edition="standard", revision=up["revision"]).json()
    assert (down["edition"], down["next_edition"]) == ("advanced", "standard")
    kept = paying.rest("DELETE", f"apps/{APP}/next-edition?revision={down['revision']}").json()
    assert kept["next_edition"] is None
    stale = paying.rest("DELETE", f"apps/{APP}/next-edition?revision={down['revision']}")
    assert (stale.status_code, stale.json()["rule"]) == (409, CHANGED_MEANWHILE)


def test_a_program_tries_an_edition(paying: Town) -> None:
    seen = paying.rest("GET", f"apps/{APP}/license").json()
    tried = paying.rest("PUT", f"apps/{APP}/edition-trial", edition="advanced", revision=seen["revision"]).json()
    assert tried["edition_trial_ends_at"].startswith(f"{START + 30 * DAY:%Y-%m-%d}")


def test_a_program_uses_simulates_and_removes_a_token(paying: Town) -> None:
    made = paying.token()
    asked = paying.rest("PUT", f"apps/{APP}/access-token", token=made.secret)
    assert (asked.status_code, asked.json()["rule"]) == (409, CONFIRM)
    assert made.secret not in asked.content.decode()
    applied = paying.rest("PUT", f"apps/{APP}/access-token", token=made.secret, confirmed=True).json()
    assert applied["token"] == {"prefix": made.token.prefix, "simulated": "ACTIVE_TRIAL", "edition": "standard"}
    assert applied["covered"] == "active"
    told = paying.rest("PUT", f"apps/{APP}/simulation", simulated="INACTIVE_TRIAL").json()
    assert (told["active"], told["token"]["simulated"]) == (False, "INACTIVE_TRIAL")
    removed = paying.rest("DELETE", f"apps/{APP}/access-token").json()
    assert (removed["token"], removed["state"]) == (None, "active")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "trial", {"revision": "x"}),
        ("PUT", "trial", {"revision": -1}),
        ("PUT", "edition", {"revision": 1, "edition": "gold"}),
        ("PUT", "access-token", {"token": ""}),
        ("PUT", "access-token", {"token": "x" * 2001}),
        ("PUT", "simulation", {"simulated": "RICH"}),
    ],
)
def test_nonsense_is_refused_and_no_value_is_repeated(settled: Town, method: str, path: str, body: dict) -> None:
    answer = settled.rest(method, f"apps/{APP}/{path}", **body)
    assert answer.status_code == 422
    assert "xxxx" not in answer.content.decode()


def test_scopes_and_sites_keep_programs_apart(settled: Town) -> None:
    path = f"/api/1/sites/{settled.site.pk}/apps/{APP}/"
    client = Client(headers={"host": "host.test"})
    reading = {"Authorization": f"Bearer {bearer(settled.admin, 'sites:read')}"}
    writing = {"Authorization": f"Bearer {bearer(settled.admin, 'sites:write')}"}
    assert client.get(f"{path}license", headers=reading).status_code == 200
    assert client.get(f"{path}license", headers=writing).status_code == 403
    refused = client.put(f"{path}trial", '{"revision": 1}', content_type="application/json", headers=reading)
    assert refused.status_code == 403
    assert settled.rest("GET", "licenses", email="admin@beta.example").status_code == 404
    assert settled.rest("PUT", f"apps/{APP}/trial", email="admin@beta.example", revision=1).status_code == 404
    assert settled.rest("GET", "apps/nobody/license").status_code == 404


def test_while_the_marketplace_is_down_programs_read_what_stands_and_wishes_are_refused(settled: Town) -> None:
    settled.road.is_down = True
    settled.forget()
    seen = settled.rest("GET", f"apps/{APP}/license").json()
    assert (seen["active"], "cannot be reached" in seen["problem"]) == (True, True)
    assert seen["stands_until"].startswith("2026-03-09")
    for method, path, body in (
        ("PUT", "trial", {"revision": seen["revision"]}),
        ("PUT", "edition", {"revision": seen["revision"], "edition": "advanced"}),
        ("PUT", "edition-trial", {"revision": seen["revision"], "edition": "advanced"}),
        ("DELETE", f"next-edition?revision={seen['revision']}", {}),
        ("GET", "editions/advanced", {}),
        ("PUT", "access-token", {"token": "tpa_0123456789abcdef"}),
        ("DELETE", "access-token", {}),
        ("PUT", "simulation", {"simulated": "NONE"}),
    ):
        answer = settled.rest(method, f"apps/{APP}/{path}", **body)
        assert (answer.status_code, "Nothing is lost" in answer.json()["detail"]) == (409, True), path
