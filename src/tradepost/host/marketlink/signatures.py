"""Whether something that was pushed to us was signed by our marketplace.

It has no credential here. It signs with the digest of ours, of which it keeps no more: see wire.licenses.signature.
"""

import re

from django.http import HttpRequest, HttpResponse

from tradepost.foundation import problems
from tradepost.foundation.clock import machine_now
from tradepost.foundation.secrets import UnreadableSecretError, hash_token, same_secret, unseal
from tradepost.wire import licenses as wire

from .models import MarketplaceLink

LARGEST_PUSH = 2_097_152
"""Bytes: 500 decisions with long reasons stay below."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=[0-9a-f]{64}")


def refuse_push(request: HttpRequest, *, most_bytes: int = LARGEST_PUSH) -> HttpResponse | None:
    """The answer to what is no push of our marketplace; None where its body may be read."""
    if request.method != "POST":
        answer = problems.answer_status(request, 405, "Use POST.")
        answer["Allow"] = "POST"
        return answer
    if len(request.body) > most_bytes:
        return problems.answer_status(request, 413, f"A push has at most {most_bytes} bytes.")
    if not is_signed(request.headers.get(wire.SIGNATURE_HEADER, ""), request.body):
        return problems.answer_status(request, 401, "This push is not signed by our marketplace, or not just now.")
    return None


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
