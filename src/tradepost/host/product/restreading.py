"""What every REST endpoint of the product reads of a request: in whose name, which version, which page, which body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from tradepost.core.document import DocumentLimits, parse_document
from tradepost.core.errors import InvalidInputError
from tradepost.foundation.configuration import configuration
from tradepost.host.appapi.callers import AppCaller, CallerKind
from tradepost.host.appapi.scopes import E_MAIL

from . import shapes
from .actors import Actor, actor_of, app_actor
from .limits import MOST_FOUND

ROOT = r"^(?:[^/]+/)?rest/api/(?P<api>2|3|latest)/"
"""Below the context path of a site, or at the root of its host name."""

REF = r"(?P<ref>[^/]+)"

_LIMITS = DocumentLimits(max_bytes=configuration.limits.request_bytes)
_USUAL_PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """The rows that are asked for."""

    start: int
    most: int

    def of(self, rows: Any) -> list[Any]:
        return list(rows[self.start : self.start + self.most])

    def shape(self, total: int) -> dict[str, int]:
        return {"startAt": self.start, "maxResults": self.most, "total": total}


def acting_in(caller: AppCaller) -> Actor:
    """Return who acts: the user in whose name the app calls, else the app itself; an unknown viewer is a visitor."""
    if caller.kind == CallerKind.APP:
        return app_actor(caller.site, caller.app_key, caller.version.name)
    return actor_of(caller.site, caller.user)


def version_of(api: str) -> str:
    """Return the version that answers: the `latest` is 2, as clients have come to expect."""
    return "2" if api == "latest" else api


def person_shaper(caller: AppCaller, api: str) -> Callable[[Any], dict[str, Any]]:
    """Return how this caller sees people: addresses with ACCESS_EMAIL_ADDRESSES, and always one's own."""
    may_see = caller.allows(E_MAIL)

    def shape(user: Any) -> dict[str, Any]:
        is_self = caller.user is not None and caller.user.pk == user.pk
        return shapes.user_shape(caller.site, user, with_email=may_see or is_self, api=api)

    return shape


def page_of(given: Mapping[str, Any]) -> Page:
    """Read `startAt` and `maxResults`. Raises InvalidInputError; more rows than there may be are cut."""
    start, most = _number(given, "startAt", 0), _number(given, "maxResults", _USUAL_PAGE)
    return Page(start, min(most, MOST_FOUND))


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that was sent. Raises ProblemsError."""
    return parse_document(request.body, limits=_LIMITS)


def text_in(given: Mapping[str, Any], name: str, *, pointer: str = "") -> str | None:
    """Return a text of an object, None where it is absent or null. Raises InvalidInputError."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInputError(f"{name} is a text.", pointer or f"/{name}")
    return value


def object_in(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object within an object; an absent one is empty. Raises InvalidInputError."""
    value = given.get(name, {})
    if not isinstance(value, dict):
        raise InvalidInputError(f"{name} is an object.", f"/{name}")
    return value


def list_in(given: Mapping[str, Any], name: str, *, most: int) -> list[Any]:
    """Return a list within an object; an absent one is empty. Raises InvalidInputError."""
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise InvalidInputError(f"{name} is a list of at most {most}.", f"/{name}")
    return value


def _number(given: Mapping[str, Any], name: str, usual: int) -> int:
    value = given.get(name, usual)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise InvalidInputError(f"{name} is a number from 0 on.", f"/{name}")
    return int(text)
