"""What an app may ask a site about itself: its own entry, and its properties. Source: protocol.md 5.2."""

import json
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path

from tradepost.core.document import DocumentLimits, find_value_problems, parse_strictly
from tradepost.core.errors import ForbiddenError, InvalidInputError, NotFoundError, ProblemsError

from . import oauth
from .callers import AppCaller
from .commands import MOST_VALUE_BYTES, check_key, remove_property, set_property
from .endpoints import app_endpoint, app_resource
from .entry import address_of, entry_of
from .queries import find_property_keys, get_property

_LIMITS = DocumentLimits(max_bytes=MOST_VALUE_BYTES)


@app_endpoint(allow_disabled=True)
def addon(_request: HttpRequest, caller: AppCaller, key: str) -> HttpResponse:
    """The app's own entry. Another app's does not exist for it."""
    _require_own(caller, key)
    return JsonResponse(entry_of(caller))


@app_endpoint
def properties(_request: HttpRequest, caller: AppCaller, key: str) -> HttpResponse:
    """The names of the app's properties."""
    _require_own(caller, key)
    names = find_property_keys(caller.installation)
    return JsonResponse({"keys": [{"key": name, "self": _address(caller, name)} for name in names]})


def _show(request: HttpRequest, caller: AppCaller, key: str, name: str) -> HttpResponse:
    """A property. Its value is JSON with `?jsonValue=true`, else the text of it, as older apps expect."""
    _require_own(caller, key)
    check_key(name)
    text = get_property(caller.installation, name)
    value = json.loads(text) if request.GET.get("jsonValue", "").lower() == "true" else text
    return JsonResponse({"key": name, "value": value, "self": _address(caller, name)})


def _write(request: HttpRequest, caller: AppCaller, key: str, name: str) -> HttpResponse:
    """Set a property to any JSON value: 201 when it is new, else 200."""
    _require_own(caller, key)
    check_key(name)
    is_new = set_property(caller.installation, name, _read_value(request.body))
    status, done = (201, "created") if is_new else (200, "updated")
    return JsonResponse({"status-code": status, "message": f"The property {name} was {done}."}, status=status)


def _remove(_request: HttpRequest, caller: AppCaller, key: str, name: str) -> HttpResponse:
    _require_own(caller, key)
    check_key(name)
    remove_property(caller.installation, name)
    return HttpResponse(status=204)


one_property = app_resource(GET=_show, PUT=_write, DELETE=_remove)


def _require_own(caller: AppCaller, key: str) -> None:
    if caller.app_key != key:
        raise NotFoundError("app that asks here with the key", key)


def _address(caller: AppCaller, name: str) -> str:
    return f"{address_of(caller.installation)}/properties/{quote(name, safe='')}"


def _read_value(body: bytes) -> str:
    """The JSON text of a value, compact. Raises ForbiddenError when it is too large, InvalidInputError otherwise."""
    if len(body) > MOST_VALUE_BYTES:
        raise ForbiddenError(f"The value of a property has at most {MOST_VALUE_BYTES} bytes.")
    try:
        value = parse_strictly(body.decode())
    except UnicodeDecodeError:
        raise InvalidInputError("The value of a property is JSON in UTF-8.") from None
    problems = find_value_problems(value, limits=_LIMITS)
    if problems:
        raise ProblemsError(tuple(problems))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_REST = r"^(?:[^/]+/)?rest/atlassian-connect/(?:1|latest)/addons/(?P<key>[^/]+)"
urls = [
    re_path(rf"{_REST}/?\Z", addon, name="addon"),
    re_path(rf"{_REST}/properties/?\Z", properties),
    re_path(rf"{_REST}/properties/(?P<name>(?s:.+))\Z", one_property),
    *oauth.urls,
]
