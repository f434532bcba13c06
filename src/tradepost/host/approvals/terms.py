"""Terms as they are kept with an approval."""

from typing import Any

from tradepost.core.consent import Terms


def to_json(terms: Terms) -> dict[str, Any]:
    """The stored form."""
    stored = {"rights": sorted(terms.rights), "paid": terms.paid, "api_version": terms.api_version}
    return stored if terms.major is None else stored | {"major": terms.major}


def from_json(stored: dict[str, Any]) -> Terms:
    """Read what `to_json` wrote."""
    return Terms(frozenset(stored["rights"]), stored["paid"], stored["api_version"], stored.get("major"))
