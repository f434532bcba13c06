"""An app that costs something on the sites of one host service, and who may do what about it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.marketplace.conftest import START, poll, publish
from tests.marketplace.licensing.acting import LicensingHost
from tests.marketplace.licensing.billing import BillingSystem
from tests.marketplace.vendors import descriptor

from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import terms

DAY = timedelta(days=1)


@pytest.fixture
def paid(server, vendor, owner, operator):
    """A public app that costs something."""
    url = server.serve(descriptor(enableLicensing=True))
    return publish(catalog.list_app(vendor.pk, url, by=owner, now=START), owner=owner, operator=operator)


@pytest.fixture
def free(server, vendor, owner, operator):
    """A public app that costs nothing."""
    url = server.serve(descriptor(key="com.example.free"), "/free.json")
    return publish(catalog.list_app(vendor.pk, url, by=owner, now=START), owner=owner, operator=operator)


@pytest.fixture
def secret(server, vendor, owner):
    """A private app that costs something."""
    url = server.serve(descriptor(key="com.example.secret", enableLicensing=True), "/secret.json")
    return catalog.list_app(vendor.pk, url, by=owner, now=START)


@pytest.fixture
def at_host(host):
    """The enrolled host service, with three sites that were checked."""
    service, credential = host
    wire = LicensingHost(service, credential)
    wire.meet(1, 2, 3)
    return wire


@pytest.fixture
def site(at_host):
    return SiteRecord.objects.get(host=at_host.service, site=at_host.site(1))


def change_price(server, listing, *, paid, now):
    """The vendor makes the app cost something, or nothing."""
    server.serve(descriptor(enableLicensing=paid))
    return poll(listing, now)


@pytest.fixture
def billing(operator, at_host):
    """A billing system of the operator's."""
    return BillingSystem(operator, at_host.service)


@pytest.fixture
def nothing_renews(monkeypatch):
    """The operator's setting: a period that is not paid for is the last."""
    policy = replace(configuration.policy, subscriptions_renew=False)
    monkeypatch.setattr(terms, "configuration", replace(configuration, policy=policy))
