"""A vendor sees how many licenses there were, week by week."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from tests.marketplace.browsing import sign_in, text_of
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import at
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.licensing.test_settling import many_licenses, many_sites, settle_due

from tradepost.marketplace.licensing.models import LicenseChange
from tradepost.marketplace.licensing.vendor_queries import EditionCount, counts
from tradepost.marketplace.licensing.vendor_weeks import MOVES, WEEK, WEEKS, WeekCount, reckon_back, weeks_of

FIRST = "1.0.0"
STATES = ("none", "trial", "trial_expired", "active", "cancelled", "expired")


def numbers(weeks):
    return [(each.active, each.trial, each.expired) for each in weeks.counts]


@pytest.mark.django_db
def test_a_trial_shows_from_the_week_it_began_and_as_over_from_the_week_it_ended(at_host, paid, vendor):
    at_host.decision(version=FIRST, begin_trial=True)
    settle_due(START + 30 * DAY)
    now = START + 36 * DAY

    weeks = weeks_of(vendor, counts(vendor), app="", now=now)

    assert numbers(weeks) == [(0, 0, 0), *[(0, 1, 0)] * 5, (0, 0, 1)]
    assert (weeks.first, weeks.last) == (now - 6 * WEEK, now)
    assert weeks_of(vendor, counts(vendor, app="com.example.other"), app="com.example.other", now=now) is None


def test_what_is_reckoned_back_is_what_there_was():
    dice, now = random.Random(4), START
    lives = []
    for _ in range(200):
        moments = sorted(now - timedelta(hours=dice.randrange(WEEKS * 7 * 24)) for _ in range(dice.randrange(1, 6)))
        lives.append([(moment, dice.choice(STATES[1:])) for moment in moments])

    def there_were(instant):
        found = [next((state for moment, state in reversed(life) if moment <= instant), "none") for life in lives]
        over = sum(state in {"expired", "trial_expired"} for state in found)
        return sum(state in {"active", "cancelled"} for state in found), found.count("trial"), over

    moves = [
        (int((now - moment) / WEEK), before, after, 1)
        for life in lives
        for (_, before), (moment, after) in zip([(None, "none"), *life], life, strict=False)
    ]
    reckoned = reckon_back(WeekCount(now, *there_were(now)), moves)

    assert [(each.active, each.trial, each.expired) for each in reckoned] == [there_were(each.at) for each in reckoned]
    assert len(reckoned) > WEEKS - 2


def test_half_a_year_is_looked_at_and_not_more():
    assert len(reckon_back(WeekCount(START, 3, 0, 0), [])) == WEEKS + 1


@pytest.mark.django_db
def test_nothing_is_drawn_for_no_license_and_for_too_many(vendor):
    assert weeks_of(vendor, [], app="", now=START) is None
    assert weeks_of(vendor, [EditionCount("none", active=100_001)], app="", now=START) is None


@pytest.mark.django_db
def test_the_page_shows_the_picture_and_the_numbers(at_host, paid, vendor, owner):
    at_host.decision(version=FIRST, begin_trial=True)
    with at(START + 9 * DAY):
        page = sign_in(owner).get(f"/license-report/{vendor.pk}/")

    assert "Week by week" in text_of(page)
    assert b"2 trial" not in page.content
    assert page.content.count(b": 1 trial</title>") == 2


@pytest.mark.django_db
def test_the_changes_of_one_vendor_are_found_by_their_licenses(at_host, paid, vendor):
    rows = many_licenses(paid, many_sites(at_host.service, 2000), state="active")
    told = {"before": {"state": "none"}, "after": {"state": "active"}, "event": "bought", "actor": "test"}
    LicenseChange.objects.bulk_create(LicenseChange(license=row, at=START, **told) for row in rows)
    asked = {"now": START + DAY, "week": WEEK.total_seconds(), "app": "", "since": START - WEEK}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL enable_seqscan = off")  # two thousand are read faster than looked up
        cursor.execute(f"EXPLAIN {MOVES}", asked | {"vendor": vendor.pk})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on licensing_licensechange" not in plan
    assert numbers(weeks_of(vendor, counts(vendor), app="", now=START + DAY)) == [(0, 0, 0), (2000, 0, 0)]
