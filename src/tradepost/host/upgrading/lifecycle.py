"""The `installed` call: its address, its body and its token. Source: protocol.md 1.1 and 1.3."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt

from tradepost.core.signing import query_hash, split_target
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, Purpose, Timeout
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.keys import SigningPair
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.sites.models import Site

SUCCESS = frozenset({200, 201, 204})
TOKEN_LIFE = timedelta(minutes=3)
CONTENT_TYPE = "application/json"
CONNECT_VERSION = "1.1.0"
# Deprecated on the wire and read by nobody, but some apps insist that they are there.
SERVER_VERSION, PLUGINS_VERSION = "100000", "1.1.0"
MASK = "(masked)"


@dataclass(frozen=True, slots=True)
class InstalledCall:
    """An `installed` call. The body is the same for every repeat; only the token is new each time."""

    url: str
    body: bytes = field(repr=False)
    client_key: str
    audience: str
    secret: str = field(repr=False)

    def request(self, key: SigningPair, *, issued_at: datetime) -> OutgoingRequest:
        """Sign it. `issued_at` is machine time. Asks no database, so that signing can go on in threads."""
        limits = configuration.limits
        return OutgoingRequest(
            "POST",
            self.url,
            headers=(
                ("Authorization", f"JWT {self._token(key, issued_at)}"),
                ("Content-Type", CONTENT_TYPE),
                ("Atlassian-Connect-Version", CONNECT_VERSION),
            ),
            body=self.body,
            timeout=Timeout(connect=limits.connect_seconds, total=limits.total_seconds),
            max_bytes=limits.document_bytes,
            purpose=Purpose.LIFECYCLE,
        )

    def masked_body(self) -> str:
        """The body as it may be kept and shown: without the secret."""
        body = json.loads(self.body)
        return json.dumps(body | {"sharedSecret": MASK}, ensure_ascii=False)

    def _token(self, key: SigningPair, issued_at: datetime) -> str:
        parts = urlsplit(self.url)
        path, query = split_target(parts.path + (f"?{parts.query}" if parts.query else ""))
        claims = {
            "iss": self.client_key,
            "aud": [self.audience],
            "iat": int(issued_at.timestamp()),
            "exp": int((issued_at + TOKEN_LIFE).timestamp()),
            "qsh": query_hash("POST", path, query, base_path=urlsplit(self.audience).path),
            "context": {},
        }
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})


def needs_call(version: KnownVersion) -> bool:
    """An app without authentication that names no path has nothing to be told."""
    return bool(version.installed_path)


def installed_call(installation: Installation, site: Site, target: KnownVersion) -> InstalledCall:
    """The call that tells the app of `target` that the site runs it from now on."""
    secret = unseal(installation.sealed_secret)
    body = {
        "key": installation.app_key,
        "clientKey": installation.client_key,
        "sharedSecret": secret,
        "oauthClientId": installation.oauth_client_id,
        "baseUrl": site.base_url,
        "displayUrl": site.base_url,
        "displayUrlServicedeskHelpCenter": site.base_url,
        "productType": site.product_type,
        "description": f"Tradepost site {site.name}",
        "serverVersion": SERVER_VERSION,
        "pluginsVersion": PLUGINS_VERSION,
        "eventType": "installed",
    }
    base = target.base_url.rstrip("/")
    return InstalledCall(
        url=f"{base}/{target.installed_path.lstrip('/')}",
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        client_key=installation.client_key,
        audience=target.base_url,
        secret=secret,
    )


def may_have_acted(problem: OutgoingError) -> bool:
    """Whether the app may have taken the call although no answer came: then only a repeat can tell."""
    return problem.kind.may_have_acted
