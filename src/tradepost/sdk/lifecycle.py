"""Calls by which a host installs and uninstalls an app, with every check a careful app makes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tradepost.core.signing import query_hash
from tradepost.sdk.tenants import Tenant
from tradepost.sdk.tokens import (
    KEY_ID,
    KeyUnavailableError,
    Refusal,
    RefusedCallError,
    UnverifiedToken,
    base_path_of,
    check_expiry,
    check_signature,
    read_token,
)

FetchKey = Callable[[str], str | bytes]
"""From a key id to the host's public key in PEM. Raises KeyUnavailableError."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A site has installed or upgraded the app: store ``tenant`` over what was known, then answer 204."""

    tenant: Tenant
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """A site has uninstalled the app."""

    client_key: str
    body: Mapping[str, Any] = field(repr=False)


def verify_installation(
    headers: Mapping[str, str],
    method: str,
    path: str,
    query: str,
    body: bytes,
    *,
    app_base_url: str,
    app_key: str,
    fetch_key: FetchKey,
    now: datetime,
) -> Installed:
    """Check an ``installed`` call. ``path`` and ``query`` as they came over the wire.

    Raises RefusedCallError; its ``refusal`` names the first thing that was wrong.
    """
    content = _read_body(body, app_key)
    secret = content.get("sharedSecret")
    if not isinstance(secret, str) or not secret:
        raise RefusedCallError(Refusal.SECRET_MISSING, "The body has no sharedSecret.")
    _check_call(headers, method, path, query, content, app_base_url, fetch_key, now)
    tenant = Tenant(
        client_key=content["clientKey"],
        shared_secret=secret,
        base_url=content["baseUrl"],
        product_type=str(content.get("productType", "")),
    )
    return Installed(tenant, {name: value for name, value in content.items() if name != "sharedSecret"})


def verify_uninstallation(
    headers: Mapping[str, str],
    method: str,
    path: str,
    query: str,
    body: bytes,
    *,
    app_base_url: str,
    app_key: str,
    fetch_key: FetchKey,
    now: datetime,
) -> Uninstalled:
    """Check an ``uninstalled`` call, which is signed like ``installed`` and carries no secret.

    Raises RefusedCallError.
    """
    content = _read_body(body, app_key)
    _check_call(headers, method, path, query, content, app_base_url, fetch_key, now)
    return Uninstalled(content["clientKey"], content)


def key_id_of(headers: Mapping[str, str]) -> str:
    """Which public key a call will be checked with, for apps that fetch it before. Raises RefusedCallError."""
    return _key_id(read_token(headers))


def _read_body(body: bytes, app_key: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("baseUrl"), str):
        raise RefusedCallError(Refusal.BODY_MALFORMED, "The body is no JSON object with a baseUrl.")
    if content.get("key") != app_key:
        raise RefusedCallError(Refusal.OTHER_APP, "The call is for another app.")
    if not isinstance(content.get("clientKey"), str) or not content["clientKey"]:
        raise RefusedCallError(Refusal.CLIENT_KEY_MISSING, "The body has no clientKey.")
    return content


def _check_call(
    headers: Mapping[str, str],
    method: str,
    path: str,
    query: str,
    content: Mapping[str, Any],
    app_base_url: str,
    fetch_key: FetchKey,
    now: datetime,
) -> None:
    token = read_token(headers)
    try:
        key = fetch_key(_key_id(token))
    except KeyUnavailableError:
        raise RefusedCallError(Refusal.KEY_UNAVAILABLE, "The host's public key is not to be had.") from None
    check_signature(token, key, algorithm="RS256")
    check_expiry(token, now=now)
    _check_audience(token, app_base_url)
    if token.claims.get("qsh") != query_hash(method, path, query, base_path=base_path_of(app_base_url)):
        raise RefusedCallError(Refusal.WRONG_REQUEST, "The token was made for another request.")
    if token.claims.get("iss") != content["clientKey"]:
        raise RefusedCallError(Refusal.WRONG_ISSUER, "The token was made by another site than the body says.")


def _key_id(token: UnverifiedToken) -> str:
    """The algorithm is looked at first: a token of another kind has no business with a key server."""
    if token.header.get("alg") != "RS256":
        raise RefusedCallError(Refusal.WRONG_ALGORITHM, "The token is not signed with RS256.")
    key_id = token.header.get("kid")
    if not isinstance(key_id, str) or not KEY_ID.fullmatch(key_id):
        raise RefusedCallError(Refusal.KEY_ID_MALFORMED, "The token does not name its key.")
    return key_id


def _check_audience(token: UnverifiedToken, app_base_url: str) -> None:
    """Only the first of several counts, and one slash at the end does not."""
    audience = token.claims.get("aud")
    first = audience[0] if isinstance(audience, list) and audience else audience
    if not isinstance(first, str) or first.removesuffix("/") != app_base_url.removesuffix("/"):
        raise RefusedCallError(Refusal.WRONG_AUDIENCE, "The token was made for another app address.")
