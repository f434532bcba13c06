"""The pages of how sites stand with a deployed app."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from tests.foundation.people import token_for
from tests.marketplace.browsing import sign_in, text_of
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.rollout.making import make_listing, offer, sites_that_run
from tests.marketplace.wire_client import APP

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.rollout.drawing import crossing_chart
from tradepost.marketplace.rollout.majors import Crossing
from tradepost.marketplace.rollout.queries import Point

pytestmark = pytest.mark.django_db


def words(text):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


@pytest.fixture
def page(owner):
    browser = sign_in(owner)
    return lambda **query: text_of(browser.get(f"/listings/{APP}/sites/", query))


@pytest.fixture
def crossing(app, host):
    """Three days into a crossing: of 10 sites 4 have crossed, and one waits for the vendor."""
    now = domain_now()
    old = offer(app, "1.0.0", at=now - timedelta(days=40), watched=True)
    new = offer(app, "2.0.0", at=now - timedelta(days=2))
    offer(app, "3.0.0", at=now - HOUR)
    sites_that_run(new, host[0], 3)
    sites_that_run(new, host[0], 1, first=4, state="waiting_consent", target=app.offered)
    sites_that_run(old, host[0], 5, first=5, state="waiting_turn", target=app.offered, until=now + timedelta(days=1))
    sites_that_run(old, host[0], 1, first=10, state="waiting_vendor", target=app.offered)
    return app


def test_it_says_until_when_sites_cross_and_for_majors_who_waits_for_consent(crossing, page):
    text = page()

    said = words(text)
    assert "4 of 10 sites run a deployed version." in said
    assert "Had their turn 5 of 10" in said
    assert "waits for its turn 5" in said
    assert "waits for a rollout 1" in said
    assert "until you start a rollout, or an administrator updates" in said
    assert "?major=2&amp;state=waiting_consent" in text
    ((figure),) = re.findall(r'data-chart="([^"]*)"', text)
    chart = json.loads(unescape(figure))
    assert chart["series"][1]["values"][-1] == 10


def test_a_page_of_some_sites_shows_these_alone(crossing, page):
    said = words(page(major="1", state="waiting_turn"))

    assert "From watched to deployed" not in said
    assert "Site 5" in said
    assert "Site 1 " not in said
    assert "No site fits." in words(page(major="x"))


def test_a_site_whose_code_is_ahead_shows_what_it_has_granted(app, host, page):
    granted, running = offer(app, "1.1.0"), offer(app, "2.0.0")
    sites_that_run(running, host[0], granted=granted)

    assert "2.0.0 permissions of 1.1.0" in words(page())


def test_a_watched_app_shows_neither_majors_nor_a_crossing(vendor, host, owner):
    listing = make_listing(vendor, "com.example.watched", source="watched")
    sites_that_run(offer(listing, "1.0.0", watched=True), host[0])
    said = words(text_of(sign_in(owner).get("/listings/com.example.watched/sites/")))

    assert "Majors" not in said
    assert "deployed" not in said


def test_where_everybody_has_crossed_that_is_said(app, host, page):
    offer(app, "1.0.0", watched=True)
    sites_that_run(offer(app, "2.0.0"), host[0], 2)

    assert "All 2 sites run a deployed version" in words(page())


def test_rest_tells_of_majors_and_of_what_is_granted(crossing, owner):
    browser = Client(headers={"authorization": f"Bearer {token_for(owner.user, 'apps:read')}"})
    majors = browser.get(f"/api/1/listings/{APP}/majors").json()
    assert [(each["major"], each["sites"], each["is_deployed"]) for each in majors] == [
        (3, 0, True), (2, 4, True), (1, 6, False),
    ]  # fmt: skip
    found = browser.get(f"/api/1/listings/{APP}/sites", {"major": "2"}).json()["items"]
    assert [each["granted"] for each in found] == [None] * 4


class TestChart:
    crossing = Crossing(
        began=START, last_turn=START + 92 * HOUR, ends=START + 120 * HOUR, crossed=2, not_asked=0,
        states={"waiting_turn": 3}, turns=((START + 4 * HOUR, 1), (START + 8 * HOUR, 2)),
    )  # fmt: skip

    def test_it_joins_what_was_and_what_turns_will_bring(self):
        points = [Point(START - HOUR, {"1.0.0": 5}), Point(START + HOUR, {"1.0.0": 3, "2.0.0": 2})]
        chart = json.loads(crossing_chart(self.crossing, points, {"2.0.0"}, now=START + 2 * HOUR))

        first = int(START.timestamp())
        assert [(at - first) // 3600 for at in chart["times"]] == [0, 1, 2, 4, 8]
        assert [each["values"] for each in chart["series"]] == [[0, 2, 2, None, None], [None, None, 2, 3, 5]]

    def test_nothing_is_drawn_where_nothing_moves(self):
        assert crossing_chart(replace(self.crossing, turns=()), [], set(), now=START + HOUR) == ""
