"""Reports of host services, and what a vendor sees of them."""

import pytest
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, AT, WireHost, site_id

from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.rollout import queries
from tradepost.marketplace.rollout.models import InstallationRecord, RolloutEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire(host, public_listing):
    wire = WireHost(host[1])
    wire.check(*[(number, "1.0.0") for number in range(1, 6)])
    return wire


@pytest.fixture
def two_versions(server, public_listing):
    server.serve(descriptor(name="Renamed"))
    return poll(public_listing, START + 5 * HOUR)


def answers(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["accepted"], answer.json()["unknown"]


def left():
    return [notice.subject for notice in Notice.objects.filter(kind="version_left")]


def test_a_report_is_taken_once_however_often_it_comes(wire):
    report = wire.says(1, "1.0.0")

    assert answers(wire.report(report)) == (1, [])
    assert answers(wire.report(report, report)) == (0, [])
    assert InstallationRecord.objects.count() == RolloutEvent.objects.count() == 1


def test_old_news_change_nothing(wire, two_versions):
    old, new = wire.says(1, "1.0.0"), wire.says(1, "1.0.1")
    wire.report(new)
    wire.report(old)

    assert InstallationRecord.objects.get().running.number == "1.0.1"
    assert list(RolloutEvent.objects.values_list("kind", flat=True)) == ["arrived"]


def test_a_batch_may_tell_a_whole_story_in_any_order(wire, two_versions):
    story = [
        wire.says(1, None, "installing", target="1.0.0"),
        wire.says(1, "1.0.0"),
        wire.says(1, "1.0.0", "waiting_window", target="1.0.1", until=(AT + HOUR).isoformat(), text="window"),
        wire.says(1, "1.0.1"),
    ]
    assert answers(wire.report(*reversed(story))) == (4, [])

    record = InstallationRecord.objects.get()
    assert (record.running.number, record.state, record.target) == ("1.0.1", "current", None)
    assert sorted(RolloutEvent.objects.values_list("kind", flat=True)) == ["arrived", "arrived", "left"]


def test_reports_of_apps_and_versions_nobody_knows_are_named(wire):
    reports = [wire.says(1, "1.0.0", app="com.example.gone"), wire.says(1, "7.0.0"), wire.says(2, "1.0.0")]

    assert answers(wire.report(*reports)) == (1, [reports[0]["id"], reports[1]["id"]])


def test_a_report_may_come_before_a_sites_first_check(wire):
    assert answers(wire.report(wire.says(9, "1.0.0"))) == (1, [])
    wire.check((9, "1.0.0"))

    assert InstallationRecord.objects.get().site.name == "Site 9"


def test_no_host_service_gets_at_a_private_app_by_claiming_to_have_it(server, vendor, owner, wire):
    url = server.serve(descriptor(key="secret.app"), "/secret")
    catalog.list_app(vendor.pk, url, by=owner, now=START)
    report = wire.says(1, "1.0.0", app="secret.app")

    assert answers(wire.report(report)) == (0, [report["id"]])
    assert wire.get("/wire/1/apps/secret.app").status_code == 404


def test_another_host_services_site_is_not_touched(wire, operator):
    wire.report(wire.says(1, "1.0.0"))
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    _, credential = hosts.enrol(code, base_url="http://127.0.0.3:8001", product="jira", now=START)
    stranger = WireHost(credential)
    stranger.report(stranger.says(1, None, "uninstalled", sequence=99))

    assert {(r.site.host.name, r.state) for r in InstallationRecord.objects.all()} == {
        ("Product", "current"),
        ("Other product", "uninstalled"),
    }


def test_the_vendor_is_told_when_the_last_site_has_left_a_version(wire, two_versions):
    wire.report(wire.says(1, "1.0.0"), wire.says(2, "1.0.0"))
    wire.report(wire.says(1, "1.0.1"))
    assert left() == []

    wire.report(wire.says(2, None, "uninstalled"))
    assert left() == ["Example: the last site has left version 1.0.0"]


def test_that_is_told_once_and_never_of_the_newest_version(wire, two_versions):
    for _ in range(2):
        wire.report(wire.says(1, "1.0.0"))
        wire.report(wire.says(1, "1.0.1"))
    wire.report(wire.says(1, None, "uninstalled"))

    assert len(left()) == 1


def test_a_vendor_sees_for_each_version_who_runs_it_and_who_waits_for_what(wire, two_versions):
    wire.report(
        wire.says(1, "1.0.1"),
        wire.says(2, "1.0.0", "waiting_consent", target="1.0.1", since=START.isoformat()),
        wire.says(3, "1.0.0", "waiting_window", target="1.0.1"),
        wire.says(4, "1.0.0", "failed", target="1.0.1"),
        wire.says(5, "1.0.0", "declined", target="1.0.1"),
        wire.says(6, None, "uninstalled"),
    )
    newest, first = queries.version_progress(two_versions)

    assert (first.number, first.running, first.since) == ("1.0.0", 4, None)
    assert (newest.running, newest.waiting_consent, newest.waiting_window) == (1, 1, 1)
    assert (newest.failed, newest.declined, newest.scheduled, newest.since) == (1, 1, 0, START)
    assert queries.progress_of(two_versions.offered) == newest
    assert [row.site.name for row in queries.site_rows(two_versions, state="declined")] == ["Site 5"]
    assert queries.sites_of_version(two_versions.offered).count() == 1
    assert queries.site_rows(two_versions).count() == 5
    assert queries.site_rows(two_versions, version="1.0.1", q="site 4").count() == 1


def test_the_way_of_a_version_can_be_drawn_over_time(wire, two_versions):
    wire.report(wire.says(1, "1.0.0"), wire.says(2, "1.0.0", at=(AT + HOUR).isoformat()))
    wire.report(wire.says(1, "1.0.1", at=(AT + 3 * HOUR).isoformat()))
    points = queries.progress_over_time(two_versions, since=AT - HOUR, until=AT + 6 * HOUR)

    assert [point.running for point in points] == [{"1.0.0": 1}, {"1.0.0": 2}, {"1.0.0": 1, "1.0.1": 1}]
    (last,) = queries.progress_over_time(two_versions, since=AT + 4 * HOUR, until=AT + 6 * HOUR)
    assert (last.at, last.running) == (AT + 4 * HOUR, {"1.0.0": 1, "1.0.1": 1})


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "happy"}, 422),
        ({"sequence": -1}, 422),
        ({"sequence": 2**70}, 422),
        ({"since": "2026-01-01T00:00:00"}, 422),
        ({"running": "1.0"}, 400),
        ({"text": "x" * 2001}, 400),
        ({"text": "a\0b"}, 400),
        ({"site": "x"}, 400),
    ],
)
def test_a_report_that_is_not_of_the_contract_is_refused_and_none_is_taken(wire, change, status):
    answer = wire.report(wire.says(1, "1.0.0"), wire.says(2, "1.0.0") | change)

    assert answer.status_code == status, answer.content
    assert not InstallationRecord.objects.exists()


def test_five_hundred_reports_cost_as_many_statements_as_one(wire, django_assert_max_num_queries):
    reports = [wire.says(number, "1.0.0") for number in range(1, 501)]
    with django_assert_max_num_queries(16):
        assert answers(wire.report(*reports)) == (500, [])
    assert InstallationRecord.objects.filter(site__site=site_id(500)).exists()
    assert InstallationRecord.objects.filter(listing__app_key=APP).count() == 500
