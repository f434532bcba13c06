"""What an app accepts as a call of a host, and what it refuses."""

import base64
import hmac

import jwt
import pytest
from tests.sdk.signing_host import (
    APP_KEY,
    APP_URL,
    CLIENT_KEY,
    KEY_ID,
    NOW,
    OTHER_KEY,
    PRIVATE_KEY,
    PUBLIC_PEM,
    SECRET,
    body_of,
    claims_of,
    fetch_key,
    signed,
)

from tradepost.sdk.lifecycle import key_id_of, verify_installation, verify_uninstallation
from tradepost.sdk.tokens import Refusal, RefusedCallError


def verify(headers, *, body=None, path="/base/installed", query="", check=verify_installation, base=APP_URL):
    return check(
        headers,
        "POST",
        path,
        query,
        body_of() if body is None else body,
        app_base_url=base,
        app_key=APP_KEY,
        fetch_key=fetch_key,
        now=NOW,
    )


def refusal_of(headers, **options):
    with pytest.raises(RefusedCallError) as refused:
        verify(headers, **options)
    assert SECRET not in refused.value.text
    return refused.value.refusal


def test_a_properly_signed_installation_is_accepted():
    installed = verify(signed(claims_of()))

    assert installed.tenant.client_key == CLIENT_KEY
    assert installed.tenant.shared_secret == SECRET
    assert installed.tenant.base_url == "https://site.example.com/alpha"
    assert "sharedSecret" not in installed.body
    assert SECRET not in repr(installed)


def test_the_key_can_be_fetched_before():
    assert key_id_of(signed(claims_of())) == KEY_ID


@pytest.mark.parametrize("audience", [[APP_URL], [APP_URL + "/"], [APP_URL, "https://other"], APP_URL])
def test_the_first_audience_counts_and_one_slash_does_not(audience):
    assert verify(signed(claims_of(aud=audience))).tenant.client_key == CLIENT_KEY


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", Refusal.BODY_MALFORMED),
        (b"[]", Refusal.BODY_MALFORMED),
        (b"[" * 100_000, Refusal.BODY_MALFORMED),
        (b"\xff{}", Refusal.BODY_MALFORMED),
        (body_of(without=["baseUrl"]), Refusal.BODY_MALFORMED),
        (body_of(key="another-app"), Refusal.OTHER_APP),
        (body_of(without=["clientKey"]), Refusal.CLIENT_KEY_MISSING),
        (body_of(clientKey=7), Refusal.CLIENT_KEY_MISSING),
        (body_of(without=["sharedSecret"]), Refusal.SECRET_MISSING),
        (body_of(sharedSecret=""), Refusal.SECRET_MISSING),
        (body_of(clientKey="another-site"), Refusal.WRONG_ISSUER),
    ],
)
def test_a_body_that_lacks_something_is_refused(body, refusal):
    assert refusal_of(signed(claims_of()), body=body) is refusal


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, Refusal.TOKEN_MISSING),
        ({"Authorization": "JWT "}, Refusal.TOKEN_MISSING),
        ({"Authorization": signed(claims_of())["Authorization"].replace("JWT", "Bearer")}, Refusal.TOKEN_MISSING),
        ({"Authorization": signed(claims_of())["Authorization"].replace("JWT", "jwt")}, Refusal.TOKEN_MISSING),
        ({"Authorization": "JWT " + "a" * 20_000}, Refusal.TOKEN_MISSING),
        ({"Authorization": "JWT a.b.c"}, Refusal.TOKEN_MALFORMED),
        (signed(claims_of(), key=SECRET, algorithm="HS256"), Refusal.WRONG_ALGORITHM),
        (signed(claims_of(), algorithm="RS512"), Refusal.WRONG_ALGORITHM),
        (signed(claims_of(), key=None, algorithm="none"), Refusal.WRONG_ALGORITHM),
        (signed(claims_of(), kid=None), Refusal.KEY_ID_MALFORMED),
        (signed(claims_of(), kid="../secrets"), Refusal.KEY_ID_MALFORMED),
        (signed(claims_of(), kid="unknown"), Refusal.KEY_UNAVAILABLE),
        (signed(claims_of(), key=OTHER_KEY), Refusal.BAD_SIGNATURE),
        (signed(claims_of(exp=int(NOW.timestamp()))), Refusal.EXPIRED),
        (signed(claims_of(without=["exp"])), Refusal.EXPIRED),
        (signed(claims_of(aud=["https://other", APP_URL])), Refusal.WRONG_AUDIENCE),
        (signed(claims_of(aud=[])), Refusal.WRONG_AUDIENCE),
        (signed(claims_of(without=["aud"])), Refusal.WRONG_AUDIENCE),
        (signed(claims_of(qsh="context-qsh")), Refusal.WRONG_REQUEST),
        (signed(claims_of(without=["qsh"])), Refusal.WRONG_REQUEST),
        (signed(claims_of("/uninstalled")), Refusal.WRONG_REQUEST),
        (signed(claims_of(without=["iss"])), Refusal.WRONG_ISSUER),
        (signed(claims_of(iss="another-site")), Refusal.WRONG_ISSUER),
    ],
)
def test_a_token_that_is_not_quite_right_is_refused(headers, refusal):
    assert refusal_of(headers) is refusal


def test_a_token_signed_with_the_public_key_as_if_it_were_a_secret_is_refused():
    head, claims, _ = jwt.encode(claims_of(), SECRET, headers={"kid": KEY_ID}).split(".")
    forged = hmac.digest(PUBLIC_PEM, f"{head}.{claims}".encode(), "sha256")
    token = f"{head}.{claims}.{base64.urlsafe_b64encode(forged).decode().rstrip('=')}"

    assert refusal_of({"Authorization": f"JWT {token}"}) is Refusal.WRONG_ALGORITHM


def test_a_changed_token_is_refused():
    head, _, signature = signed(claims_of())["Authorization"].split(".")
    others = signed(claims_of(exp=9_999_999_999))["Authorization"].split(".")[1]

    assert refusal_of({"Authorization": f"{head}.{others}.{signature}"}) is Refusal.BAD_SIGNATURE


def test_a_key_server_that_serves_no_key_is_named():
    with pytest.raises(RefusedCallError) as refused:
        verify_installation(
            signed(claims_of()),
            "POST",
            "/base/installed",
            "",
            body_of(),
            app_base_url=APP_URL,
            app_key=APP_KEY,
            fetch_key=lambda _: b"<html>Not found</html>",
            now=NOW,
        )

    assert refused.value.refusal is Refusal.KEY_UNAVAILABLE


def test_a_query_belongs_to_the_request():
    assert refusal_of(signed(claims_of()), query="a=1") is Refusal.WRONG_REQUEST


def test_an_uninstallation_needs_no_secret_and_the_same_signature():
    body = body_of("uninstalled")
    right = signed(claims_of("/uninstalled"))
    wrong = signed(claims_of("/uninstalled"), key=SECRET, algorithm="HS256")

    call = verify(right, body=body, path="/base/uninstalled", check=verify_uninstallation)

    assert call.client_key == CLIENT_KEY
    refusal = refusal_of(wrong, body=body, path="/base/uninstalled", check=verify_uninstallation)
    assert refusal is Refusal.WRONG_ALGORITHM


def test_headers_are_found_whatever_their_case():
    lower = {name.lower(): value for name, value in signed(claims_of(), key=PRIVATE_KEY).items()}

    assert verify(lower).tenant.client_key == CLIENT_KEY
