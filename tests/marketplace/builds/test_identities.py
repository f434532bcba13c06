"""What is no identity token for us, however much it looks like one. Nothing here needs a database."""

import json
import re
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.marketplace.builds.conftest import let_operator_trust
from tests.marketplace.builds.issuing import (
    KEYS,
    MARKETPLACE,
    NOW,
    OTHER_RSA_KEY,
    PRIVATE,
    RSA_KEY,
    SHORT_RSA_KEY,
    Issuer,
    public_jwk,
    with_header,
)

from tradepost.marketplace.builds import identities
from tradepost.marketplace.builds.identities import RefusedIdentityError

NO_TOKEN = "What was sent is no identity token."
WRONG_KIND = "The token is of another kind than an identity token."
WRONG_SIGNATURE = "The signature of the token is not the issuer's."
NO_SUCH_KEY = "The issuer has no such key as the one that the token names."
NO_TIMES = "The token does not say when it was issued and when it ends."
TOO_EARLY = "The token holds only from a later time on: the issuer's clock or ours is wrong."
WRONG_AUDIENCE = f"The token is not for this marketplace: aud must be “{MARKETPLACE}”."
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def verify(token, *, now=NOW):
    return identities.verify(token, audience=MARKETPLACE, now=now)


def refusal(token, *, now=NOW):
    with pytest.raises(RefusedIdentityError) as caught:
        verify(token, now=now)
    return caught.value


def at(**span):
    return int((NOW + timedelta(**span)).timestamp())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"aud": "https://elsewhere.example"}, WRONG_AUDIENCE),
        ({"aud": MARKETPLACE + "/"}, WRONG_AUDIENCE),
        ({"aud": MARKETPLACE.upper()}, WRONG_AUDIENCE),
        ({"aud": []}, WRONG_AUDIENCE),
        ({"aud": {MARKETPLACE: True}}, WRONG_AUDIENCE),
        ({"aud": None}, WRONG_AUDIENCE),
        ({"drop": ("aud",)}, WRONG_AUDIENCE),
        ({"exp": at(seconds=-61)}, "The token was over when it came."),
        ({"iat": at(minutes=-61), "exp": at(hours=9)}, "The token was issued more than an hour ago."),
        ({"iat": at(seconds=62)}, TOO_EARLY),
        ({"nbf": at(seconds=62)}, TOO_EARLY),
        ({"drop": ("exp",)}, NO_TIMES),
        ({"drop": ("iat",)}, NO_TIMES),
        ({"exp": str(at(minutes=5))}, NO_TIMES),
        ({"exp": True}, NO_TIMES),
        ({"exp": None}, NO_TIMES),
        ({"exp": 10**400}, NO_TIMES),
        ({"exp": float("inf")}, NO_TIMES),
        ({"iat": float("nan")}, NO_TIMES),
        ({"iat": -1}, NO_TIMES),
        ({"nbf": "now"}, NO_TIMES),
    ],
)
def test_a_signed_token_is_refused_for_what_it_says(issuer, changes, text):
    refused = refusal(issuer.sign(**changes))

    assert refused.why == (text,)
    assert (refused.issuer, refused.claims["repository"]) == (issuer.url, "acme/notes")


@pytest.mark.parametrize("changes", [{"exp": at(seconds=-59)}, {"iat": at(seconds=59)}, {"drop": ("nbf",)}])
def test_clocks_may_differ_a_little_and_not_before_may_be_missing(issuer, changes):
    assert verify(issuer.sign(**changes)).claims["sub"]


def unsigned(issuer):
    return jwt.encode(jwt.decode(issuer.sign(), options={"verify_signature": False}), None, algorithm="none")


def signed_with_the_public_key(issuer):
    """As somebody would who hopes that a public key is taken for a shared secret."""
    token = with_header(issuer.sign(), alg="HS256").rpartition(".")[0]
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = jwt.get_algorithm_by_name("HS256").sign(token.encode(), public)
    return f"{token}.{jwt.utils.base64url_encode(mac).decode()}"


def changed_payload(issuer):
    header, _, signature = issuer.sign().split(".")
    return f"{header}.{issuer.sign(ref='refs/heads/evil').split('.')[1]}.{signature}"


