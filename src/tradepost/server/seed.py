"""Makes a sandbox worth looking at: an operator, a vendor, a linked host service and three sites with administrators.

Run after both services are up; running it again changes nothing. The sign-ins go to standard output and, with an API
token each, to sign-ins.json in the var folder, beside which stands the operator's token; their owner alone can read
them. Refuses outside development.
"""

import argparse
import json
import os
import shlex
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tradepost.foundation.callers import Caller
    from tradepost.foundation.models import User

PASSWORD = "tradepost-sandbox"  # noqa: S105  a sandbox on this machine; seed refuses to run elsewhere
OPERATOR = "olga@operator.example"
VENDOR = "vera@vendor.example"
SITES = {
    "alpha": ("ann@alpha.example", "UTC"),
    "beta": ("ben@beta.example", "Europe/Berlin"),
    "gamma": ("gil@gamma.example", "America/New_York"),
}
TOKEN_LIFE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who can sign in where. `token` is for the REST API of the same service."""

    role: str
    url: str
    email: str
    password: str
    token: str
    site: str | None = None


def main(arguments: list[str]) -> int:
    """Seed and print the sign-ins."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server seed", description=main.__doc__)
    parser.add_argument("--sample-url", default="http://127.0.0.2:8010", help="where the sample app listens")
    asked = parser.parse_args(arguments)
    os.environ["TRADEPOST_SERVICE"] = "all"
    django.setup()
    from tradepost.foundation.configuration import configuration

    if not (configuration.development and configuration.sandbox):
        print("seed makes known passwords, so it only runs in a sandbox in development")  # noqa: T201
        return 1
    sign_ins = _seed()
    _keep(sign_ins, configuration.var / "sign-ins.json")
    token = (configuration.var / "operator-token").absolute()
    _write_alone(token, sign_ins[0].token)
    print(_table(sign_ins, asked.sample_url))  # noqa: T201
    print(  # noqa: T201
        "For the commands about sites, as the operator: "
        f"export TRADEPOST_HOST_URL={configuration.host_url} TRADEPOST_TOKEN_FILE={shlex.quote(str(token))}"
    )
    return 0


def _seed() -> list[SignIn]:
    from tradepost.foundation.callers import Caller
    from tradepost.foundation.clock import domain_now
    from tradepost.foundation.configuration import configuration

    now = domain_now()
    operator = Caller(_person(OPERATOR, "Olga Operator", is_operator=True))
    vendor = Caller(_person(VENDOR, "Vera Vendor"))
    _vendor(vendor, operator, now)
    _link(operator, now)
    market, host = configuration.marketplace_url, configuration.host_url
    sign_ins = [
        _sign_in("operator", market, operator, ["operate", "apps:read", "apps:write", "sites:read", "sites:write"]),
        _sign_in("vendor", market, vendor, ["apps:read", "apps:write"]),
    ]
    for name, (email, zone) in SITES.items():
        administrator = Caller(_person(email, f"{email.partition('@')[0].title()} Administrator"))
        site = _site(name, zone, administrator, operator, now)
        _sample_project(site, administrator, now)
        sign_ins.append(
            _sign_in(f"administrator of {name}", f"{host}/{name}/", administrator, ["sites:read", "sites:write"], site)
        )
    return sign_ins


def _person(email: str, name: str, *, is_operator: bool = False) -> "User":
    from tradepost.foundation.models import User

    existing = User.objects.filter(email=email).first()
    return existing or User.objects.create_user(email, PASSWORD, name=name, is_operator=is_operator)


def _vendor(vendor: "Caller", operator: "Caller", now: datetime) -> None:
    from tradepost.marketplace.catalog import commands
    from tradepost.marketplace.catalog.models import Vendor

    row = Vendor.objects.filter(name="Sample Vendor").first()
    row = row or commands.create_vendor("Sample Vendor", VENDOR, by=operator, now=now)
    commands.set_member(row.pk, vendor.user.email, "owner", by=operator, now=now)


def _link(operator: "Caller", now: datetime) -> None:
    """Enrol the host service with the marketplace as an operator would: by a one-time code, over HTTP."""
    from tradepost.foundation.configuration import configuration
    from tradepost.host.marketlink.commands import enrol
    from tradepost.host.marketlink.models import MarketplaceLink
    from tradepost.marketplace.hosts.commands import invite_host

    if MarketplaceLink.objects.exists():
        return
    _, code = invite_host("Sample product", by=operator, now=now)
    enrol(code=code, url=configuration.marketplace_url, by=operator, now=now)


def _site(name: str, zone: str, administrator: "Caller", operator: "Caller", now: datetime) -> str:
    from tradepost.host.sites import commands
    from tradepost.host.sites.models import Site
    from tradepost.host.upm.switch import set_private_listings

    site = Site.objects.filter(context_path=f"/{name}").first()
    if site is None:
        site = commands.create_site(name=name.title(), context_path=f"/{name}", zone=zone, by=operator, now=now)
        commands.set_member(site.pk, email=administrator.user.email, role="admin", by=operator, now=now)
        set_private_listings(site.pk, allowed=True, by=operator, now=now)
    return str(site.pk)


def _sample_project(site_id: str, administrator: "Caller", now: datetime) -> None:
    """Give a site something to look at, and apps something to appear beside."""
    from tradepost.host.product.actors import actor_of
    from tradepost.host.product.sample import make_sample_project
    from tradepost.host.sites.models import Site

    site = Site.objects.get(pk=site_id)
    make_sample_project(site, actor_of(site, administrator.user), now)


def _sign_in(role: str, url: str, caller: "Caller", scopes: list[str], site: str | None = None) -> SignIn:
    from tradepost.foundation import tokens
    from tradepost.foundation.clock import machine_now
    from tradepost.foundation.models import ApiToken

    now = machine_now()
    for old in ApiToken.objects.filter(user=caller.user, name="sandbox", revoked_at=None):
        tokens.revoke(old.pk, by=caller, service="all", now=now)
    _, token = tokens.make_token(
        by=caller, name="sandbox", scopes=scopes, expires_in=TOKEN_LIFE, service="all", now=now
    )
    return SignIn(role, url, caller.user.email, PASSWORD, token, site)


def _keep(sign_ins: list[SignIn], path: Path) -> None:
    _write_alone(path, json.dumps([asdict(sign_in) for sign_in in sign_ins], indent=1))


def _write_alone(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _table(sign_ins: list[SignIn], sample_url: str) -> str:
    rows = [f"  {s.role:<24} {s.email:<24} {s.password:<20} {s.url}" for s in sign_ins]
    head = f"  {'role':<24} {'e-mail':<24} {'password':<20} where"
    hint = f"The descriptor of the sample app, to list it with: {sample_url}/atlassian-connect.json"
    return "\n".join(["Sign in as", head, *rows, "", hint])
