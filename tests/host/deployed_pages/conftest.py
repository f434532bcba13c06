"""What the tests of the pages of deployed apps start from."""

import pytest
from tests.host.browsers import Browser
from tests.host.conftest import World, person

from tradepost.foundation.clock import domain_now
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import Site


@pytest.fixture
def site(world: World) -> Site:
    """A site in Berlin that runs version 1.0.0 of a watched app. Pages live by the machine's clock."""
    world.now = domain_now()
    made = world.site("alpha", zone="Europe/Berlin")
    world.install(made)
    return made


@pytest.fixture
def admin(world: World, site: Site) -> Browser:
    return Browser(world.admins[site.pk])


@pytest.fixture
def user(world: World, site: Site) -> Browser:
    caller = person("una@alpha.example")
    set_member(site.pk, email=caller.actor, role="user", by=world.operator, now=world.now)
    return Browser(caller)
