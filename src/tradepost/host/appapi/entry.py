"""What a site tells an app of its installation. Source: protocol.md 5.2, domain.md 7.6."""

from typing import Any

from tradepost.core.states import InstallationState
from tradepost.host.installing.models import Installation
from tradepost.host.licenses.caching import renew
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.spelling import license_object
from tradepost.host.sites.models import Member, Site
from tradepost.host.sites.queries import ADMIN

from .callers import AppCaller
from .scopes import E_MAIL

MOST_CONTACTS = 10
"""Administrators of a site that an app is told of."""


def entry_of(caller: AppCaller) -> dict[str, Any]:
    """The entry of the calling app. One that is disabled learns no more than that."""
    installation, is_enabled = caller.installation, caller.installation.state == InstallationState.ENABLED
    entry: dict[str, Any] = {
        "key": caller.app_key,
        "version": caller.version.number,
        "state": "ENABLED" if is_enabled else "DISABLED",
    }
    if not is_enabled:
        return entry
    renew(caller.site)
    return (
        entry
        | _license(installation)
        | {
            "host": {"product": caller.site.product_type.upper(), "contacts": _contacts(caller)},
            "links": {"self": [{"href": address_of(installation)}]},
        }
    )


def _license(installation: Installation) -> dict[str, Any]:
    """Left out where apps hear of no license."""
    found = license_object(license_of(installation))
    return {"license": found} if found else {}


def address_of(installation: Installation) -> str:
    """The address of an app's own entry on its site."""
    return f"{installation.site.base_url}/rest/atlassian-connect/1/addons/{installation.app_key}"


def _contacts(caller: AppCaller) -> list[dict[str, str]]:
    """The site's administrators; their addresses only for an app that was granted to see addresses."""
    people = _administrators(caller.site)
    if caller.allows(E_MAIL):
        return [{"name": name or email, "email": email} for name, email in people]
    return [{"name": name} for name, _ in people if name]


def _administrators(site: Site) -> list[tuple[str, str]]:
    rows = Member.objects.filter(site=site, role=ADMIN, user__is_active=True).order_by("user__email")
    return list(rows.values_list("user__name", "user__email")[:MOST_CONTACTS])
