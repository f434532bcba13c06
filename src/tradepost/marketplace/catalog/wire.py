"""The wire contract's catalogue and descriptors. See tradepost.wire."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.wire import JSON, authenticate_host, reply, view
from tradepost.marketplace.rollout import queries as rollout
from tradepost.marketplace.rollout.catalogue import catalogue
from tradepost.wire import messages

MOST_ENTRIES = 100


@view("GET")
def apps(request: HttpRequest) -> HttpResponse:
    """GET /wire/1/apps?after=&limit=&q="""
    authenticate_host(request, now=domain_now())
    catalogue.refresh()
    found, more = catalogue.public(
        after=request.GET.get("after", "")[:64], limit=_limit(request), q=request.GET.get("q", "")[:100]
    )
    entries = [each.entry for each in found if each.entry is not None]
    return reply(messages.Catalog(entries=entries, next=entries[-1].app if more else None))


@view("GET")
def app(request: HttpRequest, key: str) -> HttpResponse:
    """GET /wire/1/apps/{key}?site=: of the public catalogue, or a private app that this site may see.

    Without `site` it may be any site of the host, which then has to know by itself which of them asked.
    """
    host = authenticate_host(request, now=domain_now())
    site = _site(request)
    catalogue.refresh()
    found = catalogue.find(key)
    if found is None or found.entry is None:
        raise NotFoundError("app", key)
    if not (found.is_public or rollout.sees_private(host, found.listing, site=site)):
        raise NotFoundError("app", key)
    return reply(found.entry)


@view("GET")
def descriptor(request: HttpRequest, sha256: str) -> HttpResponse:
    """GET /wire/1/descriptors/{sha256}: the bytes as they were fetched. They never change under their name."""
    host = authenticate_host(request, now=domain_now())
    content = rollout.find_descriptor(host, sha256)
    if content is None:
        raise NotFoundError("descriptor", sha256)
    answer = HttpResponse(content, content_type=JSON)
    answer["ETag"] = f'"{sha256}"'
    return answer


def _site(request: HttpRequest) -> UUID | None:
    text = request.GET.get("site")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInputError("site is a site's identifier, a UUID.", "/site") from error


def _limit(request: HttpRequest) -> int:
    text = request.GET.get("limit", "50")
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_ENTRIES):
        raise InvalidInputError(f"limit is a number from 1 to {MOST_ENTRIES}.", "/limit")
    return int(text)


urls = [
    path("wire/1/apps", apps),
    path("wire/1/apps/<str:key>", app),
    path("wire/1/descriptors/<str:sha256>", descriptor),
]
