"""Lifecycle calls: their addresses, bodies and tokens. Source: protocol.md 1.1, 1.3 and 1.4, domain.md 8.2."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import jwt

from tradepost.core.iframe import add_parameters
from tradepost.core.license import License
from tradepost.core.signing import query_hash, split_target
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, Purpose, Timeout
from tradepost.host.installing.keys import SigningPair
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.secrets import secret_in_force, secret_to_install
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.spelling import address_parameters, lifecycle_fields

SUCCESS = frozenset({200, 201, 204})
TOKEN_LIFE = timedelta(minutes=3)
"""Machine time, from when a call's turn may come last: see `sending.longest_queue`."""

CONTENT_TYPE = "application/json"
CONNECT_VERSION = "1.1.0"
# Deprecated on the wire and read by nobody, but some apps insist that they are there.
SERVER_VERSION, PLUGINS_VERSION = "100000", "1.1.0"
MASK = "(masked)"


class LifecycleEvent(StrEnum):
    """What an app is told about a site, in the words of the wire."""

    INSTALLED = "installed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UNINSTALLED = "uninstalled"


_BY_OUR_KEY = frozenset({LifecycleEvent.INSTALLED, LifecycleEvent.UNINSTALLED})
"""These do not depend on the shared secret, which one side may have lost; the others are signed with it."""


@dataclass(frozen=True, slots=True)
class AppCall:
    """A lifecycle call. Repeated, its body stays the same as long as nothing it tells has changed; the token never is.

    `secret` is what the body of `installed` carries, and what signs `enabled` and `disabled`. `account_id` is that of
    the person who acts.
    """

    event: LifecycleEvent
    url: str
    body: bytes = field(repr=False)
    client_key: str
    audience: str
    secret: str = field(repr=False)
    account_id: str | None = None

    def request(self, key: SigningPair, *, issued_at: datetime, queue: timedelta = timedelta(0)) -> OutgoingRequest:
        """Sign it. `issued_at` is machine time, `queue` how long it may wait for its turn.

        Asks no database, so that signing can go on in threads.
        """
        limits = configuration.limits
        token = self._token(key, issued_at, issued_at + queue + TOKEN_LIFE)
        return OutgoingRequest(
            "POST",
            self.url,
            headers=(
                ("Authorization", f"JWT {token}"),
                ("Content-Type", CONTENT_TYPE),
                ("Atlassian-Connect-Version", CONNECT_VERSION),
            ),
            body=self.body,
            timeout=Timeout(connect=limits.connect_seconds, total=limits.total_seconds),
            max_bytes=limits.document_bytes,
            purpose=Purpose.LIFECYCLE,
        )

    def masked_headers(self) -> dict[str, str]:
        """The headers as they may be kept and shown."""
        return {
            "Authorization": f"JWT {MASK}",
            "Content-Type": CONTENT_TYPE,
            "Atlassian-Connect-Version": CONNECT_VERSION,
        }

    def masked_body(self) -> str:
        """The body as it may be kept and shown: without the secret."""
        body = json.loads(self.body)
        masked = body | {"sharedSecret": MASK} if "sharedSecret" in body else body
        return json.dumps(masked, ensure_ascii=False)

    def _token(self, key: SigningPair, issued_at: datetime, expires_at: datetime) -> str:
        parts = urlsplit(self.url)
        path, query = split_target(parts.path + (f"?{parts.query}" if parts.query else ""))
        claims: dict[str, Any] = {
            "iss": self.client_key,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "qsh": query_hash("POST", path, query, base_path=urlsplit(self.audience).path),
            "context": {},
        }
        if self.account_id is not None:
            claims["sub"] = self.account_id
        if self.event not in _BY_OUR_KEY:
            return jwt.encode(claims, self.secret, algorithm="HS256")
        return jwt.encode(claims | {"aud": [self.audience]}, key.private, algorithm="RS256", headers={"kid": key.kid})


def needs_call(version: KnownVersion) -> bool:
    """An app without authentication that names no path has nothing to be told."""
    return bool(version.installed_path)


def installed_call(
    installation: Installation,
    target: KnownVersion,
    *,
    counting: KnownVersion | None = None,
    secret: str | None = None,
    account_id: str | None = None,
) -> AppCall:
    """The call that tells the app of `target` that the site runs it from now on.

    `counting` is the version whose payment counts then, where the code goes ahead of it. `secret` is what it carries,
    where that is not what the installation has. Raises UnreadableSecretError.
    """
    shared, known = secret or secret_to_install(installation), license_of(installation, version=counting or target)
    body = _body(installation, known, LifecycleEvent.INSTALLED, account_id, {"sharedSecret": shared})
    return _call(installation, target, known, LifecycleEvent.INSTALLED, target.installed_path, body, shared, account_id)


def event_call(
    installation: Installation, version: KnownVersion, event: LifecycleEvent, *, account_id: str | None = None
) -> AppCall:
    """The call of any other event, to the address that `version` names for it. Raises UnreadableSecretError."""
    path, secret = path_of(version.pk, event), secret_in_force(installation)
    is_running = version.pk == installation.running_id
    known = license_of(installation, version=installation.rights_version if is_running else version)
    body = _body(installation, known, event, account_id, {})
    return _call(installation, version, known, event, path, body, secret, account_id)


@lru_cache(maxsize=2000)
def path_of(version_id: UUID, event: str) -> str:
    """Where a version wants to be told of an event, empty for nowhere. Versions never change."""
    raw = bytes(KnownVersion.objects.values_list("descriptor", flat=True).get(pk=version_id))
    declared = json.loads(raw.removeprefix(b"\xef\xbb\xbf")).get("lifecycle") or {}
    path = declared.get(event)
    return path if isinstance(path, str) else ""


def account_ids(actors: Collection[str]) -> Mapping[str, str]:
    """The account ids of those actors that are people, by their names in the audit log."""
    emails = {actor for actor in actors if "@" in actor}
    if not emails:
        return {}
    return {email: str(pk) for email, pk in User.objects.filter(email__in=emails).values_list("email", "pk")}


def may_have_acted(problem: OutgoingError) -> bool:
    """Whether the app may have taken the call although no answer came: then only a repeat can tell."""
    return problem.kind.may_have_acted


def _call(
    installation: Installation,
    version: KnownVersion,
    known: License,
    event: LifecycleEvent,
    path: str,
    body: bytes,
    secret: str,
    account_id: str | None,
) -> AppCall:
    url = f"{version.base_url.rstrip('/')}/{path.lstrip('/')}"
    if configuration.policy.license_on_calls:
        url = add_parameters(url, address_parameters(known))
    return AppCall(
        event=event,
        url=url,
        body=body,
        client_key=installation.client_key,
        audience=version.base_url,
        secret=secret,
        account_id=account_id,
    )


def _body(
    installation: Installation,
    known: License,
    event: LifecycleEvent,
    account_id: str | None,
    secret: Mapping[str, str],
) -> bytes:
    site = installation.site
    body = {
        "key": installation.app_key,
        "clientKey": installation.client_key,
        **secret,
        **({"accountId": account_id} if account_id else {}),
        **lifecycle_fields(known),
        "oauthClientId": installation.oauth_client_id,
        "baseUrl": site.base_url,
        "displayUrl": site.base_url,
        "displayUrlServicedeskHelpCenter": site.base_url,
        "productType": site.product_type,
        "description": f"Tradepost site {site.name}",
        "serverVersion": SERVER_VERSION,
        "pluginsVersion": PLUGINS_VERSION,
        "eventType": event.value,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
