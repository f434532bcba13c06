"""Views that only apps may call: who calls, with which scope, and errors as apps know them from the wire."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ProblemsError,
    TradepostError,
    UnauthenticatedError,
)
from tradepost.foundation.problems import UNKNOWN, kind_of
from tradepost.host.sites.models import Site
from tradepost.host.sites.routing import get_site_of

from .callers import AppCaller, CallerKind, app_caller_of
from .scopes import ADMIN, needed_scope

AppView = Callable[..., HttpResponse]
ErrorBody = Callable[[int, str], Mapping[str, Any]]
UNREADABLE = (InvalidInputError, ProblemsError)


def connect_error(status: int, message: str) -> Mapping[str, Any]:
    """How errors look below /rest/atlassian-connect/. Source: protocol.md 5.2."""
    return {"status-code": status, "message": message}


def product_error(status: int, message: str) -> Mapping[str, Any]:  # noqa: ARG001  one shape for all
    """How errors look below /rest/api/."""
    return {"errorMessages": [message], "errors": {}}


def app_endpoint(
    view: AppView | None = None,
    *,
    scope: str | None = None,
    methods: Sequence[str] = ("GET",),
    error: ErrorBody = connect_error,
    allow_context: bool = False,
    allow_disabled: bool = False,
) -> Any:
    """Make a view of Django's from `view(request, caller, **path)`, which only apps reach.

    `scope` None: what the table of scopes says of the request. HEAD comes with GET, OPTIONS by itself. Every error of
    ours becomes a status and `error(status, message)` as JSON. Nothing of it is kept by caches, and a browser's
    session is no sign-in here, so that forms of strangers (CSRF) reach nothing.
    """
    if view is None:
        return functools.partial(
            app_endpoint,
            scope=scope,
            methods=methods,
            error=error,
            allow_context=allow_context,
            allow_disabled=allow_disabled,
        )
    known = _with_head(methods)

    def answer(request: HttpRequest, **path: Any) -> HttpResponse:
        site = get_site_of(request)
        caller = app_caller_of(request, site, allow_context=allow_context, allow_disabled=allow_disabled)
        needed = scope or needed_scope(request.method or "GET", path_on(request, site))
        if needed == ADMIN and caller.kind is CallerKind.BRIDGE:
            raise ForbiddenError("An app's page cannot administer the site.")
        caller.require_scope(needed)
        return view(request, caller, **path)

    @csrf_exempt
    @functools.wraps(view)
    def guarded(request: HttpRequest, **path: Any) -> HttpResponse:
        if request.method not in known:
            return not_allowed(request, known, error)
        return with_wire_errors(lambda: answer(request, **path), error)

    return guarded


def app_resource(*, error: ErrorBody = connect_error, scope: str | None = None, **views: AppView) -> AppView:
    """One address with a view for each method: `app_resource(GET=show, PUT=write)`."""

    def choose(request: HttpRequest, caller: AppCaller, **path: Any) -> HttpResponse:
        return views["GET" if request.method == "HEAD" else str(request.method)](request, caller, **path)

    made: AppView = app_endpoint(choose, scope=scope, methods=tuple(views), error=error)
    return made


def with_wire_errors(answer: Callable[[], HttpResponse], error: ErrorBody) -> HttpResponse:
    """The answer, or the error it ended in as apps read errors. What nobody expected goes on."""
    try:
        response = answer()
    except TradepostError as raised:
        response = answer_error(raised, error)
    except RequestDataTooBig:
        response = answer_status(413, "The request is too large.", error)
    response["Cache-Control"] = "no-store"
    return response


def answer_error(raised: TradepostError, error: ErrorBody) -> HttpResponse:
    """An error of ours with its status; what cannot be read is 400 for apps. Raises again what has no status."""
    kind = kind_of(raised)
    if kind is UNKNOWN:
        raise raised
    response = answer_status(400 if isinstance(raised, UNREADABLE) else kind.status, _text(raised), error)
    if isinstance(raised, UnauthenticatedError):
        response["WWW-Authenticate"] = "JWT"
    return response


def answer_status(status: int, message: str, error: ErrorBody) -> HttpResponse:
    return JsonResponse(error(status, message), status=status)


def not_allowed(request: HttpRequest, known: Sequence[str], error: ErrorBody) -> HttpResponse:
    """The answer to a method that an address does not know; and to OPTIONS, which asks for those it does."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    else:
        response = answer_status(405, f"{request.method} is not known here.", error)
    response["Allow"] = ", ".join(known)
    response["Cache-Control"] = "no-store"
    return response


def path_on(request: HttpRequest, site: Site) -> str:
    """The path of a request behind the context path of its site."""
    return request.path.removeprefix(site.context_path)


def _with_head(methods: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for name in methods for each in ((name, "HEAD") if name == "GET" else (name,))))


def _text(raised: TradepostError) -> str:
    if isinstance(raised, NotFoundError) and raised.kind == "site":
        return "There is no site at this address."
    return str(raised)
