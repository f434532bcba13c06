"""What a poll does, on a real server that changes, breaks and comes back."""

import json
from datetime import timedelta

import pytest
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor, send

from tradepost.core.errors import ConflictError
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import AuditEntry, OutgoingMail
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.watching import commands, queries
from tradepost.marketplace.watching.claims import claim_due
from tradepost.marketplace.watching.models import Document, PollEvent

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR


def kinds(listing):
    return list(Notice.objects.filter(listing=listing).order_by("id").values_list("kind", flat=True))


def panel(url):
    return descriptor(modules={"webPanels": [{"key": "panel", "url": url}]})


def test_a_poll_that_finds_nothing_new_writes_only_the_listing(server, listing):
    audited, documents = AuditEntry.objects.count(), Document.objects.count()
    before = listing.next_poll_at

    poll(listing, LATER)

    assert (listing.versions.count(), PollEvent.objects.count()) == (1, 0)
    assert (AuditEntry.objects.count(), Document.objects.count()) == (audited, documents)
    assert listing.next_poll_at > before
    assert listing.poll_lease is None


def test_an_unchanged_listing_costs_three_statements(listing, owner, django_assert_num_queries):
    catalog.poll_now(listing.app_key, by=owner, now=LATER)
    with django_assert_num_queries(3):  # take it, ask where the hosts are, write its row
        commands.poll_due(LATER)


def test_requests_are_conditional(server, listing):
    poll(listing, LATER)

    assert server.asked[-1][1]["If-None-Match"] == listing.etag != ""


def test_white_space_and_the_order_of_keys_are_no_change_and_the_new_bytes_are_remembered(server, listing):
    server.serve(json.dumps(dict(reversed(descriptor().items())), indent=4).encode())
    before = listing.fetched_sha256
    poll(listing, LATER)

    assert listing.versions.count() == 1
    assert listing.fetched_sha256 != before


def test_a_change_becomes_a_version_with_its_reasons_and_the_vendor_is_told_why(server, listing):
    server.serve(panel("/new"))
    poll(listing, LATER)

    version = listing.offered
    assert (version.number, version.change, version.consent, version.made_by) == ("1.0.1", "patch", False, "watching")
    assert [(reason["rule"], reason["pointer"]) for reason in version.reasons] == [
        ("module.changed", "/modules/webPanels/0")
    ]
    mail = OutgoingMail.objects.get(subject="Example: version 1.0.1 was made")
    assert "no consent" in mail.text
    assert "http://127.0.0.1:8000/listings/com.example.app" in mail.text


def test_the_vendors_mail_says_what_could_have_gone_alone(server, listing):
    server.serve({**panel("/new"), "scopes": ["READ", "WRITE"]})
    poll(listing, LATER)

    mail = OutgoingMail.objects.get(subject="Example: version 1.1.0 was made")
    assert "have to agree first" in mail.text
    assert "- /modules/webPanels/0" in mail.text


def test_numbers_count_from_the_newest_version_whatever_its_state(server, public_listing, owner, operator):
    listing = public_listing
    server.serve(descriptor(baseUrl="http://127.0.0.2:9001/app"))
    poll(listing, LATER)
    assert listing.offered.number == "1.0.0"

    server.serve({**descriptor(baseUrl="http://127.0.0.2:9001/app"), "scopes": ["READ", "WRITE"]})
    poll(listing, LATER + HOUR)

    assert [v.number for v in listing.versions.order_by("order_key")] == ["1.0.0", "1.0.1", "1.1.0"]
    assert [v.state for v in listing.versions.order_by("order_key")] == ["offered", "in_review", "in_review"]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [(descriptor(key="com.example.other"), "key.changed"), (descriptor(apiVersion=1), "api_version.lowered")],
)
def test_another_key_and_a_lower_api_version_are_refused_once(server, vendor, owner, changed, rule):
    listing = catalog.list_app(vendor.pk, server.serve(descriptor(apiVersion=2)), by=owner, now=START)
    server.serve(changed)
    for hours in (5, 6, 7):
        poll(listing, START + hours * HOUR)

    assert listing.versions.count() == 1
    assert listing.problem["problems"][0]["rule"] == rule
    assert kinds(listing) == ["listed", "refused", "degraded"]


def test_a_problem_is_told_once_and_so_is_its_end(server, listing):
    server.serve(503)
    poll(listing, LATER)
    poll(listing, LATER + HOUR)
    assert listing.poll_failures == 2
    assert listing.problem["text"] == "The descriptor address answered 503; 200 is expected."
    assert listing.problem_since == LATER

    server.serve(descriptor())
    poll(listing, LATER + 2 * HOUR)

    assert kinds(listing) == ["listed", "problem", "recovered"]
    assert (listing.problem, listing.problem_since, listing.poll_failures) == (None, None, 0)
    assert [event.outcome for event in queries.poll_events(listing)] == ["recovered", "status"]


