"""A host service or a marketplace on a real port, for the commands that talk to one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.deployhouse import Desk, manifest
from tests.cli.deployhouse import token_of as vendor_token
from tests.cli.sitehouse import SiteHouse, token_of
from tests.host.conftest import make_world
from tests.host.hostworld import MARKETPLACE
from tests.host.realapps import key_fetcher
from tests.host.test_real import HalfStreets
from tests.host.upm.devapps import developing

from tradepost.foundation import outgoing
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import User
from tradepost.host.marketlink.commands import enrol
from tradepost.host.sites.models import Site
from tradepost.host.upm.switch import set_private_listings
from tradepost.marketplace.catalog import commands as catalog


@pytest.fixture
def house(live_server: Any, transactional_db: None, settings: Any) -> Iterator[SiteHouse]:
    settings.ROOT_URLCONF = "tradepost.server.urls.host"
    world = make_world(key_fetcher(live_server.url))
    world.now = domain_now()
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    with outgoing.replace(HalfStreets(world.marketplace, client)), developing() as app:
        enrol(code="tpe_first-code", url=MARKETPLACE, by=world.operator, now=world.now)
        site = world.site("alpha")
        Site.objects.update(base_url=f"{live_server.url}/alpha")
        site.refresh_from_db()
        set_private_listings(site.pk, allowed=True, by=world.operator, now=world.now)
        yield SiteHouse(live_server.url, world, site, app, token_of(world.operator))
    client.close()


@pytest.fixture
def desk(live_server: Any, transactional_db: None, settings: Any, tmp_path: Path) -> Desk:
    """A vendor's folder, and a marketplace on a real port where they have a token."""
    settings.ROOT_URLCONF = "tradepost.server.urls.marketplace"
    operator = Caller(User.objects.create_user("operator@example.test", is_operator=True))
    vendor = catalog.create_vendor("Acme", "apps@acme.test", by=operator, now=domain_now())
    catalog.set_member(vendor.pk, "vera@acme.test", "owner", by=operator, now=domain_now())
    owner = Caller(User.objects.get(email="vera@acme.test"))
    folder = tmp_path / "notes"
    folder.mkdir()
    found = Desk(live_server.url, owner, folder, vendor_token(owner))
    found.write(manifest())
    return found
