"""The REST API of a service: token sign-in, problem details, pages by keyset, strict JSON.

A domain's `api.py` exports a `ninja.Router`; `server.urls` mounts it on the API that `make_api` returns.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError as FieldError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer
from pydantic import Field

from tradepost.core.document import DocumentLimits, parse_document
from tradepost.core.errors import InvalidInputError, Problem, ProblemsError, TradepostError

from . import problems, tokens
from .callers import CALLER_ATTRIBUTE, Caller
from .clock import machine_now
from .configuration import configuration

T = TypeVar("T")
M = TypeVar("M", bound=Model)
MOST_ROWS = configuration.limits.page_rows
LONGEST_CURSOR = 500


class TokenAuth(HttpBearer):
    """`Authorization: Bearer tp_...`, and nothing else: a browser's session is no sign-in here (so no CSRF)."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = tokens.authenticate(token, now=machine_now())
        setattr(request, CALLER_ATTRIBUTE, caller)
        return caller


class StrictParser(Parser):
    """JSON bodies are objects without repeated keys, NaN, NUL characters or lone surrogates."""

    limits = DocumentLimits(max_bytes=configuration.limits.request_bytes)

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return parse_document(request.body, limits=self.limits)


class DescribedApi(NinjaAPI):
    """Its description says of every operation that whatever else it answers is a problem object."""

    def get_openapi_schema(self, *arguments: Any, **options: Any) -> Any:
        schema = super().get_openapi_schema(*arguments, **options)
        schema["components"].setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = _PROBLEM_RESPONSE
        return schema


def make_api(title: str, version: str = "1") -> NinjaAPI:
    """Return an empty API of a service, to be mounted at `/api/<version>/`."""
    api = DescribedApi(
        title=title,
        version=version,
        urls_namespace=f"{title.lower().replace(' ', '-')}-api-{version}",
        auth=TokenAuth(),
        parser=StrictParser(),
        docs_url=None,  # ninja's page loads scripts from elsewhere; ours is `/api/`
    )
    api.add_exception_handler(TradepostError, problems.answer_for)
    api.add_exception_handler(ValidationError, _answer_invalid)
    api.add_exception_handler(HttpError, _answer_http_error)
    api.add_exception_handler(
        Http404, lambda request, _: problems.answer_status(request, 404, "There is no such thing.")
    )
    api.add_exception_handler(Exception, problems.answer_unknown)
    return api


class PageQuery(Schema):
    """The question for one page of a listing."""

    after: str = Field("", max_length=LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="how many at most")


class Page(Schema, Generic[T]):
    """One page of a listing. `next` is what `after` must be for the page that follows, null on the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[M]):
    """Rows of one page, for a template or a `Page`."""

    items: Sequence[M]
    next: str | None


def slice_of(rows: QuerySet[M], *, order: Sequence[str], after: str = "", limit: int = 50) -> Slice[M]:
    """Return the page of `rows` that begins behind `after`, sorted by `order`.

    `order` names fields that are never null and together unique, `-` before those that fall; an index on them makes
    every page as quick as the first. Raises InvalidInputError when `after` is none of our own cursors.
    """
    model_rows = rows.order_by(*order)
    if after:
        model_rows = model_rows.filter(_behind(rows.model, order, _read_cursor(after, len(order))))
    found = list(model_rows[: min(limit, MOST_ROWS) + 1])
    items = found[: min(limit, MOST_ROWS)]
    return Slice(items, _cursor(items[-1], order) if len(found) > len(items) else None)


def page_of(rows: QuerySet[M], *, order: Sequence[str], query: PageQuery) -> dict[str, Any]:
    """Return what an endpoint with `response=Page[...]` returns; see `slice_of`."""
    found = slice_of(rows, order=order, after=query.after, limit=query.limit)
    return {"items": found.items, "next": found.next}


def _behind(model: type[Model], order: Sequence[str], values: Sequence[str]) -> Q:
    """(a, b) behind (x, y) is: a from x on, and a beyond x or b beyond y. The first part is for the index."""
    name, value = order[0].lstrip("-"), _value(model, order[0].lstrip("-"), values[0])
    way = "lt" if order[0].startswith("-") else "gt"
    beyond = Q(**{f"{name}__{way}": value})
    if len(order) == 1:
        return beyond
    return Q(**{f"{name}__{way}e": value}) & (beyond | _behind(model, order[1:], values[1:]))


def _value(model: type[Model], name: str, text: str) -> Any:
    try:
        return model._meta.get_field(name).to_python(text)  # noqa: SLF001  Django's public way to a field
    except (FieldError, ValueError, OverflowError) as error:
        raise _not_ours() from error


def _cursor(row: Model, order: Sequence[str]) -> str:
    values = [_as_text(getattr(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _as_text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _read_cursor(text: str, length: int) -> list[str]:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _not_ours() from error
    is_ours = isinstance(values, list) and len(values) == length and all(isinstance(v, str) for v in values)
    if not is_ours or any("\0" in value for value in values):
        raise _not_ours()
    return values


def _not_ours() -> InvalidInputError:
    return InvalidInputError("This is not where a page ends: use `next` of the page before.", "/after")


def _answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Every problem at once. The first part of a place says body, query or path; a body has its name behind it."""
    found = tuple(Problem(_pointer(each["loc"]), str(each["msg"]), str(each["type"])) for each in error.errors)
    return problems.answer_status(request, 422, "; ".join(f"{p.pointer}: {p.text}" for p in found), found)


def _pointer(place: Sequence[object]) -> str:
    parts = list(place[2:] if place and place[0] in {"body", "form"} else place[1:]) or list(place[-1:])
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, ProblemsError):
        return problems.answer_status(request, 400, str(error.__cause__), error.__cause__.problems)
    detail = "Send a token: `Authorization: Bearer tp_...`." if error.status_code == 401 else str(error)
    return problems.answer_status(request, error.status_code, detail)


_PROBLEM_RESPONSE = {
    "description": "What went wrong",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "text", "rule"],
                "properties": {
                    "pointer": {"type": "string"},
                    "text": {"type": "string"},
                    "rule": {"type": "string"},
                    "line": {"type": "integer", "description": "where it stands in a text, from 1"},
                    "column": {"type": "integer", "description": "in characters, from 1"},
                },
            },
        },
    },
}
