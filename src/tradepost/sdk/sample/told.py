"""What hosts told the app about a site's license, channel by channel, and the one branch that the app makes of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

ADVANCED = "capabilityAdvanced"
MAX_SITES = 1_000
"""Sites of which is remembered what was told; the one that was told first goes first."""


class Channel(StrEnum):
    """A way by which a host tells of a license."""

    LIFECYCLE = "lifecycle"
    ADDRESS = "address"
    CONTEXT = "context"
    CONDITION = "condition"
    REST = "rest"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Told:
    """What one channel said last. `edition` is None where it named none; `also` is what else it said."""

    at: str
    active: bool | None
    edition: str | None
    also: dict[str, Any]

    @property
    def branch(self) -> str:
        return branch_of(self.edition)


def branch_of(edition: object) -> str:
    """Which app the site gets. No edition is Standard: such a site bought the app before it had editions."""
    return "advanced" if edition == ADVANCED else "standard"


def by_lifecycle(body: Mapping[str, Any], at: datetime) -> Told:
    """Read the body of a lifecycle call. It names no state: that a license is there shows by its number."""
    names = ("entitlementId", "entitlementNumber", "serviceEntitlementNumber")
    numbers = {name: body[name] for name in names if name in body}
    return Told(at.isoformat(), bool(numbers), _text(body, "capabilitySet"), numbers)


def by_address(query: Mapping[str, str], at: datetime, *, module: str) -> Told:
    """Read the parameters of a page's address."""
    return Told(at.isoformat(), query.get("lic") == "active", query.get("capSet"), {"module": module})


def by_object(license_: object, at: datetime, **also: Any) -> Told:
    """Read a `license` of the page context, of a REST answer or of an event; none at all is no license."""
    said = license_ if isinstance(license_, dict) else {}
    rest = {name: value for name, value in said.items() if name not in {"active", "capabilitySet"}}
    return Told(at.isoformat(), said.get("active") is True, _text(said, "capabilitySet"), rest | also)


def by_condition(module: str, edition: str | None, at: datetime) -> Told:
    """A module with conditions was opened: so they hold."""
    return Told(at.isoformat(), active=True, edition=edition, also={"module": module})


class Memory:
    """What each site's host told last, by client key and channel."""

    def __init__(self, kept: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None) -> None:
        self._told = {
            site: {Channel(name): Told(**told) for name, told in channels.items()}
            for site, channels in (kept or {}).items()
        }

    def note(self, site: str, channel: Channel, told: Told) -> None:
        """Remember it in place of what the channel said before."""
        self._told.setdefault(site, {})[channel] = told
        while len(self._told) > MAX_SITES:
            del self._told[next(iter(self._told))]

    def of(self, site: str) -> dict[Channel, Told]:
        """Everything that is remembered of a site, in the order of the channels."""
        known = self._told.get(site, {})
        return {channel: known[channel] for channel in Channel if channel in known}

    def forget(self, site: str) -> None:
        self._told.pop(site, None)

    def shown(self, site: str) -> dict[str, dict[str, Any]]:
        """The same as JSON, each with the branch that the app makes of it; an edition that is not there is left out."""
        return {
            channel: {name: value for name, value in asdict(told).items() if value is not None}
            | {"branch": told.branch}
            for channel, told in self.of(site).items()
        }

    def kept(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What `Memory` takes again after a restart."""
        return {
            site: {channel: asdict(told) for channel, told in channels.items()} for site, channels in self._told.items()
        }


def _text(said: Mapping[str, Any], name: str) -> str | None:
    """The value as it came: an empty or a strange one is shown as such and not taken for absent."""
    return str(said[name]) if name in said else None
