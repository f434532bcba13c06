"""What simulated vendors do over the weeks: every kind of change, every kind of accident."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from .lots import lots
from .vendors import BROKEN, DOWN, FAILING, UP, SimVendor

SCOPES = ["READ", "WRITE", "DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN", "ACT_AS_USER", "X_FUTURE"]
KINDS = {
    "panel": 30,
    "module": 10,
    "typo": 14,
    "deploy": 8,
    "reformat": 6,
    "add_scope": 9,
    "drop_scope": 7,
    "payment": 4,
    "api_version": 3,
    "move": 3,
    "down": 6,
    "failing": 3,
    "broken": 4,
    "lowered": 3,
}
SHORTEST_GAP, LONGEST_GAP = timedelta(hours=3), timedelta(hours=96)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """At `at` the vendor does something. `number` makes changes differ from each other."""

    at: datetime
    kind: str
    number: int


def script_of(vendor: SimVendor, *, start: datetime, days: int) -> Iterator[VendorEvent]:
    """What a vendor does within so many days; an accident is followed by its end some hours later."""
    lot = lots(vendor.seed, "vendor", vendor.key)
    at, number = start, 0
    while (at := at + SHORTEST_GAP + (LONGEST_GAP - SHORTEST_GAP) * lot.random()) < start + timedelta(days=days):
        number += 1
        kind = lot.choices(list(KINDS), list(KINDS.values()))[0]
        yield VendorEvent(at, kind, number)
        if kind in {"down", "failing", "broken", "lowered"}:
            at += HOUR * lot.uniform(0.5, 30)
            yield VendorEvent(at, "repaired", number)


def apply(event: VendorEvent, vendor: SimVendor, *, now: datetime) -> None:
    """Do it, and serve the outcome."""
    if event.kind in MOODS:
        vendor.mood = MOODS[event.kind]
    if event.kind == "lowered":
        vendor.document["apiVersion"] = 1
    elif event.kind == "repaired":
        vendor.document["apiVersion"] = _highest(vendor)
    else:
        _change(event, vendor, lots(vendor.seed, "change", vendor.key, event.number))
    vendor.publish(now)


MOODS = {"down": DOWN, "failing": FAILING, "broken": BROKEN, "repaired": UP}


def _change(event: VendorEvent, vendor: SimVendor, lot: Random) -> None:
    document, panels = vendor.document, vendor.document["modules"]["webPanels"]
    if event.kind == "panel":
        panels[0]["url"] = f"/panel?v={event.number}"
    elif event.kind == "module":
        panels.append({"key": f"panel-{event.number}", "url": "/more", "location": "left", "name": {"value": "M"}})
    elif event.kind == "typo":
        document["description"] = f"Shows a panel, now with {event.number} typos less."
    elif event.kind == "reformat":
        vendor.indent = 1 if vendor.indent is None else None
        document["scopes"] = [name.lower() for name in reversed(document["scopes"])]
    elif event.kind == "add_scope":
        document["scopes"] = [*document["scopes"], lot.choice(SCOPES)]
    elif event.kind == "drop_scope" and len(set(document["scopes"])) > 1:
        gone = lot.choice(sorted(set(document["scopes"])))
        document["scopes"] = [name for name in document["scopes"] if name != gone]
    elif event.kind == "payment":
        document["enableLicensing"] = not document.get("enableLicensing")
    elif event.kind == "api_version":
        document["apiVersion"] += 1
    elif event.kind == "move":
        document["baseUrl"] = f"https://{vendor.host}/app-{event.number}"


def _highest(vendor: SimVendor) -> int:
    ledger = vendor.ledger
    return max(ledger.meanings[each.sha256].api_version for each in ledger.served[vendor.key] if each.sha256)
