"""The wire contract's way in: enrolment, credentials, and reading and writing messages. See tradepost.wire."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.errors import Problem, UnauthenticatedError
from tradepost.foundation import problems
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.secrets import hash_token
from tradepost.foundation.throttling import Throttle
from tradepost.marketplace.catalog.queries import listing_policy
from tradepost.wire import messages

from . import commands
from .models import HostService

M = TypeVar("M", bound=msgspec.Struct)
View = Callable[..., HttpResponse]
SEEN_AT_MOST = timedelta(hours=1)
"""How often `last_seen_at` of a host service is written."""

JSON = "application/json"
NUL = b"\\u0000"
"""PostgreSQL keeps no NUL character in a text, and JSON can only carry one like this."""

_PLACE = re.compile(r" - at `(?:\$|key in \$)?(.*)`$")


class Unreadable(Exception):  # noqa: N818  not an error of ours: it never leaves this file
    """A message that is not of the contract."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def view(method: str) -> Callable[[View], View]:
    """A view for machines: one method, no cookies and so no CSRF, 400 with the place for unreadable messages."""

    def wrap(function: View) -> View:
        @csrf_exempt
        @wraps(function)
        def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
            if request.method != method:
                answer = problems.answer_status(request, 405, f"Use {method}.")
                answer["Allow"] = method
                return answer
            try:
                return function(request, *args, **kwargs)
            except Unreadable as error:
                return problems.answer_status(request, 400, str(error), (error.problem,))

        return guarded

    return wrap


def read(request: HttpRequest, kind: type[M]) -> M:
    """The message in the body. What it may hold, and how much of it, stands in its type."""
    try:
        message = msgspec.json.decode(request.body, type=kind)
    except msgspec.ValidationError as error:
        raise Unreadable(_problem_of(str(error))) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(Problem("", f"This is not JSON: {error}.", "message.not_json")) from error
    if NUL in request.body and _holds_nul(msgspec.to_builtins(message)):
        raise Unreadable(Problem("", "A text holds a NUL character.", "message.bad_text"))
    return message


def reply(message: msgspec.Struct, *, status: int = 200) -> HttpResponse:
    """The message as the body of an answer."""
    return HttpResponse(msgspec.json.encode(message), status=status, content_type=JSON)


def authenticate_host(request: HttpRequest, *, now: datetime) -> HostService:
    """The host service whose credential the request carries. Raises UnauthenticatedError."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    host = None
    if scheme.lower() == "bearer" and credential.startswith(commands.CREDENTIAL_PREFIX):
        host = HostService.objects.filter(credential_digest=hash_token(credential)).first()
    if host is None:
        raise UnauthenticatedError("Send the credential of your host service as a bearer token.")
    if host.last_seen_at is None or now - host.last_seen_at > SEEN_AT_MOST:
        HostService.objects.filter(pk=host.pk).update(last_seen_at=now)
    return host


WRONG_CODES = Throttle(most=10, window=timedelta(minutes=10))


@view("POST")
def enrolment(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/enrolment"""
    address = request.META.get("REMOTE_ADDR", "")
    WRONG_CODES.check(address, now=machine_now())
    message = read(request, messages.EnrolmentRequest)
    commands.check_base_url(message.base_url, policy=listing_policy())
    try:
        host, credential = commands.enrol(
            message.code, base_url=message.base_url, product=message.product, now=domain_now()
        )
    except UnauthenticatedError:
        WRONG_CODES.count(address, now=machine_now())
        raise
    answer = messages.Enrolment(host=host.pk, name=host.name, credential=credential)
    return reply(answer, status=201)


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values()))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _problem_of(text: str) -> Problem:
    """Msgspec says "Expected `str` - at `$.sites[0].name`": a sentence and a place."""
    found = _PLACE.search(text)
    if found is None:
        return Problem("", f"{text}.", "message.invalid")
    place = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", found[1]).replace(".", "/")
    return Problem(place, f"{text[: found.start()]}.", "message.invalid")


urls = [path("wire/1/enrolment", enrolment)]
assert messages.PREFIX == "/wire/1"
