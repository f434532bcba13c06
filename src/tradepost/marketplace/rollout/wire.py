"""The wire contract's checks, reports and manifests. See tradepost.wire."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.core.errors import NotFoundError
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.wire import authenticate_host, read, reply, view
from tradepost.wire import messages

from . import queries
from .checks import answer_check
from .commands import take_reports

YAML = "application/yaml"


@view("POST")
def checks(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/checks"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    return reply(answer_check(host, read(request, messages.Check), now=now))


@view("POST")
def reports(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/reports"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    return reply(take_reports(host, read(request, messages.Reports).reports, now=now))


@view("GET")
def manifest(request: HttpRequest, sha256: str) -> HttpResponse:
    """GET /wire/1/manifests/{sha256}: the bytes as they were deployed. They never change under their name."""
    host = authenticate_host(request, now=domain_now())
    content = queries.find_manifest(host, sha256)
    if content is None:
        raise NotFoundError("manifest", sha256)
    answer = HttpResponse(content, content_type=YAML)
    answer["ETag"] = f'"{sha256}"'
    return answer


urls = [
    path("wire/1/checks", checks),
    path("wire/1/reports", reports),
    path("wire/1/manifests/<str:sha256>", manifest),
]
