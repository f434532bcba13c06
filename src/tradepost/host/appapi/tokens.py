"""The tokens that apps sign: taken apart, and held against secret, time, audience and request. Source: protocol.md 5.1.

Nothing here asks a database or Django; `make bench` measures it as it stands.
"""

import hmac
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated

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
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SIGNATURE_LENGTH = 43
"""Characters of 32 bytes in base64 without padding."""

_HASH_LENGTH = 64
_Date = Annotated[float, msgspec.Meta(gt=-LATEST, lt=LATEST)]


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a token says, of the types that it must be. Only the signature makes it worth a look."""

    iss: str
    iat: _Date
    exp: _Date
    nbf: _Date | None = None
    aud: str | list[str] | None = None
    sub: str | None = None
    qsh: str | None = None
    tnt: str | None = None


class SignedToken(msgspec.Struct, frozen=True, gc=False):
    """A token by HS256, taken apart. Nothing in it is true before `is_signed_by`."""

    signed: bytes
    signature: bytes
    claims: Claims


class AskedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it stands on the wire. `paths` has more than one spelling where the server kept only a decoded one.

    `context_path` is the site's own.
    """

    method: str
    paths: tuple[str, ...]
    query: str
    context_path: str = ""


def read_signed(text: str) -> SignedToken | None:
    """Take a token apart; None for what is no token by HS256 that says who, from when and until when.

    `alg: none`, RS256 and all others end here.
    """
    if len(text) > LONGEST_TOKEN:
        return None
    try:
        signed, _, signature = text.encode("ascii").rpartition(b".")
        header, _, payload = signed.partition(b".")
        if not _is_by_hs256(header):
            return None
        return SignedToken(signed, signature, _decode_claims(_decode(payload)))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def is_signed_by(token: SignedToken, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets made the signature. Every one is tried, in constant time."""
    found = False
    for secret in secrets:
        digest = hmac.digest(secret.encode(), token.signed, "sha256")
        # Compared as text: base64 that says the same in another way is another token.
        expected = b2a_base64(digest).translate(_TO_URL_SAFE)[:_SIGNATURE_LENGTH]
        found |= hmac.compare_digest(expected, token.signature)
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
    """Whether the token has begun and not ended; `nbf` counts where it is. It may be used again within its life."""
    moment = now.timestamp()
    if not claims.iat - _SKEW_SECONDS <= moment < claims.exp + _SKEW_SECONDS:
        return False
    return claims.nbf is None or claims.nbf - _SKEW_SECONDS <= moment


def is_for_audience(audience: str | list[str] | None, *ours: str) -> bool:
    """Many apps leave the audience out; where it is, it must name us."""
    if audience is None:
        return True
    return audience in ours if isinstance(audience, str) else any(name in ours for name in audience)


def is_for_request(claimed: str | None, asked: AskedRequest) -> bool:
    """Whether the query hash is that of the request, in any spelling that real clients have.

    It is not optional: whoever holds a token that was made for a page could else call the site as the app.
    """
    if claimed is None or len(claimed) != _HASH_LENGTH or not claimed.isascii():
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
    return a2b_base64(part.translate(_FROM_URL_SAFE) + b"==")


_decode_claims = msgspec.json.Decoder(Claims).decode
