"""What the scripts of our pages ask for on behalf of apps, and the scripts that apps load from us.

Every question names a ticket (see `tickets`), comes from the viewer's own session and carries a CSRF token. Answers
are JSON; an error has the form `{"error": "..."}`.
"""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path
from django.views.decorators.http import require_POST, require_safe

from tradepost.core.errors import InvalidInputError, NotFoundError, TradepostError
from tradepost.core.module import Place
from tradepost.foundation.clock import machine_now
from tradepost.foundation.problems import kind_of
from tradepost.host.licenses.caching import renew
from tradepost.host.sites.routing import get_site_of

from .assets import find_asset
from .bridge import answer_asked, read_asked
from .compiled import dialog_options
from .frames import context_token, make_frame, ui_parameters_of
from .queries import get_module
from .scenes import viewer_of
from .tickets import Admission, admit, make_ticket

FOUND_FOR = 3600
"""Seconds for which browsers keep the scripts that apps load."""

Told = dict[str, Any]
Question = Callable[[HttpRequest, Admission, Told], Told]


def question(answer: Question) -> Callable[..., HttpResponse]:
    """Make a view that reads the ticket, asks, and answers in JSON."""

    @require_POST
    def view(request: HttpRequest, context: str = "") -> HttpResponse:  # noqa: ARG001  routing reads it of the path
        try:
            site = get_site_of(request)
            told = _read(request)
            admission = admit(told.get("ticket"), site, viewer_of(request, site))
            renew(site)
            response = JsonResponse(answer(request, admission, told))
        except TradepostError as error:
            response = JsonResponse({"error": str(error)}, status=kind_of(error).status)
        response["Cache-Control"] = "no-store"
        return response

    return view


def tell_token(_request: HttpRequest, admission: Admission, _told: Told) -> Told:
    """A context token for the scripts of the app's page (`AP.context.getToken`)."""
    return {"token": context_token(admission.installation, admission.scene, now=machine_now())}


def tell_answer(request: HttpRequest, admission: Admission, told: Told) -> Told:
    """What the site's REST answers to the app's page (`AP.request`). A refusal is an answer, too."""
    try:
        asked = read_asked(told, admission.scene.site)
        answered = answer_asked(asked, admission, request)
    except TradepostError as error:
        body = json.dumps({"errorMessages": [str(error)], "errors": {}})
        status = 400 if isinstance(error, InvalidInputError) else kind_of(error).status
        return {"status": status, "headers": {"content-type": "application/json"}, "body": body}
    return {"status": answered.status, "headers": dict(answered.headers), "body": answered.body}


def tell_frame(_request: HttpRequest, admission: Admission, told: Told) -> Told:
    """A freshly signed address of a module of the same app: for dialogs, and for panels opened later."""
    key = told.get("module")
    if not isinstance(key, str):
        raise InvalidInputError("Say which module.", "/module")
    shown = get_module(admission.scene.site, admission.installation.app_key, key, admission.scene)
    is_dialog = told.get("dialog") is True
    if not is_dialog and shown.module.place is Place.ITEM:
        raise NotFoundError("page of an app", key)
    frame = make_frame(
        shown.installation,
        shown.module,
        admission.scene,
        now=machine_now(),
        is_dialog=is_dialog,
        ui_parameters=ui_parameters_of(told.get("values")),
    )
    module = shown.module
    return {
        "url": frame.url,
        "module": module.key,
        "name": module.name,
        "kind": module.kind,
        "location": module.location,
        "options": dialog_options(module),
    }


def tell_ticket(_request: HttpRequest, admission: Admission, _told: Told) -> Told:
    """A new ticket for one that is still good, for pages that stay open."""
    return {"ticket": make_ticket(admission.installation, admission.scene)}


@require_safe
def asset(request: HttpRequest, name: str, context: str = "") -> HttpResponse:  # noqa: ARG001  the same for all sites
    """The frame side of the bridge, for apps: the same for everybody, and kept for an hour."""
    found = find_asset(name)
    if found is None:
        raise NotFoundError("file", name)
    is_same = request.headers.get("If-None-Match") == found.tag
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    body = b"" if is_same else found.packed if takes_gzip else found.content
    response = HttpResponse(body, status=304 if is_same else 200, content_type=found.content_type)
    if takes_gzip and not is_same:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["ETag"] = found.tag
    response["Cache-Control"] = f"public, max-age={FOUND_FOR}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _read(request: HttpRequest) -> Told:
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The request is no JSON.") from error
    if not isinstance(told, dict):
        raise InvalidInputError("The request is a JSON object.")
    return told


site_urls = [
    path("tradepost/bridge/token", question(tell_token), name="bridge_token"),
    path("tradepost/bridge/request", question(tell_answer), name="bridge_request"),
    path("tradepost/bridge/frame", question(tell_frame), name="bridge_frame"),
    path("tradepost/bridge/ticket", question(tell_ticket), name="bridge_ticket"),
    re_path(r"^atlassian-connect/(?P<name>all(?:-debug)?\.(?:js|css))$", asset, name="bridge_asset"),
]
