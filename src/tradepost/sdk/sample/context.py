"""What every handler of the sample app needs: what the web framework keeps for it, and who is calling."""

import aiohttp
from aiohttp import web

from tradepost.core.signing import split_target
from tradepost.sdk.requests import verify_request
from tradepost.sdk.sample.vendor import Vendor
from tradepost.sdk.tenants import Tenant

VENDOR = web.AppKey("vendor", Vendor)
KEYS_URL = web.AppKey("keys_url", str)
HTTP = web.AppKey("http", aiohttp.ClientSession)


def tenant_of(request: web.Request, *, context_tokens: bool = False) -> Tenant:
    """Whose page or call this is. Raises RefusedCallError."""
    vendor = request.app[VENDOR]
    path, query = split_target(request.raw_path)
    return verify_request(
        request.headers,
        request.method,
        path,
        query,
        app_base_url=vendor.base_url_at(path),
        tenants=vendor.tenants,
        now=vendor.now(),
        context_tokens=context_tokens,
    )
