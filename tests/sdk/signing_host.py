"""A host as an app meets it: signs lifecycle calls and hands out its public key."""

import json
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tradepost.core.signing import query_hash
from tradepost.sdk.tokens import KeyUnavailableError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
APP_KEY = "sample-notes"
APP_URL = "https://app.example.com/base"
CLIENT_KEY = "site-0001"
SECRET = "0123456789abcdef0123456789abcdef"
KEY_ID = "key-1"
REST = f"/rest/atlassian-connect/1/addons/{APP_KEY}"

PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = PRIVATE_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def fetch_key(key_id):
    if key_id != KEY_ID:
        raise KeyUnavailableError(key_id)
    return PUBLIC_PEM


def body_of(event="installed", *, without=(), **changes):
    content = {
        "key": APP_KEY,
        "clientKey": CLIENT_KEY,
        "sharedSecret": SECRET,
        "baseUrl": "https://site.example.com/alpha",
        "productType": "jira",
        "eventType": event,
    }
    if event != "installed":
        del content["sharedSecret"]
    return json.dumps({k: v for k, v in (content | changes).items() if k not in without}).encode()


def claims_of(path="/installed", *, method="POST", now=NOW, audience=APP_URL, without=(), **changes):
    claims = {
        "iss": CLIENT_KEY,
        "aud": [audience],
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=3)).timestamp()),
        "qsh": query_hash(method, path, ""),
    }
    return {k: v for k, v in (claims | changes).items() if k not in without}


def signed(claims, *, key=PRIVATE_KEY, algorithm="RS256", kid=KEY_ID):
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else None)
    return {"Authorization": f"JWT {token}", "Content-Type": "application/json"}
