"""Asking about licenses that nobody looks at, so that what was decided does not run out on a site without visitors."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tradepost.foundation.jobs import Work, register
from tradepost.wire.licenses import MOST_QUESTIONS

from .caching import ask, questions_about
from .models import CachedLicense
from .queries import find_asked, find_link_to_ask, find_next_due

WORK = "refresh_licenses"
PAUSE = timedelta(minutes=10)
"""Domain time after which what got no answer is asked for again."""


def refresh_unseen(now: datetime) -> int:
    """Ask about a batch of decisions that are due, in one request; return how many were taken up."""
    if find_link_to_ask() is None:
        return 0
    ids = claim(now)
    asked = list(find_asked(ids))
    # What is gone, or free by now, is asked for again when it returns.
    CachedLicense.objects.filter(pk__in=set(ids) - {each.pk for each in asked}).update(due_at=None)
    if asked:
        ask(questions_about(asked), now=now, seconds=0)
    return len(ids)


def claim(now: datetime, *, most: int = MOST_QUESTIONS) -> list[UUID]:
    """Take decisions that are due, those due longest first; another worker gets others."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now + PAUSE, now, most])
        return [row[0] for row in cursor.fetchall()]


_CLAIM = """
    UPDATE licenses_cachedlicense SET due_at = %s
    WHERE installation_id IN (
        SELECT installation_id FROM licenses_cachedlicense WHERE due_at <= %s
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING installation_id
"""

register(Work(WORK, "host", run=refresh_unseen, next_due=find_next_due))
