"""The wire contract's preview of another edition. See tradepost.wire.licenses."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.core.edition import Edition
from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.hosts.wire import authenticate_host, read, reply, view
from tradepost.marketplace.licensing.deciding import look_up
from tradepost.marketplace.licensing.queries import places
from tradepost.wire.licenses import SwitchQuestion

from .previews import preview


@view("POST")
def license_preview(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/licenses/preview"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    question = read(request, SwitchQuestion)
    if question.edition not in set(Edition):
        raise InvalidInputError(f"There are the editions {', '.join(Edition)}.", "/edition")
    (known,) = look_up([_place(host, question)], now=now)
    return reply(preview(known, Edition(question.edition), now=now))


def _place(host: HostService, question: SwitchQuestion) -> tuple[int, UUID]:
    """Raises NotFoundError for a site of another host, and for an app of which the site may not know."""
    (place,) = places(host, [(question.site, question.app)])
    if place.site_id is None:
        raise NotFoundError("site", question.site)
    if place.listing_id is None or not place.sees:
        raise NotFoundError("app", question.app)
    return place.site_id, place.listing_id


urls = [path("wire/1/licenses/preview", license_preview)]
