import pytest
from tests.marketplace.conftest import (
    client_of_a_developer,
    host,
    listing,
    now,
    operator,
    owner,
    publish,
    server,
    stranger,
    vendor,
)
from tests.marketplace.deployments.manifests import KEY, Deploying, descriptor

from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing

__all__ = ["client_of_a_developer", "host", "listing", "now", "operator", "owner", "server", "stranger", "vendor"]


@pytest.fixture
def acme(owner):
    """The vendor's own program, with an app registered."""
    found = Deploying.of(owner)
    assert found.register().status_code == 201
    return found


@pytest.fixture
def public(acme, owner, operator):
    """The app deployed to production and public; returns its program."""
    acme.deployed()
    publish(Listing.objects.get(app_key=KEY), owner=owner, operator=operator)
    return acme


@pytest.fixture
def watched(server, vendor, owner, now):
    """The same app as a watched one, listed privately under the key that its manifests have."""
    return catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=now)
