"""What the sample app makes of what hosts tell it about licenses, as a real process."""

import json

import jwt
import pytest
from tests.sdk.signing_host import NOW, REST, SECRET, body_of, signed

from tradepost.core.signing import CONTEXT_HASH, query_hash
from tradepost.sdk.sample.told import MAX_SITES, Channel, Memory, branch_of, by_address, by_lifecycle, by_object

ALPHA = "https://site.example.com/alpha"


def opened(sample, path, query=""):
    """Open a page of the app as a host opens it in a frame."""
    claims = sample.claims(path) | {"qsh": query_hash("GET", path, query)}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    return sample.ask("GET", f"{path}?{query}{'&' if query else ''}jwt={token}")


def told(sample):
    return sample.control("GET", "/told")[ALPHA]


def test_an_app_without_an_edition_is_the_same_as_on_standard():
    assert branch_of(None) == branch_of("capabilityStandard") == "standard"
    assert branch_of("capabilityAdvanced") == "advanced"


@pytest.mark.parametrize(
    ("body", "active", "edition"),
    [
        ({}, False, None),
        ({"entitlementId": "e"}, True, None),
        ({"entitlementId": "e", "capabilitySet": "capabilityStandard"}, True, "capabilityStandard"),
        ({"capabilitySet": ""}, False, ""),
        ({"capabilitySet": None}, False, "None"),
    ],
)
def test_a_lifecycle_call_tells_of_a_license_by_its_number(body, active, edition):
    said = by_lifecycle(body, NOW)

    assert (said.active, said.edition) == (active, edition)


@pytest.mark.parametrize(
    ("query", "active", "edition"),
    [
        ({}, False, None),
        ({"lic": "none"}, False, None),
        ({"lic": "active"}, True, None),
        ({"lic": "active", "capSet": "capabilityAdvanced"}, True, "capabilityAdvanced"),
    ],
)
def test_an_address_tells_by_lic_and_capset(query, active, edition):
    said = by_address(query, NOW, module="page")

    assert (said.active, said.edition) == (active, edition)


@pytest.mark.parametrize("license_", [None, {}, [], {"active": "true"}, {"active": False}])
def test_whatever_is_not_plainly_active_is_no_license(license_):
    assert by_object(license_, NOW).active is False


def test_no_more_sites_are_remembered_than_have_room():
    memory = Memory()
    for number in range(MAX_SITES + 1):
        memory.note(str(number), Channel.ADDRESS, by_address({}, NOW, module="page"))

    assert memory.of("0") == {}
    assert memory.of(str(MAX_SITES)) != {}
    assert Memory(memory.kept()).shown("1") == memory.shown("1")


def test_every_channel_that_spoke_is_shown_with_the_branch_the_app_takes(sample):
    sample.ask(
        "POST",
        "/installed",
        body_of(capabilitySet="capabilityAdvanced", entitlementId="e-1"),
        signed(sample.claims("/installed")),
    )
    assert opened(sample, "/advanced", "lic=active&capSet=capabilityAdvanced")[0] == 200
    changed = json.dumps({"license": {"active": True, "capabilitySet": "capabilityStandard"}})
    assert sample.ask("POST", "/license-changed", changed, sample.by_secret("/license-changed"))[0] == 204

    said = told(sample)

    assert {channel: (each["active"], each.get("edition"), each["branch"]) for channel, each in said.items()} == {
        "lifecycle": (True, "capabilityAdvanced", "advanced"),
        "address": (True, "capabilityAdvanced", "advanced"),
        "condition": (True, "capabilityAdvanced", "advanced"),
        "webhook": (True, "capabilityStandard", "standard"),
    }


def test_an_absent_edition_is_shown_as_absent(sample):
    sample.lifecycle("installed")

    status, _, page = opened(sample, "/told", "lic=active")

    assert status == 200
    assert b'<td class="edition">absent</td><td class="branch">standard</td>' in page
    assert "edition" not in told(sample)["address"]


def test_the_page_reports_what_its_context_said(sample):
    sample.lifecycle("installed")
    token = sample.claims("/told") | {"qsh": CONTEXT_HASH}
    headers = {"Authorization": "JWT " + jwt.encode(token, SECRET, algorithm="HS256")}

    status, _, answer = sample.ask("POST", "/told", {"license": {"active": True}}, headers)

    assert (status, json.loads(answer)["branch"]) == (200, "standard")
    assert told(sample)["context"]["active"] is True


def test_the_site_itself_is_asked_by_rest(sample, host):
    sample.ask("POST", "/installed", body_of(baseUrl=host.url + "/alpha"), signed(sample.claims("/installed")))

    said = sample.control("GET", "/told")[host.url + "/alpha"]["rest"]

    assert (said["active"], said["branch"]) == (False, "standard")
    assert any(path == "/alpha" + REST for path, _ in host.seen)


@pytest.mark.parametrize("path", ["/told", "/advanced", "/standard"])
def test_a_page_about_licenses_is_shown_to_nobody_who_is_not_a_site(sample, path):
    sample.lifecycle("installed")

    assert sample.ask("GET", f"{path}?lic=active")[0] == 401
    assert sample.ask("GET", f"{path}?lic=active&jwt=a.b.c")[0] == 401


def test_a_forged_event_is_not_believed(sample):
    sample.lifecycle("installed")

    assert sample.ask("POST", "/license-changed", {"license": {"active": True}})[0] == 401
    assert "webhook" not in told(sample)


@pytest.mark.parametrize(("body", "status"), [(b"[]", 400), (b"{", 400), (b"{" + b" " * 30_000 + b"}", 413)])
def test_an_event_nobody_understands_is_refused(sample, body, status):
    sample.lifecycle("installed")

    assert sample.ask("POST", "/license-changed", body, sample.by_secret("/license-changed"))[0] == status


def test_a_site_that_left_is_forgotten(sample):
    sample.lifecycle("installed")
    assert sample.lifecycle("uninstalled") == 204

    assert sample.control("GET", "/told") == {}
