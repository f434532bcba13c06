from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.bulk.making import DeployedWorld, manifest
from tests.marketplace.conftest import START

from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User
from tradepost.marketplace.bulk import prospects
from tradepost.marketplace.catalog import commands as catalog


@pytest.fixture
def world(vendor, owner, host):
    """An app in production with the versions 1.1.0 and 2.0.0, which asks nothing new, and no sites."""
    world = DeployedWorld(vendor, owner, host[0])
    world.old = world.version("1.1.0")
    world.new = world.version("2.0.0", manifest({"app": {"name": "second"}}))
    return world


@pytest.fixture
def other_world(operator, host):
    """The same of another vendor."""
    vendor = catalog.create_vendor("Busy", "apps@busy.test", by=operator, now=START)
    catalog.set_member(vendor.pk, "owner@busy.test", "owner", by=operator, now=START)
    owner = Caller(User.objects.get(email="owner@busy.test"))
    world = DeployedWorld(vendor, owner, host[0], name="Other app", key="other-app")
    world.old = world.version("1.1.0")
    world.new = world.version("2.0.0")
    return world


@pytest.fixture
def policy(monkeypatch):
    """Set what the operator allows."""

    def set_policy(**changes):
        changed = replace(configuration, policy=replace(configuration.policy, **changes))
        monkeypatch.setattr(prospects, "configuration", changed)

    return set_policy


@pytest.fixture
def count_statements():
    """Run something and say how many statements it took."""

    def count(act):
        with CaptureQueriesContext(connection) as taken:
            act()
        return len(taken)

    return count
