"""What every request passes: limits, security headers, and errors turned into answers."""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from tradepost.core.errors import TradepostError, UnauthenticatedError

from . import navigation, problems
from .callers import find_caller, service_of, to_sign_in
from .clock import domain_now, machine_now, new_id
from .configuration import configuration

Answer = Callable[[HttpRequest], HttpResponse]

LONGEST_ADDRESS = 8 * 1024
"""Characters of a path with its query."""

BACK_OFFICE = "/back-office/"
SERVICE_NAMES = {"marketplace": "Tradepost Marketplace", "host": "Tradepost Host"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# The back office is somebody else's page: its scripts are written inline and evaluate expressions.
BACK_OFFICE_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
FRAME_ORIGINS = "tradepost_frame_origins"
"""An attribute of a request: the origins (`scheme://host[:port]`) whose pages may stand in frames of the answer."""

_ENCODED_NUL = re.compile(r"%00|\x00", re.IGNORECASE)


class RequestLimits:
    """Names the request and refuses what is too large before anything reads it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.tradepost_request_id = new_id().hex[:16]  # type: ignore[attr-defined]
        response = self._refuse(request) or self.get_response(request)
        response["X-Request-Id"] = problems.request_id(request)
        return response

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        query = request.META.get("QUERY_STRING", "")
        if len(request.path) + len(query) > LONGEST_ADDRESS:
            return _refusal(request, 414, f"An address has at most {LONGEST_ADDRESS} characters.")
        if _ENCODED_NUL.search(request.path + query):
            return _refusal(request, 400, "An address has no NUL characters.")
        most = configuration.limits.request_bytes
        if _length(request) > most:
            return _refusal(request, 413, f"A request has at most {most} bytes.")
        return None


class ContentSecurity:
    """Says what a page may load and who may keep it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Content-Security-Policy"):
            is_office = request.path.startswith(BACK_OFFICE)
            policy = BACK_OFFICE_POLICY if is_office else POLICY
            response["Content-Security-Policy"] = _with_frames(policy, getattr(request, FRAME_ORIGINS, ()))
        # What is shown to one person, or is signed for one view, is not for caches.
        is_personal = find_caller(request) is not None or hasattr(request, FRAME_ORIGINS)
        if not response.has_header("Cache-Control") and is_personal:
            response["Cache-Control"] = "no-store"
        return response


def _with_frames(policy: str, origins: Collection[str]) -> str:
    """The policy of a page that shows frames, and small pictures, from exactly these origins."""
    if not origins:
        return policy
    named = " ".join(sorted(origins))
    return f"{policy}; frame-src {named}".replace("img-src 'self' data:", f"img-src 'self' data: {named}")


class KnownErrors:
    """Turns what a view raises into an answer by the one table in `problems`."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return _same_headers(problems.answer_status(request, 405, f"{request.method} is not known here."), response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if isinstance(error, UnauthenticatedError) and not problems.is_for_machines(request):
            return to_sign_in(request)
        if isinstance(error, TradepostError):
            return problems.answer_for(request, error)
        for kind, (status, detail) in FRAMEWORK_ERRORS.items():
            if isinstance(error, kind):
                return problems.answer_status(request, status, detail)
        return problems.answer_unknown(request, error)


# In this order: the more special ones come first.
FRAMEWORK_ERRORS: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        Http404: (404, "There is nothing at this address."),
        PermissionDenied: (403, "You may not do this."),
        RequestDataTooBig: (413, "The request is too large."),
        BadRequest: (400, "The request cannot be read."),
        SuspiciousOperation: (400, "The request cannot be read."),
    }
)


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` shows on every page."""
    service = service_of(request)
    is_known = find_caller(request) is not None
    machine = machine_now()
    return {
        "service": service,
        "service_name": SERVICE_NAMES[service],
        "nav": navigation.links(request),
        "sandbox": configuration.sandbox and is_known,
        "domain_time": domain_now() if is_known else machine,
        "machine_time": machine,
        "is_development": configuration.development,
    }


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    """The answer where no view takes an address (`handler404`)."""
    return problems.answer_status(request, 404, f"There is nothing at {request.path}.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    return problems.answer_status(request, 400, "The request cannot be read.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    return problems.answer_status(request, 403, "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django's signature
    """The answer to a form that did not come from our own page, or came too late (`CSRF_FAILURE_VIEW`)."""
    return problems.answer_status(request, 403, "This form is too old or not ours: load the page again and repeat it.")


def server_error(request: HttpRequest) -> HttpResponse:
    return problems.answer(request, problems.UNKNOWN, "The error is in the log of the service.")


def _refusal(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """A refusal before sessions are read, so it is never a page of ours."""
    kind = problems.BY_STATUS[status]
    if problems.is_for_machines(request):
        return problems.answer(request, kind, detail)
    return HttpResponse(f"{kind.title}. {detail}\n", status=status, content_type="text/plain; charset=utf-8")


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _same_headers(answer: HttpResponse, response: HttpResponse) -> HttpResponse:
    if response.has_header("Allow"):
        answer["Allow"] = response["Allow"]
    return answer
