"""Requests signed with the secret that an app and a site share."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt

from tradepost.core.signing import CONTEXT_HASH, accepted_query_hashes, query_hash
from tradepost.sdk.tenants import Tenant, Tenants
from tradepost.sdk.tokens import (
    Refusal,
    RefusedCallError,
    base_path_of,
    check_expiry,
    check_signature,
    read_token,
)

LIFETIME = timedelta(minutes=3)


def sign_request(
    method: str,
    url: str,
    *,
    app_key: str,
    shared_secret: str,
    now: datetime,
    context_path: str = "",
    lifetime: timedelta = LIFETIME,
) -> str:
    """The value of ``Authorization`` for one request of the app to a site's REST interface.

    ``context_path`` is the path of the site's own base URL; it is no part of what is hashed.
    """
    parts = urlsplit(url)
    claims = {
        "iss": app_key,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "qsh": query_hash(method, parts.path, parts.query, base_path=context_path),
    }
    return "JWT " + jwt.encode(claims, shared_secret, algorithm="HS256")


def verify_request(
    headers: Mapping[str, str],
    method: str,
    path: str,
    query: str,
    *,
    app_base_url: str,
    tenants: Tenants,
    now: datetime,
    context_tokens: bool = False,
) -> Tenant:
    """Which site made a call signed with the shared secret: ``enabled``, ``disabled``, or a page in a frame.

    ``context_tokens`` allows tokens made for a page and not for this one request.
    Raises RefusedCallError.
    """
    token = read_token(headers, query)
    issuer = token.claims.get("iss")
    tenant = tenants.find(issuer) if isinstance(issuer, str) else None
    if tenant is None:
        raise RefusedCallError(Refusal.UNKNOWN_TENANT, "The site that made the call has not installed the app.")
    check_signature(token, tenant.shared_secret, algorithm="HS256")
    check_expiry(token, now=now)
    accepted = accepted_query_hashes(method, path, query, context_path=base_path_of(app_base_url))
    if token.claims.get("qsh") not in accepted | ({CONTEXT_HASH} if context_tokens else set()):
        raise RefusedCallError(Refusal.WRONG_REQUEST, "The token was made for another request.")
    return tenant
