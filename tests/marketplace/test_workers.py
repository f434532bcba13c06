"""Two workers at once, workers killed in the middle, and the plan of the due query. Real connections, real commits."""

import threading
from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from tests.marketplace.conftest import HOUR, START, poll, publish
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import WireHost, pairs

from tradepost.core.errors import ConflictError
from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.outgoing import OutgoingResponse
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.rollout import commands as rollout
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.watching import claims, commands, queries
from tradepost.marketplace.watching.models import Document
from tradepost.wire.messages import Report

LATER = START + 5 * HOUR


class Killed(BaseException):
    """The worker's process ends here: nothing after this line happens."""


class StillClient:
    """An outgoing client without a network: answers with `serves` and lets `meanwhile` happen first."""

    def __init__(self, serves, meanwhile=lambda: None):
        self.serves, self.meanwhile = serves, meanwhile
        self.asked = []

    def send_all(self, requests, **_limits):
        self.asked += [request.url for request in requests]
        self.meanwhile()
        return [OutgoingResponse(200, (), self.serves, 0.0, request.url) for request in requests]

    def close(self):
        """Nothing is held."""


def at_the_same_time(*functions):
    """Run functions in threads with connections of their own; return what they return or raise."""
    start, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(place, function):
        try:
            start.wait(10)
            results[place] = function()
        except Exception as error:  # noqa: BLE001  the test looks at what a thread raised
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def listings(vendor, count, *, host="one.test:443", due=LATER):
    made = [
        Listing(
            vendor=vendor,
            app_key=f"{host.partition(':')[0]}.app{number}",
            name="App",
            created_at=START,
            created_by="test",
            descriptor_url=f"https://{host}/{number}",
            descriptor_host=host,
            next_poll_at=due + timedelta(seconds=number),
        )
        for number in range(count)
    ]
    return Listing.objects.bulk_create(made, batch_size=2000)


def keys(polls):
    return sorted(poll.app_key for poll in polls)


