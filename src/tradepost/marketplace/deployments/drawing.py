"""A picture of an environment over time: how many sites run each major."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tradepost.marketplace.rollout.queries import Point

MOST_MAJORS = 6
UNKNOWN = "?"


def majors_chart(points: Sequence[Point], *, until: datetime) -> str:
    """The JSON that `data-chart` takes: a line for each of the newest majors, one for all others. Empty for nothing."""
    if not points:
        return ""
    drawn = [(point.at, _by_major(point)) for point in points]
    if drawn[-1][0] < until:
        drawn.append((until, drawn[-1][1]))
    majors = sorted({major for _, running in drawn for major in running}, reverse=True)
    shown, others = majors[:MOST_MAJORS], set(majors[MOST_MAJORS:])
    series = [
        {"label": f"major {major}" if major >= 0 else UNKNOWN, "values": [running[major] for _, running in drawn]}
        for major in shown
    ]
    if others:
        rest = [sum(sites for major, sites in running.items() if major in others) for _, running in drawn]
        series.append({"label": "older majors", "values": rest})
    return json.dumps({"times": [int(at.timestamp()) for at, _ in drawn], "series": series})


def _by_major(point: Point) -> Counter[int]:
    found: Counter[int] = Counter()
    for number, sites in point.running.items():
        major = number.partition(".")[0]
        found[int(major) if major.isdecimal() else -1] += sites
    return found
