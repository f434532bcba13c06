"""Pages of what an app was told of a site's events, and having something told again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import slice_of
from tradepost.host.sites.frame import ROWS, Visit, after_of, attempt, on_site, show
from tradepost.host.upgrading.queries import get_remembered

from . import commands
from .models import Delivery
from .queries import LOG_ORDER, find_deliveries

PAGE = "webhooks"
STANDINGS = {
    "waiting": ("waiting", "waits"),
    "failing": ("failed", "failed, tried again"),
    "delivered": ("succeeded", "delivered"),
    "given_up": ("failed", "given up"),
    "dropped": ("superseded", "dropped"),
}
"""The badge of a delivery and how people read it."""


@require_GET
@on_site
def deliveries(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Every webhook that an app was sent, the newest first."""
    installation = get_remembered(visit.caller, visit.site.pk, key)
    rows = find_deliveries(visit.caller, visit.site.pk, key)
    found = slice_of(rows, order=LOG_ORDER, after=after_of(request), limit=ROWS)
    shown = installation.running or installation.newest
    context = {
        "here": "apps",
        "installation": installation,
        "name": shown.name if shown else key,
        "rows": [(each, *STANDINGS[_standing(each)]) for each in found.items],
        "may_replay": visit.is_keeper and installation.running is not None,
        "next": found.next,
    }
    return show(request, visit, "webhooks/deliveries.html", context)


@require_POST
@on_site
def replay(request: HttpRequest, visit: Visit, key: str, delivery_id: UUID) -> HttpResponse:
    """Have a webhook delivered once more."""
    attempt(
        request,
        lambda: commands.replay(visit.site.pk, key, delivery_id, by=visit.caller, now=domain_now()),
        "The app is being told again.",
    )
    return redirect(visit.address("apps", key, PAGE))


def _standing(delivery: Delivery) -> str:
    is_failing = delivery.state == "waiting" and delivery.attempts > 0
    return "failing" if is_failing else delivery.state


site_urls = [
    path(f"apps/<str:key>/{PAGE}/", deliveries, name="site_app_webhooks"),
    path(f"apps/<str:key>/{PAGE}/<uuid:delivery_id>/replays/", replay, name="site_app_webhook_replay"),
]
