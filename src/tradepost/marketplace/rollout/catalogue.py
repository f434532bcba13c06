"""What is offered, kept in each process: the newest offered version of every app, of deployed ones also of each major.

A refresh asks one small question, the number in OfferSerial, and reads only the listings that changed after the
number this process knows. OfferSerial's row is locked until each change commits, so numbers become visible in order.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from tradepost.core.states import ListingState
from tradepost.wire.messages import CatalogEntry, OfferedVersion, Reason

from .numbers import Parts, parts_of

REASONS_OF_NEWEST = "$[0 to 99]"
"""Of one version, the gravest first: a descriptor of a megabyte can change in ten thousand places."""

REASONS_OF_OTHERS = "$[0 to 19]"
"""Of the newest version of a major that is not the newest of all: sites of that major take it without being asked."""

AT_ONCE = 1_000
"""Listings read by one statement: all of a large marketplace at once would take as much again as what is kept."""

NO_LISTING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class NewestOfMajor:
    """The newest offered version of one major, kept as the bytes of its message: as objects it would take four times
    as much, and most sites that run the major run this version already.
    """

    parts: Parts
    packed: bytes

    def version(self) -> OfferedVersion:
        """The version as it is told of."""
        return msgspec.json.decode(self.packed, type=OfferedVersion)


@dataclass(frozen=True, slots=True)
class Entry:
    """One app as hosts hear of it. `offered` is the newest version of all, None while no version is offered.

    Of a deployed app `majors` has the newest offered version of each deployed major, the highest first, and
    `deployed_at` is when the first of all was offered: since then sites that run a watched version cross over.
    `has_rollout` says that its vendor has started a rollout that goes on; who takes part in it, the database knows.
    """

    listing: UUID
    app: str
    is_public: bool
    newest: Parts
    offered: OfferedVersion | None
    entry: CatalogEntry | None
    found_by: str
    majors: Mapping[int, NewestOfMajor] = field(default_factory=dict)
    deployed_at: datetime | None = None
    has_rollout: bool = False


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
    """The entries that changed. What changes while they are read has a higher number, and is read again next time."""
    found: list[Entry] = []
    last: UUID | None = NO_LISTING
    while last is not None:
        some = _read_some(after, beyond=last)
        found += some
        last = some[-1].listing if len(some) == AT_ONCE else None
    return found


def _read_some(after: int, *, beyond: UUID) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [after, beyond, AT_ONCE, REASONS_OF_NEWEST, REASONS_OF_OTHERS])
        names = [column.name for column in cursor.description or ()]
        rows = (dict(zip(names, row, strict=True)) for row in cursor)
        return [_entry(list(of_one)) for _, of_one in groupby(rows, key=itemgetter("id"))]


def _entry(rows: list[dict[str, Any]]) -> Entry:
    """The entry of a listing. The first row has its newest offered version, if any; each major has a row."""
    row = rows[0]
    app = row["app_key"]
    offered = _offered(row, app) if row["number"] is not None else None
    began = [each["began"] for each in rows if each["began"] is not None]
    majors = [_packed(each, app) for each in rows if each["began"] is not None]
    entry = (
        CatalogEntry(
            app=app,
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
        app=app,
        is_public=row["state"] == ListingState.PUBLIC,
        newest=parts_of(offered.version) if offered else (0, 0, 0),
        offered=offered,
        entry=entry,
        found_by=" ".join([app, row["name"], row["vendor"], row["summary"]]).casefold(),
        majors={held.parts[0]: held for held in majors},
        deployed_at=min(began, default=None),
        has_rollout=row["has_rollout"],
    )


def _offered(row: dict[str, Any], app: str) -> OfferedVersion:
    return _version(row, app, msgspec.json.decode(row["reasons"], type=list[Reason]))


def _packed(row: dict[str, Any], app: str) -> NewestOfMajor:
    version = _version(row, app, msgspec.Raw(row["reasons"].encode()))
    return NewestOfMajor(parts_of(row["number"]), msgspec.json.encode(version))


def _version(row: dict[str, Any], app: str, reasons: Any) -> OfferedVersion:
    return OfferedVersion(
        app=app,
        version=row["number"],
        order_key=row["order_key"],
        build=row["build"],
        descriptor=row["document_id"],
        made_at=row["made_at"],
        notes=row["notes"],
        reasons=reasons,
        manifest=row["manifest_id"],
    )


# The majors of a deployed app are found one after the other from the top, each by one step in the index of versions:
# an app may have a thousand versions in five majors. `began` is when the first version of the major was offered. How
# many there are is not foreseen; with LATERAL and LIMIT the versions are looked up by their keys all the same.
CHANGED = """
WITH RECURSIVE changed AS MATERIALIZED (
    SELECT id, vendor_id, app_key, name, summary, state, source, offered_id
    FROM catalog_listing WHERE offer_serial > %s AND id > %s ORDER BY id LIMIT %s
), majors AS (
    SELECT l.id AS listing_id, top.id AS version_id, top.order_key / 1000000000000 AS major
    FROM changed l CROSS JOIN LATERAL (
        SELECT v.id, v.order_key FROM releases_appversion v
        WHERE v.listing_id = l.id AND v.state = 'offered' AND v.manifest_id IS NOT NULL
        ORDER BY v.order_key DESC LIMIT 1
    ) top
    WHERE l.source = 'deployed'
    UNION ALL
    SELECT m.listing_id, top.id, top.order_key / 1000000000000
    FROM majors m CROSS JOIN LATERAL (
        SELECT v.id, v.order_key FROM releases_appversion v
        WHERE v.listing_id = m.listing_id AND v.order_key < m.major * 1000000000000
          AND v.state = 'offered' AND v.manifest_id IS NOT NULL
        ORDER BY v.order_key DESC LIMIT 1
    ) top
), picked AS (
    SELECT m.listing_id, m.version_id, first.offered_at AS began
    FROM majors m CROSS JOIN LATERAL (
        SELECT v.offered_at FROM releases_appversion v
        WHERE v.listing_id = m.listing_id AND v.state = 'offered' AND v.manifest_id IS NOT NULL
          AND v.order_key >= m.major * 1000000000000 AND v.order_key < (m.major + 1) * 1000000000000
        ORDER BY v.order_key LIMIT 1
    ) first
    UNION ALL
    SELECT l.id, l.offered_id, NULL FROM changed l
    WHERE NOT EXISTS (SELECT FROM majors m WHERE m.listing_id = l.id AND m.version_id = l.offered_id)
)
SELECT l.id, l.app_key, l.name, l.summary, l.state, vendor.name AS vendor, picked.began,
       v.number, v.order_key, v.build, v.document_id, v.manifest_id, v.made_at, v.notes,
       jsonb_path_query_array(
           v.reasons, (CASE WHEN v.id = l.offered_id THEN %s ELSE %s END)::jsonpath
       )::text AS reasons,
       EXISTS (SELECT FROM bulk_bulkupgrade bulk WHERE bulk.listing_id = l.id AND bulk.state = 'running') AS has_rollout
FROM changed l
JOIN catalog_vendor vendor ON vendor.id = l.vendor_id
JOIN picked ON picked.listing_id = l.id
LEFT JOIN LATERAL (SELECT * FROM releases_appversion WHERE id = picked.version_id LIMIT 1) v ON true
ORDER BY l.id, v.id IS DISTINCT FROM l.offered_id, v.order_key DESC
"""
