"""Which tokens an app may call with, and which are refused."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from tests.host.appapi.conftest import ENTRY, AppSide, ago, install
from tests.host.conftest import World

from tradepost.core.signing import query_hash
from tradepost.foundation.clock import machine_now
from tradepost.host.installing.commands import disable
from tradepost.host.installing.models import Installation
from tradepost.sdk.requests import sign_request

pytestmark = pytest.mark.urls("tests.host.appapi.urls")
ISSUE = "/rest/api/3/issue/A-1"
MINUTE = timedelta(minutes=1)
Make = Callable[[AppSide], str]


def _segment(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(app: AppSide) -> str:
    return f"{_segment({'typ': 'JWT', 'alg': 'none'})}.{_segment(app.claims('GET', ISSUE))}."


def _by_rsa(app: AppSide) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(app.claims("GET", ISSUE), key, algorithm="RS256", headers={"kid": "k"})


def _critical(app: AppSide) -> str:
    headers = {"crit": ["exp"]}
    return jwt.encode(app.claims("GET", ISSUE), app.secret, algorithm="HS256", headers=headers)


def _session(app: AppSide) -> str:
    """What a framework puts into its pages, signed with the same secret: no query hash."""
    return app.token("GET", ISSUE, qsh=None, aud=[app.installation.client_key], sub="somebody")


def _resigned(app: AppSide) -> str:
    header, _, signature = app.token("GET", ISSUE).split(".")
    return f"{header}.{_segment(app.claims('GET', ISSUE, sub='root'))}.{signature}"


def _other_site(app: AppSide) -> str:
    return install(app.world, "beta").token("GET", ISSUE)


BAD: dict[str, Make] = {
    "for another method": lambda app: app.token("DELETE", ISSUE),
    "for another path": lambda app: app.token("GET", f"{ISSUE}0"),
    "for another query": lambda app: app.token("GET", f"{ISSUE}?a=1"),
    "expired": lambda app: app.token("GET", ISSUE, iat=ago(9 * MINUTE), exp=ago(4 * MINUTE)),
    "from the future": lambda app: app.token("GET", ISSUE, iat=ago(-4 * MINUTE), exp=ago(-9 * MINUTE)),
    "not valid yet": lambda app: app.token("GET", ISSUE, nbf=ago(-4 * MINUTE)),
    "without iat": lambda app: app.token("GET", ISSUE, iat=None),
    "without exp": lambda app: app.token("GET", ISSUE, exp=None),
    "exp is no number": lambda app: app.token("GET", ISSUE, exp="tomorrow"),
    "exp is true": lambda app: app.token("GET", ISSUE, exp=True),
    "without iss": lambda app: app.token("GET", ISSUE, iss=None),
    "of another app": lambda app: app.token("GET", ISSUE, iss="other"),
    "of another site": _other_site,
    "for another site": lambda app: app.token("GET", ISSUE, aud=["somebody else"]),
    "for nobody": lambda app: app.token("GET", ISSUE, aud=[]),
    "signed with another secret": lambda app: jwt.encode(app.claims("GET", ISSUE), "x" * 64, algorithm="HS256"),
    "claims changed afterwards": _resigned,
    "alg none": _unsigned,
    "RS256": _by_rsa,
    "HS512": lambda app: jwt.encode(app.claims("GET", ISSUE), app.secret, algorithm="HS512"),
    "something critical in the header": _critical,
    "a framework's session token": _session,
    "for a page": lambda app: app.token("GET", ISSUE, qsh="context-qsh"),
    "hash in capitals": lambda app: app.token("GET", ISSUE, qsh=query_hash("GET", ISSUE, "").upper()),
    "hash is a number": lambda app: app.token("GET", ISSUE, qsh=7),
    "no token at all": lambda _app: "nothing",
    "two dots": lambda _app: "..",
    "only a signature": lambda _app: "..AAAA",
    "beyond ASCII": lambda app: app.token("GET", ISSUE)[:-1] + "\xe9",
    "signature with padding": lambda app: app.token("GET", ISSUE) + "=",
    "something behind the signature": lambda app: app.token("GET", ISSUE) + ".x",
    "longer than 8 KB": lambda app: app.token("GET", ISSUE, more="x" * 8192),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_token_is_refused_that_is(app: AppSide, make: Make) -> None:
    answer = app.call("GET", ISSUE, token=make(app))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "JWT")
    assert answer["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"errorMessages", "errors"}


def test_a_good_token_is_taken_and_taken_again_within_its_life(app: AppSide) -> None:
    token = app.token("GET", f"{ISSUE}?b=2&a=1")
    for _ in range(3):
        assert app.call("GET", f"{ISSUE}?a=1&b=2", token=token).json()["app"] == "demo"


def test_the_sdk_signs_what_the_site_takes(app: AppSide) -> None:
    for target in (ISSUE, f"{ISSUE}/", f"{ISSUE}?q=a+b&q=%2B&x", f"{ISSUE}/it's/a%3Ab", f"{ISSUE}?%C3%A9=1&z=2"):
        assert app.call("GET", target).status_code == 200, target


@pytest.mark.parametrize("path", ["/a%20b", "/a%3Ab(c)", "/a:b", "/it's", "/%C3%A9", "/a%40b%2Cc", "/a!$&'()*+,;=:@"])
def test_a_path_may_be_encoded_as_any_client_does(app: AppSide, path: str) -> None:
    assert app.call("GET", f"/rest/api/3{path}").status_code == 200


def test_names_may_be_sorted_encoded_and_the_context_path_may_be_part_of_the_path(app: AppSide) -> None:
    for order in ("%C3%A9=1&z=2", "z=2&%C3%A9=1"):
        hashed = sha256(f"GET&{ISSUE}&{order}".encode()).hexdigest()
        assert app.call("GET", f"{ISSUE}?z=2&%C3%A9=1", token=app.token(qsh=hashed)).status_code == 200
    whole = query_hash("GET", f"/alpha{ISSUE}", "")
    assert app.call("GET", ISSUE, token=app.token("GET", ISSUE, qsh=whole)).status_code == 200


def test_slashes_at_the_end_do_not_matter(app: AppSide) -> None:
    for signed, asked in (
        (ISSUE, f"{ISSUE}/"),
        (f"{ISSUE}/", ISSUE),
        (f"{ISSUE}//", f"{ISSUE}//"),
        (ISSUE, f"{ISSUE}//"),
    ):
        assert app.call("GET", asked, token=app.token("GET", signed)).status_code == 200, (signed, asked)


@pytest.mark.parametrize("minutes", [2.9, -2.9])
def test_clocks_may_differ_by_three_minutes(app: AppSide, minutes: float) -> None:
    late = {"iat": ago((minutes + 3) * MINUTE), "exp": ago(minutes * MINUTE)}
    early = {"iat": ago(minutes * MINUTE), "exp": ago((minutes - 3) * MINUTE)}
    token = app.token("GET", ISSUE, **(late if minutes > 0 else early))
    assert app.call("GET", ISSUE, token=token).status_code == 200


def test_the_audience_may_name_the_client_key(app: AppSide) -> None:
    client_key = app.installation.client_key
    for audience in (client_key, [client_key], ["other", client_key]):
        assert app.call("GET", ISSUE, token=app.token("GET", ISSUE, aud=audience)).status_code == 200


def test_the_token_may_stand_in_the_query_but_not_in_both_places_or_twice(app: AppSide) -> None:
    token = app.token("GET", f"{ISSUE}?a=1")
    assert Client().get(f"/alpha{ISSUE}?a=1&jwt={token}").status_code == 200
    headers = {"Authorization": f"JWT {token}"}
    assert Client().get(f"/alpha{ISSUE}?a=1&jwt={token}", headers=headers).status_code == 401
    assert Client().get(f"/alpha{ISSUE}?a=1&jwt={token}&jwt={token}").status_code == 401
    assert Client().get(f"/alpha{ISSUE}?a=1&jwt={token}", headers={"Authorization": "Bearer tpu_x"}).status_code == 401


def test_a_page_token_counts_only_where_the_pages_own_scripts_call(app: AppSide) -> None:
    token = app.token("GET", "/page-script", qsh="context-qsh")
    assert app.call("GET", "/page-script", token=token).status_code == 200
    assert app.call("GET", ENTRY, token=token).status_code == 401
    late = app.token("GET", "/page-script", qsh="context-qsh", iat=ago(9 * MINUTE), exp=ago(4 * MINUTE))
    assert app.call("GET", "/page-script", token=late).status_code == 401


def test_an_unknown_app_and_a_wrong_signature_get_the_same_answer(app: AppSide) -> None:
    unknown = app.call("GET", ISSUE, token=app.token("GET", ISSUE, iss="nobody-here"))
    forged = app.call("GET", ISSUE, token=jwt.encode(app.claims("GET", ISSUE), "x" * 64, algorithm="HS256"))
    assert (unknown.status_code, unknown.content) == (forged.status_code, forged.content)


def test_an_app_that_is_switched_off_gets_its_entry_and_nothing_else(app: AppSide) -> None:
    disable(app.site.pk, "demo", by=app.world.admins[app.site.pk], now=app.world.now)
    assert app.call("GET", ENTRY).json()["state"] == "DISABLED"
    for target in (ISSUE, f"{ENTRY}/properties", f"{ENTRY}/properties/a"):
        assert app.call("GET", target).status_code == 403


def test_an_app_that_is_gone_is_nobody(app: AppSide) -> None:
    signed = sign_request(
        "GET", f"{app.site.base_url}{ENTRY}", app_key="demo", shared_secret=app.secret, now=machine_now(),
        context_path="/alpha",
    )  # fmt: skip
    Installation.objects.filter(pk=app.installation.pk).update(state="uninstalled")
    for target in (ENTRY, f"{ENTRY}/properties/a", ISSUE):
        assert Client().get(f"/alpha{target}", headers={"Authorization": signed}).status_code == 401


def test_no_site_no_app(world: World) -> None:
    answer = Client().get(f"/nowhere{ISSUE}", headers={"Authorization": "JWT x"})
    assert (answer.status_code, answer.json()["errorMessages"]) == (404, ["There is no site at this address."])
