"""What every signed call has in common: where the token is, and what its claims must say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import jwt

MAX_TOKEN_LENGTH = 16_384

KEY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
"""A key id becomes part of an address, so it may hold nothing that means something there."""


class Refusal(StrEnum):
    """What is wrong with a call that claims to come from a host."""

    BODY_MALFORMED = "body_malformed"
    OTHER_APP = "other_app"
    CLIENT_KEY_MISSING = "client_key_missing"
    SECRET_MISSING = "secret_missing"  # noqa: S105 - a reason
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a reason
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105 - a reason
    WRONG_ALGORITHM = "wrong_algorithm"
    KEY_ID_MALFORMED = "key_id_malformed"
    KEY_UNAVAILABLE = "key_unavailable"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_REQUEST = "wrong_request"
    WRONG_ISSUER = "wrong_issuer"
    UNKNOWN_TENANT = "unknown_tenant"


class RefusedCallError(Exception):
    """The call must not be acted upon. Answer it with 401 and tell the sender nothing more."""

    def __init__(self, refusal: Refusal, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal
        self.text = text


class KeyUnavailableError(Exception):
    """Raised by whatever fetches public keys when there is none under that id."""


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token taken apart; nothing in it is true before its signature was checked."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read_token(headers: Mapping[str, str], query: str = "") -> UnverifiedToken:
    """The token of ``Authorization: JWT …`` or else of the parameter ``jwt``. Raises RefusedCallError."""
    text = _find_token(headers, query)
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise RefusedCallError(Refusal.TOKEN_MALFORMED, "The token cannot be read.") from None
    return UnverifiedToken(text, header, claims)


def check_signature(token: UnverifiedToken, key: str | bytes, *, algorithm: str) -> None:
    """Raises RefusedCallError unless the token was signed so, by exactly this algorithm."""
    if token.header.get("alg") != algorithm:
        text = f"The token is not signed with {algorithm}."
        raise RefusedCallError(Refusal.WRONG_ALGORITHM, text)
    signature_only = {"verify_signature": True, "verify_exp": False, "verify_aud": False}
    lenient = {"verify_nbf": False, "verify_iat": False, "verify_iss": False, "verify_sub": False}
    try:
        jwt.decode(token.text, key, algorithms=[algorithm], options=cast("Any", signature_only | lenient))
    except jwt.InvalidKeyError:
        raise RefusedCallError(Refusal.KEY_UNAVAILABLE, "The key to check with is no key.") from None
    except (jwt.PyJWTError, ValueError):
        raise RefusedCallError(Refusal.BAD_SIGNATURE, "The signature of the token is wrong.") from None


def check_expiry(token: UnverifiedToken, *, now: datetime) -> None:
    """Raises RefusedCallError when the token has no end or its end has come. There is no leeway."""
    end = token.claims.get("exp")
    if isinstance(end, bool) or not isinstance(end, int | float) or now.timestamp() >= end:
        raise RefusedCallError(Refusal.EXPIRED, "The token has expired.")


def base_path_of(base_url: str) -> str:
    """The path under which an app or a site stands, without a slash at its end."""
    return urlsplit(base_url).path.rstrip("/")


def header_of(headers: Mapping[str, str], name: str) -> str:
    """The value of a header whatever the case of its name; empty when there is none."""
    return next((value for found, value in headers.items() if found.lower() == name.lower()), "")


def _find_token(headers: Mapping[str, str], query: str) -> str:
    scheme, space, text = header_of(headers, "Authorization").partition(" ")
    if scheme + space != "JWT ":
        text = dict(parse_qsl(query)).get("jwt", "")
    if not text or len(text) > MAX_TOKEN_LENGTH:
        raise RefusedCallError(Refusal.TOKEN_MISSING, "The call carries no token.")
    return text