def test_another_problem_is_told_too(server, listing):
    server.serve(b"{")
    poll(listing, LATER)
    server.serve(500)
    poll(listing, LATER + HOUR)

    assert kinds(listing) == ["listed", "problem", "problem"]


def test_a_problem_that_comes_and_goes_is_told_once_a_day(server, listing):
    for round_ in range(6):
        server.serve(500 if round_ % 2 == 0 else descriptor())
        poll(listing, LATER + round_ * timedelta(minutes=20))

    assert kinds(listing) == ["listed", "problem", "recovered"]


def test_after_three_failures_a_listing_is_degraded_and_polls_go_on_within_five_hours(server, listing):
    server.serve(500)
    pauses = []
    for hours in range(12):
        now = LATER + hours * HOUR
        poll(listing, now)
        pauses.append(listing.next_poll_at - now)

    assert pauses[0] <= timedelta(minutes=15) < pauses[2]
    assert max(pauses) <= 5 * HOUR
    assert listing.degraded_at == LATER + 2 * HOUR
    assert kinds(listing) == ["listed", "problem", "degraded"]


def test_the_same_bytes_stay_a_problem_until_they_change(server, listing):
    server.serve(descriptor(baseUrl=None))
    poll(listing, LATER)
    known = listing.fetched_sha256
    poll(listing, LATER + HOUR)

    assert listing.problem["kind"] == "invalid"
    assert listing.problem["problems"] == [
        {"pointer": "/baseUrl", "text": "The required field baseUrl is missing.", "rule": "field.required"}
    ]
    assert (listing.poll_failures, listing.fetched_sha256) == (2, known)


def test_more_than_twelve_versions_in_a_day_hold_the_listing(server, listing, owner):
    for number in range(15):
        server.serve(panel(f"/{number}"))
        poll(listing, LATER + number * timedelta(minutes=10))

    assert configuration.policy.versions_per_day == 12
    assert listing.versions.count() == 12
    assert listing.held_at == LATER + 11 * timedelta(minutes=10)
    assert kinds(listing).count("held") == 1
    assert queries.next_due() is None
    with pytest.raises(ConflictError):
        catalog.poll_now(listing.app_key, by=owner, now=LATER)


def test_a_held_listing_that_is_resumed_is_polled_at_once_and_counted_anew(server, listing, owner):
    test_more_than_twelve_versions_in_a_day_hold_the_listing(server, listing, owner)
    now = LATER + 4 * HOUR
    catalog.resume(listing.app_key, by=owner, now=now)
    assert queries.next_due() == now

    commands.poll_due(now)

    listing.refresh_from_db()
    assert (listing.held_at, listing.versions.count(), listing.offered.number) == (None, 13, "1.0.12")


def test_versions_of_yesterday_do_not_count(server, listing):
    for number in range(15):
        server.serve(panel(f"/{number}"))
        poll(listing, LATER + number * 3 * HOUR)

    assert listing.held_at is None
    assert listing.versions.count() == 16


def test_a_server_that_says_not_modified_without_being_asked_is_a_problem(server, vendor, owner):
    listing = catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
    server.serve(lambda handler: send(handler, b"", status=304))
    poll(listing, LATER)
    assert listing.problem is None  # it was asked: these are the bytes we know

    listing.fetched_sha256 = listing.etag = ""
    listing.save()
    poll(listing, LATER + HOUR)
    assert listing.problem["kind"] == "status"


def test_sites_keep_what_is_offered_while_the_descriptor_is_broken(server, public_listing):
    server.serve(b"<html>")
    poll(public_listing, LATER)

    assert public_listing.offered.number == "1.0.0"
    assert public_listing.state == "public"


def test_a_poll_that_was_overtaken_by_a_new_address_records_nothing(server, listing, owner):
    server.serve(panel("/new"))

    (taken,) = claim_due(listing.next_poll_at)
    server.serve(descriptor(), "/moved.json")
    catalog.change_descriptor_url(listing.app_key, server.url("/moved.json"), by=owner, now=LATER)
    found = commands.fetch_descriptor(server.url())
    commands.record(taken, found, now=LATER)

    listing.refresh_from_db()
    assert listing.versions.count() == 1
    assert listing.next_poll_at == LATER


def test_a_submitted_listing_goes_on_as_a_private_one(server, listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    server.serve(descriptor(baseUrl="http://127.0.0.2:9001/app"))
    poll(listing, LATER)

    assert listing.offered.number == "1.0.1"
