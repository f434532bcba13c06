"""The tokens that apps sign: taken apart, and held against secret, time, audience and request. Source: protocol.md 5.1.

Nothing here asks a database or Django; `make bench` measures it as it stands.
"""

import binascii
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from tradepost.core.signing import CONTEXT_HASH, accepted_query_hashes, query_hash

SKEW = timedelta(seconds=180)
"""How far an app's clock may be off, either way."""

LONGEST_TOKEN = 8 * 1024
"""Characters of a token."""

LATEST = 10**12
"""Seconds since 1970; nobody means a date beyond it."""

NOBODY = "0" * 64
"""Stands for the secret of an app that is not here, so that its tokens take as long to refuse as forged ones."""

_SKEW_SECONDS = SKEW.total_seconds()
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Claims(msgspec.Struct):
    """What a token says. Any value may be of any type; only the signature makes it worth a look."""

    iss: Any = None
    iat: Any = None
    exp: Any = None
    nbf: Any = None
    aud: Any = None
    sub: Any = None
    qsh: Any = None
    tnt: Any = None


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token by HS256, taken apart. Nothing in it is true before `is_signed_by`."""

    signed: bytes
    signature: bytes
    claims: Claims


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A request as it stands on the wire. `paths` has more than one spelling where the server kept only a decoded one.

    `context_path` is the site's own.
    """

    method: str
    paths: Sequence[str]
    query: str
    context_path: str = ""


def read_signed(text: str) -> SignedToken | None:
    """Take a token apart; None for what is no token by HS256. `alg: none`, RS256 and all others end here."""
    if len(text) > LONGEST_TOKEN:
        return None
    try:
        signed, _, signature = text.encode("ascii").rpartition(b".")
        header, _, payload = signed.partition(b".")
        if not _is_by_hs256(header):
            return None
        return SignedToken(signed, signature, _decode_claims(_decode(payload)))
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return None


def is_signed_by(token: SignedToken, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets made the signature. Every one is tried, in constant time."""
    found = False
    for secret in secrets:
        digest = hmac.digest(secret.encode(), token.signed, "sha256")
        found |= hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"="), token.signature)
    return found


def is_good_for(
    claims: Claims, asked: AskedRequest, *, client_key: str, now: datetime, allow_context: bool = False
) -> bool:
    """Whether a token with a good signature is for this installation, this moment and this request.

    `allow_context`: one that was made for a page serves as well.
    """
    if not is_timely(claims, now) or not is_for_audience(claims.aud, client_key):
        return False
    return (allow_context and claims.qsh == CONTEXT_HASH) or is_for_request(claims.qsh, asked)


def is_timely(claims: Claims, now: datetime) -> bool:
    """`iat` and `exp` must both be there; `nbf` counts where it is. A token may be used again within its life."""
    moment, skew = now.timestamp(), _SKEW_SECONDS
    issued, expires = claims.iat, claims.exp
    not_before = 0 if claims.nbf is None else claims.nbf
    if not (_is_date(issued) and _is_date(expires) and _is_date(not_before)):
        return False
    return bool(issued - skew <= moment < expires + skew and not_before - skew <= moment)


def is_for_audience(audience: object, *ours: str) -> bool:
    """Many apps leave the audience out; where it is, it must name us."""
    if audience is None:
        return True
    named = audience if isinstance(audience, list) else [audience]
    return any(name in ours for name in named if isinstance(name, str))


def is_for_request(claimed: object, asked: AskedRequest) -> bool:
    """Whether the query hash is that of the request, in any spelling that real clients have.

    It is not optional: whoever holds a token that was made for a page could else call the site as the app.
    """
    if not isinstance(claimed, str) or not claimed.isascii():
        return False
    first = query_hash(asked.method, asked.paths[0], asked.query, base_path=asked.context_path)
    if hmac.compare_digest(claimed, first):
        return True
    return any(
        hmac.compare_digest(claimed, each)
        for path in asked.paths
        for each in accepted_query_hashes(asked.method, path, asked.query, context_path=asked.context_path)
    )


@lru_cache(maxsize=64)
def _is_by_hs256(header: bytes) -> bool:
    """Clients make few different headers. One that lists what must be understood (`crit`) is not understood."""
    said = msgspec.json.decode(_decode(header))
    return isinstance(said, dict) and said.get("alg") == "HS256" and "crit" not in said


def _decode(part: bytes) -> bytes:
    return binascii.a2b_base64(part.translate(_URL_SAFE) + b"==")


_decode_claims = msgspec.json.Decoder(Claims).decode


def _is_date(value: object) -> bool:
    """Numbers that are dates; far larger ones cannot be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST
