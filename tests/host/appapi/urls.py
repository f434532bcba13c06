"""What apps reach, and probes that say who called and with what."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path

from tradepost.host.appapi import views
from tradepost.host.appapi.callers import AppCaller
from tradepost.host.appapi.endpoints import app_endpoint, app_resource, product_error


def _say(_request: HttpRequest, caller: AppCaller, **path: str) -> HttpResponse:
    user = caller.user.email if caller.user else None
    return JsonResponse({"app": caller.app_key, "user": user, "kind": caller.kind, "scopes": sorted(caller.scopes)})


_probe = app_resource(error=product_error, GET=_say, POST=_say, PUT=_say, DELETE=_say)
_page = app_endpoint(_say, scope="READ", allow_context=True)

urlpatterns = [
    *views.urls,
    re_path(r"^[^/]+/rest/api/3/(?P<rest>.*)$", _probe),
    re_path(r"^[^/]+/page-script$", _page),
]
