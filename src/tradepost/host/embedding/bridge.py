"""What the scripts of an app's page ask of the site: answered by the site's own REST, inside this process.

The app acts as the viewer, within its scopes. Nothing but REST for apps can be reached, and there no administration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import resolve

from tradepost.core.errors import ForbiddenError, InvalidInputError, TradepostError
from tradepost.foundation.problems import answer_for
from tradepost.host.appapi.callers import bridge_caller, set_app_caller
from tradepost.host.appapi.scopes import ADMIN, needed_scope
from tradepost.host.sites.models import Site

from .tickets import Admission

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
LONGEST_PATH = 4_096
LARGEST_BODY = 1_048_576
"""Bytes an app's page may send."""

LARGEST_ANSWER = 4_194_304
_OPEN = re.compile(r"/rest/(?:api/(?:2|3|latest)|atlassian-connect/(?:1|latest)/addons)/[^\\]+")
"""What can be asked at all: REST made for apps."""

_ODD = re.compile(r"//|%2f|%5c|%00|[\x00-\x20\x7f\\#]", re.IGNORECASE)
_SENT = MappingProxyType(
    {
        "accept": "HTTP_ACCEPT",
        "accept-language": "HTTP_ACCEPT_LANGUAGE",
        "if-match": "HTTP_IF_MATCH",
        "if-none-match": "HTTP_IF_NONE_MATCH",
        "x-atlassian-token": "HTTP_X_ATLASSIAN_TOKEN",
    }
)
_TOLD = frozenset({"content-type", "content-language", "etag", "last-modified", "location", "retry-after", "allow"})
_KEPT_OF_OUTER = ("HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "wsgi.url_scheme", "HTTP_X_FORWARDED_PROTO")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that an app's page makes. `path` begins behind the context path and may have a query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the app's page gets of the answer: no cookies, and only headers that are its business."""

    status: int
    headers: Mapping[str, str]
    body: str


def read_asked(told: Mapping[str, Any], site: Site) -> Asked:
    """Read what a page sends. Raises InvalidInputError for what cannot be read, ForbiddenError for other places."""
    method, url, body = told.get("method", "GET"), told.get("url"), told.get("body")
    headers = told.get("headers") or {}
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise InvalidInputError("An app's page asks by GET, HEAD, POST, PUT, PATCH or DELETE.")
    if not isinstance(url, str) or not url or len(url) > LONGEST_PATH:
        raise InvalidInputError(f"An app's page asks for a path of at most {LONGEST_PATH} characters.")
    if body is not None and not isinstance(body, str):
        raise InvalidInputError("The body of a request is text.")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise InvalidInputError("The headers of a request are texts.")
    content = (body or "").encode()
    if len(content) > LARGEST_BODY:
        raise InvalidInputError(f"An app's page sends at most {LARGEST_BODY} bytes.")
    return Asked(method.upper(), path_on_site(url, site), {k.lower(): v for k, v in headers.items()}, content)


def path_on_site(url: str, site: Site) -> str:
    """The path and query of an address below the site. Raises ForbiddenError for any other address."""
    for base in (site.base_url, site.context_path):
        if base and url.startswith(f"{base}/"):
            url = url.removeprefix(base)
            break
    path, mark, query = url.partition("?")
    if not path.startswith("/"):
        path = f"/{path}"
    steps = path.lower().replace("%2e", ".").split("/")
    is_plain = path.isascii() and not _ODD.search(path) and "." not in steps and ".." not in steps
    if urlsplit(url).scheme or url.startswith("//") or not is_plain or not _OPEN.fullmatch(path):
        raise ForbiddenError("An app's page can only ask for REST addresses of the site that are made for apps.")
    if not query.isascii() or _ODD_QUERY.search(query):
        raise InvalidInputError("The query of a request must be percent-encoded.")
    return path + mark + query


_ODD_QUERY = re.compile(r"[\x00-\x20\x7f#]|%00", re.IGNORECASE)


def answer_asked(asked: Asked, admission: Admission, outer: HttpRequest) -> Answered:
    """Let the site's REST answer, as the viewer within the app's scopes. `outer` is the request of our own page."""
    path, _, query = asked.path.partition("?")
    if needed_scope(asked.method, path) == ADMIN:
        raise ForbiddenError("An app's page cannot administer the site.")
    inner = _inner_request(asked, path, query, admission.scene.site, outer)
    set_app_caller(inner, bridge_caller(admission.installation, admission.scene.viewer))
    try:
        found = resolve(inner.path_info, urlconf=getattr(outer, "urlconf", None))
        inner.resolver_match = found
        response = found.func(inner, *found.args, **found.kwargs)
    except Http404:
        return Answered(404, {"content-type": "application/json"}, '{"errorMessages":["There is nothing here."]}')
    except TradepostError as error:
        response = answer_for(inner, error)
    return _told(response)


def _inner_request(asked: Asked, path: str, query: str, site: Site, outer: HttpRequest) -> HttpRequest:
    environ: dict[str, Any] = {name: outer.META[name] for name in _KEPT_OF_OUTER if name in outer.META}
    environ |= {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(site.context_path + path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(asked.body)),
        "CONTENT_TYPE": asked.headers.get("content-type", "application/json" if asked.body else ""),
        "wsgi.input": BytesIO(asked.body),
    }
    environ |= {name: asked.headers[header] for header, name in _SENT.items() if header in asked.headers}
    inner = WSGIRequest(environ)
    inner.urlconf = getattr(outer, "urlconf", None)
    inner.tradepost_request_id = getattr(outer, "tradepost_request_id", "")
    return inner


def _told(response: HttpResponseBase) -> Answered:
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    if len(content) > LARGEST_ANSWER:
        raise InvalidInputError(f"The answer has more than {LARGEST_ANSWER} bytes.")
    headers = {name.lower(): value for name, value in response.items() if name.lower() in _TOLD}
    return Answered(response.status_code, headers, content.decode("utf-8", "replace"))
