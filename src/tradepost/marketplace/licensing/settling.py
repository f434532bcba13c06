"""Writing down what time has done to licenses: batches of those that are due, by any number of workers at once."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from tradepost.foundation import audit, due

from .changes import SAVED, prepare, what_time_did
from .models import LicenseChange, SiteLicense
from .telling import tell_hosts

BATCH = 500
"""Licenses of one transaction. A job takes up to jobs.DRAIN_LIMIT of them, 100,000 licenses, and lets others work."""


@transaction.atomic
def settle_due(now: datetime) -> int:
    """Settle a batch of the licenses that are due; return how many were taken up.

    A row that somebody holds is left out: whoever changes a license settles it first.
    """
    rows = list(
        SiteLicense.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("site", "listing")
        .filter(due_at__lte=now)
        .order_by("due_at")[:BATCH]
    )
    changes, entries = [], []
    for row in rows:
        made, audited = what_time_did(row, now=now)
        changes += made
        entries += audited
        prepare(row, now=now)
    _save(rows)
    LicenseChange.objects.bulk_create(changes, batch_size=1000)
    audit.record_many(entries)
    tell_hosts((row.site_id, row.listing_id) for row in rows)
    return len(rows)


@due.earliest("due_at")
def next_due(_machine: datetime) -> QuerySet[SiteLicense]:
    """When time changes a license next."""
    return SiteLicense.objects.all()


def _save(rows: list[SiteLicense]) -> None:
    """All of them in one statement: they are there, so each is a conflict, and a conflict is an update."""
    SiteLicense.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=SAVED)
