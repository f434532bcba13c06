"""Licenses of a site as its administrators see them: the last decision, how old it is, and how long it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tradepost.core.license import License
from tradepost.core.states import InstallationState
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.queries import audit_entries
from tradepost.host.installing.models import ADDRESS, Installation
from tradepost.host.sites.queries import require_keeper
from tradepost.host.upgrading.queries import find_installations, get_installation
from tradepost.wire.licenses import LicenseDecision

from .caching import refresh
from .deciding import FREE, decision_in, license_in
from .models import CachedLicense


@dataclass(frozen=True, slots=True)
class LicenseSight:
    """One app's license: what the marketplace told last (`told`), and what the app is told now (`license`).

    `problem` says why the marketplace could not be asked last; what it told then stands until `stands_until`.
    """

    installation: Installation
    license: License
    told: LicenseDecision | None
    answered_at: datetime | None
    problem: str

    @property
    def app_key(self) -> str:
        return self.installation.app_key

    @property
    def name(self) -> str:
        newest = self.installation.running or self.installation.newest
        return newest.name if newest else self.installation.app_key

    @property
    def is_free(self) -> bool:
        """Whether what the site runs costs nothing, or nothing yet: its code may have gone ahead."""
        version = self.installation.rights_version
        return version is not None and not version.paid

    @property
    def is_by_address(self) -> bool:
        return self.installation.source == ADDRESS

    @property
    def revision(self) -> int:
        return self.told.revision if self.told else 0

    @property
    def stands_until(self) -> datetime | None:
        """Until when the last decision stands while the marketplace cannot be asked."""
        return self.answered_at + configuration.policy.license_stands if self.answered_at else None

    @property
    def is_void(self) -> bool:
        """Whether the license counts no more, only because the marketplace could not be asked for so long."""
        return bool(self.told and self.told.active and not self.license.active and not self.is_free)


def find_licensed(caller: Caller, site_id: UUID) -> QuerySet[Installation]:
    """The apps on a site, for its administrators and operators."""
    require_keeper(caller, site_id)
    return find_installations(caller, site_id).exclude(state=InstallationState.UNINSTALLED)


def sights_of(installations: Sequence[Installation], *, now: datetime) -> list[LicenseSight]:
    """The sights of installations. The marketplace is asked once, shortly, for those whose decision is old."""
    refresh(list(installations), now=now)
    cached = {row.pk: row for row in CachedLicense.objects.filter(pk__in=[each.pk for each in installations])}
    return [_sight(each, cached.get(each.pk), now) for each in installations]


def get_sight(caller: Caller, site_id: UUID, app_key: str, *, now: datetime) -> LicenseSight:
    """One app's license. Raises NotFoundError, ForbiddenError."""
    require_keeper(caller, site_id)
    return sights_of([get_installation(caller, site_id, app_key)], now=now)[0]


def find_history(caller: Caller, site_id: UUID, app_key: str) -> QuerySet[AuditEntry]:
    """What people of this site did about an app's license, to be sorted by AUDIT_ORDER."""
    require_keeper(caller, site_id)
    installation = get_installation(caller, site_id, app_key)
    return audit_entries("host", action="license.", subject=str(installation.pk), scope_id=site_id)


def _sight(installation: Installation, cached: CachedLicense | None, now: datetime) -> LicenseSight:
    version = installation.rights_version or installation.newest
    return LicenseSight(
        installation,
        license_in(cached, now=now) if version is not None and version.paid else FREE,
        decision_in(cached),
        cached.answered_at if cached else None,
        cached.problem if cached else "",
    )
