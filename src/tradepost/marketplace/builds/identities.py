"""Whether an identity token (OpenID Connect, a signed JWT) is what it says: RFC 7519, RFC 8725.

The signature comes first: what stands in a token that nobody signed is told to nobody. PyJWT verifies signatures; it
fetches no keys and reads no clock here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import jwt

from tradepost.foundation.throttling import Throttle

from . import issuers

LONGEST_TOKEN = 16_384
"""Characters of an identity token."""

LONGEST_KID = 200
"""Characters of the id of a key."""

LEEWAY = timedelta(seconds=60)
"""How far the issuer's clock may be from ours."""

OLDEST = timedelta(hours=1)
"""Since it was issued, whatever it says of its end."""

FEWEST_RSA_BITS = 2_048
MOST_RSA_BITS = 8_192
"""Of an issuer's RSA key: longer ones take long to verify with."""

ASKED = Throttle(most=1_200, window=timedelta(minutes=1))
"""Tokens that name one issuer, good or not. High, for a stranger must not be able to lock a whole issuer out."""

ALGORITHMS: Mapping[str, tuple[str, frozenset[str | None]]] = MappingProxyType(
    {
        "RS256": ("RSA", frozenset({None})),
        "RS384": ("RSA", frozenset({None})),
        "RS512": ("RSA", frozenset({None})),
        "PS256": ("RSA", frozenset({None})),
        "ES256": ("EC", frozenset({"P-256"})),
        "ES384": ("EC", frozenset({"P-384"})),
        "EdDSA": ("OKP", frozenset({"Ed25519", "Ed448"})),
    }
)
"""Signatures with a public key alone, each with the kind of key and the curves that it goes with."""


class RefusedIdentityError(Exception):
    """A token opens nothing. The texts are for the vendor, never for who sent the token.

    `claims` are there once the signature was found to be the issuer's.
    """

    def __init__(self, *why: str, issuer: str = "", claims: Mapping[str, Any] | None = None) -> None:
        super().__init__("; ".join(why))
        self.why, self.issuer, self.claims = why, issuer, claims


@dataclass(frozen=True, slots=True)
class Identity:
    """What an issuer says of a build. Machine time.

    `digest` is that of what was signed. The signature itself can be written in more than one way, and a token must
    not become another one by that.
    """

    issuer: str
    claims: Mapping[str, Any] = field(repr=False)
    digest: str
    usable_until: datetime


@dataclass(frozen=True, slots=True)
class _Read:
    """A token before anything about it is known to be true."""

    text: str = field(repr=False)
    algorithm: str
    kid: str
    issuer: str


def verify(token: str, *, audience: str, now: datetime) -> Identity:
    """Return who is behind a token for us (`audience`). `now` is machine time.

    May ask the issuer for its keys, so it is not called in a transaction. Raises RefusedIdentityError, and LimitError
    where too many tokens of the issuer come.
    """
    read = _read(token)
    ASKED.check(read.issuer, now=now)
    ASKED.count(read.issuer, now=now)
    claims = _signed_claims(read, _find_key(read, now=now))
    problem = _problem_of(claims, read.issuer, audience=audience, now=now)
    if problem:
        raise RefusedIdentityError(problem, issuer=read.issuer, claims=claims)
    digest = hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    until = min(_time(claims["exp"]) + LEEWAY, _time(claims["iat"]) + OLDEST)
    return Identity(read.issuer, claims, digest, until)


def _read(token: str) -> _Read:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise RefusedIdentityError("What was sent is too long for an identity token, or is none.")
    try:
        found = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise RefusedIdentityError("What was sent is no identity token.") from error
    header, issuer = found["header"], found["payload"].get("iss")
    if not isinstance(issuer, str) or issuer not in issuers.accepted_issuers():
        raise RefusedIdentityError("The token is of an issuer that this marketplace does not trust.")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise RefusedIdentityError(
            f"The token is signed in a way that is not taken. Taken are {', '.join(ALGORITHMS)}."
        )
    if not isinstance(kid, str) or not 1 <= len(kid) <= LONGEST_KID:
        raise RefusedIdentityError("The token does not name the key that signed it.")
    if "crit" in header or not (kind is None or (isinstance(kind, str) and kind.lower() == "jwt")):
        raise RefusedIdentityError("The token is of another kind than an identity token.")
    return _Read(token, algorithm, kid, issuer)


def _find_key(read: _Read, *, now: datetime) -> jwt.PyJWK:
    try:
        found = issuers.find_keys(read.issuer, read.kid, now=now)
    except issuers.IssuerError as error:
        raise RefusedIdentityError(str(error)) from error
    keys = [key for key in found if _fits(key, read.algorithm)]
    if not keys:
        raise RefusedIdentityError("The issuer has no such key as the one that the token names.")
    try:
        key = jwt.PyJWK(dict(keys[0]), algorithm=read.algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise RefusedIdentityError("The key that the token names cannot be used.") from error
    size = getattr(key.key, "key_size", None)
    if keys[0].get("kty") == "RSA" and not (size and FEWEST_RSA_BITS <= size <= MOST_RSA_BITS):
        raise RefusedIdentityError("The key that the token names is too short, or too long.")
    return key


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key is a public one, for signatures, and for those of this algorithm."""
    kind, curves = ALGORITHMS[algorithm]
    uses, operations = key.get("use", "sig"), key.get("key_ops", ["verify"])
    is_public = not {"d", "k"} & key.keys() and len(str(key.get("n", ""))) <= MOST_RSA_BITS // 4
    is_for_this = key.get("alg", algorithm) == algorithm and uses == "sig"
    is_for_this = is_for_this and isinstance(operations, list) and "verify" in operations
    return is_public and is_for_this and key.get("kty") == kind and key.get("crv") in curves


def _signed_claims(read: _Read, key: jwt.PyJWK) -> Mapping[str, Any]:
    """The claims, once the signature holds. Their times are checked by our own clock, given as an argument."""
    unchecked = dict.fromkeys(("exp", "nbf", "iat", "aud", "iss", "sub", "jti"), False)
    options: Any = {f"verify_{name}": value for name, value in unchecked.items()}
    try:
        return jwt.decode(read.text, key, algorithms=[read.algorithm], options=options)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise RefusedIdentityError("The signature of the token is not the issuer's.") from error


def _problem_of(claims: Mapping[str, Any], issuer: str, *, audience: str, now: datetime) -> str:
    if claims.get("iss") != issuer:
        return "The token names another issuer."
    told = claims.get("aud")
    if not (told == audience or (isinstance(told, list) and audience in told)):
        return f"The token is not for this marketplace: aud must be “{audience}”."
    return _problem_of_times(claims, now)


def _problem_of_times(claims: Mapping[str, Any], now: datetime) -> str:
    if not all(_is_time(claims.get(name)) for name in ("exp", "iat")) or not _is_time(claims.get("nbf", 1)):
        return "The token does not say when it was issued and when it ends."
    if _time(claims["iat"]) > now + LEEWAY or ("nbf" in claims and _time(claims["nbf"]) > now + LEEWAY):
        return "The token holds only from a later time on: the issuer's clock or ours is wrong."
    if _time(claims["exp"]) <= now - LEEWAY:
        return "The token was over when it came."
    if now - _time(claims["iat"]) > OLDEST:
        return "The token was issued more than an hour ago."
    return ""


def _is_time(value: object) -> bool:
    """Seconds since 1970 up to the year 2286; JSON as Python reads it knows NaN and numbers without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**10


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
