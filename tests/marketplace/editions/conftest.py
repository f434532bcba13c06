"""A paid, public app of a vendor to whom editions are open, on the sites of a host service."""

import pytest
from tests.marketplace.conftest import START, publish
from tests.marketplace.editions.offering import MODULES, make_site
from tests.marketplace.vendors import descriptor

from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.editions import commands


@pytest.fixture
def closed(server, vendor, owner, operator):
    """The app of a vendor to whom editions are not open."""
    url = server.serve(descriptor(enableLicensing=True, modules=MODULES))
    return publish(catalog.list_app(vendor.pk, url, by=owner, now=START), owner=owner, operator=operator)


@pytest.fixture
def opened(closed, operator):
    """The same, with early access."""
    commands.set_early_access(closed.vendor_id, is_open=True, by=operator, now=START)
    closed.refresh_from_db()
    return closed


@pytest.fixture
def free(server, vendor, owner, operator):
    """A free app of a vendor with early access."""
    commands.set_early_access(vendor.pk, is_open=True, by=operator, now=START)
    url = server.serve(descriptor(key="com.example.free", modules=MODULES), "/free.json")
    return publish(catalog.list_app(vendor.pk, url, by=owner, now=START), owner=owner, operator=operator)


@pytest.fixture
def site(host):
    service, _ = host
    return make_site(service, 1)
