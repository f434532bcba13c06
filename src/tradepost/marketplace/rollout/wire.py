"""The wire contract's checks and reports. See tradepost.wire."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.wire import authenticate_host, read, reply, view
from tradepost.wire import messages

from .checks import answer_check
from .commands import take_reports


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


urls = [path("wire/1/checks", checks), path("wire/1/reports", reports)]