@pytest.mark.parametrize(
    ("forge", "text"),
    [
        (unsigned, "signed in a way that is not taken"),
        (signed_with_the_public_key, "signed in a way that is not taken"),
        (lambda issuer: with_header(issuer.sign(), alg="RS1"), "signed in a way that is not taken"),
        (lambda issuer: with_header(issuer.sign(), alg=["RS256"]), "signed in a way"),
        (lambda issuer: issuer.sign(key=OTHER_RSA_KEY), WRONG_SIGNATURE),
        (changed_payload, WRONG_SIGNATURE),
        (lambda issuer: with_header(issuer.sign(), extra=1), WRONG_SIGNATURE),
        (lambda issuer: issuer.sign(kid="unknown"), NO_SUCH_KEY),
        (lambda issuer: issuer.sign(algorithm="RS384", kid="RS256"), NO_SUCH_KEY),
        (lambda issuer: issuer.sign(algorithm="ES256", kid="RS256"), NO_SUCH_KEY),
        (lambda issuer: issuer.sign(algorithm="ES256", kid="ES384"), NO_SUCH_KEY),
        (lambda issuer: issuer.sign(kid=""), "does not name the key"),
        (lambda issuer: issuer.sign(kid="k" * 201), "does not name the key"),
        (lambda issuer: issuer.sign(headers={"typ": "at+jwt"}), WRONG_KIND),
        (lambda issuer: issuer.sign(headers={"crit": ["b64"], "b64": True}), "no identity token|another kind"),
        (lambda issuer: with_header(issuer.sign(), kid=7), "no identity token|does not name the key"),
        (lambda issuer: issuer.sign(iss=issuer.url + "/"), "issuer that this marketplace does not trust"),
        (lambda issuer: issuer.sign(iss="https://evil.example"), "issuer that this marketplace does not trust"),
        (lambda issuer: issuer.sign(iss=None), "issuer that this marketplace does not trust"),
        (lambda issuer: issuer.sign(iss=[issuer.url]), "issuer that this marketplace does not trust"),
        (lambda issuer: issuer.sign(padding="x" * 20_000), "too long"),
    ],
)
def test_of_what_nobody_signed_nothing_is_told(issuer, forge, text):
    refused = refusal(forge(issuer))

    assert re.search(text, str(refused))
    assert refused.claims is None
    assert "evil" not in str(refused)


def segment(raw):
    return jwt.utils.base64url_encode(raw).decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "....",
        "\udc00",
        "ü.ü.ü",
        f"{segment(b'[]')}.{segment(b'{}')}.{segment(b'x')}",
        f"{segment(b'{}')}.{segment(b'[]')}.{segment(b'x')}",
        f"{segment(b'[' * 5_000)}.{segment(b'{}')}.{segment(b'x')}",
        f"""{segment(b'{"alg":"RS256"}')}.{segment(b'{"iss":' + b"[" * 5_000)}.{segment(b"x")}""",
        f"""{segment(b'{"alg":"RS256"}')}.{segment(b'{"iss":' + b"9" * 5_000 + b"}")}.{segment(b"x")}""",
        f"""{segment(b'{"alg":"RS256","b64":false,"crit":["b64"]}')}..{segment(b"x")}""",
    ],
)
def test_what_is_no_token_is_refused_quietly(issuer, token):
    assert refusal(token).claims is None
    assert issuer.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "RS512"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"d": "AQAB"},
        {"n": "AQAB" * 1_000},
        {"n": "!"},
        {"n": ["x"]},
        {"e": None},
        {"crv": "P-256"},
    ],
)
def test_a_key_is_for_signatures_of_its_algorithm_and_public(issuer, changes):
    issuer.serves[KEYS] = {"keys": [{**public_jwk(RSA_KEY, "RS256", "RS256"), **changes}, 7, "key"]}

    assert refusal(issuer.sign()).claims is None


def test_a_private_key_that_an_issuer_publishes_by_mistake_is_not_taken(issuer):
    private = jwt.get_algorithm_by_name("RS256").to_jwk(RSA_KEY, as_dict=True)
    issuer.serves[KEYS] = {"keys": [{**private, "kid": "RS256", "key_ops": ["verify"]}]}

    assert str(refusal(issuer.sign())) == NO_SUCH_KEY


def test_a_short_key_is_not_taken(issuer):
    issuer.publish({"RS256": (SHORT_RSA_KEY, "RS256")})

    assert "too short" in str(refusal(issuer.sign()))


def test_a_key_on_another_curve_than_its_algorithm_is_not_taken(issuer):
    jwk = {**public_jwk(PRIVATE["ES256"], "ES256", "ES256"), "crv": "secp256k1"}
    issuer.serves[KEYS] = {"keys": [jwk]}

    assert str(refusal(issuer.sign(algorithm="ES256", key=PRIVATE["ES256"]))) == NO_SUCH_KEY


def test_a_signature_that_is_written_in_another_way_makes_no_other_token(issuer):
    """Of an ECDSA signature (r, s) everybody can make (r, n - s), which is as good."""
    token = issuer.sign(algorithm="ES256")
    signed, _, signature = token.rpartition(".")
    raw = jwt.utils.base64url_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), ORDER_P256 - int.from_bytes(raw[32:]))
    r, s = decode_dss_signature(der)
    other = f"{signed}.{segment(r.to_bytes(32) + s.to_bytes(32))}"

    assert other != token
    assert verify(other).digest == verify(token).digest


def test_of_two_issuers_neither_speaks_for_the_other(issuer, monkeypatch):
    with Issuer() as second:
        second.publish({"RS256": (OTHER_RSA_KEY, "RS256")})
        let_operator_trust(monkeypatch, issuer.url, second.url)

        assert verify(second.sign(key=OTHER_RSA_KEY)).issuer == second.url
        assert str(refusal(second.sign(key=OTHER_RSA_KEY, iss=issuer.url))) == WRONG_SIGNATURE


def test_a_token_says_nothing_of_itself_in_a_log(issuer, caplog):
    token = issuer.sign()
    verify(token)
    refusal(issuer.sign(aud="elsewhere"))

    assert token not in caplog.text
    assert json.dumps(public_jwk(RSA_KEY, "RS256", "RS256")) not in caplog.text
