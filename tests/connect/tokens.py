"""Tokens as an app or a host would make them, and as they should not be."""

from typing import Any

import jwt

from tradepost.core.signing import query_hash, split_target
from tradepost.foundation.clock import machine_now

LIFE = 180


def app_claims(tenant: dict[str, Any], method: str, target: str, **changes: Any) -> dict[str, Any]:
    """What an app says in a call to its site; None takes a claim away."""
    now = int(machine_now().timestamp())
    path, query = split_target(target)
    said = {
        "iss": tenant["key"],
        "aud": [tenant["clientKey"]],
        "iat": now,
        "exp": now + LIFE,
        "qsh": query_hash(method, path, query),
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def app_token(tenant: dict[str, Any], method: str, target: str, **changes: Any) -> dict[str, str]:
    """The header of an app's call, signed with the secret that `tenant` tells."""
    claims = app_claims(tenant, method, target, **changes)
    return {"Authorization": f"JWT {jwt.encode(claims, tenant['sharedSecret'], algorithm='HS256')}"}


def host_token(tenant: dict[str, Any], method: str, target: str, **changes: Any) -> str:
    """A token as the site would sign it for a request to the app."""
    claims = app_claims(tenant, method, target, iss=tenant["clientKey"], aud=None, context={}) | changes
    return jwt.encode(claims, tenant["sharedSecret"], algorithm="HS256")
