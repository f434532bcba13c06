"""The marketplace's hint that there is a new version: sites that run its major ask within minutes instead of a day.

The hint brings nothing else, so it can come late, twice or never: the next check finds the version anyway.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.states import InstallationState
from tradepost.core.version import Version
from tradepost.foundation import jobs, problems
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import MARKETPLACE
from tradepost.wire import messages as wire
from tradepost.wire.reading import UnreadableMessageError, read_message

from .signatures import refuse_push

LARGEST_NEWS = 131_072
"""Bytes: MOST_NEWS apps with the longest keys stay below."""

AT_ONCE = 5_000
"""Sites by one statement, so that no other writer of sites waits long; each is kept as soon as it is written."""

_STATES = [InstallationState.ENABLED.value, InstallationState.DISABLED.value]


@csrf_exempt
def push(request: HttpRequest) -> HttpResponse:
    """POST /wire/1/news: let the sites concerned ask soon. 204, whether or not there are any."""
    refusal = refuse_push(request, most_bytes=LARGEST_NEWS)
    if refusal is not None:
        return refusal
    try:
        message = read_message(request.body, wire.News)
    except UnreadableMessageError as error:
        return problems.answer_status(request, 400, f"The push is not of the contract: {error}.")
    take_news(message.apps, now=domain_now())
    return HttpResponse(status=204)


def take_news(apps: Collection[wire.AppNews], *, now: datetime) -> int:
    """Have the sites that run these majors check within `policy.news_spread`, each at its own moment, the same one
    every time. Return how many that brought forward. `now` is domain time.

    A site that is checking at this moment may have been answered before the news, so it checks once more.
    """
    if not apps:
        return 0
    sites, moved = _concerned(apps), 0
    for start in range(0, len(sites), AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(
                _HURRY,
                {
                    "ids": sites[start : start + AT_ONCE], "now": now, "machine": machine_now(),
                    "spread": configuration.policy.news_spread,
                },
            )  # fmt: skip
            moved += cursor.rowcount
    jobs.defer("check_due_sites")
    return moved


def _concerned(apps: Collection[wire.AppNews]) -> list[UUID]:
    """The sites that run something of these majors, in the order in which everybody locks them."""
    known = [each for each in apps if (each.major + 1) * _MAJOR <= _MOST]
    with connection.cursor() as cursor:
        cursor.execute(
            _CONCERNED,
            {
                "apps": [each.app for each in known],
                "first": [each.major * _MAJOR for each in known],
                "last": [(each.major + 1) * _MAJOR - 1 for each in known],
                "source": MARKETPLACE,
                "states": _STATES,
            },
        )
        return sorted(row[0] for row in cursor.fetchall())


_MAJOR = Version(1, 0, 0).order_key
"""How far the order keys of two majors are apart."""

_MOST = 2**63 - 1
"""No version that is known here is above it: its order key is kept in 64 bits."""

_CONCERNED = """
    SELECT DISTINCT i.site_id
    FROM unnest(%(apps)s::text[], %(first)s::bigint[], %(last)s::bigint[]) AS news (app_key, first, last)
    JOIN installing_knownversion v
      ON v.app_key = news.app_key AND v.order_key BETWEEN news.first AND news.last AND v.origin_site_id IS NULL
    JOIN installing_installation i ON i.app_key = v.app_key AND i.running_id = v.id
    WHERE i.source = %(source)s AND i.state = ANY(%(states)s)
"""

# The share of the spread is drawn from the site's name alone. Locked in order first, so that two of these, or one and
# a worker that gives its sites back, never wait for each other.
_HURRY = """
    WITH mine AS (
        SELECT id, %(now)s + %(spread)s::interval
            * (('x' || substr(encode(sha256(id::text::bytea), 'hex'), 1, 8))::bit(32)::bigint / 4294967296.0) AS soon
        FROM sites_site WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE sites_site s SET next_check_at = mine.soon
    FROM mine
    WHERE s.id = mine.id AND (s.check_lease_until >= %(machine)s OR s.next_check_at > mine.soon)
"""

urls = [path("wire/1/news", push)]
