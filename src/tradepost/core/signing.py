"""The query string hash (`qsh`): which request a token was made for.

``qsh`` is the lower-case hexadecimal SHA-256 of ``METHOD&PATH&QUERY`` in a canonical form. Nothing
here signs or verifies a token; the shell does that with a library.
"""

import hashlib
import re
from collections.abc import Callable
from urllib.parse import quote, unquote_plus

CONTEXT_HASH = "context-qsh"
"""Stands in place of a hash in tokens that are made for a page's context and not for one request."""

TOKEN_PARAMETER = "jwt"  # noqa: S105 - the name of a parameter
"""Carries the token itself and is therefore no part of what is hashed. Other spellings are."""

_VALUE = r"[A-Za-z0-9._~-]*+(?:%(?:[01][0-9A-F]|2[0-9ABCF]|3[A-F]|40|5[BCDE]|60|7[BCDF])[A-Za-z0-9._~-]*+)*+"
_PLAIN = re.compile(rf"[A-Za-z0-9._~-]++={_VALUE}(?:&[A-Za-z0-9._~-]++={_VALUE})*+")
"""Names of unreserved characters; in values, of ASCII exactly the others encoded, in upper case."""

_ALL_TRAILING_SLASHES = re.compile(r"/+\Z")


def canonical_request(method: str, path: str, query: str, *, base_path: str = "") -> str:
    """The text that is hashed.

    ``path`` and ``query`` as they stand on the wire: the path is neither decoded nor encoded, so
    ``%2f``, ``%2F`` and ``/`` are three things. ``base_path`` is the receiver's own and is cut off.
    Names are put in the order of their decoded spelling, as JavaScript sorts them.
    """
    return _join(method, _canonical_path(path, base_path), _canonical_query(query, _by_code_units))


def query_hash(method: str, url_path: str, query_string: str, *, base_path: str = "") -> str:
    """What to put into ``qsh`` when signing a request."""
    return _digest(canonical_request(method, url_path, query_string, base_path=base_path))


def accepted_query_hashes(method: str, path: str, query: str, *, context_path: str = "") -> frozenset[str]:
    """Every hash that a real client may have computed for this request.

    Clients differ in three places: whether names are sorted before or after they are encoded,
    whether the context path belongs to the path, and whether one or all trailing slashes go.
    """
    paths = set()
    for base_path in {"", context_path}:
        paths.add(_canonical_path(path, base_path))
        paths.add(_canonical_path(_ALL_TRAILING_SLASHES.sub("/", path), base_path))
    queries = {_canonical_query(query, order) for order in (_by_code_units, _by_encoded_bytes)}
    return frozenset(_digest(_join(method, one_path, one_query)) for one_path in paths for one_query in queries)


def split_target(target: str) -> tuple[str, str]:
    """``/p?a=1#x`` in its path and its query; the fragment is never sent and never hashed."""
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def _join(method: str, path: str, query: str) -> str:
    return f"{method.upper()}&{path}&{query}"


def _digest(canonical: str) -> str:
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def _canonical_path(path: str, base_path: str) -> str:
    base = base_path.rstrip("/")
    if base and (path == base or path.startswith(base + "/")):
        path = path[len(base) :]
    path = path.replace("&", "%26")
    if not path.startswith("/"):
        path = "/" + path
    return path.removesuffix("/") or "/"


def _canonical_query(query: str, order: Callable[[str], bytes]) -> str:
    # Most queries are canonical but for their order, and decoding is most of the work.
    if not query:
        return ""
    if _PLAIN.fullmatch(query):
        ordered = _ordered(query)
        if ordered is not None:
            return ordered
    values: dict[str, list[str]] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            values.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    values.pop(TOKEN_PARAMETER, None)
    return "&".join(
        f"{_encode(name)}={','.join(_encode(value) for value in sorted(values[name], key=_by_code_units))}"
        for name in sorted(values, key=order)
    )


def _ordered(plain: str) -> str | None:
    """A plain query put in order, which is the same for everybody; None where a name is there twice."""
    # NUL sorts before whatever can stand in a name, so `a` comes before `a1`, and only names decide.
    parts = plain.replace("=", "\0").split("&")
    parts.sort()
    names = [part.partition("\0")[0] for part in parts]
    if len(set(names)) != len(names):
        return None
    if TOKEN_PARAMETER in names:
        del parts[names.index(TOKEN_PARAMETER)]
    return "&".join(parts).replace("\0", "=")


def _encode(text: str) -> str:
    """RFC 3986: only letters, digits and ``- . _ ~`` stay; hexadecimal digits in upper case."""
    return quote(text, safe="~", errors="replace")


def _by_code_units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _by_encoded_bytes(text: str) -> bytes:
    return _encode(text).encode("ascii")
