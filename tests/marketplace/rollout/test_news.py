"""News: which hosts are to hear of what, and that they hear of it whatever happens to them."""

import hashlib
import json
import threading
from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.rollout.making import make_listing, offer, sites_that_run
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.wire_client import WireHost

from tradepost.foundation import jobs
from tradepost.foundation.clock import machine_now
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.hosts.pushing import CLAIM, claim_turns
from tradepost.marketplace.licensing import pushing as licenses
from tradepost.marketplace.licensing.models import PendingPush
from tradepost.marketplace.licensing.telling import tell_hosts
from tradepost.marketplace.rollout import news, telling
from tradepost.marketplace.rollout.models import NewsTurn, PendingNews
from tradepost.marketplace.rollout.news import note_news
from tradepost.wire.licenses import SIGNATURE_HEADER, signature
from tradepost.wire.messages import AppNews, News

pytestmark = pytest.mark.django_db
LATER = START + HOUR


@pytest.fixture
def other_host(operator):
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    return hosts.enrol(code, base_url="http://127.0.0.1:9", product="confluence", now=START)


@pytest.fixture
def noted(app, host):
    """A new version of major 1, which a site of the host runs."""
    sites_that_run(offer(app, "1.1.0"), host[0])
    note_news(app, 1, now=LATER)


def pending():
    return {(each.host.name, each.listing.app_key, each.major, each.serial) for each in PendingNews.objects.all()}


def push():
    return telling.push_due(LATER)


def wait_is_over():
    NewsTurn.objects.update(due_at=machine_now())


def apps(taking):
    return [(each["app"], each["major"]) for each in taking.told("apps")]


class TestNoting:
    def test_hosts_hear_of_it_whose_sites_run_the_major_and_only_they(self, app, host, other_host):
        old, new = offer(app, "1.1.0", "1.2.0"), offer(app, "2.0.0", "2.1.0")
        sites_that_run(old, host[0], 3)
        sites_that_run(app.versions.get(number="1.1.0"), host[0], 2, first=10)
        sites_that_run(new, other_host[0], 2)
        note_news(app, 1, now=LATER)
        assert pending() == {("Product", app.app_key, 1, 1)}

        note_news(app, 2, now=LATER)
        note_news(app, 3, now=LATER)
        assert pending() == {("Product", app.app_key, 1, 1), ("Other product", app.app_key, 2, 1)}

    @pytest.mark.usefixtures("noted")
    def test_what_waits_already_gets_a_higher_serial_and_no_second_row(self, app):
        note_news(app, 1, now=LATER + HOUR)

        assert {each.serial for each in PendingNews.objects.all()} == {2}
        assert PendingNews.objects.get().noted_at == LATER + HOUR

    def test_sites_of_another_app_and_sites_that_removed_it_hear_nothing(self, app, vendor, host):
        other = make_listing(vendor, "com.example.other")
        sites_that_run(offer(other, "1.1.0"), host[0])
        version = offer(app, "1.1.0")
        (site,) = sites_that_run(version, host[0], first=9)
        site.installations.update(running=None, state="uninstalled")
        note_news(app, 1, now=LATER)

        assert pending() == set()
        assert telling.next_due() is None

    def test_ten_thousand_sites_are_one_statement_and_one_row(self, app, host, django_assert_max_num_queries):
        sites_that_run(offer(app, "1.1.0"), host[0], 10_000)
        # The database soon does so by itself; until then it counts on no rows at all.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE hosts_siterecord, rollout_installationrecord, releases_appversion")
        with django_assert_max_num_queries(8):
            note_news(app, 1, now=LATER)
        assert len(pending()) == 1

    def test_it_is_noted_with_the_change_or_not_at_all(self, app, host):
        sites_that_run(offer(app, "1.1.0"), host[0])
        with transaction.atomic():
            note_news(app, 1, now=LATER)
            assert len(pending()) == 1
            transaction.set_rollback(True)
        assert pending() == set()

    def test_any_major_that_a_number_can_name_may_be_asked_for(self, app):
        note_news(app, 999_999_999, now=LATER)
        assert pending() == set()


class TestLateArrivals:
    """A site comes to run a version after the news of a newer one went to other sites."""

    @pytest.fixture
    def wire(self, host, app):
        offer(app, "1.1.0", "1.2.0", "2.0.0", "2.1.0")
        return WireHost(host[1])

    @pytest.mark.parametrize(
        ("running", "major"), [("1.1.0", 1), ("2.0.0", 2), ("1.2.0", None), ("2.1.0", None), (None, None)]
    )
    def test_the_host_hears_where_there_is_a_newer_one(self, wire, running, major, app):
        assert wire.report(wire.says(1, running)).json()["accepted"] == 1

        assert pending() == ({("Product", app.app_key, major, 1)} if major else set())

    def test_a_site_that_stays_where_it_is_is_no_news(self, wire):
        wire.report(wire.says(1, "1.1.0"))
        PendingNews.objects.all().delete()
        wire.report(wire.says(1, "1.1.0", "waiting_window", target="1.2.0"))

        assert pending() == set()

    def test_watched_versions_are_none(self, wire, app):
        app.versions.update(manifest=None)
        wire.report(wire.says(1, "1.1.0"))

        assert pending() == set()


