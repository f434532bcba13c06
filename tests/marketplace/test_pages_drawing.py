"""A rollout made ready for a chart and a table."""

import json
from datetime import UTC, datetime, timedelta

from tradepost.marketplace.rollout.drawing import chart_of, worth_showing
from tradepost.marketplace.rollout.queries import Point, Progress

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_nothing_is_drawn_where_no_site_has_the_app():
    assert chart_of([], until=START) == ""


def test_a_chart_goes_on_until_now_with_the_newest_version_first():
    points = [Point(START, {"1.9.0": 2}), Point(START + HOUR, {"1.9.0": 1, "1.10.0": 1})]
    chart = json.loads(chart_of(points, until=START + 3 * HOUR))
    first = int(START.timestamp())
    assert chart["times"] == [first, first + 3600, first + 3 * 3600]
    assert chart["series"] == [{"label": "1.10.0", "values": [0, 1, 1]}, {"label": "1.9.0", "values": [2, 1, 1]}]


def test_old_versions_share_one_line():
    points = [Point(START, {f"1.{number}.0": 1 for number in range(9)})]
    chart = json.loads(chart_of(points, until=START))
    assert [series["label"] for series in chart["series"]] == [*(f"1.{n}.0" for n in range(8, 2, -1)), "others"]
    assert chart["series"][-1]["values"] == [3]


def test_a_table_leaves_out_versions_that_concern_no_site():
    progress = [Progress("1.0.3"), Progress("1.0.2", running=1), Progress("1.0.1"), Progress("1.0.0", since=START)]
    assert [each.number for each in worth_showing(progress, keep={"1.0.3"})] == ["1.0.3", "1.0.2", "1.0.0"]
