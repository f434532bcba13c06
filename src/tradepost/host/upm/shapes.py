"""What UPM's REST interface says, and as which kind of JSON. Source: protocol.md 1.5, domain.md 9.4."""

from typing import Any
from uuid import UUID

from tradepost.core.states import InstallationState
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site

from .progress import Progress, Standing

BASE = "/rest/plugins/1.0"
_TYPES = "application/vnd.atl.plugins."
INSTALLED = f"{_TYPES}installed+json;charset=UTF-8"
APP = f"{_TYPES}plugin+json;charset=UTF-8"
SETTINGS = "application/json;charset=UTF-8"
INSTALLING = f"{_TYPES}install.installing+json"
FAILED = f"{_TYPES}task.install.err+json"
CHARSET = ";charset=UTF-8"
INSTALLS = frozenset({f"{_TYPES}remote.install+json", f"{_TYPES}install.uri+json"})
"""What the body of a wish may be."""

PING_AFTER = 300
"""Milliseconds between two questions how far a wish has come."""


def address_on(site: Site, *parts: str) -> str:
    """The path of a resource, with the site's context path."""
    return "/".join([f"{site.context_path}{BASE}", *parts])


def settings(site: Site) -> dict[str, Any]:
    return {"settings": [{"key": "connectDeveloperListingsEnabled", "value": site.private_listings}]}


def installed(site: Site, installations: list[Installation]) -> dict[str, Any]:
    return {
        "plugins": [app_entry(site, each) for each in installations],
        "links": {"self": address_on(site, ""), "settings": address_on(site, "settings")},
    }


def app_entry(site: Site, installation: Installation) -> dict[str, Any]:
    """One app. Only what runs is one."""
    running = installation.running
    assert running is not None
    address = address_on(site, f"{installation.app_key}-key")
    return {
        "key": installation.app_key,
        "name": running.name,
        "version": running.number,
        "enabled": installation.state == InstallationState.ENABLED,
        "userInstalled": True,
        "optional": True,
        "remotable": True,
        "links": {"self": address, "plugin-summary": f"{address}/summary", "delete": address},
    }


def pending(site: Site, request_id: UUID, url: str, progress: Progress) -> dict[str, Any]:
    """A wish that is under way, or that failed; one that succeeded leads to its app instead."""
    address = address_on(site, "pending", str(request_id))
    shape: dict[str, Any] = {"links": {"self": address, "alternate": address}, "pingAfter": PING_AFTER}
    if progress.standing is not Standing.FAILED:
        return shape | {"status": {"done": False, "contentType": INSTALLING, "source": url}}
    return shape | {
        "status": {
            "done": True,
            "contentType": FAILED,
            "source": url,
            "errorMessage": progress.text,
            "subCode": progress.code,
        }
    }
