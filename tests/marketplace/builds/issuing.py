"""An issuer of identity tokens: discovery, keys and signatures, over real HTTP on loopback."""

import json
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.marketplace.vendors import VendorServer

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
MARKETPLACE = "http://127.0.0.1:8000"
APP_ID = "ari:tradepost:marketplace::app/notes"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Machine time, as the tests tell it."""

CLAIMS = {
    "sub": "repo:acme/notes:environment:production",
    "repository": "acme/notes",
    "ref": "refs/heads/main",
    "environment": "production",
    "run_id": 4711,
    "run_url": "https://builds.example/acme/notes/4711",
}
EXPECTED = {"repository": "acme/notes", "ref": "refs/heads/main", "environment": "production"}

SIGNER = jwt.PyJWS()
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  to be refused
PRIVATE = {
    "RS256": RSA_KEY,
    "RS384": RSA_KEY,
    "RS512": RSA_KEY,
    "PS256": RSA_KEY,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def public_jwk(private, algorithm, kid):
    """The public half of a key as issuers publish it."""
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig", "alg": algorithm}


class Issuer(VendorServer):
    """Serves its configuration and its keys; each algorithm has a key of its name."""

    def __enter__(self):
        super().__enter__()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.serves[DISCOVERY] = {"issuer": self.url, "jwks_uri": f"{self.url}{KEYS}"}
        self.publish({name: (private, name) for name, private in PRIVATE.items()})
        return self

    def publish(self, keys):
        """Publish these keys alone: by id, a private key and its algorithm."""
        self.serves[KEYS] = {"keys": [public_jwk(private, name, kid) for kid, (private, name) in keys.items()]}

    def sign(self, *, algorithm="RS256", key=None, kid=None, headers=None, now=NOW, drop=(), **changes):
        """An identity token that is right but for what is changed or dropped."""
        claims = {
            **CLAIMS,
            "iss": self.url,
            "aud": MARKETPLACE,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
            "jti": str(changes.pop("number", 1)),
            **changes,
        }
        claims = {name: value for name, value in claims.items() if name not in drop}
        said = {"kid": kid if kid is not None else algorithm, **(headers or {})}
        # The layer below jwt.encode, which makes nothing that is wrong.
        return SIGNER.encode(json.dumps(claims).encode(), key or PRIVATE[algorithm], algorithm, said)

    def count(self, path):
        """How often a path was asked for."""
        return sum(asked == path for asked, _ in self.asked)


def with_header(token, **changes):
    """The token with another header and the signature it had."""
    _, payload, signature = token.split(".")
    header = {**jwt.get_unverified_header(token), **changes}
    return f"{jwt.utils.base64url_encode(json.dumps(header).encode()).decode()}.{payload}.{signature}"
