"""UPM's REST interface, by which the development loops of app frameworks install themselves.

Source: protocol.md 1.5, domain.md 9.4. For a site's administrators, with the scopes that the site's own REST has.
"""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.document import DocumentLimits, parse_document
from tradepost.core.errors import (
    InvalidInputError,
    NotFoundError,
    ProblemsError,
    TradepostError,
    UnauthenticatedError,
)
from tradepost.core.states import InstallationState
from tradepost.foundation import problems
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.installing.commands import uninstall
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator
from tradepost.host.sites.routing import get_site_of
from tradepost.host.upgrading.queries import find_installations

from . import callers, shapes
from .progress import Progress, Standing, progress_of
from .requests import ask_to_install, get_request
from .tokens import check_upm_token, make_upm_token

View = Callable[..., HttpResponse]
_LIMITS = DocumentLimits(max_bytes=16 * 1024)
_RUNS = (InstallationState.ENABLED, InstallationState.DISABLED)


def _resource(**views: View) -> View:
    """One address: a view for each method, which gets the caller and the site. HEAD comes with GET."""
    allowed = sorted({*views, *(["HEAD"] if "GET" in views else [])})

    @csrf_exempt
    def answer(request: HttpRequest, **path: Any) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method not in views:
            response = problems.answer_status(request, 405, f"{method} is not known here.")
            response["Allow"] = ", ".join(allowed)
            return response
        try:
            response = _guarded(views[method], request, method, path)
        except TradepostError as error:
            response = problems.answer_for(request, error)
            if isinstance(error, UnauthenticatedError):
                response["WWW-Authenticate"] = callers.CHALLENGE
        response["Cache-Control"] = "no-store"
        return response

    return functools.wraps(answer)(answer)


def _guarded(view: View, request: HttpRequest, method: str, path: dict[str, Any]) -> HttpResponse:
    site = get_site_of(request)
    caller = callers.caller_of(request)
    caller.require("sites:read" if method == "GET" else "sites:write")
    require_administrator(caller, site.pk)
    return view(request, caller, site, **path)


def _settings(_request: HttpRequest, _caller: Caller, site: Site) -> HttpResponse:
    return _json(shapes.settings(site), shapes.SETTINGS)


def _installed(_request: HttpRequest, caller: Caller, site: Site) -> HttpResponse:
    """The apps that run on the site, and a token for installing."""
    running = find_installations(caller, site.pk).filter(state__in=_RUNS, running__isnull=False)
    response = _json(shapes.installed(site, list(running)), shapes.INSTALLED)
    response["upm-token"] = make_upm_token(caller, site, now=machine_now())
    return response


def _install(request: HttpRequest, caller: Caller, site: Site) -> HttpResponse:
    """Wish for the app at `pluginUri`."""
    check_upm_token(request.GET.get("token", ""), caller, site, now=machine_now())
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in shapes.INSTALLS:
        return problems.answer_status(request, 415, f"Send one of {', '.join(sorted(shapes.INSTALLS))}.")
    if len(request.body) > _LIMITS.max_bytes:
        return problems.answer_status(request, 413, f"The body has at most {_LIMITS.max_bytes} bytes.")
    try:
        wish = ask_to_install(site.pk, _read_uri(request.body), by=caller, now=domain_now())
    except (InvalidInputError, ProblemsError) as error:
        return problems.answer_status(request, 400, str(error))
    response = _json(
        shapes.pending(site, wish.pk, wish.url, Progress(Standing.RUNNING)), shapes.INSTALLING + shapes.CHARSET, 202
    )
    response["Location"] = shapes.address_on(site, "pending", str(wish.pk))
    return response


def _pending(_request: HttpRequest, caller: Caller, site: Site, task: str) -> HttpResponse:
    """How far a wish has come: once it is fulfilled, see the app."""
    wish = get_request(caller, site.pk, UUID(task))
    progress = progress_of(wish)
    if progress.standing is Standing.DONE:
        assert wish.installation is not None
        key = quote(wish.installation.app_key, safe="")
        return HttpResponse(status=303, headers={"Location": shapes.address_on(site, f"{key}-key")})
    kind = shapes.FAILED if progress.standing is Standing.FAILED else shapes.INSTALLING
    return _json(shapes.pending(site, wish.pk, wish.url, progress), kind + shapes.CHARSET)


def _app(_request: HttpRequest, caller: Caller, site: Site, key: str) -> HttpResponse:
    return _json(shapes.app_entry(site, _get_running(caller, site, key)), shapes.APP)


def _remove(_request: HttpRequest, caller: Caller, site: Site, key: str) -> HttpResponse:
    uninstall(site.pk, key, by=caller, now=domain_now())
    return HttpResponse(status=204)


def _get_running(caller: Caller, site: Site, key: str) -> Installation:
    found = find_installations(caller, site.pk).filter(app_key=key, state__in=_RUNS, running__isnull=False).first()
    if found is None:
        raise NotFoundError("app on this site", key)
    return found


def _read_uri(body: bytes) -> str:
    uri = parse_document(body, limits=_LIMITS).get("pluginUri")
    if not isinstance(uri, str) or not uri:
        raise InvalidInputError("The body names no `pluginUri`.", "/pluginUri")
    return uri


def _json(body: dict[str, Any], content_type: str, status: int = 200) -> HttpResponse:
    response = JsonResponse(body, status=status)
    response["Content-Type"] = content_type
    return response


_REST = r"^(?:[^/]+/)?rest/plugins/1\.0"
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
urls = [
    re_path(rf"{_REST}/?$", _resource(GET=_installed, POST=_install), name="upm"),
    re_path(rf"{_REST}/settings/?$", _resource(GET=_settings)),
    re_path(rf"{_REST}/pending/(?P<task>{_UUID})/?$", _resource(GET=_pending)),
    re_path(rf"{_REST}/(?P<key>[^/]+)-key(?:/summary)?/?$", _resource(GET=_app, DELETE=_remove)),
]
