"""The history of a license in people's words: who did what about it, and what the app was told from then on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tradepost.core.edition import Edition
from tradepost.foundation.models import AuditEntry

from .telling import ACTOR
from .words import SIMULATIONS, edition_word

SEEN = "license.seen"
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "license.wished": "asked the marketplace for a change",
        "license.token_applied": "applied the access token",
        "license.token_removed": "removed the access token",
        "license.simulated": "changed what the access token looks like",
    }
)
WISHES: Mapping[str, str] = MappingProxyType(
    {
        "trial": "began the trial",
        "switch": "chose the edition",
        "keep": "took the downgrade back",
        "edition_trial": "began to try the edition",
    }
)


def who_did(entry: AuditEntry) -> str:
    """A person's address; what this service noticed was the marketplace's doing."""
    return "the marketplace" if entry.actor == ACTOR else entry.actor


def what_happened(entry: AuditEntry) -> str:
    """One sentence about an entry of the history."""
    detail = entry.detail
    if entry.action == SEEN:
        return f"the app is told: {_told(detail.get('after') or {})}"
    what = WISHES.get(str(detail.get("wish"))) or EVENTS.get(entry.action, entry.action.replace(".", " "))
    said = [word(str(detail[name])) for name, word in _SAID.items() if detail.get(name)]
    return f"{what} {', '.join(said)}" if said else what


def _told(after: Mapping[str, Any]) -> str:
    if "active" not in after:
        return "nothing, for the app is free"
    parts = ["licensed" if after["active"] else "not licensed"]
    if after.get("evaluation"):
        parts.append("on trial")
    if after.get("capabilitySet"):
        parts.append(_EDITIONS.get(after["capabilitySet"], after["capabilitySet"]))
    return ", ".join(parts)


_EDITIONS = {each.capability: each.word for each in Edition}
_SAID = {
    "edition": edition_word,
    "simulated": lambda state: f"({SIMULATIONS.get(state, state)})",
    "prefix": lambda prefix: f"{prefix}…",
}
