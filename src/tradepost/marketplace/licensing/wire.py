"""The wire contract's questions about licenses, and administrators' wishes. See tradepost.wire.licenses."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.wire import authenticate_host, read, reply, view
from tradepost.wire.licenses import LicenseQuestions, LicenseWish

from .answering import answer_questions, take_wish


@view("POST")
def licenses(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/licenses"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    return reply(answer_questions(host, read(request, LicenseQuestions).questions, now=now))


@view("POST")
def wishes(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/licenses/wishes"""
    now = domain_now()
    host = authenticate_host(request, now=now)
    return reply(take_wish(host, read(request, LicenseWish), now=now))


urls = [path("wire/1/licenses", licenses), path("wire/1/licenses/wishes", wishes)]