@pytest.mark.django_db(transaction=True)
class TestWorkers:
    def test_two_workers_never_take_the_same_listing_nor_more_than_four_of_a_host(self, vendor):
        listings(vendor, 20)
        listings(vendor, 3, host="two.test:443")
        now = LATER + HOUR

        one, other = at_the_same_time(lambda: claims.claim_due(now), lambda: claims.claim_due(now))

        taken = keys([*one, *other])
        assert len(taken) == len(set(taken)) <= 7
        assert len([key for key in taken if key.startswith("one")]) <= 4

    def test_leases_of_other_workers_count_and_run_out(self, vendor):
        listings(vendor, 10)
        now = LATER + HOUR
        assert keys(claims.claim_due(now)) == [f"one.test.app{number}" for number in range(4)]
        assert claims.claim_due(now) == []

        Listing.objects.update(poll_lease_until=machine_now() - timedelta(seconds=1))
        assert keys(claims.claim_due(now)) == [f"one.test.app{number}" for number in range(4)]

    def test_two_workers_that_poll_one_change_make_one_version(self, server, vendor, owner):
        listing = catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
        server.serve(descriptor(name="Renamed"))

        at_the_same_time(*[lambda: commands.poll_due(LATER)] * 2)

        assert [version.number for version in listing.versions.order_by("order_key")] == ["1.0.0", "1.0.1"]
        assert Notice.objects.filter(kind="version").count() == 1

    def test_two_people_who_list_one_app_make_one_listing(self, server, vendor, owner):
        url = server.serve(descriptor())
        results = at_the_same_time(*[lambda: catalog.list_app(vendor.pk, url, by=owner, now=START)] * 2)

        assert sorted(type(result) for result in results if not isinstance(result, Listing)) == [ConflictError]
        assert Listing.objects.count() == 1

    @pytest.mark.parametrize(
        "where",
        [
            "tradepost.marketplace.watching.commands.record",
            "tradepost.marketplace.watching.commands.keep_document",
            "tradepost.marketplace.releases.commands.offer",
            "tradepost.marketplace.releases.commands.next_serial",
            "tradepost.marketplace.releases.mails.tell_of_version",
            "tradepost.marketplace.watching.commands._note",
            "tradepost.marketplace.watching.commands._next_poll",
        ],
    )
    def test_a_worker_killed_anywhere_leaves_nothing_half_done_and_the_next_one_does_the_same(
        self, monkeypatch, server, vendor, owner, where
    ):
        listing = catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
        server.serve(descriptor(name="Renamed"))
        audited = AuditEntry.objects.count()
        with monkeypatch.context() as patch:
            patch.setattr(where, _die)
            with pytest.raises(Killed):
                commands.poll_due(LATER)

        assert (listing.versions.count(), Document.objects.count()) == (1, 1)
        assert AuditEntry.objects.count() == audited
        assert queries.next_due() is None  # the dead worker's lease
        Listing.objects.update(poll_lease_until=machine_now() - timedelta(seconds=1))
        assert queries.next_due() == listing.next_poll_at
        assert commands.poll_due(LATER) == 1
        assert commands.poll_due(LATER) == 0

        listing.refresh_from_db()
        assert (listing.offered.number, listing.versions.count(), listing.poll_lease) == ("1.0.1", 2, None)
        assert Notice.objects.filter(kind="version").count() == 1

    def test_what_a_worker_finds_after_its_lease_has_passed_to_another_is_dropped(self, server, vendor, owner):
        listing = catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
        server.serve(descriptor(name="Second"))

        def another_worker():
            Listing.objects.update(poll_lease_until=machine_now() - timedelta(seconds=1))
            with outgoing.replace(StillClient(b'{"broken": 1}')):
                commands.poll_due(LATER)

        with outgoing.replace(StillClient(b"{", another_worker)):
            commands.poll_due(LATER)

        listing.refresh_from_db()
        assert len(listing.problem["problems"]) == 4 - 1  # what the second worker found: three fields are missing
        assert listing.poll_failures == 1

    def test_one_listing_that_cannot_be_recorded_does_not_keep_others_from_it(self, monkeypatch, vendor):
        made = listings(vendor, 3)
        record = commands.record

        def stumble(poll, finding, *, now):
            if poll.app_key == made[0].app_key:
                raise ValueError("a mistake of ours")
            record(poll, finding, now=now)

        monkeypatch.setattr(commands, "record", stumble)
        with outgoing.replace(StillClient(b"{")):
            assert commands.poll_due(LATER + HOUR) == 3

        assert Listing.objects.exclude(poll_lease=None).get() == made[0]
        assert Listing.objects.filter(problem__kind="invalid").count() == 2

    def test_the_last_two_sites_that_leave_at_the_same_moment_are_noticed(self, server, vendor, owner, operator, host):

        listing = catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
        publish(listing, owner=owner, operator=operator)
        server.serve(descriptor(name="Second"))
        poll(listing, LATER)
        wire = WireHost(host[1])
        pairs(wire.check((1, "1.0.0"), (2, "1.0.0")))
        wire.report(wire.says(1, "1.0.0"), wire.says(2, "1.0.0"))
        moves = [msgspec.convert(wire.says(number, "1.0.1"), Report) for number in (1, 2)]

        at_the_same_time(*[lambda move=move: rollout.take_reports(host[0], [move], now=LATER) for move in moves])

        assert InstallationRecord.objects.filter(running__number="1.0.1").count() == 2
        assert Notice.objects.filter(kind="version_left").count() == 1


@pytest.mark.django_db
def test_the_due_question_and_the_claim_use_the_index_among_ten_thousand_listings(vendor):
    listings(vendor, 10_000, due=LATER + 24 * HOUR)
    listings(vendor, 5, host="two.test:443")
    now = LATER + HOUR
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_listing")
        values = {"now": now, "machine": machine_now(), "until": now, "lease": "0" * 32, "per_host": 4, "at_once": 32}
        with transaction.atomic():
            cursor.execute("EXPLAIN " + claims.CLAIM, values)
            plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "listing_due" in plan
    assert "listing_leased" in plan
    assert "Seq Scan on catalog_listing" not in plan, plan
    assert keys(claims.claim_due(now)) == [f"two.test.app{number}" for number in range(4)]


@pytest.mark.django_db
def test_the_oldest_are_polled_first_and_no_host_keeps_the_others_waiting(vendor):
    listings(vendor, 100)
    listings(vendor, 2, host="two.test:443", due=LATER + timedelta(hours=1))

    taken = claims.claim_due(LATER + 2 * HOUR)

    assert keys(taken) == [*[f"one.test.app{number}" for number in range(4)], "two.test.app0", "two.test.app1"]


@pytest.mark.django_db
def test_at_most_four_requests_reach_a_host_at_once(server, vendor, owner):
    gate = threading.Event()

    def wait_a_little(handler):
        gate.wait(0.05)
        handler.send_error(503)

    made = listings(vendor, 12)
    for number, listing in enumerate(made):
        listing.descriptor_url = server.serve(wait_a_little, f"/{number}")
    Listing.objects.bulk_update(made, ["descriptor_url"])

    while commands.poll_due(LATER + HOUR):
        pass

    assert len(server.asked) == 12
    assert server.most_at_once <= 4


def _die(*_args, **_options):
    raise Killed
