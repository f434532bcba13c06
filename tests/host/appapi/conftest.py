"""An app that calls a site, as the SDK lets it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.conftest import World

from tradepost.core.signing import query_hash, split_target
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import User
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.models import Installation
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import Site
from tradepost.sdk.requests import sign_request

ENTRY = "/rest/atlassian-connect/1/addons/demo"


@dataclass
class AppSide:
    """What an app knows of one installation, and how it calls."""

    world: World
    site: Site

    @property
    def installation(self) -> Installation:
        return self.world.on(self.site)

    @property
    def secret(self) -> str:
        return unseal(self.installation.sealed_secret)

    def claims(self, method: str, target: str, **changes: Any) -> dict[str, Any]:
        """The claims of a good token for a request below the site; None takes one away."""
        now = int(machine_now().timestamp())
        path, query = split_target(target)
        said = {"iss": "demo", "iat": now, "exp": now + 180, "qsh": query_hash(method, path, query)} | changes
        return {name: value for name, value in said.items() if value is not None}

    def token(self, method: str = "GET", target: str = ENTRY, **changes: Any) -> str:
        return jwt.encode(self.claims(method, target, **changes), self.secret, algorithm="HS256")

    def call(self, method: str, target: str, body: Any = None, *, token: str = "", **options: Any) -> HttpResponse:
        """A request of the app to its site, signed by the SDK unless there is a token."""
        url = f"{self.site.base_url}{target}"
        signed = sign_request(
            method, url, app_key="demo", shared_secret=self.secret, now=machine_now(),
            context_path=self.site.context_path,
        )  # fmt: skip
        headers = {"Authorization": f"JWT {token}" if token else signed} | options.pop("headers", {})
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        return Client().generic(method, f"{self.site.context_path}{target}", **sent, headers=headers, **options)

    def bearer(self, token: str, method: str, target: str) -> HttpResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return Client().generic(method, f"{self.site.context_path}{target}", headers=headers)

    def assertion(self, user: User, **changes: Any) -> str:
        """What an app shows to act as a user."""
        now = int(machine_now().timestamp())
        secret = changes.pop("secret", None) or self.secret
        said = {
            "iss": f"urn:atlassian:connect:clientid:{self.installation.oauth_client_id}",
            "sub": f"urn:atlassian:connect:useraccountid:{user.pk}",
            "tnt": self.site.base_url,
            "aud": "https://oauth-2-authorization-server.services.atlassian.com",
            "iat": now,
            "exp": now + 60,
        } | changes
        return jwt.encode({n: v for n, v in said.items() if v is not None}, secret, algorithm="HS256")

    def ask_token(self, assertion: str, *, path: str | None = None, **form: Any) -> HttpResponse:
        """Ask for a token by which the app acts as a user."""
        sent = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion} | form
        return Client().post(
            path or f"{self.site.context_path}/oauth2/token",
            "&".join(f"{name}={value}" for name, value in sent.items() if value is not None),
            content_type="application/x-www-form-urlencoded",
        )


def install(
    world: World, name: str = "alpha", *, scopes: tuple[str, ...] = ("READ",), number: str = "1.0.0"
) -> AppSide:
    """The app on a new site, with these scopes."""
    if number != "1.0.0":
        world.publish(number, scopes=list(scopes))
    site = world.site(name)
    world.install(site)
    return AppSide(world, site)


def join(world: World, site: Site, email: str) -> User:
    """A new user of a site."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    set_member(site.pk, email=email, role="user", by=world.operator, now=world.now)
    return user


def ago(delta: timedelta) -> int:
    return int((machine_now() - delta).timestamp())


@pytest.fixture
def app(world: World) -> Iterator[AppSide]:
    """An app that may read."""
    return install(world)


@pytest.fixture
def acting_app(world: World) -> AppSide:
    """An app that may write, and act as users."""
    return install(world, scopes=("WRITE", "ACT_AS_USER"), number="1.1.0")
