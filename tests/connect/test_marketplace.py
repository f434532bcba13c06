"""A vendor's app, listed and reviewed, changes what it asks: each site decides, and the app goes on meanwhile."""

import pytest
from tests.connect.ace import wait_for
from tests.connect.watching import list_and_publish

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVER = "/rest/api/3/serverInfo"


@pytest.fixture(scope="module")
def board(make, cast, beta, gamma):
    """Team board under a key of its own, on two sites."""
    app = make.in_production("team-board", "127.0.0.3", site="beta")
    app.rewrite(key="com.example.second-board", name="Second board")
    app.start()
    list_and_publish(cast, app)
    for site in (beta, gamma):
        site.install_from_marketplace(app.key)
        site.wait_until_runs(app, "1.0.0")
    return app


def test_each_site_is_a_customer_of_its_own(board, beta, gamma):
    installed = [call["body"] for call in board.received("/installed")]

    assert [body["baseUrl"] for body in installed] == [beta.base_url, gamma.base_url]
    assert len({body["clientKey"] for body in installed}) == 2
    assert len({body["sharedSecret"] for body in installed}) == 2
    assert {body["key"] for body in installed} == {board.key}


def test_a_scope_more_waits_for_each_administrator(board, cast, beta, gamma):
    board.stop()
    board.rewrite(scopes=["read", "write"])
    board.start()
    cast.vendor.put(f"/api/1/listings/{board.key}/poll")
    wait_for(lambda: cast.vendor.get(f"/api/1/listings/{board.key}/versions")["items"][0]["number"] == "1.1.0",
             "no version is made")  # fmt: skip
    for site in (beta, gamma):
        site.check_now()
        request = wait_for(site.waiting, f"{site.name} is not asked")
        assert request["version"] == "1.1.0"
        assert any("create and change" in sentence for sentence in request["sentences"])
    assert board.received("/installed") == []

    beta.eyes.decide("approve")
    beta.wait_until_runs(board, "1.1.0")
    assert board.wait_for("/installed")["body"]["baseUrl"] == beta.base_url
    assert gamma.runs(board.key) == "1.0.0"
    created = {"fields": {"project": {"key": "DEMO"}, "summary": "From the board", "issuetype": {"name": "Task"}}}
    assert board.call("post", "/rest/api/2/issue", json_body=created)["status"] == 201
    assert board.call("get", SERVER)["status"] == 200


def test_a_site_that_declines_keeps_what_it_has(board, gamma):
    gamma.eyes.decide("decline")

    assert gamma.runs(board.key) == "1.0.0"
    assert gamma.state(board.key) == "enabled"


def test_secrets_of_sites_change_one_by_one(board, beta, gamma):
    before = len(board.received("/installed"))
    gamma.rotate(board.key)
    told = board.wait_for("/installed", count=before + 1)

    assert told["body"]["baseUrl"] == gamma.base_url
    wait_for(lambda: not gamma.eyes.app(board.key)["is_rotating"], "the secret is not taken")
    assert board.call("get", SERVER)["status"] == 200


def test_removed_from_one_site_it_stays_on_the_other_and_may_return(board, beta, gamma):
    before = board.tenant
    assert before["baseUrl"] == gamma.base_url
    gamma.uninstall(board.key)
    gamma.wait_until_gone(board.key)
    assert board.wait_for("/uninstalled")["claims"]["iss"] == before["clientKey"]
    assert board.call("get", SERVER)["status"] == 401
    assert beta.state(board.key) == "enabled"

    gamma.install_from_marketplace(board.key)
    gamma.wait_until_runs(board, "1.1.0")
    assert board.tenant["clientKey"] == before["clientKey"]
    assert board.tenant["sharedSecret"] != before["sharedSecret"]
    assert board.call("get", SERVER)["status"] == 200
