import pytest
from tests.marketplace.rollout.making import make_listing
from tests.marketplace.taking import TakingHost
from tests.marketplace.wire_client import WireHost

from tradepost.marketplace.hosts.models import HostService


@pytest.fixture
def app(vendor):
    """A public deployed app without versions."""
    return make_listing(vendor)


@pytest.fixture
def wire(host):
    return WireHost(host[1])


@pytest.fixture
def taking(host):
    """The host service, which takes what it is told."""
    server = TakingHost()
    HostService.objects.filter(pk=host[0].pk).update(base_url=server.url)
    yield server
    server.close()
