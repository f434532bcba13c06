"""Where apps get tokens by which they act as users. Sources: protocol.md 5.3, RFC 6749."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.errors import LimitError
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.sites.models import Site
from tradepost.host.sites.routing import find_site

from .commands import ACTING_LIFE, make_acting_token
from .endpoints import not_allowed, product_error
from .granting import GRANT_TYPE, Grant, GrantError, check_assertion

FORM = "application/x-www-form-urlencoded"


@csrf_exempt
def token(request: HttpRequest, place: str = "") -> HttpResponse:
    """The token endpoint of one site, or, at the root of a host service, of all."""
    if request.method != "POST":
        return not_allowed(request, ("POST",), product_error)
    site = find_site(request)
    if place and site is None:
        return _fresh(_error(GrantError("invalid_request", "There is no site at this address.", 404)))
    try:
        return _fresh(_grant(request, site))
    except GrantError as error:
        return _fresh(_error(error))
    except LimitError as error:
        return _fresh(_error(GrantError("invalid_request", str(error), 429)))


def _grant(request: HttpRequest, site: Site | None) -> HttpResponse:
    if request.content_type != FORM:
        raise GrantError("invalid_request", f"Send a form: {FORM}.")
    grant_type = _one(request, "grant_type")
    if not grant_type:
        raise GrantError("invalid_request", "grant_type is missing.")
    if grant_type != GRANT_TYPE:
        raise GrantError("unsupported_grant_type", f"The only grant type is {GRANT_TYPE}.")
    assertion, wanted = _one(request, "assertion"), _one(request, "scope")
    if not assertion:
        raise GrantError("invalid_request", "assertion is missing.")
    now = machine_now()
    return JsonResponse(_answer(check_assertion(assertion, wanted, site=site, now=now), wanted=wanted))


def _answer(grant: Grant, *, wanted: str) -> dict[str, object]:
    made = make_acting_token(
        grant.installation, grant.user, grant.scopes, now=domain_now(), machine_now=machine_now()
    )  # fmt: skip
    answer: dict[str, object] = {
        "access_token": made,
        "expires_in": int(ACTING_LIFE.total_seconds()),
        "token_type": "Bearer",
    }
    return answer | ({"scope": " ".join(sorted(grant.scopes))} if wanted else {})


def _one(request: HttpRequest, name: str) -> str:
    values = request.POST.getlist(name)
    if len(values) > 1:
        raise GrantError("invalid_request", f"{name} is there twice.")
    return values[0] if values else ""


def _error(error: GrantError) -> HttpResponse:
    return JsonResponse({"error": error.code, "error_description": error.text}, status=error.status)


def _fresh(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    answer["Pragma"] = "no-cache"
    return answer


urls = [re_path(r"^oauth2/token/?\Z", token), re_path(r"^(?P<place>[^/]+)/oauth2/token/?\Z", token)]
