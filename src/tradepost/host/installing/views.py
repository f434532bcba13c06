"""Where apps fetch the public keys that lifecycle calls are signed with."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from .keys import find_public_pem

CONTENT_TYPE = "application/x-pem-file"


@require_safe
def public_key(_request: HttpRequest, kid: str) -> HttpResponse:
    """The key as PEM. An unknown one is an empty 404: real clients take any other body for a key."""
    pem = find_public_pem(kid)
    if pem is None:
        return HttpResponse(status=404, content_type=CONTENT_TYPE)
    return HttpResponse(pem, content_type=CONTENT_TYPE, headers={"Cache-Control": "public, max-age=86400"})


urls = [path("keys/<str:kid>", public_key, name="public_key")]
