"""What is read of a request to find out which app sent it."""

import re
from string import printable
from urllib.parse import quote

from django.http import HttpRequest

from tradepost.core.errors import UnauthenticatedError
from tradepost.core.signing import TOKEN_PARAMETER

from .tokens import LONGEST_TOKEN, AskedRequest

SCHEME = "JWT "
BEARER = "Bearer "
# What clients leave unencoded in a segment: by RFC 3986 strictly, as JavaScript's encodeURIComponent, and generously.
_LEFT_ALONE = ("-._~!$&'()*+,;=:@", "-._~!*'()", "-._~")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._~-]*")


def find_token(request: HttpRequest) -> str | None:
    """The signed token of a request: in `Authorization: JWT` or in the query. None where there is none.

    Raises UnauthenticatedError for more than one, and for one that is too long.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    found = [header.removeprefix(SCHEME).strip()] if header.startswith(SCHEME) else []
    found += request.GET.getlist(TOKEN_PARAMETER)
    if len(found) > 1:
        raise UnauthenticatedError("Send one token, not two.")
    if found and len(found[0]) > LONGEST_TOKEN:
        raise UnauthenticatedError(f"A token has at most {LONGEST_TOKEN} characters.")
    return found[0] if found else None


def find_bearer(request: HttpRequest) -> str | None:
    """The token by which an app acts as a user, None where there is none."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    bearer = header.removeprefix(BEARER).strip() if header.startswith(BEARER) else ""
    return bearer if 0 < len(bearer) <= LONGEST_TOKEN else None


def as_asked(request: HttpRequest, context_path: str) -> AskedRequest:
    """The request as its sender hashed it.

    The web server hands on a decoded path, and clients encode segments in three ways; all lead to the same place here.
    """
    path, query = request.path, request.META.get("QUERY_STRING", "")
    if not query.isascii():
        # WSGI shows bytes as Latin-1; clients hash what the bytes would be when encoded.
        query = quote(query.encode("latin-1", "replace"), safe=printable)
    spelled = [path] if _PLAIN_PATH.fullmatch(path) else [quote(path, safe="/" + left) for left in _LEFT_ALONE]
    return AskedRequest(request.method or "GET", tuple(dict.fromkeys(spelled)), query, context_path)
