"""The sample vendor app as a real process, called by a host that signs."""

import http.client
import json
from urllib.parse import urlsplit

import jwt
import pytest
from tests.sdk.sample_app import Sample
from tests.sdk.signing_host import CLIENT_KEY, OTHER_KEY, REST, SECRET, body_of, signed


def test_it_says_when_it_is_ready_and_serves_its_descriptor(sample):
    status, headers, content = sample.ask("GET", "/atlassian-connect.json")
    descriptor = json.loads(content)

    assert sample.ready.startswith("Sample Notes is ready: http://127.0.0.1:")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert (descriptor["key"], descriptor["baseUrl"]) == ("sample-notes", sample.url)
    assert descriptor["scopes"] == ["READ"]


def test_what_is_known_is_not_sent_again(sample):
    _, headers, _ = sample.ask("GET", "/atlassian-connect.json")

    by_tag = sample.ask("GET", "/atlassian-connect.json", headers={"If-None-Match": headers["ETag"]})
    by_date = sample.ask("GET", "/atlassian-connect.json", headers={"If-Modified-Since": headers["Last-Modified"]})
    sample.control("POST", "/changes", {"do": "change-panel"})
    changed = sample.ask("GET", "/atlassian-connect.json", headers={"If-None-Match": headers["ETag"]})

    assert (by_tag[0], by_tag[2], by_date[0], changed[0]) == (304, b"", 304, 200)


def test_a_site_can_install_enable_and_uninstall(sample):
    assert sample.lifecycle("installed") == 204
    assert sample.lifecycle("enabled", headers=sample.by_secret("/enabled")) == 204
    assert sample.control("GET", "")["tenants"] == [
        {
            "client_key": CLIENT_KEY,
            "base_url": "https://site.example.com/alpha",
            "product_type": "jira",
            "enabled": True,
        }
    ]
    assert sample.lifecycle("installed") == 204
    assert sample.control("GET", "")["tenants"][0]["enabled"] is True
    assert sample.lifecycle("disabled", headers=sample.by_secret("/disabled")) == 204
    assert sample.lifecycle("uninstalled") == 204
    assert sample.lifecycle("enabled", headers=sample.by_secret("/enabled")) == 401
    assert sample.control("GET", "")["tenants"] == []


def test_a_call_nobody_signed_properly_is_refused_and_remembered(sample):
    assert sample.lifecycle("installed", key=OTHER_KEY) == 401
    assert sample.lifecycle("installed", kid="unknown") == 401
    assert sample.lifecycle("installed", headers={}) == 401

    received = sample.control("GET", "/received")
    assert [call["problem"]["refusal"] for call in received] == [
        "bad_signature",
        "key_unavailable",
        "token_missing",
    ]
    assert sample.control("GET", "")["tenants"] == []


def test_what_was_received_holds_neither_secret_nor_usable_token(sample):
    headers = signed(sample.claims("/installed"))
    sample.lifecycle("installed", headers=headers)

    text = json.dumps(sample.control("GET", "/received"))
    call = json.loads(text)[0]

    assert call["verified"] is True
    assert (call["answered"], call["body"]["clientKey"]) == ("204", CLIENT_KEY)
    assert call["token"]["claims"]["iss"] == CLIENT_KEY
    assert SECRET not in text
    assert headers["Authorization"].split(".")[2] not in text


@pytest.mark.parametrize(
    ("wish", "pointer", "value"),
    [
        ({"do": "change-panel"}, ("modules", "webPanels", 0, "url"), "/panel?revision=2"),
        ({"do": "add-scope"}, ("scopes",), ["READ", "WRITE"]),
        ({"do": "add-scope", "scope": "ADMIN"}, ("scopes",), ["READ", "ADMIN"]),
        ({"do": "drop-scope", "scope": "READ"}, ("scopes",), []),
        ({"do": "fix-typo"}, ("description",), "Keep notes beside your issues."),
        ({"do": "make-paid"}, ("enableLicensing",), True),
        ({"do": "make-free"}, ("enableLicensing",), False),
        ({"do": "raise-api-version"}, ("apiVersion",), 2),
        ({"do": "lower-api-version"}, ("apiVersion",), 0),
        ({"do": "offer-editions"}, ("enableLicensing",), True),
        ({"do": "offer-editions"}, ("modules", "webhooks", 0, "event"), "license.changed"),
        ({"do": "change-key"}, ("key",), "sample-notes-2"),
    ],
)
def test_the_vendor_can_change_the_descriptor(sample, wish, pointer, value):
    sample.control("POST", "/changes", wish)

    served = json.loads(sample.ask("GET", "/atlassian-connect.json")[2])
    for step in pointer:
        served = served[step]
    assert served == value


