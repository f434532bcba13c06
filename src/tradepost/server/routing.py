"""Where one process serves both services (tests), the host name of a request says which it is for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HOST_NAMES = {"host.test": "tradepost.server.urls.host", "marketplace.test": "tradepost.server.urls.marketplace"}


class RouteByHost:
    """Take the host's addresses for requests to `host.test`, the marketplace's for `marketplace.test`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.META.get("HTTP_HOST", "").partition(":")[0]
        if name in HOST_NAMES:
            request.urlconf = HOST_NAMES[name]
        return self.get_response(request)
