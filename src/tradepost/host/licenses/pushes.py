"""The marketplace's way in: decisions that it pushes when they change, so that the cache rarely matters.

It has no credential here. It signs with the digest of ours, of which it keeps no more: see wire.licenses.signature.
"""

import re

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tradepost.foundation import problems
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.secrets import UnreadableSecretError, hash_token, same_secret, unseal
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.wire import licenses as wire
from tradepost.wire.reading import UnreadableMessageError, read_message

from .caching import keep

LARGEST_PUSH = 2_097_152
"""Bytes: 500 decisions with long reasons stay below."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=[0-9a-f]{64}")


@csrf_exempt
def push(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/licenses: keep what is news here; whatever else it tells of is not for us. 204."""
    if request.method != "POST":
        answer = problems.answer_status(request, 405, "Use POST.")
        answer["Allow"] = "POST"
        return answer
    if len(request.body) > LARGEST_PUSH:
        return problems.answer_status(request, 413, f"A push has at most {LARGEST_PUSH} bytes.")
    if not is_signed(request.headers.get(wire.SIGNATURE_HEADER, ""), request.body):
        return problems.answer_status(request, 401, "This push is not signed by our marketplace, or not just now.")
    try:
        message = read_message(request.body, wire.LicenseDecisions)
    except UnreadableMessageError as error:
        return problems.answer_status(request, 400, f"The push is not of the contract: {error}.")
    keep(message.decisions, now=domain_now(), pushed=True)
    return HttpResponse(status=204)


def is_signed(given: str, body: bytes) -> bool:
    """Whether our marketplace has signed the body within the last minutes."""
    found = _SIGNATURE.fullmatch(given)
    sealed = MarketplaceLink.objects.values_list("sealed_credential", flat=True).first()
    if found is None or sealed is None:
        return False
    at = int(found[1])
    if abs(machine_now().timestamp() - at) > wire.SIGNATURE_SECONDS:
        return False
    try:
        key = hash_token(unseal(sealed))
    except UnreadableSecretError:
        return False
    return same_secret(wire.signature(key, at=at, body=body), given)


urls = [path("wire/1/licenses", push)]