def test_an_app_that_moved_answers_sites_at_both_addresses(sample):
    moved = sample.control("POST", "/changes", {"do": "move"})["baseUrl"]

    new = signed(sample.claims("/installed", audience=moved))
    assert moved == sample.url + "/moved"
    assert sample.lifecycle("installed") == 204
    assert sample.lifecycle("installed", headers=new, path="/moved/installed") == 204
    assert sample.lifecycle("installed", headers=new) == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/changes", {"do": "nonsense"}, 422),
        ("POST", "/changes", {"do": "drop-scope", "scope": "ADMIN"}, 422),
        ("PUT", "/behaviour", {"descriptor": "odd"}, 422),
        ("PUT", "/behaviour", {"unknown": 1}, 422),
        ("PUT", "/descriptor", b"[]", 400),
        ("PUT", "/descriptor", b"{", 400),
    ],
)
def test_a_wish_nobody_understands_changes_nothing(sample, method, path, body, status):
    before = sample.control("GET", "/descriptor")

    assert sample.ask(method, "/control" + path, body)[0] == status
    assert sample.control("GET", "/descriptor") == before


def test_the_control_side_is_for_this_machine_only(sample):
    foreign_name = sample.ask("GET", "/control", headers={"Host": "app.example.com"})
    foreign_page = sample.ask("POST", "/control/changes", b'{"do": "make-paid"}', {"Content-Type": "text/plain"})

    assert (foreign_name[0], foreign_page[0]) == (403, 415)


def test_a_broken_descriptor_is_no_json(sample):
    sample.control("PUT", "/behaviour", {"descriptor": "broken"})

    status, _, content = sample.ask("GET", "/atlassian-connect.json")

    assert status == 200
    with pytest.raises(ValueError):
        json.loads(content)


def test_a_descriptor_that_is_down_hangs_up(sample):
    sample.control("PUT", "/behaviour", {"descriptor": "down"})

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sample.ask("GET", "/atlassian-connect.json")


def test_a_huge_descriptor_is_longer_than_anybody_reads(sample):
    sample.control("PUT", "/behaviour", {"descriptor": "huge"})

    assert len(sample.ask("GET", "/atlassian-connect.json")[2]) > 2 * 1024 * 1024


def test_an_app_that_fails_at_installed_stores_nothing(sample):
    sample.control("PUT", "/behaviour", {"installed": "500"})

    assert sample.lifecycle("installed") == 500
    assert sample.control("GET", "")["tenants"] == []


def test_an_app_that_dies_at_installed_has_stored_the_tenant_before(sample):
    sample.control("PUT", "/behaviour", {"installed": "die"})

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sample.lifecycle("installed")

    assert len(sample.control("GET", "")["tenants"]) == 1


def test_new_code_is_shown_on_the_panel_and_leaves_the_descriptor_alone(sample):
    before = sample.ask("GET", "/atlassian-connect.json")[1]["ETag"]

    sample.control("PUT", "/behaviour", {"code": "2"})

    assert '<strong id="code">2</strong>' in sample.ask("GET", "/panel?revision=1")[2].decode()
    assert sample.ask("GET", "/atlassian-connect.json")[1]["ETag"] == before


def test_a_page_knows_the_site_it_is_shown_on(sample):
    sample.lifecycle("installed")
    claims = sample.claims("/page", method="GET")
    token = jwt.encode(claims, SECRET, algorithm="HS256")

    signed_page = sample.ask("GET", f"/page?jwt={token}")
    forged_page = sample.ask("GET", f"/panel?jwt={token}")

    assert b"https://site.example.com/alpha" in signed_page[2]
    assert forged_page[0] == 401


def test_the_app_asks_its_sites_which_version_they_run(sample, host):
    body = body_of(baseUrl=host.url + "/alpha")
    sample.ask("POST", "/installed", body, signed(sample.claims("/installed")))

    versions = sample.control("GET", "/versions")

    asked = [authorization for path, authorization in host.seen if path == "/alpha" + REST]
    assert versions == [{"clientKey": CLIENT_KEY, "baseUrl": host.url + "/alpha", "status": 200, "version": "1.1.0"}]
    assert jwt.decode(asked[-1].removeprefix("JWT "), SECRET, algorithms=["HS256"])["iss"] == "sample-notes"


def test_there_is_a_page_for_whoever_plays_the_vendor(sample):
    status, headers, content = sample.ask("GET", "/")

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Playing the vendor" in content
    assert json.loads(sample.ask("GET", "/healthz")[2]) == {"status": "ok"}


def test_a_restart_forgets_nothing_when_there_is_a_state_folder(host, tmp_path):
    first = Sample(host.url + "/keys", "--state-dir", str(tmp_path))
    first.control("POST", "/changes", {"do": "add-scope"})
    first.control("PUT", "/behaviour", {"code": "7"})
    first.lifecycle("installed")
    before = first.control("GET", "")
    assert first.stop() == 0

    second = Sample(host.url + "/keys", "--state-dir", str(tmp_path))
    after = second.control("GET", "")
    second.stop()

    kept = ("descriptor", "behaviour", "tenants", "received")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert SECRET not in (tmp_path / "state.json").read_text()


def test_it_stops_at_once_even_while_a_call_hangs(host):
    sample = Sample(host.url + "/keys")
    sample.control("PUT", "/behaviour", {"descriptor": "slow"})
    connection = http.client.HTTPConnection(urlsplit(sample.url).netloc, timeout=5)
    connection.request("GET", "/atlassian-connect.json")

    assert sample.stop() == 0
    connection.close()