@pytest.mark.usefixtures("noted")
class TestPushing:
    def test_the_host_is_told_signed_and_once(self, taking, host):
        assert push() == 1
        assert push() == 0

        ((path, headers, body),) = taking.taken
        assert path == "/wire/1/news"
        assert msgspec.json.decode(body, type=News) == News(apps=[AppNews(app="com.example.app", major=1)])
        at = int(headers[SIGNATURE_HEADER].split(",")[0].removeprefix("t="))
        digest = hashlib.sha256(host[1].encode()).hexdigest()
        assert headers[SIGNATURE_HEADER] == signature(digest, at=at, body=body)
        assert pending() == set()
        assert NewsTurn.objects.get().told_at is not None

    def test_it_is_due_at_once_by_machine_time(self):
        assert telling.next_due() <= machine_now()
        assert news.PUSH in jobs.tick(service="marketplace", now=START - 10_000 * HOUR)

    def test_a_host_that_is_down_is_tried_at_least_every_five_minutes(self, taking):
        HostService.objects.update(base_url="http://127.0.0.1:9")
        pauses = []
        for _ in range(10):
            wait_is_over()
            assert push() == 1
            assert push() == 0
            pauses.append(round((NewsTurn.objects.get().due_at - machine_now()).total_seconds()))
        assert pauses[:4] == [5, 10, 20, 40]
        assert max(pauses) == 300
        assert NewsTurn.objects.get().problem

        HostService.objects.update(base_url=taking.url)
        wait_is_over()
        push()
        assert len(apps(taking)) == 1
        assert (NewsTurn.objects.get().attempts, NewsTurn.objects.get().problem) == (0, "")

    @pytest.mark.parametrize("status", [302, 401, 404, 422, 503])
    def test_what_is_not_taken_is_told_again(self, taking, status):
        taking.answers = status
        push()
        assert len(pending()) == 1
        taking.answers = 204
        wait_is_over()
        push()
        assert pending() == set()

    @pytest.mark.django_db(transaction=True)
    def test_news_during_a_push_are_not_lost(self, taking, app):
        def again():
            note_news(app, 1, now=LATER)
            connection.close()

        taking.meanwhile = again
        push()
        taking.meanwhile = lambda: None
        assert {serial for *_, serial in pending()} == {2}

        push()
        assert len(apps(taking)) == 2
        assert pending() == set()

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once_tell_a_host_once(self, taking):
        barrier = threading.Event()
        taking.meanwhile = lambda: barrier.wait(2)

        done = at_the_same_time(push, lambda: push() or barrier.set() or 0)

        assert sorted(done) in ([0, 1], [1, 1]), done
        assert len(apps(taking)) == 1

    def test_a_worker_that_died_lets_another_tell_the_host_after_its_lease(self, taking):
        claim_turns(telling.NEWS)
        assert push() == 0
        NewsTurn.objects.update(lease_until=machine_now() - timedelta(seconds=1))
        assert push() == 1
        assert len(apps(taking)) == 1

    def test_a_host_that_refuses_news_gets_its_licenses_and_the_other_way_round(self, taking, app, host):
        site = host[0].sites.get()
        tell_hosts([(site.pk, app.pk)])
        taking.refuses = "/news"
        assert (push(), licenses.push_due(LATER)) == (1, 1)
        assert [path for path, _, _ in taking.taken] == ["/wire/1/licenses"]
        assert (len(pending()), PendingPush.objects.count()) == (1, 0)

        tell_hosts([(site.pk, app.pk)])
        taking.refuses, taking.taken = "/licenses", []
        wait_is_over()
        assert (push(), licenses.push_due(LATER)) == (1, 1)
        assert [path for path, _, _ in taking.taken] == ["/wire/1/news"]
        assert (len(pending()), PendingPush.objects.count()) == (0, 1)

    def test_claiming_looks_up_what_waits_host_by_host(self, host):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            values = {"machine": START, "until": START, "lease": host[0].pk, "at_once": 8}
            cursor.execute(f"EXPLAIN {telling.NEWS.sql(CLAIM)}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on rollout_pendingnews" not in plan


def test_six_hundred_apps_go_in_two_pushes(vendor, host, taking):
    for number in range(600):
        listing = make_listing(vendor, f"com.example.app{number}")
        PendingNews.objects.create(host=host[0], listing=listing, major=1, noted_at=LATER)
    NewsTurn.objects.create(host=host[0], due_at=machine_now())
    while push():
        pass

    assert [len(each) for each in told_in_pushes(taking)] == [500, 100]


def test_one_host_that_is_down_does_not_hold_up_another(app, host, other_host, taking):
    version = offer(app, "1.1.0")
    sites_that_run(version, host[0])
    sites_that_run(version, other_host[0])
    note_news(app, 1, now=LATER)
    push()

    assert len(apps(taking)) == 1
    assert {name for name, *_ in pending()} == {"Other product"}


def told_in_pushes(taking):
    return [json.loads(body)["apps"] for _, _, body in taking.taken]
