"""The marketplace's way in: decisions that it pushes when they change, so that the cache rarely matters."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tradepost.foundation import problems
from tradepost.foundation.clock import domain_now
from tradepost.host.marketlink.signatures import refuse_push
from tradepost.wire import licenses as wire
from tradepost.wire.reading import UnreadableMessageError, read_message

from .caching import keep


@csrf_exempt
def push(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/licenses: keep what is news here; whatever else it tells of is not for us. 204."""
    refusal = refuse_push(request)
    if refusal is not None:
        return refusal
    try:
        message = read_message(request.body, wire.LicenseDecisions)
    except UnreadableMessageError as error:
        return problems.answer_status(request, 400, f"The push is not of the contract: {error}.")
    keep(message.decisions, now=domain_now(), pushed=True)
    return HttpResponse(status=204)


urls = [path("wire/1/licenses", push)]
