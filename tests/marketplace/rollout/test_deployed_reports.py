"""Reports of sites with deployed apps: what they have granted, majors that are left, rollouts they are in."""

import pytest
from django.db import transaction
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.rollout.making import choose, keep, make_listing, offer, sites_that_run
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.wire_client import AT

from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.rollout import queries
from tradepost.marketplace.rollout.majors import find_crossing, sites_per_major
from tradepost.marketplace.rollout.models import InstallationRecord, PendingNews
from tradepost.marketplace.rollout.news import note_news

pytestmark = pytest.mark.django_db


@pytest.fixture
def majors(app):
    offer(app, "1.1.0", "1.2.0", "2.0.0", "2.1.0")
    return app


def taken(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["accepted"], len(answer.json()["unknown"])


def left():
    return [notice.subject for notice in Notice.objects.filter(kind="version_left").order_by("at")]


class TestGranted:
    @pytest.mark.usefixtures("majors")
    def test_it_is_kept_while_code_is_ahead_and_cleared_when_permissions_follow(self, wire):
        wire.report(wire.says(1, "2.1.0", "waiting_consent", target="2.1.0", granted="1.2.0"))
        assert InstallationRecord.objects.get().granted.number == "1.2.0"

        wire.report(wire.says(1, "2.1.0"))
        assert InstallationRecord.objects.get().granted is None

    @pytest.mark.usefixtures("majors")
    def test_an_app_that_is_gone_has_granted_nothing(self, wire):
        wire.report(wire.says(1, "2.1.0", "uninstalled", granted="1.2.0"))

        record = InstallationRecord.objects.get()
        assert (record.running, record.granted) == (None, None)

    @pytest.mark.usefixtures("majors")
    def test_a_version_that_nobody_knows_makes_the_report_unknown(self, wire):
        assert taken(wire.report(wire.says(1, "2.1.0", granted="7.0.0"))) == (0, 1)

    @pytest.mark.usefixtures("majors")
    def test_an_older_report_does_not_bring_it_back(self, wire):
        old = wire.says(1, "2.1.0", granted="1.2.0")
        wire.report(wire.says(1, "2.1.0"))
        wire.report(old)

        assert InstallationRecord.objects.get().granted is None


class TestProgress:
    def test_sites_that_wait_for_their_turn_or_for_the_vendor_are_counted(self, majors, wire):
        wire.report(
            wire.says(1, "1.2.0", "waiting_turn", target="2.1.0", until=(AT + HOUR).isoformat()),
            wire.says(2, "1.2.0", "waiting_turn", target="2.1.0", until=(AT + HOUR).isoformat()),
            wire.says(3, "1.2.0", "waiting_vendor", target="2.1.0"),
        )
        newest = queries.version_progress(majors)[0]

        assert (newest.number, newest.waiting_turn, newest.waiting_vendor) == ("2.1.0", 2, 1)
        assert queries.progress_of(majors.offered) == newest

    def test_majors_say_who_runs_them_and_who_waits(self, majors, wire, host):
        sites_that_run(majors.versions.get(number="1.2.0"), host[0], 3, first=50)
        wire.report(
            wire.says(1, "1.1.0", "waiting_consent", target="2.1.0"),
            wire.says(2, "1.2.0", "declined", target="2.1.0"),
            wire.says(3, "2.1.0", "waiting_consent", target="2.1.0", granted="1.2.0"),
            wire.says(4, None, "uninstalled"),
        )
        two, one = sites_per_major(majors)

        assert (two.major, two.newest, two.sites, two.on_newest, two.code_ahead) == (2, "2.1.0", 1, 1, 1)
        assert (one.major, one.newest, one.sites, one.on_newest, one.code_ahead) == (1, "1.2.0", 5, 4, 0)
        assert one.states == {"current": 3, "waiting_consent": 1, "declined": 1}
        assert one.is_deployed

    def test_sites_are_found_by_the_major_they_run(self, majors, wire):
        wire.report(wire.says(1, "1.1.0"), wire.says(2, "1.2.0"), wire.says(3, "2.0.0"))

        assert [queries.site_rows(majors, major=each).count() for each in ("1", "2", "3", "x", "²", "9" * 9)] == [
            2, 1, 0, 0, 0, 0,
        ]  # fmt: skip


class TestLeaving:
    @pytest.mark.usefixtures("majors")
    def test_that_sites_leave_a_minor_is_no_news(self, wire):
        wire.report(wire.says(1, "1.1.0"))
        wire.report(wire.says(1, "1.2.0"))

        assert left() == []

    @pytest.mark.usefixtures("majors")
    def test_the_vendor_is_told_once_when_the_last_site_has_left_a_major(self, wire):
        wire.report(wire.says(1, "1.1.0"), wire.says(2, "1.2.0"))
        wire.report(wire.says(1, "2.0.0"))
        assert left() == []
        wire.report(wire.says(2, "2.0.0"))
        assert left() == ["Example: the last site has left major 1"]

        wire.report(wire.says(2, "1.1.0"))
        wire.report(wire.says(2, None, "uninstalled"))
        assert len(left()) == 1

    @pytest.mark.usefixtures("majors")
    def test_nothing_is_told_of_the_newest_major(self, wire):
        wire.report(wire.says(1, "2.0.0"))
        wire.report(wire.says(1, None, "uninstalled"))

        assert left() == []

    def test_watched_versions_of_a_deployed_app_are_told_of_one_by_one(self, app, wire):
        offer(app, "1.0.0", "1.0.1", watched=True)
        offer(app, "2.0.0")
        wire.report(wire.says(1, "1.0.1"))
        wire.report(wire.says(1, "2.0.0"))

        assert left() == ["Example: the last site has left version 1.0.1"]


class TestRollouts:
    @pytest.fixture
    def bulk(self, majors, host):
        sites = sites_that_run(majors.versions.get(number="1.2.0"), host[0], 2)
        bulk = BulkUpgrade.objects.create(
            listing=majors, kind="bulk", from_major=1, to_version=majors.versions.get(number="2.0.0"), limit=9,
            eligible=2, started_at=START, started_by="test",
        )  # fmt: skip
        BulkSite.objects.bulk_create(BulkSite(bulk=bulk, site=site, at=START) for site in sites)
        choose(majors)
        return bulk

    def test_a_report_moves_its_site_in_the_rollout_and_the_last_one_ends_it(self, bulk, wire):
        wire.report(wire.says(1, "2.1.0"))
        assert sorted(bulk.sites.values_list("state", flat=True)) == ["pending", "upgraded"]

        wire.report(wire.says(2, "1.2.0", "failed", target="2.1.0", text="It answered 500."))
        assert set(bulk.sites.values_list("state", "text")) == {("upgraded", ""), ("failed", "It answered 500.")}
        bulk.refresh_from_db()
        assert bulk.state == "completed"
        answer = wire.check((2, "1.2.0")).json()
        assert [each["rollout"] for each in answer["offers"]] == [None]

    def test_old_reports_move_nothing(self, bulk, wire):
        old = wire.says(1, "2.0.0")
        wire.report(wire.says(1, "1.2.0"))
        wire.report(old)

        assert set(bulk.sites.values_list("state", flat=True)) == {"pending"}


def test_five_hundred_reports_of_a_deployed_app_cost_as_many_statements_as_one(
    majors, wire, django_assert_max_num_queries
):
    everybody = range(1, 501)
    wire.check(*[(number, "1.1.0") for number in everybody])
    with django_assert_max_num_queries(24):
        assert taken(wire.report(*[wire.says(number, "1.1.0") for number in everybody])) == (500, 0)

    assert PendingNews.objects.get().major == 1


class TestCrossing:
    @pytest.fixture
    def crossing(self, app):
        offer(app, "1.0.0", "1.0.1", watched=True)
        offer(app, "2.0.0", at=START + HOUR)
        offer(app, "2.1.0", at=START + 9 * HOUR)
        return app

    def test_it_says_how_many_had_their_turn_and_until_when_the_others_wait(self, crossing, wire):
        turn = (START + 30 * HOUR).isoformat()
        wire.report(
            wire.says(1, "2.1.0"),
            wire.says(2, "1.0.1", "waiting_turn", target="2.1.0", until=turn),
            wire.says(3, "1.0.0", "waiting_turn", target="2.1.0", until=turn),
            wire.says(4, "1.0.1", "waiting_window", target="2.1.0", until=turn),
            wire.says(5, "1.0.1", "waiting_vendor", target="2.1.0"),
            wire.says(6, "1.0.1"),
        )
        found = find_crossing(crossing)

        assert (found.began, found.last_turn) == (START + HOUR, START + 93 * HOUR)
        assert found.ends == START + 121 * HOUR
        assert (found.sites, found.crossed, found.left, found.not_asked) == (6, 1, 5, 1)
        assert found.had_turn == 3
        ((at, sites),) = found.turns
        assert sites == 2
        assert START + 30 * HOUR <= at <= START + 31 * HOUR

    def test_there_is_none_of_an_app_that_was_always_deployed_or_still_is_watched(self, majors, vendor):
        watched = make_listing(vendor, "com.example.watched", source="watched")
        offer(watched, "1.0.0", watched=True)
        waits = make_listing(vendor, "com.example.waits")
        offer(waits, "1.0.0", watched=True)
        offer(waits, "2.0.0", state="in_review")

        assert [find_crossing(each) for each in (majors, watched, waits)] == [None, None, None]

    def test_an_app_that_nobody_has_has_crossed(self, crossing):
        assert find_crossing(crossing).sites == 0


def test_the_same_bytes_may_be_the_manifest_of_two_apps(vendor, wire, app):
    shared = keep("one manifest")
    first = offer(app, "1.1.0")
    other = make_listing(vendor, "com.example.twin", state="private")
    second = offer(other, "1.1.0")
    type(first).objects.filter(pk__in=[first.pk, second.pk]).update(manifest=shared)

    assert wire.get(f"/wire/1/manifests/{shared.pk}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_deployments_and_reports_at_once_do_not_wait_for_each_other_in_a_circle(majors, vendor, wire, host):
    """Each deployment notes news, each report of an old version does; both for the same hosts, some for new ones."""
    other = make_listing(vendor, "com.example.other")
    offer(other, "1.1.0", "1.2.0")
    wire.check(*[(number, "1.1.0") for number in range(1, 41)])
    sites_that_run(other.versions.get(number="1.1.0"), host[0], first=100)

    def deploy(listing):
        with transaction.atomic():
            locked = Listing.objects.select_for_update(no_key=True).get(pk=listing.pk)
            choose(locked)
            note_news(locked, 1, now=START)

    def report(first):
        reports = [wire.says(number, "1.1.0") for number in range(first, first + 2)]
        reports += [wire.says(first, "1.1.0", app="com.example.other")]
        return taken(wire.report(*reports))

    for number in range(1, 40, 4):
        at_the_same_time(
            lambda: deploy(majors),
            lambda: deploy(other),
            lambda at=number: report(at),
            lambda at=number: report(at + 2),
        )
    assert PendingNews.objects.count() == 2
    assert InstallationRecord.objects.filter(listing=majors).count() == 40
