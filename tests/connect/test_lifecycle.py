"""A developer's app comes to a site, changes, gets new secrets, rests, leaves and returns.

The framework itself judges every call it gets. The tests build on each other's app, and each leaves it as it was.
"""

import pytest
from tests.connect.ace import send, wait_for
from tests.connect.tokens import app_token, host_token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWN_ENTRY = "/rest/atlassian-connect/1/addons/com.example.issue-notes"
POST_INSTALLED = "4a2e1de8ca74e6cafe8862d332fa3ac7a8e51e692bc6d798ea4dfedc14948bf4"
"""The hash of `POST&/installed&` (protocol.md 2.2)."""


@pytest.fixture(scope="module")
def notes(make, beta):
    """Issue notes in development, which has installed itself on beta."""
    app = make.in_development("issue-notes", "127.0.0.2", site="beta", by=beta.eyes.email)
    app.start()
    beta.wait_until_runs(app, "1.0.0")
    return app


def test_an_app_installs_itself_when_its_developer_starts_it(notes, beta):
    first = notes.received("/installed")[0]

    assert (first["status"], first["algorithm"]) == (204, "RS256")
    body, claims = first["body"], first["claims"]
    assert claims["iss"] == body["clientKey"]
    assert claims["aud"] == [notes.base_url]
    assert claims["qsh"] == POST_INSTALLED
    assert body["key"] == notes.key
    assert body["baseUrl"] == body["displayUrl"] == body["displayUrlServicedeskHelpCenter"] == beta.base_url
    assert (body["productType"], body["eventType"]) == ("jira", "installed")
    assert {"description", "oauthClientId", "serverVersion", "pluginsVersion"} <= body.keys()
    assert "capabilitySet" not in body
    assert 32 <= len(body["sharedSecret"]) <= 128


def test_the_framework_takes_the_schema_from_us_and_finds_nothing_wrong(notes):
    wait_for(lambda: "App descriptor is valid" in notes.output, notes.output)
    assert "Error validating" not in notes.output
    assert "Unhandled error" not in notes.output


def test_the_app_reads_its_own_entry_and_nobody_elses(notes):
    own = notes.call("get", OWN_ENTRY)
    other = notes.call("get", "/rest/atlassian-connect/1/addons/com.example.team-board")

    assert own["status"] == 200, own
    assert (own["body"]["key"], own["body"]["version"], own["body"]["state"]) == (notes.key, "1.0.0", "ENABLED")
    assert "license" not in own["body"]
    assert other["status"] == 404


def test_a_saved_change_of_the_descriptor_is_installed_by_the_development_loop(notes, beta):
    before = len(notes.received("/installed"))
    notes.rewrite(scopes=["READ", "WRITE", "DELETE"])

    beta.wait_until_runs(notes, "1.1.0")

    calls = notes.received("/installed")
    assert len(calls) > before
    assert {call["body"]["clientKey"] for call in calls} == {notes.tenant["clientKey"]}
    assert notes.call("get", OWN_ENTRY)["body"]["version"] == "1.1.0"


def test_a_change_that_nobody_registers_waits_for_consent(notes, beta):
    """Without its loop the app is one that its site polls: then the administrator is asked."""
    notes.stop_without_leaving()
    notes.rewrite(scopes=["READ", "WRITE", "DELETE", "PROJECT_ADMIN"])
    notes.start(AC_OPTS="no-reg")
    beta.poll_now(notes.key)

    request = wait_for(beta.waiting, "nobody is asked")
    assert request["version"] == "1.2.0"
    assert beta.runs(notes.key) == "1.1.0"
    beta.eyes.decide("approve")
    beta.wait_until_runs(notes, "1.2.0")
    assert notes.call("get", OWN_ENTRY)["body"]["version"] == "1.2.0"


def test_a_new_secret_takes_the_place_of_the_old_one(notes, beta):
    old = notes.tenant
    beta.rotate(notes.key)
    wait_for(lambda: notes.tenant["sharedSecret"] != old["sharedSecret"], "no new secret comes")
    wait_for(lambda: not beta.eyes.app(notes.key)["is_rotating"], "the new secret is not taken")

    assert notes.tenant["clientKey"] == old["clientKey"]
    assert notes.call("get", OWN_ENTRY)["status"] == 200
    status, _ = send(beta.base_url + OWN_ENTRY, headers=app_token(old, "GET", OWN_ENTRY))
    assert status == 401
    status, _ = send(beta.base_url + OWN_ENTRY, headers=app_token(notes.tenant, "GET", OWN_ENTRY))
    assert status == 200
    page = "/summary?issue=DEMO-1"
    assert send(f"{notes.origin}{page}&jwt={host_token(old, 'GET', page)}")[0] == 400
    assert send(f"{notes.origin}{page}&jwt={host_token(notes.tenant, 'GET', page)}")[0] == 200


def test_an_app_that_is_off_is_refused_and_comes_back(notes, beta):
    beta.switch(notes.key, on=False)
    wait_for(lambda: beta.state(notes.key) == "disabled", "the app stays on")
    entry = notes.call("get", OWN_ENTRY)
    refused = notes.call("get", "/rest/api/3/myself")

    assert entry["status"] == 200
    assert (entry["body"]["state"], set(entry["body"])) == ("DISABLED", {"key", "version", "state"})
    assert refused["status"] in {401, 403}
    beta.switch(notes.key, on=True)
    wait_for(lambda: beta.state(notes.key) == "enabled", "the app stays off")
    assert notes.call("get", "/rest/api/3/serverInfo")["status"] == 200


def test_an_app_that_is_removed_is_told_and_heard_no_more(notes, beta):
    before = notes.tenant
    notes.call("put", f"{OWN_ENTRY}/properties/kept", json_body={"is": "ours"})
    beta.uninstall(notes.key)

    told = notes.wait_for("/uninstalled")
    assert (told["status"], told["algorithm"]) == (204, "RS256")
    assert "sharedSecret" not in told["body"]
    assert told["body"]["clientKey"] == before["clientKey"]
    beta.wait_until_gone(notes.key)
    for path in (OWN_ENTRY, f"{OWN_ENTRY}/properties/kept", "/rest/api/3/serverInfo"):
        assert notes.call("get", path)["status"] == 401, path


def test_an_app_that_returns_gets_another_secret_and_keeps_its_name_for_the_site(notes, beta):
    before = notes.tenant
    notes.stop_without_leaving()
    notes.start()

    wait_for(lambda: beta.state(notes.key) == "enabled", f"the app does not return:\n{notes.output[-2000:]}")
    assert notes.tenant["clientKey"] == before["clientKey"]
    assert notes.tenant["sharedSecret"] != before["sharedSecret"]
    assert notes.call("get", OWN_ENTRY)["status"] == 200
    status, _ = send(beta.base_url + OWN_ENTRY, headers=app_token(before, "GET", OWN_ENTRY))
    assert status == 401


def test_an_app_whose_developer_starts_it_anew_is_told_its_secret_once_more(notes, beta):
    before = notes.tenant
    notes.stop_without_leaving()
    notes.start()

    notes.wait_for("/installed")
    assert notes.tenant["sharedSecret"] == before["sharedSecret"]
    assert notes.call("get", OWN_ENTRY)["status"] == 200


def test_an_app_takes_itself_off_the_site_when_its_developer_ends_it(notes, beta):
    notes.wait_until_registered()
    notes.stop()

    beta.wait_until_gone(notes.key)
    assert "Unregistered on host" in notes.output
