from datetime import UTC, datetime, timedelta

import pytest
from tests.marketplace.vendors import descriptor, vendor_server

from tradepost.foundation import outgoing
from tradepost.foundation.callers import Caller
from tradepost.foundation.models import User
from tradepost.foundation.outgoing import AddressRules, GuardedClient
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.wire import WRONG_CODES
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.watching import commands as watching

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def client_of_a_developer():
    """The real guarded client, as the composition root of a development machine installs it."""
    client = GuardedClient(AddressRules(development=True))
    with outgoing.replace(client):
        yield client
    client.close()
    WRONG_CODES.forget()
    watching.ASKED_FOR.forget()


@pytest.fixture
def server():
    with vendor_server() as server:
        yield server


@pytest.fixture
def now():
    return START


@pytest.fixture
def operator(db):
    return Caller(User.objects.create_user("operator@example.test", is_operator=True))


@pytest.fixture
def vendor(operator):
    return catalog.create_vendor("Acme", "apps@acme.test", by=operator, now=START)


@pytest.fixture
def owner(vendor, operator):
    catalog.set_member(vendor.pk, "owner@acme.test", "owner", by=operator, now=START)
    return Caller(User.objects.get(email="owner@acme.test"))


@pytest.fixture
def stranger(operator):
    """A person of another vendor."""
    other = catalog.create_vendor("Other", "apps@other.test", by=operator, now=START)
    catalog.set_member(other.pk, "owner@other.test", "owner", by=operator, now=START)
    return Caller(User.objects.get(email="owner@other.test"))


@pytest.fixture
def listing(server, vendor, owner):
    """An app that is listed privately and polled from `server`."""
    return catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)


@pytest.fixture
def public_listing(listing, owner, operator):
    return publish(listing, owner=owner, operator=operator)


@pytest.fixture
def host(operator):
    """An enrolled host service and its credential."""
    _, code = hosts.invite_host("Product", by=operator, now=START)
    return hosts.enrol(code, base_url="http://127.0.0.1:8001", product="jira", now=START)


def publish(listing, *, owner, operator, now=START):
    catalog.submit_listing(listing.app_key, by=owner, now=now)
    review = Review.objects.get(listing=listing, state="waiting")
    reviews.approve(review.pk, by=operator, now=now)
    listing.refresh_from_db()
    return listing


def poll(listing, now):
    """Make a listing due at `now` and poll what is due."""
    Listing.objects.filter(pk=listing.pk).update(next_poll_at=now)
    watching.poll_due(now)
    listing.refresh_from_db()
    return listing
