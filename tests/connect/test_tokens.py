"""Tokens that are tampered with, too old, or somebody else's, at both ends: the framework's apps, and a site."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.connect.ace import send
from tests.connect.tokens import app_claims, app_token, host_token

from tradepost.foundation.clock import machine_now

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ENTRY = "/rest/atlassian-connect/1/addons/com.example.issue-notes"
PAGE = "/summary?issue=DEMO-1"
HOUR = 3600


@pytest.fixture(scope="module")
def notes(make, gamma):
    app = make.in_development("issue-notes", "127.0.0.2", site="gamma", by=gamma.eyes.email)
    app.start()
    gamma.wait_until_runs(app, "1.0.0")
    app.wait_until_registered()
    return app


@pytest.fixture(scope="module")
def listener(make, gamma):
    app = make.in_development("listener", "127.0.0.4", site="gamma", by=gamma.eyes.email)
    app.start()
    gamma.wait_until_runs(app, "1.0.0")
    app.wait_until_registered()
    return app


def asked(gamma, headers, path=ENTRY):
    return send(gamma.base_url + path, headers=headers)[0]


def test_the_site_takes_a_good_token_of_the_app(notes, gamma):
    assert asked(gamma, app_token(notes.tenant, "GET", ENTRY)) == 200
    assert asked(gamma, app_token(notes.tenant, "GET", f"/gamma{ENTRY}")) == 200


def now() -> int:
    return int(machine_now().timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iss": "com.example.listener"},
        {"iss": "com.example.nobody"},
        {"aud": ["somebody-else"]},
        {"qsh": None},
        {"qsh": "context-qsh"},
        {"qsh": "0" * 64},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items())[:40],
)
def test_the_site_refuses_a_token_with_a_wrong_claim(notes, gamma, changes):
    assert asked(gamma, app_token(notes.tenant, "GET", ENTRY, **changes)) == 401


def test_the_site_refuses_a_token_for_another_request(notes, gamma):
    assert asked(gamma, app_token(notes.tenant, "POST", ENTRY)) == 401
    assert asked(gamma, app_token(notes.tenant, "GET", f"{ENTRY}/properties")) == 401
    assert asked(gamma, app_token(notes.tenant, "GET", ENTRY), f"{ENTRY}?jsonValue=true") == 401


def test_the_site_refuses_what_another_app_or_nobody_has_signed(notes, listener, gamma):
    stolen = notes.tenant | {"sharedSecret": listener.tenant["sharedSecret"]}
    assert asked(gamma, app_token(stolen, "GET", ENTRY)) == 401
    assert asked(gamma, app_token(listener.tenant, "GET", ENTRY)) == 404

    claims = app_claims(notes.tenant, "GET", ENTRY)
    assert asked(gamma, {"Authorization": f"JWT {jwt.encode(claims, '', algorithm='none')}"}) == 401
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert asked(gamma, {"Authorization": f"JWT {jwt.encode(claims, key, algorithm='RS256')}"}) == 401
    longer = jwt.encode(claims, notes.tenant["sharedSecret"], algorithm="HS512")
    assert asked(gamma, {"Authorization": f"JWT {longer}"}) == 401


def test_the_site_refuses_a_token_whose_claims_were_changed(notes, gamma):
    header, body, signature = app_token(notes.tenant, "GET", ENTRY)["Authorization"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = (
        base64.urlsafe_b64encode(json.dumps(claims | {"exp": claims["exp"] + HOUR}).encode()).rstrip(b"=").decode()
    )

    assert asked(gamma, {"Authorization": f"{header}.{changed}.{signature}"}) == 401


def test_a_token_of_an_apps_pages_opens_nothing_on_the_site(notes, gamma):
    """The framework puts a token of its own into its pages, signed with the same secret and bound to nothing."""
    claims = {
        "iss": notes.key, "sub": "somebody", "aud": [notes.tenant["clientKey"]], "iat": now(), "exp": now() + 900,
    }  # fmt: skip
    token = jwt.encode(claims, notes.tenant["sharedSecret"], algorithm="HS256")

    assert send(f"{notes.origin}/api/session", headers={"X-acpt": token})[0] == 200
    assert asked(gamma, {"Authorization": f"JWT {token}"}) == 401
    assert send(f"{gamma.base_url}{ENTRY}?jwt={token}")[0] == 401


def test_the_app_is_of_another_site_for_another_site(notes, beta):
    assert asked(beta, app_token(notes.tenant, "GET", ENTRY)) == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"exp": 1}, 401),
        ({"iss": "unknown-site"}, 401),
        ({"qsh": None}, 401),
        ({"qsh": "0" * 64}, 401),
        ({"qsh": "context-qsh"}, 401),
    ],
    ids=["good", "expired", "of an unknown site", "without a hash", "for another page", "context token"],
)
def test_the_app_judges_tokens_of_its_pages_as_the_site_makes_them(notes, changes, status):
    token = host_token(notes.tenant, "GET", PAGE, **changes)

    assert send(f"{notes.origin}{PAGE}&jwt={token}")[0] == status


def test_the_app_refuses_what_another_apps_secret_has_signed(notes, listener):
    stolen = notes.tenant | {"sharedSecret": listener.tenant["sharedSecret"]}

    assert send(f"{notes.origin}{PAGE}&jwt={host_token(stolen, 'GET', PAGE)}")[0] == 400


def test_the_app_takes_installations_from_nobody_else(notes):
    """A stranger's key, and a site's own secret, where only the key of the host service counts."""
    body = notes.tenant | {"sharedSecret": "x" * 40, "baseUrl": "http://127.0.0.1:9"}
    claims = app_claims(notes.tenant, "POST", "/installed", iss=notes.tenant["clientKey"], aud=[notes.base_url])
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    real = jwt.get_unverified_header(notes.received("/installed")[-1]["token"])["kid"]
    tokens = {
        jwt.encode(claims, key, algorithm="RS256", headers={"kid": real}): 400,
        jwt.encode(claims, key, algorithm="RS256", headers={"kid": "unknown"}): 404,
        jwt.encode(claims, notes.tenant["sharedSecret"], algorithm="HS256"): 401,
    }
    before = notes.tenant["sharedSecret"]
    for token, status in tokens.items():
        answer = send(f"{notes.origin}/installed", method="POST", body=body, headers={"Authorization": f"JWT {token}"})
        assert answer[0] == status
    assert notes.tenant["sharedSecret"] == before
    assert notes.call("get", ENTRY)["status"] == 200


def test_an_app_acts_only_as_people_of_its_site(listener, notes, gamma, proxy):
    viewer = listener.tenant["accountId"]
    acting = listener.call("get", "/rest/api/3/myself", user=viewer)
    assert (acting["status"], acting["body"]["accountId"]) == (200, viewer)

    assert listener.call("get", "/rest/api/3/myself", user="00000000-0000-0000-0000-000000000000")["status"] == 0
    without = notes.call("get", "/rest/api/3/myself", user=viewer)
    assert without["status"] == 0, "an app without ACT_AS_USER got a token"
    assert set(proxy.asked) <= {200, 400}
