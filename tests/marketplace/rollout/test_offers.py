"""What sites are offered of deployed apps: by major, in their turn, in rollouts; and what a check asks the database."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.rollout.making import choose, make_listing, numbers, offer, sites_that_run, told
from tests.marketplace.wire_client import APP, WireHost, site_id

from tradepost.core.schedule import turn_of
from tradepost.marketplace.bulk.models import BulkSite, BulkUpgrade
from tradepost.marketplace.hosts import commands as hosts

pytestmark = pytest.mark.django_db


def roll_out(listing, version, sites, *, state="running", site_state="pending"):
    bulk = BulkUpgrade.objects.create(
        listing=listing, kind="bulk", from_major=1, to_version=version, limit=9, eligible=9, state=state,
        started_at=START, started_by="test",
    )  # fmt: skip
    BulkSite.objects.bulk_create(BulkSite(bulk=bulk, site=site, state=site_state, at=START) for site in sites)
    choose(listing)
    return bulk


def test_a_site_hears_of_the_newest_of_its_major_and_of_the_newest_of_all(app, wire):
    offer(app, "1.1.0", "1.2.0", "1.10.0", "2.0.0", "2.1.0", "3.0.0")
    answer = wire.check((1, "1.1.0"), (2, "1.10.0"), (3, "2.0.0"), (4, "3.0.0"), (5, "3.1.0"), (6, None))

    assert numbers(answer) == {1: ["1.10.0", "3.0.0"], 2: ["3.0.0"], 3: ["2.1.0", "3.0.0"]}
    versions = {each["version"]: each for each in answer.json()["versions"]}
    assert sorted(versions) == ["1.10.0", "2.1.0", "3.0.0"]
    manifests = {number: found["manifest"] for number, found in versions.items()}
    assert manifests == {number: app.versions.get(number=number).manifest_id for number in versions}


def test_a_backport_never_becomes_the_newest_whenever_it_came(app, wire):
    offer(app, "1.1.0", "2.0.0")
    offer(app, "1.2.0", at=START + HOUR)

    assert numbers(wire.check((1, "1.1.0"), (2, "2.0.0"))) == {1: ["1.2.0", "2.0.0"]}
    assert wire.get(f"/wire/1/apps/{APP}").json()["version"]["version"] == "2.0.0"


@pytest.mark.parametrize("state", ["in_review", "withdrawn", "rejected", "superseded"])
def test_a_version_that_is_not_offered_shows_nowhere(app, wire, state):
    offer(app, "1.1.0")
    offer(app, "1.2.0", "2.0.0", state=state)

    assert numbers(wire.check((1, "1.1.0"))) == {}
    assert wire.get(f"/wire/1/apps/{APP}").json()["version"]["version"] == "1.1.0"


def test_where_the_newest_of_a_major_went_back_to_review_the_one_before_it_holds(app, wire):
    last = offer(app, "1.1.0", "1.2.0", "1.3.0")
    app.versions.filter(pk=last.pk).update(state="in_review")
    choose(app)

    assert numbers(wire.check((1, "1.1.0"), (2, "1.3.0"))) == {1: ["1.2.0"]}


def test_numbers_of_any_length_are_compared_as_numbers(app, wire):
    offer(app, "1.1.0", "2.0.0")
    long = "9" * 18

    assert numbers(wire.check((1, f"1.{long}.0"), (2, f"{long}.0.0"), (3, "1.0.999999999"))) == {
        1: ["2.0.0"],
        3: ["1.1.0", "2.0.0"],
    }


class TestCrossing:
    """A watched app became a deployed one."""

    @pytest.fixture
    def crossing(self, app):
        offer(app, "1.0.0", "1.0.1", watched=True)
        offer(app, "2.0.0", at=START + HOUR)
        offer(app, "2.1.0", at=START + 5 * HOUR)
        return app

    @pytest.mark.usefixtures("crossing")
    def test_every_site_has_its_own_turn_counted_from_the_first_deployed_version(self, wire):
        answer = told(wire.check(*[(number, "1.0.0") for number in range(1, 301)]))

        spread, turns = timedelta(hours=120 - 24 - 4), {}
        for number, offers in answer.items():
            ((version, not_before, rollout),) = offers
            assert (version, rollout) == ("2.1.0", None)
            turns[number] = datetime.fromisoformat(not_before)
            assert turns[number] == turn_of(str(site_id(number)), began=START + HOUR, spread=spread)
        shares = sorted((turn - START - HOUR) / spread for turn in turns.values())
        assert len(turns) == 300
        assert shares[0] >= 0
        assert shares[-1] <= 1
        assert all(abs(share - place / 300) < 0.1 for place, share in enumerate(shares)), "steadily"

    def test_a_later_version_and_a_later_check_leave_the_turn_what_it_is(self, crossing, wire):
        ((_, before, _),) = told(wire.check((7, "1.0.1")))[7]
        offer(crossing, "2.2.0", at=START + 50 * HOUR)
        offer(crossing, "3.0.0", at=START + 51 * HOUR)

        assert told(wire.check((7, "1.0.0")))[7] == [("3.0.0", before, None)]

    def test_nobody_waits_for_a_turn_who_runs_a_deployed_version(self, crossing, wire):
        offer(crossing, "3.0.0", at=START + 6 * HOUR)

        assert told(wire.check((1, "2.0.0"))) == {1: [("2.1.0", None, None), ("3.0.0", None, None)]}

    def test_while_the_first_deployed_version_waits_for_its_review_the_watched_ones_go_on(self, vendor, wire):
        listing = make_listing(vendor, "com.example.waits")
        offer(listing, "1.0.0", "1.0.1", watched=True)
        offer(listing, "2.0.0", state="in_review")

        assert told(wire.check((1, {"com.example.waits": "1.0.0"}))) == {1: [("1.0.1", None, None)]}

    def test_a_rollout_may_take_a_site_before_its_turn(self, crossing, wire, host):
        (site,) = sites_that_run(crossing.versions.get(number="1.0.1"), host[0])
        bulk = roll_out(crossing, crossing.versions.get(number="2.0.0"), [site])

        ((version, not_before, rollout),) = told(wire.check((1, "1.0.1")))[1]
        assert (version, rollout) == ("2.1.0", str(bulk.pk))
        assert not_before is not None


class TestRollouts:
    @pytest.fixture
    def majors(self, app):
        offer(app, "1.1.0", "1.2.0", "2.0.0", "2.1.0", "3.0.0")
        return app

    @pytest.mark.parametrize(("site_state", "is_in"), [("pending", True), ("failed", True), ("upgraded", False)])
    def test_a_site_that_takes_part_is_told_so(self, majors, wire, host, site_state, is_in):
        sites = sites_that_run(majors.versions.get(number="1.1.0"), host[0], 2)
        bulk = roll_out(majors, majors.versions.get(number="3.0.0"), sites[:1], site_state=site_state)

        answer = told(wire.check((1, "1.2.0"), (2, "1.1.0")))
        assert answer[1] == [("3.0.0", None, str(bulk.pk) if is_in else None)]
        assert answer[2] == [("1.2.0", None, None), ("3.0.0", None, None)]

    def test_it_brings_the_newest_of_its_own_major_though_there_is_a_higher_one(self, majors, wire, host):
        sites = sites_that_run(majors.versions.get(number="1.2.0"), host[0])
        bulk = roll_out(majors, majors.versions.get(number="2.0.0"), sites)

        assert told(wire.check((1, "1.2.0"))) == {1: [("2.1.0", None, str(bulk.pk))]}
        assert told(wire.check((1, "2.0.0"))) == {1: [("2.1.0", None, None)]}

    def test_one_that_is_over_brings_nobody(self, majors, wire, host):
        sites = sites_that_run(majors.versions.get(number="1.2.0"), host[0])
        roll_out(majors, majors.versions.get(number="3.0.0"), sites, state="cancelled")

        assert told(wire.check((1, "1.2.0"))) == {1: [("3.0.0", None, None)]}

    def test_the_same_identifier_at_another_host_is_another_site(self, majors, operator, host):
        sites = sites_that_run(majors.versions.get(number="1.2.0"), host[0])
        roll_out(majors, majors.versions.get(number="3.0.0"), sites)
        _, code = hosts.invite_host("Other product", by=operator, now=START)
        _, credential = hosts.enrol(code, base_url="http://127.0.0.3:8001", product="jira", now=START)

        assert told(WireHost(credential).check((1, "1.2.0"))) == {1: [("3.0.0", None, None)]}


def statements(act):
    with CaptureQueriesContext(connection) as taken:
        act()
    return [query["sql"] for query in taken if "clockoffset" not in query["sql"]]


def test_a_check_of_deployed_apps_asks_thrice_and_once_more_where_a_rollout_runs(app, wire, host):
    offer(app, "1.1.0", "1.2.0", "2.0.0")
    everybody = [(number, "1.1.0") for number in range(1, 201)]
    wire.check(*everybody)
    assert len(statements(lambda: wire.check(*everybody))) == 3

    sites = sites_that_run(app.versions.get(number="1.1.0"), host[0], 5, first=500)
    roll_out(app, app.versions.get(number="2.0.0"), sites)
    wire.check(*everybody)
    assert len(statements(lambda: wire.check(*everybody))) == 4


def test_a_watched_app_is_offered_as_ever(vendor, wire):
    listing = make_listing(vendor, "com.example.watched", source="watched")
    offer(listing, "1.0.0", "1.1.0", "2.0.0", watched=True)

    answer = wire.check((1, {"com.example.watched": "1.0.0"}))
    assert told(answer) == {1: [("2.0.0", None, None)]}
    assert answer.json()["versions"][0]["manifest"] is None


def test_manifests_are_given_as_they_were_deployed_but_only_of_what_the_host_may_see(app, wire, host):
    old = offer(app, "1.1.0")
    hidden = offer(app, "1.2.0", state="in_review")

    found = wire.get(f"/wire/1/manifests/{old.manifest_id}")
    assert (found.status_code, found.content) == (200, bytes(old.manifest.content))
    assert found["ETag"] == f'"{old.manifest_id}"'
    assert wire.get(f"/wire/1/manifests/{hidden.manifest_id}").status_code == 404
    assert wire.get(f"/wire/1/manifests/{old.document_id}").status_code == 404

    app.state = "private"
    app.save()
    assert wire.get(f"/wire/1/manifests/{old.manifest_id}").status_code == 404
    sites_that_run(old, host[0])
    assert wire.get(f"/wire/1/manifests/{old.manifest_id}").status_code == 200
    assert wire.post(f"/wire/1/manifests/{old.manifest_id}", {}).status_code == 405


def test_manifests_are_for_hosts_only(app, client):
    version = offer(app, "1.1.0")

    assert client.get(f"/wire/1/manifests/{version.manifest_id}").status_code == 401


def test_the_manifest_of_what_a_site_has_granted_stays_readable(app, wire, host):
    granted, running = offer(app, "1.1.0"), offer(app, "2.0.0")
    sites_that_run(running, host[0], granted=granted, sequence=1)
    app.versions.filter(pk=granted.pk).update(state="superseded")

    assert wire.get(f"/wire/1/manifests/{granted.manifest_id}").status_code == 200


def test_a_private_apps_majors_are_told_only_to_sites_that_have_it(vendor, wire, host):
    listing = make_listing(vendor, "com.example.own", state="private")
    old = offer(listing, "1.1.0")
    offer(listing, "1.2.0", "2.0.0")
    sites_that_run(old, host[0])

    answer = wire.check((1, {"com.example.own": "1.1.0"}), (2, {"com.example.own": "1.1.0"}))
    assert numbers(answer) == {1: ["1.2.0", "2.0.0"]}
    assert answer.json()["unknown"] == ["com.example.own"]
    assert uuid.UUID(answer.json()["offers"][0]["site"]) == site_id(1)


def test_reasons_are_told_without_their_lines_and_not_all_of_very_many(app, wire):
    reasons = [
        {"rule": "module.changed", "pointer": f"/{number}", "change": "minor", "consent": False, "text": "It changed.",
         "line": number, "column": 1}
        for number in range(200)
    ]  # fmt: skip
    offer(app, "1.1.0")
    offer(app, "1.2.0", "2.0.0", reasons=reasons)

    versions = {each["version"]: each for each in wire.check((1, "1.1.0")).json()["versions"]}
    assert [len(versions[number]["reasons"]) for number in ("1.2.0", "2.0.0")] == [20, 100]
    for found in versions.values():
        assert found["reasons"][1] == {
            "rule": "module.changed", "pointer": "/1", "change": "minor", "consent": False, "text": "It changed.",
        }  # fmt: skip
