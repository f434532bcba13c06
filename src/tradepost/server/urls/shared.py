"""Addresses both services have, and how the addresses of domains are put beside them."""

from collections import defaultdict
from collections.abc import Sequence
from types import ModuleType

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_GET
from django.views.generic import RedirectView
from ninja import NinjaAPI

from tradepost.foundation import accounts, health, pages
from tradepost.foundation import api as foundation_api
from tradepost.foundation.rest import make_api
from tradepost.server.urls.back_office import office

Urls = list[URLPattern | URLResolver]

handler400 = "tradepost.foundation.web.bad_request"
handler403 = "tradepost.foundation.web.forbidden"
handler404 = "tradepost.foundation.web.not_found"
handler500 = "tradepost.foundation.web.server_error"


def urls_of(
    title: str,
    *,
    url_modules: Sequence[ModuleType],
    api_modules: Sequence[ModuleType],
    last_url_modules: Sequence[ModuleType] = (),
) -> Urls:
    """Return every address of a service: the `urls` of modules with pages or wire, the `router` of those with REST.

    `last_url_modules` come behind everything.
    """
    api = make_api(title)
    api.add_router("", foundation_api.router)
    for module in api_modules:
        api.add_router("", module.router)
    found: Urls = [*health.urls]
    for module in url_modules:
        found += module.urls
    return [
        *found,
        *pages.urls,
        path("accounts/email/", accounts.no_such_page),
        path("accounts/", include("allauth.urls")),
        path("favicon.ico", RedirectView.as_view(url="/static/tradepost.svg", permanent=True)),
        path("back-office/login/", accounts.back_office_sign_in),
        path("back-office/", office.urls),
        path("api/1/", rest_page(api), name="rest"),
        path("api/1/", api.urls),
        *(each for module in last_url_modules for each in module.urls),
    ]


def rest_page(api: NinjaAPI) -> object:
    """Return the page that lists what REST offers, made from the API's own description."""

    @require_GET
    def show(request: HttpRequest) -> HttpResponse:
        groups: dict[str, list[dict[str, str]]] = defaultdict(list)
        for address, operations in api.get_openapi_schema(path_prefix="/api/1/")["paths"].items():
            for method, operation in operations.items():
                row = {"method": method.upper(), "path": address, "summary": operation.get("summary", "")}
                groups[(operation.get("tags") or ["other"])[0]].append(row)
        return render(request, "foundation/rest.html", {"groups": sorted(groups.items())})

    return show
