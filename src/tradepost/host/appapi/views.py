"""What an app may ask a site: its own entry, with the version the site runs. Source: protocol.md 5.2."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path
from django.views.decorators.http import require_safe

from tradepost.core.errors import NotFoundError, UnauthenticatedError
from tradepost.core.states import InstallationState
from tradepost.foundation.clock import machine_now
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Member, Site
from tradepost.host.sites.queries import ADMIN
from tradepost.host.sites.routing import get_site_of

from .tokens import authenticate_app

E_MAIL = "ACCESS_EMAIL_ADDRESSES"


@require_safe
def addon(request: HttpRequest, key: str) -> HttpResponse:
    """The app's own entry. Another app's does not exist for it."""
    try:
        site = get_site_of(request)
        installation = authenticate_app(request, site, now=machine_now())
    except NotFoundError:
        return _problem(404, "There is no site at this address.")
    except UnauthenticatedError as error:
        answer = _problem(401, str(error))
        answer["WWW-Authenticate"] = "JWT"
        return answer
    if installation.app_key != key:
        return _problem(404, f"The app {key} is not installed here, or is not the one that asks.")
    return _fresh(JsonResponse(_entry(installation, site)))


def _entry(installation: Installation, site: Site) -> dict[str, Any]:
    assert installation.running is not None
    entry: dict[str, Any] = {
        "key": installation.app_key,
        "version": installation.running.number,
        "state": "ENABLED" if installation.state == InstallationState.ENABLED else "DISABLED",
    }
    if installation.state != InstallationState.ENABLED:
        return entry
    address = f"{site.base_url}/rest/atlassian-connect/1/addons/{installation.app_key}"
    return entry | {
        "host": {"product": site.product_type.upper(), "contacts": _contacts(installation, site)},
        "links": {"self": [{"href": address}]},
    }


def _contacts(installation: Installation, site: Site) -> list[dict[str, str]]:
    """The site's administrators; their addresses only for an app that was granted to see addresses."""
    assert installation.running is not None
    rows = Member.objects.filter(site=site, role=ADMIN, user__is_active=True).order_by("user__email")
    people = rows.values_list("user__name", "user__email")[:10]
    if E_MAIL in installation.running.scopes:
        return [{"name": name, "email": email} for name, email in people]
    return [{"name": name} for name, _ in people if name]


def _problem(status: int, message: str) -> HttpResponse:
    return _fresh(JsonResponse({"status-code": status, "message": message}, status=status))


def _fresh(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer


urls = [re_path(r"^(?:[^/]+/)?rest/atlassian-connect/1/addons/(?P<key>[^/]+)$", addon, name="addon")]
