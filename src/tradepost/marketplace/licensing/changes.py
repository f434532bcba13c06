"""Writing down what happened to a license: the row, its history, the audit log and what hosts are to be told.

Everything here is called with the license's row locked, in the transaction of the change.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from tradepost.core.license import LicenseTerms
from tradepost.core.license_settling import Change, EditionEvent, next_change_at, settle
from tradepost.core.states import LicenseState
from tradepost.foundation import audit
from tradepost.foundation.models import AuditEntry

from .models import LicenseChange, SiteLicense
from .telling import tell_hosts
from .terms import FIELDS, policy, terms_of, told, write_terms

BY_TIME = "licensing"
"""Who does what time alone causes."""

MOST_AT_ONCE = 1000
"""Changes between two revisions of a license; core.license_settling.MOST_RENEWALS keeps them far below."""

SAVED = [*FIELDS, "began_at", "changed_at", "due_at", "revision"]


def record(
    action: str,
    row: SiteLicense,
    after: LicenseTerms,
    *,
    actor: str,
    now: datetime,
    why: str = "",
    reference: str | None = None,
    asked: dict[str, Any] | None = None,
    **detail: Any,
) -> LicenseChange:
    """Put `after` into the row and write history and audit row. `touch` saves the row and tells its host."""
    event = action.partition(".")[2]
    change = _change(row, after, event=event, at=now, actor=actor, why=why)
    change.reference, change.asked = reference, asked
    change.save(force_insert=True)
    said = {"why": why, "reference": reference, **detail}
    audit.record(
        action,
        **_subject(row, actor=actor, now=now),
        before=change.before,
        after=change.after,
        **{name: value for name, value in said.items() if value},
    )
    return change


def touch(row: SiteLicense, *, now: datetime) -> None:
    """Save the row with the next revision and its due time, and have its host told."""
    prepare(row, now=now)
    row.save(update_fields=SAVED)
    tell_hosts([(row.site_id, row.listing_id)])


def touch_many(where: str, values: list[object], *, now: datetime) -> int:
    """Raise the revision of many licenses with one statement; return how many there are. Hosts are told by the caller.

    `where` is SQL of ours about `license` and `o`, whose site it is. Rows are locked in one order for everybody.
    """
    with connection.cursor() as cursor:
        cursor.execute(TOUCH_MANY.format(where=where), [*values, now])
        return cursor.rowcount


def prepare(row: SiteLicense, *, now: datetime) -> None:
    """What `touch` does to the row before it is saved."""
    row.revision += 1
    row.changed_at = now
    row.due_at = next_change_at(terms_of(row), policy())


def settle_row(row: SiteLicense, *, now: datetime) -> bool:
    """Do what time has done until now; whether it was anything."""
    changes, entries = what_time_did(row, now=now)
    if not changes:
        return False
    LicenseChange.objects.bulk_create(changes)
    audit.record_many(entries)
    touch(row, now=now)
    return True


def what_time_did(row: SiteLicense, *, now: datetime) -> tuple[list[LicenseChange], list[AuditEntry]]:
    """Put the settled terms into the row; return its history and audit rows, none of them saved."""
    _, found = settle(terms_of(row), now, policy())
    changes = [
        _change(row, each.terms, event=str(each.event), at=each.at, actor=BY_TIME, why=each.why, place=place)
        for place, each in enumerate(found)
    ]
    entries = [_entry_of(each, row, change, now=now) for each, change in zip(found, changes, strict=True)]
    return changes, entries


def _change(
    row: SiteLicense, after: LicenseTerms, *, event: str, at: datetime, actor: str, why: str, place: int = 0
) -> LicenseChange:
    before = told(terms_of(row))
    write_terms(row, after)
    if row.began_at is None and after.state is not LicenseState.NONE:
        row.began_at = at
    return LicenseChange(
        license=row,
        at=at,
        event=event,
        actor=actor[:254],
        why=why,
        before=before,
        after=told(after),
        number=row.revision * MOST_AT_ONCE + place,
    )


def _entry_of(what: Change, row: SiteLicense, change: LicenseChange, *, now: datetime) -> AuditEntry:
    facts = {
        **_subject(row, actor=BY_TIME, now=now),
        "happened_at": change.at.isoformat(),
        "before": change.before,
        "after": change.after,
    }
    if what.event == EditionEvent.CHANGED:
        return audit.entry("license.edition_changed", **facts)
    if what.event == EditionEvent.TRIAL_ENDED:
        return audit.entry("license.edition_trial_ended", **facts)
    return audit.entry(f"license.{what.event}", **facts)


def _subject(row: SiteLicense, *, actor: str, now: datetime) -> dict[str, Any]:
    """The vendor of the app may read of it: the license is theirs to know, the customer's other apps are not."""
    return {
        "service": "marketplace",
        "actor": actor,
        "subject": ("license", row.pk),
        "now": now,
        "scope_id": row.listing.vendor_id,
        "app": row.listing.app_key,
        "site": row.site.name,
    }


TOUCH_MANY = """
WITH theirs AS (
    SELECT license.id FROM licensing_sitelicense license
    LEFT JOIN licensing_ownedsite o ON o.site_id = license.site_id
    WHERE {where} ORDER BY license.id FOR NO KEY UPDATE OF license
)
UPDATE licensing_sitelicense license SET revision = license.revision + 1, changed_at = %s
FROM theirs WHERE license.id = theirs.id
"""
