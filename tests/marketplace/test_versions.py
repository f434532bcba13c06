"""Numbers beyond the build number, the difference between versions, and plans of the questions about rollouts."""

import pytest
from django.db import connection
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor

from tradepost.core.errors import LimitError
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.releases import queries
from tradepost.marketplace.rollout import queries as rollout
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.watching import commands as watching

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR


def test_a_number_too_large_for_a_build_number_has_none_and_is_still_the_newest(server, listing):
    listing.versions.update(number="1.0.999", order_key=1_000_000_000_999, build=1_000_999)
    server.serve(descriptor(name="Renamed"))
    poll(listing, LATER)

    assert (listing.offered.number, listing.offered.build) == ("1.0.1000", None)


def test_a_higher_api_version_starts_a_new_major_number(server, listing):
    server.serve(descriptor(apiVersion=4, scopes=["READ", "WRITE"]))
    poll(listing, LATER)

    assert (listing.offered.number, listing.offered.change, listing.offered.consent) == ("4.0.0", "major", True)


def test_the_first_version_differs_from_nothing(listing):
    difference = queries.difference(listing.offered)

    assert (difference.before, difference.complete) == (None, True)
    assert {value.kind for value in difference.values} == {"added"}


def test_modules_are_matched_by_their_key_in_a_difference(server, vendor, owner):
    panels = [{"key": name, "url": f"/{name}"} for name in "abc"]
    url = server.serve(descriptor(modules={"webPanels": panels}))
    listing = catalog.list_app(vendor.pk, url, by=owner, now=START)
    changed = [panels[2], {"key": "a", "url": "/new"}, {"key": "d"}]
    server.serve(descriptor(modules={"webPanels": changed}))
    poll(listing, LATER)

    values = [(value.pointer, value.kind) for value in queries.difference(listing.offered).values]
    assert values == [
        ("/modules/webPanels/1/url", "changed"),
        ("/modules/webPanels/2", "added"),
        ("/modules/webPanels/1", "removed"),
        ("/modules/webPanels/0", "moved"),
    ]


def test_a_difference_shows_so_many_values_and_says_that_there_are_more(server, listing):
    server.serve(descriptor(translations={f"key{number}": "text" for number in range(3)}, name="Other"))
    poll(listing, LATER)
    server.serve(descriptor(translations={f"key{number}": "other" for number in range(300)}))
    poll(listing, LATER + HOUR)
    difference = queries.difference(listing.offered)

    assert (len(difference.values), difference.complete) == (queries.MOST_DIFFERENCES, False)


def test_one_person_does_not_let_us_ask_addresses_without_end(monkeypatch, server, listing, owner, operator):
    monkeypatch.setattr(watching, "ASKED_FOR", watching.Throttle(most=3, window=HOUR))
    for _ in range(3):
        catalog.preview(listing.app_key, by=owner)

    with pytest.raises(LimitError):
        catalog.preview(listing.app_key, by=owner)
    catalog.preview(listing.app_key, by=operator)


def test_questions_about_a_rollout_use_their_indexes(public_listing, server, vendor, owner, host):
    url = server.serve(descriptor(key="other.app"), "/other")
    other = catalog.list_app(vendor.pk, url, by=owner, now=START)
    sites = SiteRecord.objects.bulk_create(
        [
            SiteRecord(host=host[0], site=f"{number:032x}", name="S", first_seen_at=START, last_seen_at=START)
            for number in range(1, 6_001)
        ]
    )
    for each, some in ((other, sites), (public_listing, sites[:40])):
        InstallationRecord.objects.bulk_create(
            [
                InstallationRecord(
                    site=site, listing=each, running=each.offered, state="current", since=START, reported_at=START
                )
                for site in some
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rollout_installationrecord")

    runs = InstallationRecord.objects.filter(listing=public_listing, running=public_listing.offered).explain()
    waits = InstallationRecord.objects.filter(listing=public_listing, state="failed").exclude(target=None).explain()
    for plan in (runs, waits):
        assert "Index" in plan
        assert "Seq Scan" not in plan
    assert rollout.version_progress(public_listing)[0].running == 40
    assert rollout.version_progress(other)[0].running == 6_000
