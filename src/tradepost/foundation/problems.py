"""Errors become answers here, by one table: problem details (RFC 9457) for programs, a page for people.

The errors themselves know nothing of HTTP. What is not in the table is our own mistake: 500, without internals, with
the request id under which the log tells the whole.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    IllegalTransitionError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    Problem,
    ProblemsError,
    TradepostError,
    UnauthenticatedError,
)
from tradepost.core.manifest import PlacedProblem

log = logging.getLogger(__name__)

MACHINE_PATHS = re.compile(r"/(?:api|wire|(?:[^/]+/)?rest)/")
"""Below these addresses programs ask, and get JSON also for errors; `rest` stands below the context path of a site."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status, the last part of its type, and its title."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        return f"urn:tradepost:problem:{self.name}"


TABLE: Mapping[type[TradepostError], Kind] = MappingProxyType(
    {
        ProblemsError: Kind(422, "document", ProblemsError.title),
        InvalidInputError: Kind(422, "invalid-input", InvalidInputError.title),
        NotFoundError: Kind(404, "not-found", NotFoundError.title),
        ConflictError: Kind(409, "conflict", ConflictError.title),
        IllegalTransitionError: Kind(409, "illegal-transition", IllegalTransitionError.title),
        ForbiddenError: Kind(403, "forbidden", ForbiddenError.title),
        UnauthenticatedError: Kind(401, "unauthenticated", UnauthenticatedError.title),
        LimitError: Kind(429, "limit", LimitError.title),
    }
)
UNKNOWN = Kind(500, "internal", "Something went wrong here")
BY_STATUS: Mapping[int, Kind] = MappingProxyType(
    {
        400: Kind(400, "bad-request", "The request cannot be read"),
        401: TABLE[UnauthenticatedError],
        403: TABLE[ForbiddenError],
        404: TABLE[NotFoundError],
        405: Kind(405, "method", "This address does not know this method"),
        413: Kind(413, "too-large", "The request is too large"),
        414: Kind(414, "address-too-long", "The address is too long"),
        415: Kind(415, "media-type", "This kind of content is not understood"),
        422: TABLE[InvalidInputError],
        429: TABLE[LimitError],
        500: UNKNOWN,
        503: Kind(503, "unavailable", "Not ready"),
    }
)
HEADERS: Mapping[int, Mapping[str, str]] = MappingProxyType({401: {"WWW-Authenticate": "Bearer"}})


def kind_of(error: TradepostError) -> Kind:
    """Return the row for an error; a class without a row of its own takes that of the class it extends."""
    for cls in type(error).__mro__:
        if cls in TABLE:
            return TABLE[cls]
    return UNKNOWN


def answer_for(request: HttpRequest, error: TradepostError) -> HttpResponse:
    """Return the answer to a request that ended in an error of ours."""
    kind = kind_of(error)
    if kind is UNKNOWN:
        return answer_unknown(request, error)
    return answer(request, kind, str(error), problems=problems_of(error), rule=getattr(error, "rule", ""))


def answer_unknown(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Log an error nobody expected and say no more than under which id."""
    # %r, because an address can hold line ends and a log is read line by line.
    log.error("request %s %s %r failed", request_id(request), request.method, request.path, exc_info=error)
    return answer(request, UNKNOWN, "The error is in the log of the service, under the id of this request.")


def answer_status(request: HttpRequest, status: int, detail: str, problems: Sequence[Problem] = ()) -> HttpResponse:
    """Return the answer with a status that no error of ours stands for."""
    kind = BY_STATUS.get(status) or Kind(status, f"http-{status}", "The request cannot be answered")
    return answer(request, kind, detail, problems=problems)


def answer(
    request: HttpRequest, kind: Kind, detail: str, problems: Sequence[Problem] = (), rule: str = ""
) -> HttpResponse:
    """Return a problem as JSON for programs and as a page for people."""
    if is_for_machines(request):
        body = problem_body(request, kind, detail, problems)
        if rule:
            body["rule"] = rule
        response = HttpResponse(json.dumps(body), status=kind.status, content_type="application/problem+json")
    else:
        context = {"kind": kind, "detail": detail, "problems": problems, "request_id": request_id(request)}
        page = render_to_string(_template(request, kind), context, request=None if kind is UNKNOWN else request)
        response = HttpResponse(page, status=kind.status)
    for name, value in HEADERS.get(kind.status, {}).items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    return response


def _template(request: HttpRequest, kind: Kind) -> str:
    """Our own mistakes get a page that asks the database nothing: it may be the database that is gone."""
    if request.headers.get("HX-Request"):
        return "partials/problem.html"
    return "internal.html" if kind is UNKNOWN else "problem.html"


def problem_body(request: HttpRequest, kind: Kind, detail: str, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """Return the members of a problem details object; `problems` points into what was sent."""
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id(request),
    }
    if problems:
        body["problems"] = [problem_json(each) for each in problems]
    return body


def problem_json(problem: Problem) -> dict[str, Any]:
    """One problem for programs; `line` and `column` where the text it stands in is known."""
    told: dict[str, Any] = {"pointer": problem.pointer, "text": problem.text, "rule": problem.rule}
    if isinstance(problem, PlacedProblem) and problem.line is not None:
        told |= {"line": problem.line, "column": problem.column}
    return told


def problems_of(error: TradepostError) -> tuple[Problem, ...]:
    """Return where and what, for errors that know."""
    if isinstance(error, ProblemsError | ConflictError):
        return error.problems
    if isinstance(error, InvalidInputError) and error.pointer:
        return (Problem(error.pointer, str(error)),)
    return ()


def is_for_machines(request: HttpRequest) -> bool:
    return MACHINE_PATHS.match(request.path) is not None


def request_id(request: HttpRequest) -> str:
    """Return the id that RequestLimits gave to the request."""
    return str(getattr(request, "tradepost_request_id", ""))
