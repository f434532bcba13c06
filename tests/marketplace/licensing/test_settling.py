"""The worker that writes down what time has done: the exact end, two at once, and a hundred thousand."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.conftest import START
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.test_workers import at_the_same_time

from tradepost.foundation import jobs
from tradepost.foundation.clock import new_id
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import settling
from tradepost.marketplace.licensing.models import LicenseChange, PendingPush, SiteLicense
from tradepost.marketplace.licensing.numbers import new_license_number, new_support_number
from tradepost.marketplace.licensing.settling import settle_due

pytestmark = pytest.mark.django_db
FIRST = "1.0.0"
TICK = timedelta(microseconds=1)


def many_sites(service, count):
    return SiteRecord.objects.bulk_create(
        SiteRecord(
            host=service,
            site=new_id(),
            name=f"Site {number}",
            base_url=f"http://s{number}.test",
            first_seen_at=START,
            last_seen_at=START,
        )
        for number in range(count)
    )


def many_licenses(listing, sites, **values):
    return SiteLicense.objects.bulk_create(
        SiteLicense(
            site=site,
            listing=listing,
            entitlement_number=new_license_number(),
            support_number=new_support_number(),
            changed_at=START,
            **values,
        )
        for site in sites
    )


def test_a_trial_is_over_at_its_end_and_not_a_moment_before(at_host, paid):
    at_host.decision(version=FIRST, begin_trial=True)
    end = START + 30 * DAY

    assert settling.next_due() == end
    assert settle_due(end - TICK) == 0
    assert settle_due(end) == 1
    assert settle_due(end) == 0
    assert settling.next_due() is None
    row = SiteLicense.objects.get()
    assert (row.state, row.revision, row.due_at) == ("trial_expired", 2, None)
    change = LicenseChange.objects.get(event="ran_out")
    assert (change.at, change.actor) == (end, "licensing")
    assert AuditEntry.objects.filter(action="license.ran_out").count() == 1
    assert PendingPush.objects.get().serial == 2


def test_a_worker_that_comes_late_says_when_it_happened(at_host, paid):
    at_host.decision(version=FIRST, begin_trial=True)

    settle_due(START + 90 * DAY)

    change = LicenseChange.objects.get(event="ran_out")
    assert change.at == START + 30 * DAY
    assert SiteLicense.objects.get().changed_at == START + 90 * DAY


@pytest.mark.parametrize(
    "begun",
    [
        datetime(2026, 3, 27, 1, 30, tzinfo=UTC),  # three days before Berlin's clocks go forward, and over the change
        datetime(2026, 2, 27, 1, 0, tzinfo=UTC),  # ends in the hour that does not exist there
        datetime(2026, 9, 25, 0, 30, tzinfo=UTC),  # ends in the hour that comes twice
        datetime(2026, 9, 25, 1, 30, tzinfo=UTC),
    ],
)
def test_no_clock_change_moves_the_end_of_a_trial(at_host, paid, begun):
    at_host.decision(version=FIRST, begin_trial=True, now=begun)

    assert settle_due(begun + 30 * DAY - TICK) == 0
    assert settle_due(begun + 30 * DAY) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_settle_each_license_once(at_host, paid):
    many_licenses(paid, many_sites(at_host.service, 1200), state="trial", trial_ends_at=START + DAY, due_at=START + DAY)

    def works():
        done = 0
        while count := settle_due(START + DAY):
            done += count
        return done

    done = at_the_same_time(works, works)

    assert sum(done) == 1200, done
    assert SiteLicense.objects.filter(state="trial_expired", revision=1).count() == 1200
    assert LicenseChange.objects.count() == PendingPush.objects.count() == 1200
    assert not PendingPush.objects.exclude(serial=1).exists()


def test_a_batch_takes_the_same_few_queries_whatever_its_size(at_host, paid):
    sites = many_sites(at_host.service, 510)
    many_licenses(paid, sites[:10], state="trial", trial_ends_at=START + DAY, due_at=START + DAY)
    with CaptureQueriesContext(connection) as few:
        settle_due(START + DAY)
    many_licenses(paid, sites[10:], state="trial", trial_ends_at=START + DAY, due_at=START + DAY)
    with CaptureQueriesContext(connection) as many:
        assert settle_due(START + DAY) == 500

    assert len(many) <= len(few) + 1 < 15  # work that waits already is not asked for twice


def test_a_subscription_renews_month_after_month_on_the_same_day(at_host, paid, site):
    begun = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    end = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
    many_licenses(
        paid, [site], state="active", period="monthly", anchor=begun, period_ends_at=end, due_at=end, began_at=begun
    )

    settle_due(datetime(2026, 4, 30, 12, 0, tzinfo=UTC))

    renewed = LicenseChange.objects.filter(event="renewed").order_by("at")
    assert [change.at.strftime("%m-%d %H") for change in renewed] == ["02-28 12", "03-31 12", "04-30 12"]
    assert SiteLicense.objects.get().period_ends_at == datetime(2026, 5, 31, 12, 0, tzinfo=UTC)


def test_the_workers_question_is_answered_by_its_index(at_host, paid):
    sites = many_sites(at_host.service, 3000)
    many_licenses(paid, sites[:2990], state="none")
    many_licenses(paid, sites[2990:], state="trial", trial_ends_at=START + DAY, due_at=START + DAY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE licensing_sitelicense")
        cursor.execute(
            "EXPLAIN SELECT id FROM licensing_sitelicense WHERE due_at <= %s ORDER BY due_at LIMIT 500", [START + DAY]
        )
        told = "\n".join(row[0] for row in cursor.fetchall())

    assert "license_due" in told


def test_the_tick_knows_when_a_license_changes(at_host, paid):
    at_host.decision(version=FIRST, begin_trial=True)

    assert "settle_due_licenses" not in jobs.tick(service="marketplace", now=START + 29 * DAY)
    assert "settle_due_licenses" in jobs.tick(service="marketplace", now=START + 30 * DAY)
