"""What is offered, kept in each process: the newest offered version of every app.

A refresh asks one small question, the number in OfferSerial, and reads only the listings that changed after the
number this process knows. OfferSerial's row is locked until each change commits, so numbers become visible in order.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from tradepost.core.states import ListingState
from tradepost.wire.messages import CatalogEntry, OfferedVersion, Reason

MOST_REASONS = 100
"""Of one version, the gravest first: a descriptor of a megabyte can change in ten thousand places."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One app as hosts hear of it. `offered` is None while no version is offered."""

    listing: UUID
    app: str
    is_public: bool
    order_key: int
    offered: OfferedVersion | None
    entry: CatalogEntry | None
    found_by: str


class Catalogue:
    """A copy of what is offered that is as new as its last `refresh`. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[UUID | None, int] = (None, 0)
        self._entries: dict[str, Entry] = {}
        self._public: list[str] = []

    def refresh(self) -> None:
        """Take in what changed since the last refresh."""
        if _read_serial() == self._known:
            return
        with self._lock:
            known_epoch, known = self._known
            epoch, value = _read_serial()
            is_other = epoch != known_epoch or value < known
            changed = _read_changed(0 if is_other else known)
            entries = {} if is_other else dict(self._entries)
            entries |= {entry.app: entry for entry in changed}
            self._entries = entries
            self._public = sorted(app for app, entry in entries.items() if entry.is_public and entry.entry)
            self._known = (epoch, value)

    def find(self, app: str) -> Entry | None:
        """The entry of an app key, public or not."""
        return self._entries.get(app)

    def public(self, *, after: str = "", limit: int = 50, q: str = "") -> tuple[list[Entry], bool]:
        """A page of the public entries in the order of their keys, and whether more follow."""
        words = q.casefold().split()
        entries, found = self._entries, []
        for app in self._public:
            if app > after and all(word in entries[app].found_by for word in words):
                if len(found) == limit:
                    return found, True
                found.append(entries[app])
        return found, False


catalogue = Catalogue()
"""The one of this process."""


def _read_serial() -> tuple[UUID | None, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, value FROM catalog_offerserial WHERE id = 1")
        return cursor.fetchone() or (None, 0)


def _read_changed(after: int) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [after])
        names = [column.name for column in cursor.description or ()]
        return [_entry(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _entry(row: dict[str, Any]) -> Entry:
    offered = None
    if row["number"] is not None:
        offered = OfferedVersion(
            app=row["app_key"],
            version=row["number"],
            order_key=row["order_key"],
            build=row["build"],
            descriptor=row["document_id"],
            made_at=row["made_at"],
            notes=row["notes"],
            reasons=[Reason(**reason) for reason in _json(row["reasons"])[:MOST_REASONS]],
        )
    entry = (
        CatalogEntry(
            app=row["app_key"],
            name=row["name"],
            vendor=row["vendor"],
            summary=row["summary"],
            version=offered,
        )
        if offered
        else None
    )
    return Entry(
        listing=row["id"],
        app=row["app_key"],
        is_public=row["state"] == ListingState.PUBLIC,
        order_key=row["order_key"] or 0,
        offered=offered,
        entry=entry,
        found_by=" ".join([row["app_key"], row["name"], row["vendor"], row["summary"]]).casefold(),
    )


def _json(value: Any) -> list[dict[str, Any]]:

    return json.loads(value) if isinstance(value, str) else value


CHANGED = """
SELECT l.id, l.app_key, l.name, l.summary, l.state, vendor.name AS vendor,
       v.number, v.order_key, v.build, v.document_id, v.made_at, v.notes, v.reasons
FROM catalog_listing l
JOIN catalog_vendor vendor ON vendor.id = l.vendor_id
LEFT JOIN releases_appversion v ON v.id = l.offered_id
WHERE l.offer_serial > %s
"""
