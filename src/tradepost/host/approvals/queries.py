"""What waits for a site's administrators, and what they decided."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tradepost.core.errors import NotFoundError
from tradepost.core.states import ApprovalState
from tradepost.foundation import due
from tradepost.foundation.callers import Caller
from tradepost.host.installing.models import bytes_of
from tradepost.host.sites.queries import find_visible
from tradepost.host.upgrading.queries import VERSIONS

from .models import Approval


def find_approvals(caller: Caller, site_id: UUID, *, state: str | None = None) -> QuerySet[Approval]:
    """The approvals of a site that the caller may see, to be listed newest first."""
    rows = _visible(caller).filter(site_id=site_id)
    return rows.filter(state=state) if state else rows


def find_waiting(caller: Caller) -> QuerySet[Approval]:
    """What waits for a decision on any site the caller may see."""
    return _visible(caller).filter(state=ApprovalState.WAITING).order_by("asked_at", "id")


def get_approval(caller: Caller, approval_id: UUID) -> Approval:
    """Raises NotFoundError for what is not there or belongs to a site the caller may not see."""
    found = _visible(caller).filter(pk=approval_id).first()
    if found is None:
        raise NotFoundError("approval", approval_id)
    return found


@due.earliest("remind_at")
def find_next_reminder(_machine: datetime) -> QuerySet[Approval]:
    """When the next administrator is to be reminded (domain time)."""
    return Approval.objects.all()


def _visible(caller: Caller) -> QuerySet[Approval]:
    installation = [f"installation__{name}" for name in VERSIONS]
    rows = Approval.objects.select_related("site", "version", *installation)
    return rows.defer(*bytes_of("version", *installation)).filter(site__in=find_visible(caller).order_by())
