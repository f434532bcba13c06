"""`tradepost rollout`: starting, watching and stopping, against a marketplace with sites."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from tests.cli.deployhouse import Desk, manifest, more_scopes
from tests.cli.deploysites import MarketSites
from tests.marketplace.bulk.making import move_of

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.bulk import commands
from tradepost.marketplace.bulk.models import BulkUpgrade
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.rollout.models import InstallationRecord


@pytest.fixture
def notes(desk: Desk) -> Desk:
    """Production has 1.1.0, and the major 2.0.0, which asks for less."""
    desk.write(more_scopes())
    assert desk.run("register").status == 0
    assert desk.run("deploy", "-e", "production").status == 0
    desk.write(manifest())
    assert desk.run("deploy", "-e", "production", "--approve-major").status == 0
    return desk


@pytest.fixture
def sites(notes: Desk) -> MarketSites:
    return MarketSites()


def report(sites: MarketSites, reported, state: str, text: str = "") -> None:
    """What the sites of a rollout say became of it, as the marketplace takes reports."""
    number = "2.0.0" if state == "current" else "1.1.0"
    running, now = sites.listing.versions.get(number=number), domain_now()
    with transaction.atomic():
        list(Listing.objects.select_for_update(no_key=True).filter(pk=sites.listing.pk))
        records = InstallationRecord.objects.filter(site__in=reported, listing=sites.listing)
        records.update(running=running, state=state, since=now, reported_at=now)
        moves = [move_of(site, sites.listing, running, state, text) for site in reported]
        commands.note_reports(moves, now=now)


def test_a_dry_run_says_how_many_sites_and_starts_nothing(notes: Desk, sites: MarketSites) -> None:
    sites.run("1.1.0", 5)

    seen = notes.run("rollout", "start", "--from", "1", "--limit", "3", "--dry-run")
    assert (seen.status, seen.err) == (0, "")
    assert "3 of 5 sites" in seen.out
    assert notes.run("rollout", "start", "--from", "1", "--dry-run", "--json").answer["pending"] == 5
    assert not BulkUpgrade.objects.exists()


def test_a_rollout_is_started_looked_at_and_stopped(notes: Desk, sites: MarketSites) -> None:
    taken = sites.run("1.1.0", 4)

    started = notes.run("rollout", "start", "--from", "1", "--to", "2.0", "--limit", "3", "--json")
    assert (started.status, started.answer["state"], started.answer["to_version"]) == (0, "running", "2.0.0")
    report(sites, taken[:1], "current")
    report(sites, taken[1:2], "failed", "The app answered 500.")
    told = notes.run("rollout", "status")
    assert "1 upgraded, 1 failed, 0 left, 1 pending" in told.out
    assert "The app answered 500." in told.out
    assert "Site 2" in told.out
    named = notes.run("rollout", "status", started.answer["id"], "--json").answer
    assert (named["upgraded"], named["failed"], named["remaining"]) == (1, 1, 1)
    second = notes.run("rollout", "start", "--from", "1", "--json")
    assert (second.status, second.answer["rule"]) == (1, "rollout.running")
    assert "tradepost rollout cancel" in second.err
    stopped = notes.run("rollout", "cancel")
    assert "cancelled" in stopped.out
    assert notes.run("rollout", "cancel").status == 0
    assert "cancelled" in notes.run("rollout", "list").out
    assert len(notes.run("rollout", "list", "--json").answer["items"]) == 1


def test_who_watches_waits_for_the_end_and_reads_it_from_the_status(notes: Desk, sites: MarketSites) -> None:
    taken = sites.run("1.1.0", 2)
    assert notes.run("rollout", "start", "--from", "1").status == 0

    with ThreadPoolExecutor() as pool:
        watching = pool.submit(notes.run, "rollout", "status", "--watch", "--timeout", "50")
        report(sites, taken[:1], "current")
        report(sites, taken[1:], "current")
        ended = watching.result(timeout=60)
    assert ended.status == 0, ended.err
    assert "2 upgraded, 0 failed, 0 left, 0 pending" in ended.out
    assert "rollout to 2.0.0: " in ended.err
    connection.close()


def test_failures_and_a_rollout_that_takes_too_long_end_with_1(notes: Desk, sites: MarketSites) -> None:
    taken = sites.run("1.1.0", 1)

    late = notes.run("rollout", "start", "--from", "1", "--watch", "--timeout", "0.5")
    assert (late.status, "it still runs" in late.err) == (1, True)
    report(sites, taken, "failed", "No.")
    failed = notes.run("rollout", "status", "--watch", "--json")
    assert (failed.status, failed.answer["failed"]) == (1, 1)


def test_a_person_sees_what_it_would_take_and_is_asked(notes: Desk, sites: MarketSites) -> None:
    sites.run("1.1.0", 2)

    declined = notes.typed(("rollout", "start", "--from", "1"), {"Start it? [y/N]: ": "n"})
    assert (declined.status, "2 of 2 sites" in declined.out) == (1, True)
    assert not BulkUpgrade.objects.exists()
    assert notes.typed(("rollout", "start", "--from", "1"), {"Start it? [y/N]: ": "y"}).status == 0
    assert BulkUpgrade.objects.get().started_by == "vera@acme.test"


def test_what_cannot_be_rolled_out_says_why(notes: Desk, sites: MarketSites) -> None:
    nobody = notes.run("rollout", "start", "--from", "1", "--json")
    assert (nobody.status, nobody.answer["rule"]) == (1, "rollout.nobody")
    backwards = notes.run("rollout", "start", "--from", "2", "--to", "1.1", "--json")
    assert (backwards.status, backwards.answer["rule"]) == (1, "rollout.not_newer")
    notes.write(more_scopes())
    notes.run("deploy", "-e", "production", "--approve-major")
    sites.run("2.0.0", 1)
    rights = notes.run("rollout", "start", "--from", "2")
    assert rights.status == 1
    assert "when their administrators consent" in rights.err
    none = notes.run("rollout", "status", "-e", "staging")
    assert (none.status, "no rollout was started in staging" in none.err) == (1, True)
    assert notes.run("rollout", "status", "nonsense").status in {1, 5}
    assert notes.run("rollout", "start").status == 2


def test_a_deploy_token_looks_at_rollouts_and_starts_none(notes: Desk, sites: MarketSites) -> None:
    sites.run("1.1.0", 2)
    made = notes.run("deploy-token", "make", "pipeline", "-e", "production", "--json").answer
    build = {"TRADEPOST_TOKEN": made["token"]}

    refused = notes.run("rollout", "start", "--from", "1", **build)
    assert (refused.status, BulkUpgrade.objects.count()) == (4, 0)
    notes.run("rollout", "start", "--from", "1")
    assert notes.run("rollout", "status", **build).status == 0
    assert notes.run("rollout", "cancel", **build).status == 4
