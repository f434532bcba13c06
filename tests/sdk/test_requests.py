"""Requests signed with the shared secret, both ways."""

import jwt
import pytest
from tests.sdk.signing_host import APP_KEY, APP_URL, CLIENT_KEY, NOW, OTHER_KEY, SECRET, claims_of, signed

from tradepost.core.signing import accepted_query_hashes, query_hash
from tradepost.sdk.requests import LIFETIME, sign_request, verify_request
from tradepost.sdk.tenants import FileTenants, MemoryTenants, Tenant
from tradepost.sdk.tokens import Refusal, RefusedCallError

TENANT = Tenant(client_key=CLIENT_KEY, shared_secret=SECRET, base_url="https://site.example.com/alpha")
TENANTS = MemoryTenants({CLIENT_KEY: TENANT})
RESOURCE = "/rest/atlassian-connect/1/addons/sample-notes"


@pytest.mark.parametrize("url", [RESOURCE, "/alpha" + RESOURCE, "https://site.example.com/alpha" + RESOURCE])
def test_an_app_signs_a_request_so_that_the_site_can_check_it(url):
    header = sign_request("GET", url + "?a=1", app_key=APP_KEY, shared_secret=SECRET, now=NOW, context_path="/alpha")

    scheme, token = header.split(" ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    assert scheme == "JWT"
    assert claims["iss"] == APP_KEY
    assert claims["exp"] - claims["iat"] == LIFETIME.total_seconds()
    assert claims["qsh"] == query_hash("GET", RESOURCE, "a=1")
    assert claims["qsh"] in accepted_query_hashes("GET", "/alpha" + RESOURCE, "a=1", context_path="/alpha")


def verify(headers, *, path="/base/enabled", query="", **options):
    return verify_request(headers, "POST", path, query, app_base_url=APP_URL, tenants=TENANTS, now=NOW, **options)


def by_secret(claims, secret=SECRET):
    return signed(claims, key=secret, algorithm="HS256", kid=None)


def test_a_call_with_the_shared_secret_tells_which_site_made_it():
    assert verify(by_secret(claims_of("/enabled"))) == TENANT


def test_a_page_in_a_frame_carries_its_token_in_the_address():
    token = by_secret(claims_of("/panel"))["Authorization"].removeprefix("JWT ")

    assert verify({}, path="/base/panel", query=f"jwt={token}") == TENANT


def test_a_token_for_a_whole_page_serves_only_where_it_is_allowed():
    headers = by_secret(claims_of(qsh="context-qsh"))

    assert verify(headers, context_tokens=True) == TENANT
    with pytest.raises(RefusedCallError):
        verify(headers)


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        (by_secret(claims_of("/enabled", iss="nobody")), Refusal.UNKNOWN_TENANT),
        (by_secret(claims_of("/enabled", without=["iss"])), Refusal.UNKNOWN_TENANT),
        (by_secret(claims_of("/enabled"), "f" * 32), Refusal.BAD_SIGNATURE),
        (signed(claims_of("/enabled"), key=OTHER_KEY), Refusal.WRONG_ALGORITHM),
        (by_secret(claims_of("/disabled")), Refusal.WRONG_REQUEST),
        (by_secret(claims_of("/enabled", exp=1)), Refusal.EXPIRED),
    ],
)
def test_a_call_that_is_not_quite_right_is_refused(headers, refusal):
    with pytest.raises(RefusedCallError) as refused:
        verify(headers)

    assert refused.value.refusal is refusal


def test_tenants_outlive_the_process_in_a_file_that_only_the_owner_reads(tmp_path):
    path = tmp_path / "state" / "tenants.json"
    tenants = FileTenants(path)
    tenants.put(TENANT)
    tenants.put(Tenant("site-0002", "another", "https://two.example.com"))
    tenants.remove("site-0002")

    assert FileTenants(path).all() == (TENANT,)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in repr(TENANT)
