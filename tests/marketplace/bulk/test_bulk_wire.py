"""A rollout as a host service meets it: checks, reports, and the end."""

import uuid
from datetime import UTC, datetime

import pytest
from tests.marketplace.bulk.making import KEY, MORE_SCOPES, manifest, states
from tests.marketplace.wire_client import WireHost

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.bulk.models import BulkUpgrade
from tradepost.marketplace.notices.models import Notice

pytestmark = pytest.mark.django_db
LATER = datetime(2100, 1, 1, tzinfo=UTC).isoformat()


class RollingHost(WireHost):
    """Asks and reports about the app of the world."""

    def offers(self, *sites, running="1.1.0"):
        answer = self.check(*((site.site.int, {KEY: running}) for site in sites))
        assert answer.status_code == 200, answer.content
        return {(uuid.UUID(each["site"]), each["version"]): each["rollout"] for each in answer.json()["offers"]}

    def tells(self, site, running, state="current", **more):
        told = self.says(site.site.int, running, state, app=KEY, since=LATER, **more)
        answer = self.report(told)
        assert answer.json() == {"accepted": 1, "unknown": []}, answer.content
        return told


@pytest.fixture
def wire(host):
    return RollingHost(host[1])


def test_sites_of_a_rollout_hear_of_it_at_their_check_and_end_it_by_their_reports(world, wire):
    first, second, other = world.sites(3, world.old)
    assert set(wire.offers(first, second, other).values()) == {None}

    bulk = world.start(limit=2, now=domain_now())
    offers = wire.offers(first, second, other)
    assert offers[first.site, "2.0.0"] == offers[second.site, "2.0.0"] == str(bulk.pk)
    assert offers[other.site, "2.0.0"] is None

    wire.tells(first, "2.0.0")
    wire.tells(second, "1.1.0", "failed", text="It said 500.", target="2.0.0")
    assert states(bulk) == {"upgraded": 1, "failed": 1}
    assert BulkUpgrade.objects.get().state == "completed"
    told = Notice.objects.get(kind="rollout_ended")
    assert "1 upgraded, 1 failed, 0 left" in told.text
    assert set(wire.offers(second, other).values()) == {None}

    wire.tells(second, "2.0.0")
    assert states(bulk) == {"upgraded": 2}


def test_the_same_report_again_and_older_ones_change_nothing(world, wire):
    first, _ = world.sites(2, world.old)
    bulk = world.start(now=domain_now())
    early = wire.says(first.site.int, "1.1.0", "failed", app=KEY, since=LATER)
    late = wire.tells(first, "2.0.0")

    for told in (early, late):
        assert wire.report(told).json()["accepted"] == 0
    assert states(bulk) == {"upgraded": 1, "pending": 1}


def test_a_batch_in_the_wrong_order_ends_with_its_newest_report(world, wire):
    first, _ = world.sites(2, world.old)
    bulk = world.start(now=domain_now())
    failed = wire.says(first.site.int, "1.1.0", "failed", app=KEY, since=LATER)
    arrived = wire.says(first.site.int, "2.0.0", app=KEY, since=LATER)

    assert wire.report(arrived, failed).json()["accepted"] >= 1

    assert states(bulk) == {"upgraded": 1, "pending": 1}


def test_a_cancelled_rollout_is_not_offered_any_more(world, wire):
    (site,) = world.sites(1, world.old)
    bulk = world.start(now=domain_now())
    assert wire.offers(site)[site.site, "2.0.0"] == str(bulk.pk)

    world.cancel(bulk)

    assert wire.offers(site)[site.site, "2.0.0"] is None


def test_a_deployment_during_a_rollout_is_what_its_sites_are_offered(world, wire):
    (site,) = world.sites(1, world.old)
    bulk = world.start(now=domain_now())
    world.version("2.1.0", manifest({"app": {"name": "meanwhile"}}))

    assert wire.offers(site) == {(site.site, "2.1.0"): str(bulk.pk)}


def test_a_newer_major_during_a_rollout_does_not_take_its_place(world, wire):
    """3.0.0 asks for more; the sites of the rollout go on to 2.x, for which nobody is asked."""
    (site,) = world.sites(1, world.old)
    bulk = world.start(now=domain_now())
    world.version("3.0.0", manifest(MORE_SCOPES))

    assert wire.offers(site) == {(site.site, "2.0.0"): str(bulk.pk)}
